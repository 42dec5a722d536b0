// One verdict of three judges, which are none of ours. Pure.
import { DEFAULT_ACCEPT } from '../../src/core/content-type.ts';
import { type Answers, type Claim, claimsOf } from './claims.ts';

/**
 * `send`: a type that FLORA takes, and ExifTool or ffprobe can read it. `refuse`: by none of the judges, or by most of those who
 * know it, a type that FLORA takes. `either`: they do not agree, or only `file` knows it, by its first bytes.
 */
export type Verdict =
  | { readonly kind: 'send'; readonly types: readonly string[] }
  | { readonly kind: 'refuse'; readonly because: string }
  | { readonly kind: 'either'; readonly because: string };

const accepted: ReadonlySet<string> = new Set(DEFAULT_ACCEPT);
const maxPixels = 150_000_000;
/** `file` and ExifTool go by the brand: whether there is a film behind it only ffprobe tells. */
const films: readonly string[] = ['video/mp4', 'video/quicktime'];

export function verdictOf(answers: Answers): Verdict {
  const claims = claimsOf(answers);
  const known = Object.values(claims).filter((claim) => claim !== undefined);
  if (known.length === 0) {
    // Of a few frames between others ffprobe is not sure.
    const isGuess = answers.ffprobe?.format === 'mp3' && [answers.file, answers.exiftool.mime].includes('audio/mpeg');
    if (isBrokenPicture(answers)) return { kind: 'either', because: 'a picture that nobody can read' };
    return isGuess ? { kind: 'either', because: 'ffprobe guesses' } : { kind: 'refuse', because: 'nobody knows it' };
  }
  const { width, height, mime } = answers.exiftool;
  if (mime?.startsWith('image/') && (width ?? 0) * (height ?? 0) > maxPixels)
    return { kind: 'refuse', because: 'more than 150 megapixels' };

  const common = [...intersection(known)];
  if (common.length === 0) return byMajority(claims);
  if (!common.some((type) => accepted.has(type))) return { kind: 'refuse', because: common.join(' or ') };
  if (!common.every((type) => accepted.has(type))) return { kind: 'either', because: `may be ${common.join(' or ')}` };
  if (answers.ffprobe === null && common.every((type) => /^(video|audio)\//.test(type)))
    return { kind: 'either', because: 'there is nothing that ffprobe can play' };
  if (claims.exiftool === undefined && claims.ffprobe === undefined)
    return { kind: 'either', because: 'neither ExifTool nor ffprobe can read it' };
  return { kind: 'send', types: common };
}

/** Named by its first bytes, but without a size. */
function isBrokenPicture({ exiftool, ffprobe = null }: Answers): boolean {
  const isNamed = exiftool.mime?.startsWith('image/') === true && accepted.has(exiftool.mime);
  return isNamed || (ffprobe?.streams.some((stream) => stream.startsWith('unsized:')) ?? false);
}

/** Whether `file` and ExifTool know the same type, or two that FLORA does not take: a third need not be asked. */
export function isDecided(answers: Pick<Answers, 'file' | 'exiftool'>): boolean {
  const { file, exiftool } = claimsOf(answers);
  if (file === undefined || exiftool === undefined) return false;
  const areRefused = [...file, ...exiftool].every((type) => !accepted.has(type));
  return areRefused || [...file].some((type) => exiftool.has(type) && !films.includes(type));
}

/** Where no type suits them all: two who agree outvote the third. */
function byMajority({ file, exiftool, ffprobe }: Readonly<Record<'file' | 'exiftool' | 'ffprobe', Claim>>): Verdict {
  // Who has not made up his mind votes for neither.
  const claims = [file, exiftool, ffprobe].filter((claim) => claim !== undefined).filter(isDecisive);
  const takers = claims.filter((claim) => [...claim].every((type) => accepted.has(type)));
  if (takers.length === 0)
    return { kind: 'refuse', because: 'each knows it as something else that FLORA does not take' };
  if (takers.length === 1 && claims.length === 3)
    return { kind: 'refuse', because: 'two of three know it as something that FLORA does not take' };
  const common = [...intersection(takers)].filter((type) => accepted.has(type));
  if (takers.length >= 2 && common.length > 0 && takers.some((claim) => claim !== file))
    return { kind: 'send', types: common };
  return { kind: 'either', because: 'the judges do not agree' };
}

function isDecisive(claim: ReadonlySet<string>): boolean {
  const count = [...claim].filter((type) => accepted.has(type)).length;
  return count === 0 || count === claim.size;
}

function intersection(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const [first = new Set<string>(), ...others] = sets;
  return new Set([...first].filter((type) => others.every((other) => other.has(type))));
}
