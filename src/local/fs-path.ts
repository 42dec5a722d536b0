import { realpathSync } from 'node:fs';
import { decodeName, encodeName, isUtf8Name } from '../core/name.ts';

/** What to hand to `node:fs`: the string itself, or the raw bytes where the lossless name is not valid UTF-8. */
export function fsPath(path: string): string | Buffer {
  return isUtf8Name(path) ? path : Buffer.from(encodeName(path));
}

/** `realpath(3)` for lossless names; throws Node's system errors (ENOENT, ELOOP, EACCES, …). */
export function realPath(path: string): string {
  return decodeName(realpathSync.native(fsPath(path), { encoding: 'buffer' }));
}
