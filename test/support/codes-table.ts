import type { ErrorCode } from '../../src/errors/codes.ts';
import { codes, entryOf } from '../../src/errors/codes.ts';
import { markdownTable } from './held.ts';

/** The codes for users, as config/README.md has them: in the order of the alphabet, as people look them up. */
export function codesTable(): string {
  const rows = (Object.keys(codes) as ErrorCode[]).sort().map((code) => {
    const entry = entryOf(code);
    return [`\`${code}\``, entry?.meaning ?? '', entry?.cure ?? ''];
  });
  return markdownTable(['Code', 'What has happened', 'What to do'], rows);
}
