// The beginnings of real media files, built byte by byte: enough for whoever identifies and measures them.

const encoder = new TextEncoder();
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

type Part = string | readonly number[] | Uint8Array;

/** The parts one after the other; text is taken as latin1. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...(typeof part === 'string' ? latin1(part) : part)]));
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

function uint(value: number, length: number, littleEndian = false): readonly number[] {
  const big = Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256);
  return littleEndian ? big.reverse() : big;
}

export function png(width: number, height: number, chunkBeforeData?: string): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => bytes(uint(data.length, 4), type, data, [0, 0, 0, 0]);
  const header = chunk('IHDR', bytes(uint(width, 4), uint(height, 4), [8, 6, 0, 0, 0]));
  const extra = chunkBeforeData === undefined ? [] : chunk(chunkBeforeData, bytes(uint(1, 4), uint(0, 4)));
  return bytes([0x89], 'PNG\r\n\x1a\n', header, extra, chunk('IDAT', bytes([1, 2, 3])), chunk('IEND', bytes()));
}

/** A JPEG whose frame header stands behind that many segments of 64 KiB, as after large EXIF, ICC and XMP data. */
export function jpeg(width: number, height: number, segments = 0): Uint8Array {
  const segment = (marker: number, data: Uint8Array) => bytes([0xff, marker], uint(data.length + 2, 2), data);
  const app = segment(0xe2, bytes('ICC_PROFILE\0', new Uint8Array(65_521)));
  return bytes(
    [0xff, 0xd8],
    segment(0xe0, bytes('JFIF\0', [1, 1, 0, 0, 1, 0, 1, 0, 0])),
    ...Array.from({ length: segments }, () => app),
    segment(0xc0, bytes([8], uint(height, 2), uint(width, 2), [1, 1, 0x11, 0])),
    [0xff, 0xd9],
  );
}

export function gif(width: number, height: number): Uint8Array {
  return bytes('GIF89a', uint(width, 2, true), uint(height, 2, true), [0, 0, 0, 0x3b]);
}

/** The extended form, whose header holds the size of the canvas. */
export function webp(width: number, height: number): Uint8Array {
  const canvas = bytes([0x10, 0, 0, 0], uint(width - 1, 3, true), uint(height - 1, 3, true));
  return bytes('RIFF', uint(22, 4, true), 'WEBPVP8X', uint(10, 4, true), canvas);
}

export function box(type: string, ...content: readonly Part[]): Uint8Array {
  const body = bytes(...content);
  return bytes(uint(body.length + 8, 4), type, body);
}

export function ftyp(major: string, ...compatible: readonly string[]): Uint8Array {
  return box('ftyp', major, [0, 0, 0, 0], ...compatible);
}

/** An ISO image (HEIC, AVIF) of that size: brand, then the boxes down to its spatial extents. */
export function isoImage(brand: string, width: number, height: number): Uint8Array {
  const extents = box('ispe', [0, 0, 0, 0], uint(width, 4), uint(height, 4));
  return bytes(ftyp(brand, 'mif1', brand), box('meta', [0, 0, 0, 0], box('iprp', box('ipco', extents))));
}

/** One Ogg page that begins a stream with the given packet. */
export function oggPage(packet: Part): Uint8Array {
  const body = bytes(packet, new Uint8Array(22));
  return bytes('OggS', [0, 2], new Uint8Array(20), [1, body.length], body);
}

/** Matroska or WebM: the EBML header with its DocType. */
export function ebml(docType: string): Uint8Array {
  const element = bytes([0x42, 0x82, 0x80 | docType.length], docType);
  return bytes([0x1a, 0x45, 0xdf, 0xa3, 0x80 | element.length], element, new Uint8Array(16));
}

export function riff(form: string): Uint8Array {
  return bytes(
    'RIFF',
    uint(36, 4, true),
    form,
    'fmt ',
    uint(16, 4, true),
    new Uint8Array(16),
    'data',
    uint(0, 4, true),
  );
}

/** An ID3v2 tag of that many bytes. */
export function id3(length: number): Uint8Array {
  const size = [21, 14, 7, 0].map((shift) => (length >> shift) & 0x7f);
  return bytes('ID3', [4, 0, 0], size, new Uint8Array(length));
}

/** Two frames of MPEG-1 layer 3, 128 kbit/s, 44.1 kHz. */
export function mp3Frames(): Uint8Array {
  const frame = bytes([0xff, 0xfb, 0x90, 0x00], new Uint8Array(413));
  return bytes(frame, frame);
}
