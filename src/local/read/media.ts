import { imageSize } from 'image-size';
import mime from 'mime';
import { canonicalContentType, DEFAULT_ACCEPT, isAcceptedType, UNKNOWN_CONTENT_TYPE } from '../../core/content-type.ts';
import type { Problem } from '../../core/entry.ts';
import type { CodedProblem } from '../../errors/codes.ts';
import { isZeros } from '../../media/bytes.ts';
import type { Dimensions } from '../../media/dimensions.ts';
import { type Recognised, recognise, recogniseByName } from '../../media/recognise.ts';
import type { MediaSource } from '../../media/source.ts';
import { beginsWithZeros, describeBytes } from '../../media/text.ts';
import { inWords, inWordsWithType } from '../../media/words.ts';
import { hasSignature, otherType } from './other-types.ts';

/** FLORA's limit for images; an image of exactly this many pixels is accepted. */
const MOST_PIXELS = 150_000_000;

/** What a file is, and whether it is sent. */
interface MediaVerdict {
  /** Canonical: by content, where that says nothing by name, else `application/octet-stream`. */
  readonly contentType: string;
  /** Why it is not sent; null if it is. */
  readonly problem: Problem | null;
  /** It may still be written, however quiet it is: for how many quiet periods more it has to look so before the verdict holds. */
  readonly doubtfulFor: number;
}

/** A beginning that is not there yet will not be sent: one more period shows whether it comes. */
const blankDoubt = 1;
/** The rest may be silence, padding, or lost where it was copied from: then it is sent, but not before a copy that reserved its place has had time to go on. */
const unendedDoubt = 4;
/** A sector: copies go on in no smaller steps. */
const tailBytes = 512;

/**
 * Judges a file by its content. The name adds what the content leaves open, and is the claim that it is held against: what does
 * not begin as its name says is not sent, nor is what is recognised as something that is not accepted. `*` in `accept` leaves all
 * but an empty file to FLORA, as does an image whose dimensions cannot be found. Never throws because of what the bytes are.
 *
 * @param accept patterns as `isAcceptedType` takes them
 */
export async function judgeMedia(source: MediaSource, name: string, accept: readonly string[]): Promise<MediaVerdict> {
  const byName = typeOfName(name);
  if (source.sizeBytes === 0) {
    const problem: CodedProblem = { code: 'empty', reason: 'The file is empty.' };
    return { contentType: byName ?? UNKNOWN_CONTENT_TYPE, problem, doubtfulFor: 0 };
  }
  const found = await recognise(source, byName);
  const byContent =
    found.contentType ??
    (found.isTagged ? null : ((await otherType(source.head, byName)) ?? recogniseByName(source, byName)));
  const contentType = byContent ?? byName ?? UNKNOWN_CONTENT_TYPE;
  // Zeros, or the end of the file in the middle of its tag.
  const isBlank = beginsWithZeros(found.bytes) || found.bytes.length === 0;
  const isUnfinished = found.missing !== null || (byContent === null && isBlank);
  const judged = { name, byName, byContent, found, accept };
  const problem = accept.includes('*') ? null : (refusal(judged) ?? (await sizeProblem(contentType, source, found)));
  const isUnended = problem === null && !found.isWhole && (found.isCut || (await endsWithZeros(source)));
  return { contentType, problem, doubtfulFor: isUnfinished ? blankDoubt : isUnended ? unendedDoubt : 0 };
}

async function endsWithZeros({ sizeBytes, read }: MediaSource): Promise<boolean> {
  return sizeBytes > tailBytes && isZeros(await read(sizeBytes - tailBytes, tailBytes));
}

interface Judged {
  readonly name: string;
  readonly byName: string | null;
  readonly byContent: string | null;
  readonly found: Recognised;
  readonly accept: readonly string[];
}

function refusal({ name, byName, byContent, found, accept }: Judged): CodedProblem | null {
  const called = byName === null ? null : `Named ${extension(name)}`;
  if (byContent !== null) {
    if (!isAcceptedType(byContent, accept)) {
      const what = inWordsWithType(byContent);
      return unsupported(
        called === null || byName === byContent ? `It is ${what}` : `${called}, but it is ${what}`,
        accept,
      );
    }
    return found.missing === null ? null : unfinished(byContent, found.missing);
  }
  const what = found.isTagged ? `behind its tag ${describeBytes(found.bytes)}` : describeBytes(found.bytes);
  if (byName === null) return unsupported(`Neither its content nor its name tells what it is: ${what}`, accept);
  if (!isAcceptedType(byName, accept)) return unsupported(`It is ${inWordsWithType(byName)} by its name`, accept);
  const reason = `${called}, but does not begin like ${inWords(byName)}: ${what}.`;
  // Nothing that is accepted begins with zeros; of what may begin in any way the name has to tell.
  const isRefused = hasSignature(byName) || beginsWithZeros(found.bytes);
  return isRefused ? { code: 'unsupported_type', reason } : null;
}

function unsupported(what: string, accept: readonly string[]): CodedProblem {
  const isDefault = accept.length === DEFAULT_ACCEPT.length && accept.every((type) => DEFAULT_ACCEPT.includes(type));
  const list = `${isDefault ? 'FLORA takes' : 'FLORA_SYNC_ACCEPT allows'} ${accept.join(', ')}.`;
  const reason = `${what}; that is not accepted.`;
  return { code: 'unsupported_type', reason, detail: `${reason} ${list}` };
}

function unfinished(contentType: string, missing: string): CodedProblem {
  const reason = `Half a file: it begins like ${inWords(contentType)}, but where its tables should be there is ${missing}.`;
  return { code: 'unfinished', reason };
}

/** With its dot, as it is spelled. */
function extension(name: string): string {
  return name.slice(name.lastIndexOf('.'));
}

function typeOfName(name: string): string | null {
  // With a slash in front, mime wants a dot: a file that is merely called `png` is none.
  const type = mime.getType(`/${name}`);
  if (type === null) return null;
  const canonical = canonicalContentType(type);
  return canonical === UNKNOWN_CONTENT_TYPE ? null : canonical;
}

async function sizeProblem(contentType: string, source: MediaSource, found: Recognised): Promise<CodedProblem | null> {
  if (!contentType.startsWith('image/')) return null;
  const size = await dimensions(contentType, source, found);
  // A number that is missing is not too large.
  if (size === null || !(size.width * size.height > MOST_PIXELS)) return null;
  const megapixels = Math.ceil((size.width * size.height) / 100_000) / 10;
  return {
    code: 'too_many_megapixels',
    reason: `The image has ${megapixels} megapixels (${size.width} × ${size.height}); FLORA takes at most 150.`,
  };
}

async function dimensions(contentType: string, source: MediaSource, found: Recognised): Promise<Dimensions | null> {
  if (typeof found.dimensions === 'function') return await found.dimensions();
  return found.dimensions ?? (DEFAULT_ACCEPT.includes(contentType) ? null : otherDimensions(source.head));
}

const otherDimensionBytes = 32 * 1024;

/** Of images that FLORA does not list. Little of the head, because some formats are searched over and over. */
function otherDimensions(head: Uint8Array): Dimensions | null {
  try {
    // A copy, because image-size reads on behind the end of a view, into whatever else shares its memory.
    const { width, height } = imageSize(new Uint8Array(head.subarray(0, otherDimensionBytes)));
    return { width, height };
  } catch {
    // Truncated, malformed, or a format that image-size does not know: FLORA will judge.
    return null;
  }
}
