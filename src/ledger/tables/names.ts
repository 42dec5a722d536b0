import { decodeName, encodeName, isUtf8Name } from '../../core/name.ts';

/** A name as an `ANY` column holds it: text, or the bytes themselves where they are not UTF-8. */
export type StoredName = string | Buffer;

export function toStored(name: string): StoredName {
  return isUtf8Name(name) ? name : Buffer.from(encodeName(name));
}

export function fromStored(stored: StoredName): string {
  return typeof stored === 'string' ? stored : decodeName(stored);
}
