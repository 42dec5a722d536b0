import { lstatSync, readFileSync } from 'node:fs';
import { joinPath } from '../../core/entry.ts';
import { ignoreFileName } from '../../core/skip-rules.ts';
import { fsPath } from '../fs-path.ts';
import { isGone, systemErrno } from '../local-problem.ts';

/** The file with rules at the top of a drop folder. `stamp` changes whenever the file does. */
export type IgnoreFile =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly stamp: string; readonly text: string }
  | { readonly kind: 'problem'; readonly stamp: string; readonly reason: string };

const mostBytes = 1 << 20;

/** What tells one version of the file from another, and when it last changed (wall clock); null where nothing stands there. */
export function ignoreFileStamp(root: string): { readonly stamp: string; readonly changedMs: number } | null {
  try {
    const stats = lstatSync(fsPath(joinPath(root, ignoreFileName)), { throwIfNoEntry: false });
    if (stats === undefined) return null;
    const { dev, ino, size, mtimeMs, ctimeMs } = stats;
    return { stamp: [dev, ino, size, mtimeMs, ctimeMs].join(':'), changedMs: Math.max(mtimeMs, ctimeMs) };
  } catch (error) {
    return isGone(error) ? null : { stamp: systemErrno(error), changedMs: 0 };
  }
}

/** Reads it. Links are not followed: whoever may drop files could show us others by one. */
export function readIgnoreFile(root: string): IgnoreFile {
  const stamp = ignoreFileStamp(root)?.stamp ?? null;
  if (stamp === null) return { kind: 'none' };
  const problem = (reason: string): IgnoreFile => ({ kind: 'problem', stamp, reason });
  const path = fsPath(joinPath(root, ignoreFileName));
  try {
    const stats = lstatSync(path);
    if (!stats.isFile()) return problem('it is no regular file');
    if (stats.size > mostBytes) return problem(`it is larger than ${mostBytes} bytes`);
    const bytes = readFileSync(path);
    if (ignoreFileStamp(root)?.stamp !== stamp) return problem('it changes while it is read');
    return { kind: 'text', stamp, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return problem('it is not valid UTF-8');
    if (isGone(error)) return { kind: 'none' };
    return problem(`it cannot be read (${systemErrno(error)})`);
  }
}
