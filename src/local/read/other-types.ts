import { fileTypeFromBuffer, supportedMimeTypes } from 'file-type';
import { canonicalContentType, DEFAULT_ACCEPT } from '../../core/content-type.ts';
import { ascii } from '../../media/bytes.ts';
import { isTiff } from '../../media/recognise.ts';

// The types that FLORA does not take, told by the package file-type: to say what a file is, and for whoever accepts more of them.

/** Inside archives file-type unpacks what it is given, and in ASF it walks from object to object: it gets little of them. */
const fewBytes = 4_100;
const longWork: readonly string[] = ['PK', '\x30\x26'];
/** It would work through these as well, and find no more than our readers did: EBML, tags before sound, gzip. */
const walkedOurselves: readonly string[] = ['\x1a\x45', 'ID', '\x1f\x8b'];

/** Types that are judged by readers of ours: where these did not find them, two bytes that speak for them are no evidence. */
const judgedOurselves: ReadonlySet<string> = new Set([
  ...DEFAULT_ACCEPT,
  ...['image/heic-sequence', 'image/heif-sequence', 'image/bmp', 'image/x-icon', 'image/x-canon-cr3'],
  ...['video/3gpp', 'video/3gpp2', 'video/vnd.avi', 'video/mp2t', 'video/ogg'],
  ...['audio/mp4', 'audio/aac', 'audio/vnd.dolby.dd-raw'],
  ...['application/ogg', 'application/x-msdownload'],
]);

/** Concluded from two or three bytes, or from bytes that are common in other files. */
const weaklyDetected: ReadonlySet<string> = new Set([
  'application/postscript',
  'application/x-apple-diskimage',
  'application/x-arj',
  'application/x-bzip2',
  'application/x-compress',
  'application/x-cpio',
  'application/x-shockwave-flash',
]);

/** The type of what is no file for FLORA, or null. Never throws, whatever the bytes are. */
export async function otherType(head: Uint8Array, byName: string | null): Promise<string | null> {
  const start = ascii(head, 0, 2);
  if (walkedOurselves.includes(start)) return null;
  const detected = await detect(longWork.includes(start) ? head.subarray(0, fewBytes) : head);
  if (detected === null || judgedOurselves.has(detected)) return isTiff(head) ? tiffType(byName) : null;
  // SVG and its like are XML with a name of their own.
  if (detected === 'application/xml' && byName?.endsWith('+xml')) return byName;
  return weaklyDetected.has(detected) && byName !== null && !hasSignature(byName) ? null : detected;
}

/**
 * Whether all files of a type begin with something that shows, so that its absence is evidence. Of what FLORA accepts that is so, with
 * MPEG audio as the one that has to be looked for.
 */
export function hasSignature(contentType: string): boolean {
  return DEFAULT_ACCEPT.includes(contentType) || detectableMedia.has(contentType);
}

/** Streams of frames may begin anywhere. */
const streams: readonly string[] = ['video/mpeg', 'audio/aac', 'audio/vnd.dolby.dd-raw'];
const detectableMedia: ReadonlySet<string> = new Set(
  [...supportedMimeTypes]
    .map(canonicalContentType)
    .filter((type) => /^(?:image|video|audio)\//.test(type) && !streams.includes(type)),
);

async function detect(bytes: Uint8Array): Promise<string | null> {
  // Where it ran off the end of something malformed, the bytes do not tell.
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined);
  return found === undefined ? null : canonicalContentType(found.mime);
}

/** TIFF keeps its directory anywhere, also behind the head. Raw photos are TIFF too, and their names tell them apart. */
function tiffType(byName: string | null): string {
  return byName?.startsWith('image/') && !DEFAULT_ACCEPT.includes(byName) ? byName : 'image/tiff';
}
