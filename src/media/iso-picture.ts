import { ascii, byteAt, u16, u32 } from './bytes.ts';
import type { Dimensions } from './dimensions.ts';
import { type Box, boxesIn } from './iso-boxes.ts';
import { HEAD_BYTES, type MediaSource } from './source.ts';

/** What the `meta` box of a HEIF or AVIF file says of the picture that it shows (ISO/IEC 23008-12, 6; ISO/IEC 14496-12, 8.11). */
interface PictureFacts {
  readonly dimensions: Dimensions | null;
  /** The coding of the first coded item: `hvc1`, `av01`, … */
  readonly coding: string | null;
}

const mostMetaBytes = HEAD_BYTES;
const mostItems = 4_096;
/** One for each width of its numbers. */
const mostAssociationBoxes = 4;

/** Null if the items there are no pictures. */
export async function readPicture(source: MediaSource, meta: Box): Promise<PictureFacts | null> {
  const bytes = await source.read(meta.body, Math.min(meta.end - meta.body, mostMetaBytes));
  // Version and flags come first, but not in QuickTime's.
  const boxes = boxesIn(bytes, ascii(bytes, 4, 8) === 'hdlr' ? 0 : 4, bytes.length);
  const find = (type: string) => boxes.find((box) => box.type === type);
  const handler = find('hdlr');
  const properties = find('iprp');
  const isPicture =
    handler === undefined ? properties !== undefined : ascii(bytes, handler.body + 8, handler.body + 12) === 'pict';
  if (!isPicture) return null;
  const primary = primaryItem(bytes, find('pitm'));
  return { dimensions: sizeOf(bytes, properties, primary), coding: codingOf(bytes, find('iinf')) };
}

/** Full boxes have a version in their first byte and flags in the next three; a version above some point has longer ids. */
function itemId(bytes: Uint8Array, at: number, isLong: boolean): number {
  return isLong ? u32(bytes, at) : u16(bytes, at);
}

function primaryItem(bytes: Uint8Array, box: Box | undefined): number | null {
  return box === undefined ? null : itemId(bytes, box.body + 4, byteAt(bytes, box.body) > 0);
}

/** Of the primary item; where the file does not say which that is, of the largest. */
function sizeOf(bytes: Uint8Array, box: Box | undefined, primary: number | null): Dimensions | null {
  if (box === undefined) return null;
  const inside = boxesIn(bytes, box.body, box.end);
  const container = inside.find(({ type }) => type === 'ipco');
  if (container === undefined) return null;
  const sizes = new Map<number, Dimensions>();
  for (const [index, { type, body }] of boxesIn(bytes, container.body, container.end).entries()) {
    const size = { width: u32(bytes, body + 4), height: u32(bytes, body + 8) };
    // Properties are counted from 1.
    if (type === 'ispe' && size.width > 0 && size.height > 0) sizes.set(index + 1, size);
  }
  const associations = inside.filter(({ type }) => type === 'ipma').slice(0, mostAssociationBoxes);
  const own = primary === null ? [] : associations.flatMap((each) => propertiesOf(bytes, each, primary));
  const candidates = own.flatMap((index) => sizes.get(index) ?? []);
  return largest(candidates.length > 0 ? candidates : [...sizes.values()]);
}

/** The numbers of an item's properties. */
function propertiesOf(bytes: Uint8Array, { body, end }: Box, item: number): readonly number[] {
  const isLongId = byteAt(bytes, body) > 0;
  const isLongIndex = (byteAt(bytes, body + 3) & 1) === 1;
  const entries = Math.min(u32(bytes, body + 4), mostItems);
  let at = body + 8;
  for (let entry = 0; entry < entries && at < end; entry += 1) {
    const isWanted = itemId(bytes, at, isLongId) === item;
    at += isLongId ? 4 : 2;
    const count = byteAt(bytes, at);
    at += 1;
    const width = isLongIndex ? 2 : 1;
    if (isWanted) {
      // The highest bit says that the property is essential.
      const read = (place: number) => (isLongIndex ? u16(bytes, place) & 0x7fff : byteAt(bytes, place) & 0x7f);
      return Array.from({ length: count }, (_, index) => read(at + index * width));
    }
    at += count * width;
  }
  return [];
}

/** Pictures may be put together from others: what counts is what those are coded in. */
const codings: ReadonlySet<string> = new Set(['hvc1', 'av01', 'avc1', 'jpeg', 'j2k1', 'vvc1', 'evc1', 'unci']);

function codingOf(bytes: Uint8Array, box: Box | undefined): string | null {
  if (box === undefined) return null;
  const first = box.body + (byteAt(bytes, box.body) > 0 ? 8 : 6);
  for (const { body } of boxesIn(bytes, first, box.end)) {
    const version = byteAt(bytes, body);
    const type = ascii(bytes, body + (version > 2 ? 10 : 8), body + (version > 2 ? 14 : 12));
    if (version >= 2 && codings.has(type)) return type;
  }
  return null;
}

function largest(sizes: readonly Dimensions[]): Dimensions | null {
  let found: Dimensions | null = null;
  for (const size of sizes) {
    if (found === null || size.width * size.height > found.width * found.height) found = size;
  }
  return found;
}
