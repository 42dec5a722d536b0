// The beginnings of real media files, built byte by byte: enough for whoever identifies and measures them.

const encoder = new TextEncoder();
const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

type Part = string | readonly number[] | Uint8Array;

/** The parts one after the other; text is taken as latin1. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  const pieces = parts.map((part) => (typeof part === 'string' ? latin1(part) : part));
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
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

/** The tables of a film with a track of each kind (`vide`, `soun`, …). */
export function moov(...kinds: readonly string[]): Uint8Array {
  const track = (kind: string) => {
    const handler = box('hdlr', new Uint8Array(8), kind, new Uint8Array(13));
    return box('trak', box('tkhd', new Uint8Array(84)), box('mdia', box('mdhd', new Uint8Array(24)), handler));
  };
  return box('moov', box('mvhd', new Uint8Array(100)), ...kinds.map(track));
}

/** A box whose size has 64 bits. */
export function wideBox(type: string, ...content: readonly Part[]): Uint8Array {
  const body = bytes(...content);
  return bytes(uint(1, 4), type, uint(body.length + 16, 8), body);
}

/** A `meta` box of a picture as cameras write it: the primary item has the size, others and tiles have smaller and larger ones. */
export function pictureMeta(width: number, height: number, coding = 'hvc1'): Uint8Array {
  const full = [0, 0, 0, 0];
  const ispe = (w: number, h: number) => box('ispe', full, uint(w, 4), uint(h, 4));
  const infe = (id: number, type: string) => box('infe', [2, 0, 0, 0], uint(id, 2), [0, 0], type, [0]);
  const ipma = box('ipma', full, uint(2, 4), uint(1, 2), [1, 0x81], uint(7, 2), [2, 0x83, 2]);
  return box(
    'meta',
    full,
    box('hdlr', full, full, 'pict', new Uint8Array(13)),
    box('pitm', full, uint(7, 2)),
    box('iinf', full, uint(2, 2), infe(1, coding), infe(7, 'grid')),
    box('iprp', box('ipco', ispe(512, 512), ispe(width, height), box('irot', [0])), ipma),
  );
}

/** A frame of AC-3 at 48 kHz and 192 kbit/s. */
export function ac3Frame(): Uint8Array {
  return bytes([0x0b, 0x77, 0, 0, 0x14, 0x40], new Uint8Array(762));
}

/** A frame of AAC at 44.1 kHz in ADTS. */
export function adtsFrame(): Uint8Array {
  return bytes([0xff, 0xf1, 0x50, 0x80, 0x0c, 0x9f, 0xfc], new Uint8Array(93));
}

/** Packets of a transport stream: so many bytes apart, the first sync byte behind so many. */
export function transportStream(every: number, from = 0, packets = 6): Uint8Array {
  const all = new Uint8Array(every * packets);
  for (let packet = 0; packet < packets; packet += 1) all[from + packet * every] = 0x47;
  return all.map((byte, at) => (byte === 0 ? (at * 7) % 64 : byte));
}

export function bmp(): Uint8Array {
  const header = bytes(uint(40, 4, true), uint(2, 4, true), uint(2, 4, true), [1, 0, 24, 0], new Uint8Array(24));
  return bytes('BM', uint(70, 4, true), [0, 0, 0, 0], uint(54, 4, true), header, new Uint8Array(16));
}

export function ico(): Uint8Array {
  return bytes([0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0], uint(40, 4, true), uint(22, 4, true), new Uint8Array(40));
}

export function windowsProgram(): Uint8Array {
  return bytes('MZ', new Uint8Array(58), uint(128, 4, true), new Uint8Array(64), 'PE\0\0', new Uint8Array(200));
}

/** Bytes without a meaning, the same for the same seed. */
export function noiseBytes(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) & 0xff;
  });
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

export function riff(form: string, kind = 'RIFF'): Uint8Array {
  return bytes(kind, uint(36, 4, true), form, 'fmt ', uint(16, 4, true), new Uint8Array(16), 'data', uint(0, 4, true));
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
