import { ascii, isZeros, u32, u64 } from './bytes.ts';
import type { MediaSource } from './source.ts';

// The boxes of ISO base media files (ISO/IEC 14496-12, 4.2) and the atoms of QuickTime (Apple, "QuickTime File Format"),
// which are the same: size, type, content, one behind the other and inside each other.

export interface Box {
  readonly type: string;
  /** Where its content begins, and where it ends: not behind the end of what it stands in. */
  readonly body: number;
  readonly end: number;
  /** It says that it is longer than what it stands in. */
  readonly isCut: boolean;
}

/** How a row of boxes ends: with the file, in the middle of a box, in zeros, in something else, or nobody looked further. */
export type Ending = 'whole' | 'cut' | 'zeros' | 'other' | 'unknown';

export interface Boxes {
  readonly boxes: readonly Box[];
  readonly ending: Ending;
}

/** How many headers may be read yet of one file, whatever it holds. */
export interface Budget {
  headers: number;
}

/** The boxes between two places of a file. Only their headers are read. */
export async function readBoxes(source: MediaSource, from: number, to: number, budget: Budget): Promise<Boxes> {
  const boxes: Box[] = [];
  let at = from;
  while (at < to) {
    budget.headers -= 1;
    if (budget.headers < 0) return { boxes, ending: 'unknown' };
    const header = await source.read(at, Math.min(16, to - at));
    if (isZeros(header)) return { boxes, ending: 'zeros' };
    const box = boxAt(header, 0, at, to);
    if (box === null) return { boxes, ending: header.length === 0 ? 'unknown' : 'other' };
    boxes.push(box);
    if (box.isCut) return { boxes, ending: 'cut' };
    at = box.end;
  }
  return { boxes, ending: 'whole' };
}

/** The boxes between two places of bytes that are in memory; no more of them than that. */
export function boxesIn(bytes: Uint8Array, from: number, to: number, most = 4_096): readonly Box[] {
  const boxes: Box[] = [];
  const end = Math.min(to, bytes.length);
  for (let at = from; at < end && boxes.length < most; ) {
    const box = boxAt(bytes, at, at, end);
    if (box === null) break;
    boxes.push(box);
    at = box.end;
  }
  return boxes;
}

/** The box whose header stands at `at` of these bytes, which is `position` of where it counts from. */
function boxAt(bytes: Uint8Array, at: number, position: number, to: number): Box | null {
  const type = ascii(bytes, at + 4, at + 8);
  const short = u32(bytes, at);
  const headerBytes = short === 1 ? 16 : 8;
  // 0: to the end of what it stands in.
  const size = short === 1 ? u64(bytes, at + 8) : short === 0 ? to - position : short;
  if (!isBoxType(type) || !(size >= headerBytes)) return null;
  const end = position + size;
  return { type, body: position + headerBytes, end: Math.min(end, to), isCut: end > to };
}

function isBoxType(type: string): boolean {
  return /^[\x20-\x7e\xa9]{4}$/.test(type);
}
