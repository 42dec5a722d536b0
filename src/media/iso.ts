import { ascii, u32 } from './bytes.ts';
import type { Dimensions } from './dimensions.ts';
import { type Box, type Boxes, type Budget, type Ending, readBoxes } from './iso-boxes.ts';
import { filmType, isPictureBrand, pictureType } from './iso-brands.ts';
import { readPicture } from './iso-picture.ts';
import type { MediaSource } from './source.ts';

/** What an ISO base media or QuickTime file is. */
export interface IsoMedia {
  readonly contentType: string;
  /** Where the part of it should be without which nothing plays it, there is something else, in words; null if it is all there. */
  readonly missing: string | null;
  /** Its boxes end where the file does, in one that holds no data: what it ends with is meant to be there. */
  readonly isWhole: boolean;
  /** One of its boxes is longer than what there is of the file. */
  readonly isCut: boolean;
  readonly dimensions: Dimensions | null;
}

/** What such a file may begin with, as ExifTool and ffmpeg take it. */
const firstBoxes: ReadonlySet<string> = new Set([
  ...['ftyp', 'free', 'skip', 'wide', 'uuid', 'moov', 'mdat', 'pnot', 'junk', 'PICT', 'pict', 'prfl', 'meta'],
]);

const mostHeaders = 400;
const mostBrands = 64;

/**
 * What the file is by its boxes: brands, tracks and items decide, not their order; null if it is none of these files. Reads the
 * headers of its first level, wherever they are, and of its tracks.
 *
 * @param byName the type that the name says, for what the content leaves open
 */
export async function readIso(source: MediaSource, byName: string | null): Promise<IsoMedia | null> {
  if (!firstBoxes.has(ascii(source.head, 4, 8))) return null;
  const budget = { headers: mostHeaders };
  const level = await readBoxes(source, 0, source.sizeBytes, budget);
  const find = (wanted: string) => level.boxes.find((box) => box.type === wanted);
  const brands = await readBrands(source, find('ftyp'));
  const moov = find('moov');
  const meta = find('meta');
  if (brands === null && !(await isMovie(source, moov, budget))) {
    // Without its tables, a film without brands shows itself only by a place for data that fits.
    const data = find('mdat');
    if (data === undefined || !isFilmName(byName)) return null;
    return { contentType: 'video/quicktime', ...completeness(level), dimensions: null };
  }
  const [major = 'qt  ', ...compatible] = brands ?? [];
  const movie = moov === undefined ? null : await readTracks(source, moov, budget);
  const picture = meta === undefined ? null : await readPicture(source, meta);
  const isPicture =
    isPictureBrand(major) ||
    (moov === undefined && (picture !== null || compatible.some((brand) => isPictureBrand(brand))));
  if (isPicture) {
    const contentType = pictureType(major, compatible, picture?.coding ?? null);
    return { contentType, ...completeness(level), dimensions: picture?.dimensions ?? movie?.dimensions ?? null };
  }
  const type = filmType(major, compatible, byName);
  const isSound = movie?.kinds.has('soun') === true && !movie.kinds.has('vide');
  const contentType = isSound && type !== 'video/quicktime' ? type.replace('video/', 'audio/') : type;
  return { contentType, ...completeness(level), dimensions: null };
}

function isFilmName(byName: string | null): boolean {
  return byName?.startsWith('video/') === true;
}

/** The major brand and the compatible ones, each four letters; null without the box. */
async function readBrands(source: MediaSource, box: Box | undefined): Promise<readonly string[] | null> {
  if (box === undefined) return null;
  const bytes = await source.read(box.body, Math.min(box.end - box.body, 8 + 4 * mostBrands));
  const brands = [ascii(bytes, 0, 4)];
  for (let at = 8; at + 4 <= bytes.length; at += 4) brands.push(ascii(bytes, at, at + 4));
  return brands;
}

/** Whether this is a movie's box and not four letters of something else: it fits, or what stands in it is a box too. */
async function isMovie(source: MediaSource, box: Box | undefined, budget: Budget): Promise<boolean> {
  if (box === undefined) return false;
  if (!box.isCut) return true;
  const { boxes } = await readBoxes(source, box.body, Math.min(box.body + 16, box.end), budget);
  return ['mvhd', 'mfhd', 'cmov', 'rmra', 'trak', 'udta', 'iods'].includes(boxes[0]?.type ?? '');
}

/**
 * A film is of no use without its tables, which may stand at its end: where that end was not written, a copy has stopped.
 * Pictures have theirs in `meta`, fragments in `moof`.
 */
function completeness({ boxes, ending }: Boxes): Pick<IsoMedia, 'missing' | 'isWhole' | 'isCut'> {
  const hasTables = boxes.some(({ type }) => ['moov', 'moof', 'meta'].includes(type));
  const isWhole = ending === 'whole' && boxes.at(-1)?.type !== 'mdat';
  const isCut = ending === 'cut';
  return { missing: hasTables ? null : inTheirPlace[ending], isWhole, isCut };
}

/** What stands where the tables should; null where nobody looked. */
const inTheirPlace: Readonly<Record<Ending, string | null>> = {
  whole: 'the end of the file',
  cut: 'the end of the file',
  zeros: 'zeros',
  other: 'something else',
  unknown: null,
};

interface Movie {
  /** Handlers of its tracks: `vide`, `soun`, … */
  readonly kinds: ReadonlySet<string>;
  /** Of the largest track with a size. */
  readonly dimensions: Dimensions | null;
}

const mostTracks = 32;

async function readTracks(source: MediaSource, moov: Box, budget: Budget): Promise<Movie> {
  const kinds = new Set<string>();
  let dimensions: Dimensions | null = null;
  const { boxes } = await readBoxes(source, moov.body, moov.end, budget);
  for (const track of boxes.filter(({ type }) => type === 'trak').slice(0, mostTracks)) {
    const parts = await readBoxes(source, track.body, track.end, budget);
    const size = await trackSize(
      source,
      parts.boxes.find(({ type }) => type === 'tkhd'),
    );
    if (size !== null && size.width * size.height > area(dimensions)) dimensions = size;
    const media = parts.boxes.find(({ type }) => type === 'mdia');
    if (media === undefined) continue;
    const inside = await readBoxes(source, media.body, media.end, budget);
    const handler = inside.boxes.find(({ type }) => type === 'hdlr');
    // Version, flags and a reserved word stand before it.
    if (handler !== undefined) kinds.add(ascii(await source.read(handler.body + 8, 4), 0, 4));
  }
  return { kinds, dimensions };
}

/** Width and height of a track header are its last two numbers, in units of 1/65,536 (ISO/IEC 14496-12, 8.3.2). */
async function trackSize(source: MediaSource, box: Box | undefined): Promise<Dimensions | null> {
  if (box === undefined || box.end - box.body < 84) return null;
  const bytes = await source.read(box.end - 8, 8);
  const [width, height] = [u32(bytes, 0) / 0x1_0000, u32(bytes, 4) / 0x1_0000];
  return width > 0 && height > 0 ? { width: Math.round(width), height: Math.round(height) } : null;
}

function area(dimensions: Dimensions | null): number {
  return dimensions === null ? 0 : dimensions.width * dimensions.height;
}
