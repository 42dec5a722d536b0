// JPEG (ITU-T T.81, annex B): marker segments, one of them a frame header, before a scan that ends with EOI.
import { type Bytes, find } from './bytes.ts';
import { fault, type Opened } from './opened.ts';

const endOfImage = Buffer.from([0xff, 0xd9]);
/** Of what is in the way of a marker, readers skip this much. */
const maxJunkBytes = 64 * 1024;

export function isJpeg(bytes: Bytes): boolean {
  return bytes.at(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]));
}

export function openJpeg(bytes: Bytes): Opened {
  let size: { readonly width: number; readonly height: number } | undefined;
  for (let at = 2; ; ) {
    const mark = nextMarker(bytes, at);
    if (mark === -1) return fault('ends before its picture begins');
    const segment = bytes.at(mark, 9);
    const marker = segment[1] ?? 0;
    if (marker === 0xd9) return fault('ends before its picture begins');
    if (isAlone(marker)) {
      at = mark + 2;
      continue;
    }
    if (segment.length < 4) return fault('ends inside a marker segment');
    if (isFrameHeader(marker) && segment.length === 9)
      size = { height: segment.readUInt16BE(5), width: segment.readUInt16BE(7) };
    at = mark + 2 + segment.readUInt16BE(2);
    if (marker !== 0xda) continue;
    if (size === undefined) return fault('has a scan without a frame header');
    // Inside a scan FF is followed by 00 or a restart marker.
    return find(bytes, endOfImage, at) === -1
      ? fault('ends before its picture does')
      : { contentType: 'image/jpeg', ...size };
  }
}

/** Where FF and the code of a marker stand. */
function nextMarker(bytes: Bytes, from: number): number {
  const near = bytes.at(from, maxJunkBytes);
  for (let at = near.indexOf(0xff); at !== -1 && at + 1 < near.length; at = near.indexOf(0xff, at + 1)) {
    const code = near[at + 1];
    if (code !== 0xff && code !== 0x00) return from + at;
  }
  return -1;
}

function isAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which have their codes between them; SOF55 is JPEG-LS. */
function isFrameHeader(marker: number): boolean {
  if (marker === 0xf7) return true;
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
