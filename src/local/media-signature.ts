// What file-type leaves open or gets wrong about the containers we send: brands of ISO images, streams in an Ogg file.

/** Bytes as latin1 text; shorter where the bytes end. */
export function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** What a text does not hold: control characters but tab, line ends and form feed, and bytes that are not UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const notText = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\ufffd]/;
const enoughForText = 4096;

/** Whether these bytes begin like text in UTF-8. No file of a medium does: all have zeros or other binary in their headers. */
export function isText(head: Uint8Array): boolean {
  const start = head.subarray(0, enoughForText);
  // Streaming, so that a character cut at the end counts as none rather than as broken.
  return start.length > 0 && !notText.test(new TextDecoder().decode(start, { stream: true }));
}

// Types that file-type concludes from two or three bytes, or from bytes that are common in other files.
const weaklyDetected: ReadonlySet<string> = new Set([
  'image/bmp',
  'image/x-icon',
  'audio/aac',
  'audio/vnd.dolby.dd-raw',
  'video/mp2t',
  'application/gzip',
  'application/postscript',
  'application/x-apple-diskimage',
  'application/x-arj',
  'application/x-bzip2',
  'application/x-compress',
  'application/x-cpio',
  'application/x-msdownload',
  'application/x-shockwave-flash',
]);

/** Whether the detected type rests on so few bytes that a name which says otherwise is the better evidence. */
export function isWeakEvidence(detected: string, head: Uint8Array): boolean {
  // An MP3 begins with an ID3 tag, or with 11 set bits that many a file begins with, UTF-16 text among them.
  return weaklyDetected.has(detected) || (detected === 'audio/mpeg' && ascii(head, 0, 3) !== 'ID3');
}

const imageBrands: ReadonlyMap<string, string> = new Map([
  ['avif', 'image/avif'],
  ['avis', 'image/avif'],
  ['heic', 'image/heic'],
  ['heix', 'image/heic'],
  ['heim', 'image/heic'],
  ['heis', 'image/heic'],
  ['hevc', 'image/heic-sequence'],
  ['hevx', 'image/heic-sequence'],
  ['hevm', 'image/heic-sequence'],
  ['hevs', 'image/heic-sequence'],
]);

/**
 * The type of an image in an ISO container (`ftyp` box), or null if it is none. The generic brands `mif1` and `msf1`
 * leave the coding open; then the first compatible brand that names one decides (ISO/IEC 23008-12, annex B).
 */
export function isoImageType(head: Uint8Array): string | null {
  if (ascii(head, 4, 8) !== 'ftyp') return null;
  const major = ascii(head, 8, 12);
  const named = imageBrands.get(major);
  if (named !== undefined) return named;
  if (major !== 'mif1' && major !== 'msf1') return null;
  const end = Math.min(new DataView(head.buffer, head.byteOffset).getUint32(0), head.length, 512);
  for (let at = 16; at + 4 <= end; at += 4) {
    const type = imageBrands.get(ascii(head, at, at + 4));
    if (type === undefined) continue;
    if (type === 'image/avif' || type.endsWith('-sequence') === (major === 'msf1')) return type;
  }
  return major === 'mif1' ? 'image/heif' : 'image/heif-sequence';
}

const oggVideo = ['\x80theora', '\x01video\0', 'BBCD\0', '\x80daala'];
const oggAudio = ['\x01vorbis', 'OpusHead', '\x7fFLAC', 'Speex   ', 'PCM     '];
const MOST_OGG_PAGES = 32;

/**
 * `video/ogg` if one of the streams that the file begins with is a picture, `audio/ogg` if they are sound only, null if
 * none is known. All streams announce themselves in the pages with the begin-of-stream flag, which come first (RFC 3533),
 * and the picture need not be the first.
 */
export function oggType(head: Uint8Array): string | null {
  let type: string | null = null;
  let at = 0;
  for (let page = 0; page < MOST_OGG_PAGES; page += 1) {
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
