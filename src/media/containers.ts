import { ascii, byteAt, u16le, u32, u32le } from './bytes.ts';

const riffs: ReadonlySet<string> = new Set(['RIFF', 'RIFX', 'RF64', 'BW64']);

/**
 * The type of a RIFF file by its form. Of more than 4 GB it is called RF64 (EBU Tech 3306) or BW64 (ITU-R BS.2088), with
 * big-endian numbers RIFX.
 */
export function riffType(head: Uint8Array): string | null {
  const start = ascii(head, 0, 4);
  if (!riffs.has(start)) return null;
  const form = ascii(head, 8, 12);
  if (form === 'WAVE') return 'audio/wav';
  if (start !== 'RIFF') return null;
  if (form === 'WEBP') return 'image/webp';
  return form === 'AVI ' ? 'video/vnd.avi' : null;
}

/** A number of EBML (RFC 8794, 4): its length is in the zeros that it begins with. Unknown lengths are infinite. */
function vint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | null {
  const first = byteAt(bytes, at);
  const length = Math.clz32(first) - 23;
  if (!(first > 0) || at + length > bytes.length) return null;
  let value = first & (0xff >> length);
  let isUnknown = value === 0xff >> length;
  for (let index = 1; index < length; index += 1) {
    const byte = byteAt(bytes, at + index);
    isUnknown = isUnknown && byte === 0xff;
    value = value * 0x100 + byte;
  }
  return { value: isUnknown ? Number.POSITIVE_INFINITY : value, end: at + length };
}

const mostElements = 64;

/** WebM or Matroska, by the DocType in the EBML header (RFC 8794, 11.2.4; RFC 9559), wherever in it that stands. */
export function ebmlType(head: Uint8Array): string | null {
  if (u32(head, 0) !== 0x1a45dfa3) return null;
  const size = vint(head, 4);
  if (size === null) return null;
  const end = Math.min(size.end + size.value, head.length);
  let at = size.end;
  for (let count = 0; count < mostElements && at < end; count += 1) {
    const id = vint(head, at);
    const length = id === null ? null : vint(head, id.end);
    if (id === null || length === null) return null;
    if (head[at] === 0x42 && head[at + 1] === 0x82)
      return docTypes.get(docType(head, length.end, length.value)) ?? null;
    at = length.end + length.value;
  }
  return null;
}

const docTypes: ReadonlyMap<string, string> = new Map([
  ['webm', 'video/webm'],
  ['matroska', 'video/matroska'],
]);

/** Strings may be filled up with zeros. */
function docType(head: Uint8Array, at: number, length: number): string {
  const text = ascii(head, at, at + Math.min(length, 32));
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

const oggVideo = ['\x80theora', '\x01video\0', 'BBCD\0', '\x80daala'];
const oggAudio = ['\x01vorbis', 'OpusHead', '\x7fFLAC', 'fLaC', 'Speex   ', 'PCM     ', 'CELT    '];
const mostOggPages = 32;

/**
 * `video/ogg` if one of the streams that the file begins with is a picture, `audio/ogg` if they are sound only, `unknown` if it
 * is Ogg of which none is known, null if it is no Ogg. All streams announce themselves in the pages with the begin-of-stream
 * flag, which come first (RFC 3533, 4 and 6), and the picture need not be the first.
 */
export function oggType(head: Uint8Array): 'video/ogg' | 'audio/ogg' | 'unknown' | null {
  // The version, 0 in all of them, stands behind the capture pattern.
  if (ascii(head, 0, 5) !== 'OggS\0') return null;
  let type: 'audio/ogg' | 'unknown' = 'unknown';
  let at = 0;
  for (let page = 0; page < mostOggPages; page += 1) {
    const segments = head[at + 26];
    const beginsStream = ((head[at + 5] ?? 0) & 0x02) !== 0;
    if (segments === undefined || !beginsStream || ascii(head, at, at + 4) !== 'OggS') break;
    const body = at + 27 + segments;
    const packet = ascii(head, body, body + 8);
    if (oggVideo.some((magic) => packet.startsWith(magic))) return 'video/ogg';
    if (oggAudio.some((magic) => packet.startsWith(magic))) type = 'audio/ogg';
    at = body + head.subarray(at + 27, body).reduce((sum, lacing) => sum + lacing, 0);
  }
  return type;
}

const pdfHeader = /%PDF-\d\.\d/;
/** A header this far down is one still ("PDF Reference 1.7", H.3, implementation note 13). */
const pdfHeaderBytes = 1_024;

/** Whether a PDF begins here, but for a byte order mark and white space. */
export function beginsLikePdf(head: Uint8Array): boolean {
  return /^(?:\xef\xbb\xbf)?[\0\t\n\f\r ]*%PDF-/.test(ascii(head, 0, 64));
}

/** Whether a PDF begins behind at most 1 KB of something else: the header of a mail or of an HTTP answer, for one. */
export function hasPdfBehindJunk(head: Uint8Array): boolean {
  return pdfHeader.test(ascii(head, 0, pdfHeaderBytes + 8));
}

const mostPackets = 5;

/** An MPEG transport stream (ISO/IEC 13818-1, 2.4.3.2): 0x47 every 188 bytes, every 192 behind time stamps, every 204 with parity. */
export function isTransportStream(head: Uint8Array): boolean {
  return [
    [0, 188],
    [4, 192],
    [0, 204],
  ].some(([from = 0, every = 188]) => {
    const packets = Math.min(mostPackets, Math.floor((head.length - from) / every));
    return packets >= 2 && Array.from({ length: packets }, (_, at) => head[from + at * every]).every((b) => b === 0x47);
  });
}

const bmpHeaders: ReadonlySet<number> = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

/** Whether `BM` is followed by the headers of a bitmap (Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER). */
export function isBitmap(head: Uint8Array): boolean {
  const headerBytes = u32le(head, 14);
  const planes = headerBytes === 12 ? u16le(head, 22) : u16le(head, 26);
  const data = u32le(head, 10);
  return ascii(head, 0, 2) === 'BM' && bmpHeaders.has(headerBytes) && planes === 1 && data >= 14 + headerBytes;
}

/** Whether an icon's directory leads to a picture inside the file (Microsoft, ICONDIR). */
export function isIcon(head: Uint8Array, sizeBytes: number): boolean {
  const kind = u32(head, 0);
  const count = u16le(head, 4);
  const size = u32le(head, 14);
  const at = u32le(head, 18);
  return (kind === 0x100 || kind === 0x200) && count > 0 && size > 0 && at >= 6 + 16 * count && at + size <= sizeBytes;
}

/** Whether `MZ` leads to one of the headers that programs for Windows have (Microsoft, "PE Format"). */
export function isWindowsProgram(head: Uint8Array): boolean {
  const at = u32le(head, 0x3c);
  return ascii(head, 0, 2) === 'MZ' && ['PE', 'NE', 'LE', 'LX'].includes(ascii(head, at, at + 2));
}

/** Whether the flags that gzip reserves are unset, and the method is the one that there is (RFC 1952, 2.3). */
export function isGzip(head: Uint8Array): boolean {
  return u32(head, 0) >>> 8 === 0x1f8b08 && (byteAt(head, 3) & 0xe0) === 0;
}
