// GIF87a and GIF89a: blocks, at least one of them an image, until the trailer.
import { type Bytes, latin1 } from './bytes.ts';
import { fault, type Opened } from './opened.ts';

export function isGif(bytes: Bytes): boolean {
  return ['GIF87a', 'GIF89a'].includes(latin1(bytes, 0, 6));
}

export function openGif(bytes: Bytes): Opened {
  const screen = bytes.at(6, 7);
  if (screen.length < 7) return fault('ends inside its header');
  const size = { width: screen.readUInt16LE(0), height: screen.readUInt16LE(2) };
  let images = 0;
  let at = 13 + tableBytes(screen[4] ?? 0);
  for (;;) {
    const [kind] = bytes.at(at, 1);
    // The trailer is often missing, and readers do without.
    if (kind === 0x3b || kind === undefined) break;
    if (kind === 0x21) {
      at = afterSubBlocks(bytes, at + 2);
    } else if (kind === 0x2c) {
      const flags = bytes.at(at + 9, 1)[0] ?? 0;
      at = afterSubBlocks(bytes, at + 11 + tableBytes(flags));
      images += 1;
    } else {
      return fault('has no block where one must be');
    }
    if (at > bytes.sizeBytes) return fault('ends inside a block');
  }
  return images === 0 ? fault('has no image') : { contentType: 'image/gif', ...size };
}

function tableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
}

/** Beyond the end of the file where the file ends first. */
function afterSubBlocks(bytes: Bytes, from: number): number {
  for (let at = from; ; ) {
    const [length] = bytes.at(at, 1);
    if (length === undefined) return Number.POSITIVE_INFINITY;
    at += 1 + length;
    if (length === 0) return at;
  }
}
