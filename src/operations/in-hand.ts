import { list, nullable, number, objectWith, oneOf, requestWith, type Shaped, text } from '../core/shape.ts';

/** Lists the files that the daemon has seen and the ledger has not, or not as they are now. */
export const inHand = {
  path: '/in_hand',
  request: requestWith({}),
  /** Times in milliseconds since the epoch. */
  item: objectWith({
    /** Absolute, lossless (core/name); the folder too. */
    path: text,
    folder: text,
    size: number,
    changed: number,
    /** It may still change; somebody has it open for writing; or it is finished, and only has to be read. */
    phase: oneOf('changing', 'held', 'reading'),
    /** When it was first seen to be held; null where it is not. */
    held_since: nullable(number),
    /** Some of those who hold it, by what they call themselves. */
    held_by: list(objectWith({ pid: number, name: text }), 'holders'),
  }),
  result: objectWith({ count: number }),
} as const;

export type FileInHand = Shaped<typeof inHand.item>;

/** Tells each of them. */
export async function listInHand(
  files: readonly FileInHand[],
  tell: (file: FileInHand) => Promise<void>,
): Promise<Shaped<typeof inHand.result>> {
  for (const file of files) await tell(file);
  return { count: files.length };
}
