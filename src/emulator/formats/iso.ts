// Files of boxes (ISO/IEC 14496-12; QuickTime before it): what is in them tells what they are, a picture by its items, a film by
// its tracks; brands only where those say nothing of it.
import { type Bytes, latin1 } from './bytes.ts';
import { another, fault, type Opened } from './opened.ts';

interface Box {
  readonly type: string;
  /** Where its content begins and ends. */
  readonly at: number;
  readonly end: number;
}

const beginnings = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot', 'meta', 'uuid', 'styp'];
/** Films to those who read boxes, but known under another name: Canon's raw pictures, Motion JPEG 2000. */
const others = /^(crx |mjp2|mj2s|jp2 |jpm |jpx |jxl )/;
/** Films for phones and for television, which players of MP4 play where they name it among their brands. */
const relatives = /^(3g|dvr1|dvt1)/;
/** Sound, with a cover at times, which some keep in a track of pictures. */
const sounds = /^(M4[ABP] |F4[AB] |aax)/;
const mp4Brands = /^(isom|iso\d|mp4\d|avc1|M4V|mmp4|MSNV|dash)/;

export function isIso(bytes: Bytes): boolean {
  return beginnings.includes(latin1(bytes, 4, 4));
}

export function openIso(bytes: Bytes): Opened | typeof another {
  const { boxes, isCut } = boxesIn(bytes, { at: 0, end: bytes.sizeBytes });
  const find = (type: string) => boxes.find((box) => box.type === type);
  const last = boxes.at(-1);
  if (isCut && last !== undefined && last.end > bytes.sizeBytes) return fault(`ends inside its ${last.type} box`);
  const [movie, meta] = [find('moov'), find('meta')];
  // A film may begin without a word of what it is, a picture may not.
  const picture = meta === undefined || find('ftyp') === undefined ? undefined : pictureOf(bytes, meta);
  if (picture !== undefined) return picture;
  if (movie === undefined) return fault('has neither a moov box nor pictures');
  return movieOf(bytes, movie, find('ftyp'));
}

/** What is compressed says nothing of its tracks: QuickTime alone does that. */
function movieOf(bytes: Bytes, movie: Box, ftyp: Box | undefined): Opened | typeof another {
  if (inside(bytes, movie, 'cmov').length > 0) return { contentType: 'video/quicktime' };
  const handlers = inside(bytes, movie, 'trak').map((track) => {
    const [media] = inside(bytes, track, 'mdia');
    const [handler] = media === undefined ? [] : inside(bytes, media, 'hdlr');
    return handler === undefined ? '' : latin1(bytes, handler.at + 8, 4);
  });
  const brands = ftyp === undefined ? [] : brandsOf(bytes, ftyp);
  const [major = 'qt  '] = brands;
  const compatible = brands.slice(1);
  if (others.test(major) || sounds.test(major)) return another;
  if (relatives.test(major) && !compatible.some((brand) => mp4Brands.test(brand))) return another;
  if (!handlers.some((type) => type === 'vide' || type === 'soun')) return fault('has no tracks that can be played');
  const isQuickTime = major === 'qt  ' || major === 'mqt ' || (!mp4Brands.test(major) && compatible.includes('qt  '));
  if (isQuickTime) return { contentType: 'video/quicktime' };
  // MP4 without pictures is audio/mp4 (RFC 4337, section 2); QuickTime has one name for all.
  return handlers.includes('vide') ? { contentType: 'video/mp4' } : another;
}

/** Of the items in a `meta` box with the handler `pict`. */
function pictureOf(bytes: Bytes, meta: Box): Opened | undefined {
  // A full box, but not in QuickTime.
  const body = { at: meta.at + 4, end: meta.end };
  const [handler] = inside(bytes, body, 'hdlr');
  if (handler === undefined || latin1(bytes, handler.at + 8, 4) !== 'pict') return undefined;
  const [info] = inside(bytes, body, 'iinf');
  if (info === undefined) return fault('has no items');
  const isLong = bytes.at(info.at, 1)[0] !== 0;
  const types = inside(bytes, { at: info.at + (isLong ? 8 : 6), end: info.end }, 'infe').map((entry) => {
    const isWide = (bytes.at(entry.at, 1)[0] ?? 0) >= 3;
    return latin1(bytes, entry.at + (isWide ? 10 : 8), 4);
  });
  const size = largestOf(bytes, body);
  if (types.includes('av01')) return { contentType: 'image/avif', ...size };
  if (types.includes('hvc1')) return { contentType: 'image/heic', ...size };
  return types.length === 0 ? fault('has no items') : { contentType: 'image/heif', ...size };
}

/** The largest of the extents that the items have: that of the whole picture, where it is made of tiles. */
function largestOf(bytes: Bytes, meta: Pick<Box, 'at' | 'end'>) {
  const sizes = inside(bytes, meta, 'iprp')
    .flatMap((properties) => inside(bytes, properties, 'ipco'))
    .flatMap((container) => inside(bytes, container, 'ispe'))
    .map(({ at }) => bytes.at(at + 4, 8))
    .filter((extents) => extents.length === 8)
    .map((extents) => ({ width: extents.readUInt32BE(0), height: extents.readUInt32BE(4) }));
  return sizes.toSorted((a, b) => b.width * b.height - a.width * a.height)[0];
}

/** The major brand, then the compatible ones. */
function brandsOf(bytes: Bytes, { at, end }: Box): readonly string[] {
  const text = latin1(bytes, at, Math.min(end - at, 1024));
  return [0, ...Array.from({ length: Math.max(0, Math.floor(text.length / 4) - 2) }, (_, index) => 8 + index * 4)].map(
    (place) => text.slice(place, place + 4),
  );
}

function inside(bytes: Bytes, parent: Pick<Box, 'at' | 'end'>, type: string): readonly Box[] {
  return boxesIn(bytes, parent).boxes.filter((box) => box.type === type);
}

/** `isCut`: the last one reaches beyond its parent, or what follows it is no box. */
function boxesIn(
  bytes: Bytes,
  parent: Pick<Box, 'at' | 'end'>,
): { readonly boxes: readonly Box[]; readonly isCut: boolean } {
  const boxes: Box[] = [];
  for (let at = parent.at; at + 8 <= parent.end; ) {
    const head = bytes.at(at, 16);
    const type = head.toString('latin1', 4, 8);
    const small = head.length < 8 ? 0 : head.readUInt32BE(0);
    const isLarge = small === 1 && head.length === 16;
    // Zero: to the end of the file. Box types are printable, or begin with the copyright sign.
    const length = isLarge ? Number(head.readBigUInt64BE(8)) : small === 0 ? parent.end - at : small;
    if (length < (isLarge ? 16 : 8) || !/^[\x20-\x7e\xa9][\x20-\x7e]{3}$/.test(type)) return { boxes, isCut: true };
    boxes.push({ type, at: at + (isLarge ? 16 : 8), end: at + length });
    at += length;
    if (at > parent.end) return { boxes, isCut: true };
  }
  return { boxes, isCut: false };
}
