import { byteAt, u16 } from './bytes.ts';
import type { Dimensions } from './dimensions.ts';
import type { MediaSource } from './source.ts';

/** So many windows behind the head are looked at for the frame header. */
const mostWindows = 100;
const windowBytes = 4_096;
/** More than any JPEG has before its picture. */
const mostMarkers = 20_000;

/**
 * The size of a JPEG from its frame header (ITU-T T.81, B.2.2), wherever its other segments let it stand; null where there is
 * none before the picture's data.
 */
export async function jpegDimensions(source: MediaSource): Promise<Dimensions | null> {
  let offset = 0;
  let window = source.head;
  let at = 2;
  for (let count = 0; count < mostWindows; count += 1) {
    const step = walk(window, at);
    if (step === null || 'width' in step) return step;
    offset += step.next;
    at = 0;
    window = await source.read(offset, windowBytes);
    // A marker and its frame header are 9 bytes; what is shorter is the end of the file.
    if (window.length < 9) return null;
  }
  return null;
}

/** SOF0 to SOF15 and DHP say how large the picture is; DHT, JPG and DAC stand among their numbers. */
function isFrameHeader(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xde;
}

/** Through the markers from `at` on: to the size, to the place from which more is needed, or to the end of the search. */
function walk(bytes: Uint8Array, from: number): Dimensions | { readonly next: number } | null {
  let at = from;
  for (let markers = 0; at < bytes.length; markers += 1) {
    if (markers > mostMarkers) return null;
    // What stands before a marker is skipped, as decoders do; a marker may have any number of fill bytes before it.
    const found = bytes[at] === 0xff ? at : bytes.indexOf(0xff, at);
    if (found === -1) return { next: bytes.length };
    let code = found + 1;
    while (bytes[code] === 0xff) code += 1;
    const marker = byteAt(bytes, code);
    if (marker === 0xd9 || marker === 0xda) return null;
    // RST, SOI, TEM and a stuffed zero stand alone.
    if ((marker >= 0xd0 && marker <= 0xd8) || marker <= 0x01) {
      at = code + 1;
      continue;
    }
    // From the marker on once more, with what stands behind it.
    if (code + 8 > bytes.length) return { next: code - 1 };
    if (isFrameHeader(marker)) {
      const height = u16(bytes, code + 4);
      return { width: u16(bytes, code + 6), height };
    }
    at = code + 1 + Math.max(2, u16(bytes, code + 1));
  }
  return { next: at };
}
