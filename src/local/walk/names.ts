import { readdirSync } from 'node:fs';
import { decodeName } from '../../core/name.ts';
import { fsPath } from '../fs-path.ts';

/** The names in a directory, lossless, in no order. Throws Node's system errors. */
export function readNames(path: string): readonly string[] {
  const names = readdirSync(fsPath(path));
  // Node writes U+FFFD for what is not UTF-8; only then are the bytes worth a second read.
  if (!names.some((name) => name.includes('\uFFFD'))) return names;
  return readdirSync(fsPath(path), { encoding: 'buffer' }).map((name) => decodeName(name));
}
