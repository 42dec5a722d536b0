import { ascii, byteAt, u16le, u24le, u32, u32le } from './bytes.ts';
import type { Dimensions } from './dimensions.ts';

// Pictures that say how large they are at the place where they begin.

/** PNG (ISO/IEC 15948, 11.2.2): IHDR is the first chunk, but behind Apple's CgBI. */
export function pngDimensions(head: Uint8Array): Dimensions | null {
  const at = ascii(head, 12, 16) === 'CgBI' ? 8 + 12 + u32(head, 8) : 8;
  return ascii(head, at + 4, at + 8) === 'IHDR' ? sized(u32(head, at + 8), u32(head, at + 12)) : null;
}

/** GIF89a, 18: the logical screen. */
export function gifDimensions(head: Uint8Array): Dimensions | null {
  return sized(u16le(head, 6), u16le(head, 8));
}

/** WebP (RFC 9649, 2.4 to 2.7): the canvas, or the header of the only picture. Reserved bits are for readers to ignore. */
export function webpDimensions(head: Uint8Array): Dimensions | null {
  switch (ascii(head, 12, 16)) {
    case 'VP8X':
      return sized(u24le(head, 24) + 1, u24le(head, 27) + 1);
    case 'VP8L': {
      const bits = u32le(head, 21);
      return byteAt(head, 20) === 0x2f ? sized((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1) : null;
    }
    case 'VP8 ':
      return ascii(head, 23, 26) === '\x9d\x01\x2a' ? sized(u16le(head, 26) & 0x3fff, u16le(head, 28) & 0x3fff) : null;
    default:
      return null;
  }
}

function sized(width: number, height: number): Dimensions | null {
  return width > 0 && height > 0 ? { width, height } : null;
}
