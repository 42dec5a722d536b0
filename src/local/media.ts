import { fileTypeFromBuffer } from 'file-type';
import { imageSize } from 'image-size';
import mime from 'mime';
import { canonicalContentType, DEFAULT_ACCEPT, isAcceptedType, UNKNOWN_CONTENT_TYPE } from '../core/content-type.ts';
import type { Problem } from '../core/entry.ts';
import { ascii, isoImageType, isText, isWeakEvidence, oggType } from './media-signature.ts';

/**
 * How many bytes from the start of a file its judges want (fewer only if the file is shorter). The type is in the first
 * 4 KiB; what needs the rest is the size of a JPEG, which stands behind its EXIF, ICC and XMP segments of up to 64 KiB each.
 * A file is read for its digest anyway, in larger chunks, so that these bytes come free.
 */
export const HEAD_BYTES = 256 * 1024;

/** FLORA's limit for images; an image of exactly this many pixels is accepted. */
export const MOST_PIXELS = 150_000_000;

// Enough for every signature, and too little for an archive to unpack into much (file-type looks inside gzip and zip).
const SIGNATURE_BYTES = 4100;

/**
 * The canonical content type of a file, from its first bytes (`HEAD_BYTES`) and, where these do not tell, its name;
 * `application/octet-stream` if neither does. Never throws, whatever the bytes are.
 */
export async function identifyMedia(head: Uint8Array, name: string): Promise<string> {
  const byName = typeOfName(name);
  const byContent = await typeOfBytes(head, byName);
  if (byContent === null) return byName ?? UNKNOWN_CONTENT_TYPE;
  // Two bytes of magic prove little: one file of random bytes in some thousands "is" an MP3 or a bitmap.
  if (byName !== null && isWeakEvidence(byContent, head)) return byName;
  return byContent;
}

export interface MediaFacts {
  /** Canonical, as `identifyMedia` gives it. */
  readonly contentType: string;
  readonly sizeBytes: number;
  /** The first `HEAD_BYTES` of the file, or all of it. */
  readonly head: Uint8Array;
  readonly accept: readonly string[];
}

/**
 * Why a file is not sent, or null if it is. An empty file never is, nor is text under the name of a medium; `*` in `accept`
 * leaves everything else to FLORA, as does an image whose dimensions cannot be read from its head.
 */
export function judgeMedia({ contentType, sizeBytes, head, accept }: MediaFacts): Problem | null {
  if (sizeBytes === 0) return { code: 'empty', reason: 'The file is empty.' };
  if (accept.includes('*')) return null;
  if (!isAcceptedType(contentType, accept)) return unsupported(contentType, accept);
  if (isAlwaysBinary(contentType) && isText(head)) return disguised(contentType);
  if (!contentType.startsWith('image/')) return null;
  const size = imageDimensions(contentType, head);
  if (size === null || size.width * size.height <= MOST_PIXELS) return null;
  const megapixels = Math.ceil((size.width * size.height) / 100_000) / 10;
  return {
    code: 'too_many_megapixels',
    reason: `The image has ${megapixels} megapixels (${size.width} × ${size.height}); FLORA takes at most 150.`,
  };
}

/** SVG is text, and a PDF may begin with it. */
function isAlwaysBinary(contentType: string): boolean {
  return DEFAULT_ACCEPT.includes(contentType) && contentType !== 'application/pdf';
}

/** Only the name can have said that this is a picture or a sound: none of them is text from its first byte on. */
function disguised(contentType: string): Problem {
  return { code: 'unsupported_type', reason: `The file is named as ${contentType}, but its content is text.` };
}

function unsupported(contentType: string, accept: readonly string[]): Problem {
  const what =
    contentType === UNKNOWN_CONTENT_TYPE
      ? 'Neither the content nor the name of the file tells what it is'
      : `The file is ${contentType}`;
  const whose = DEFAULT_ACCEPT.includes(contentType) ? 'FLORA_SYNC_ACCEPT allows' : 'what is accepted is';
  return { code: 'unsupported_type', reason: `${what}; ${whose} ${accept.join(', ')}.` };
}

function typeOfName(name: string): string | null {
  // With a slash in front, mime wants a dot: a file that is merely called `png` is none.
  const type = mime.getType(`/${name}`);
  if (type === null) return null;
  const canonical = canonicalContentType(type);
  return canonical === UNKNOWN_CONTENT_TYPE ? null : canonical;
}

async function typeOfBytes(head: Uint8Array, byName: string | null): Promise<string | null> {
  const start = ascii(head, 0, 4);
  if (start === 'OggS') return oggType(head) ?? (byName?.endsWith('/ogg') ? byName : 'application/ogg');
  const isoImage = isoImageType(head);
  if (isoImage !== null) return isoImage;
  const detected = await detect(head.subarray(0, SIGNATURE_BYTES));
  if (detected === null) return isTiff(start) ? tiffType(byName) : null;
  // SVG and its like are XML with a name of their own.
  if (detected === 'application/xml' && byName?.endsWith('+xml')) return byName;
  if (detected === 'image/gif' && start !== 'GIF8') return null;
  return detected;
}

async function detect(bytes: Uint8Array): Promise<string | null> {
  try {
    const found = await fileTypeFromBuffer(bytes);
    return found === undefined ? null : canonicalContentType(found.mime);
  } catch {
    // file-type ran off the end of something malformed: the bytes do not tell, so the name has to.
    return null;
  }
}

function isTiff(start: string): boolean {
  return start === 'II*\0' || start === 'MM\0*';
}

/** TIFF keeps its directory anywhere, also behind the head. Raw photos are TIFF too, and their names tell them apart. */
function tiffType(byName: string | null): string {
  return byName?.startsWith('image/') && !DEFAULT_ACCEPT.includes(byName) ? byName : 'image/tiff';
}

interface Dimensions {
  readonly width: number;
  readonly height: number;
}

// HEIF's boxes are searched over and over: its head is kept short, so that hostile ones cannot hold the event loop.
const DIMENSION_BYTES: Readonly<Record<string, number>> = { 'image/jpeg': HEAD_BYTES };
const OTHER_DIMENSION_BYTES = 32 * 1024;

function imageDimensions(contentType: string, head: Uint8Array): Dimensions | null {
  try {
    // A copy, because image-size reads on behind the end of a view, into whatever else shares its memory.
    const bytes = new Uint8Array(head.subarray(0, DIMENSION_BYTES[contentType] ?? OTHER_DIMENSION_BYTES));
    const { width, height } = imageSize(bytes);
    return width > 0 && height > 0 ? { width, height } : null;
  } catch {
    // Truncated, malformed, or a format that image-size does not know: FLORA will judge.
    return null;
  }
}
