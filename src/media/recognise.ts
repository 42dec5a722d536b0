import { ascii, u32, u32le } from './bytes.ts';
import {
  beginsLikePdf,
  ebmlType,
  hasPdfBehindJunk,
  isBitmap,
  isGzip,
  isIcon,
  isTransportStream,
  isWindowsProgram,
  oggType,
  riffType,
} from './containers.ts';
import type { Dimensions } from './dimensions.ts';
import { readIso } from './iso.ts';
import { jpegDimensions } from './jpeg.ts';
import { behindTags, framesType, hasMpegAudioBehindJunk } from './mpeg-audio.ts';
import { gifDimensions, pngDimensions, webpDimensions } from './pictures.ts';
import type { MediaSource } from './source.ts';
import { isText as beginsWithText, isPage } from './text.ts';

/** What the bytes of a file were found to be. */
export interface Recognised {
  /** Canonical; null if they are nothing that is known here. */
  readonly contentType: string | null;
  /** What stands where the type should show: the file's beginning, or what follows its tags. */
  readonly bytes: Uint8Array;
  readonly isTagged: boolean;
  /** See `IsoMedia`. */
  readonly missing: string | null;
  readonly isWhole: boolean;
  readonly isCut: boolean;
  /** Of a picture; a function where it takes more looks into the file. */
  readonly dimensions: Dimensions | null | (() => Promise<Dimensions | null>);
}

/**
 * Recognises what FLORA accepts, and what is taken for it: each by what the format's readers go by, at the place where it has to
 * be, never by two bytes of it alone.
 *
 * @param byName the type that the name says, for what the content leaves open
 */
export async function recognise(source: MediaSource, byName: string | null): Promise<Recognised> {
  const { head } = source;
  const none = {
    contentType: null,
    bytes: head,
    isTagged: false,
    missing: null,
    isWhole: false,
    isCut: false,
    dimensions: null,
  };
  const plain = plainType(source, byName);
  if (plain !== null) return { ...none, ...plain };
  const iso = await readIso(source, byName);
  if (iso !== null) return { ...none, ...iso };
  const from = await behindTags(source);
  if (from === 0) return { ...none, contentType: frames(source, head, 0) };
  const bytes = await source.read(from, tailBytes);
  const contentType = soundType(source, bytes, from) ?? (isLooseMpeg(source, bytes, from) ? 'audio/mpeg' : null);
  return { ...none, contentType, bytes, isTagged: true };
}

/** Of what stands behind a tag, as much is looked at as may be junk before the first frame, and five frames. */
const tailBytes = 72 * 1024;

/**
 * What a name may add where the content was not recognised by anything else: readers who expect a PDF look for it in the first
 * KB, and those who expect an MP3 for its first frame in the first 64 KB.
 */
export function recogniseByName(source: MediaSource, byName: string | null): string | null {
  const { head } = source;
  // Text that speaks of PDF is none, unless it is called one, and a page of the web is none at all.
  const isText = byName === 'application/pdf' ? isPage(head) : beginsWithText(head);
  if (hasPdfBehindJunk(head) && !isText) return 'application/pdf';
  return byName === 'audio/mpeg' && isLooseMpeg(source, head, 0) ? 'audio/mpeg' : null;
}

interface Plain {
  readonly contentType: string;
  readonly dimensions?: Recognised['dimensions'];
}

/** What shows itself in the first bytes. */
function plainType(source: MediaSource, byName: string | null): Plain | null {
  const { head, sizeBytes } = source;
  if (u32(head, 0) >>> 8 === 0xffd8ff) {
    // SOF55 is another coding, in the same clothes (ITU-T T.87).
    if (head[3] === 0xf7) return { contentType: 'image/jls' };
    return { contentType: 'image/jpeg', dimensions: () => jpegDimensions(source) };
  }
  if (ascii(head, 0, 8) === '\x89PNG\r\n\x1a\n') return { contentType: 'image/png', dimensions: pngDimensions(head) };
  if (/^GIF8[79]a$/.test(ascii(head, 0, 6))) return { contentType: 'image/gif', dimensions: gifDimensions(head) };
  const contentType =
    riffType(head) ?? ebmlType(head) ?? streamsType(head, byName) ?? (beginsLikePdf(head) ? 'application/pdf' : null);
  if (contentType !== null) {
    return contentType === 'image/webp' ? { contentType, dimensions: webpDimensions(head) } : { contentType };
  }
  if (isBitmap(head)) return { contentType: 'image/bmp' };
  if (isIcon(head, sizeBytes)) return { contentType: 'image/x-icon' };
  if (isTransportStream(head)) return { contentType: 'video/mp2t' };
  if (isWindowsProgram(head)) return { contentType: 'application/x-msdownload' };
  return isGzip(head) ? { contentType: 'application/gzip' } : null;
}

/** Of streams that nobody has heard of the name may say whether they are sound. */
function streamsType(head: Uint8Array, byName: string | null): string | null {
  const type = oggType(head);
  if (type !== 'unknown') return type;
  return byName?.endsWith('/ogg') === true ? byName : 'application/ogg';
}

/** The type of sound that begins here. */
function soundType(source: MediaSource, bytes: Uint8Array, from: number): string | null {
  const start = ascii(bytes, 0, 4);
  if (start === 'fLaC') return 'audio/flac';
  if (start === 'wvpk') return 'audio/wavpack';
  if (start === 'MAC ') return 'audio/ape';
  // A chunk's size stands between.
  if (start === 'FORM' && ['AIFF', 'AIFC'].includes(ascii(bytes, 8, 12))) return 'audio/aiff';
  const riff = riffType(bytes);
  if (riff === 'audio/wav') return riff;
  return frames(source, bytes, from);
}

/** Frames, also behind the zeros that some tags are followed by. */
function frames(source: MediaSource, bytes: Uint8Array, from: number): string | null {
  return framesType(bytes, isToTheEnd(source, bytes, from));
}

function isLooseMpeg(source: MediaSource, bytes: Uint8Array, from: number): boolean {
  return hasMpegAudioBehindJunk(bytes, isToTheEnd(source, bytes, from));
}

function isToTheEnd(source: MediaSource, bytes: Uint8Array, from: number): boolean {
  return from + bytes.length === source.sizeBytes;
}

/** Whether these are the first bytes of a TIFF, whose directory may stand anywhere (TIFF 6.0, section 2). */
export function isTiff(head: Uint8Array): boolean {
  const order = ascii(head, 0, 2);
  return (order === 'II' && u32le(head, 0) >>> 16 === 42) || (order === 'MM' && (u32(head, 0) & 0xffff) === 42);
}
