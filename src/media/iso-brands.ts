// What the brands of an ISO file say it is (mp4ra.org, "Brands"; ISO/IEC 23008-12, annexes B and G; MIAF, ISO/IEC 23000-22).

const pictures: ReadonlyMap<string, string> = new Map([
  ['avif', 'image/avif'],
  ['avis', 'image/avif'],
  ['avio', 'image/avif'],
  ['MA1A', 'image/avif'],
  ['MA1B', 'image/avif'],
  ['heic', 'image/heic'],
  ['heix', 'image/heic'],
  ['heim', 'image/heic'],
  ['heis', 'image/heic'],
  ['hevc', 'image/heic-sequence'],
  ['hevx', 'image/heic-sequence'],
  ['hevm', 'image/heic-sequence'],
  ['hevs', 'image/heic-sequence'],
]);

/** Brands of pictures that leave their coding open, or name one without a type of its own that FLORA takes. */
const stills: ReadonlySet<string> = new Set([
  ...['mif1', 'mif2', 'mif3', 'miaf', 'MiHA', 'MiHB', 'MiHE', 'MiPr', '1pic'],
  ...['avci', 'jpeg', 'j2ki', 'vvic', 'evbi', 'evmi', 'unif'],
]);
const sequences: ReadonlySet<string> = new Set(['msf1', 'avcs', 'jpgs', 'j2is', 'vvis', 'evbs', 'evms']);

export function isPictureBrand(brand: string): boolean {
  return pictures.has(brand) || stills.has(brand) || sequences.has(brand);
}

/**
 * The type of a picture by its brands: what the major one names, else the first that names a coding.
 *
 * @param coding the four letters of what the picture itself is coded in, where they are known
 */
export function pictureType(major: string, compatible: readonly string[], coding: string | null): string {
  const named = pictures.get(major);
  if (named !== undefined) return named;
  const isSequence = sequences.has(major);
  for (const brand of compatible) {
    const type = pictures.get(brand);
    if (type === undefined) continue;
    if (type === 'image/avif' || type.endsWith('-sequence') === isSequence) return type;
  }
  if (isSequence) return 'image/heif-sequence';
  if (coding === 'av01') return 'image/avif';
  return coding === 'hvc1' ? 'image/heic' : 'image/heif';
}

const films: ReadonlyMap<string, string> = new Map([
  ['qt  ', 'video/quicktime'],
  ['mqt ', 'video/quicktime'],
  ['M4A ', 'audio/mp4'],
  ['M4B ', 'audio/mp4'],
  ['M4P ', 'audio/mp4'],
  ['F4A ', 'audio/mp4'],
  ['F4B ', 'audio/mp4'],
  ['NDAS', 'audio/mp4'],
  ['aax ', 'audio/vnd.audible.aax'],
  ['aaxc', 'audio/vnd.audible.aax'],
  ['crx ', 'image/x-canon-cr3'],
  ['jp2 ', 'image/jp2'],
  ['jpx ', 'image/jpx'],
  ['jpm ', 'image/jpm'],
  ['mjp2', 'image/mj2'],
  ['mj2s', 'image/mj2'],
  ['KDDI', 'video/3gpp2'],
]);

/**
 * The type of a film or a sound by its brands. As ExifTool has it: an unknown major brand is QuickTime where only that is
 * compatible, else MP4. Telephones call their MP4 files 3GP inside, and players open them as MP4: there the name decides.
 */
export function filmType(major: string, compatible: readonly string[], byName: string | null): string {
  const named = films.get(major);
  if (named !== undefined) return named;
  if (/^3g[2egprs]/.test(major)) {
    if (byName === 'video/mp4' || byName === 'video/quicktime') return 'video/mp4';
    return major.startsWith('3g2') ? 'video/3gpp2' : 'video/3gpp';
  }
  const isMp4 = [major, ...compatible].some((brand) => /^(?:mp4[12]|avc1|iso.|M4V.|f4v |dash|MSNV)$/.test(brand));
  return !isMp4 && compatible.includes('qt  ') ? 'video/quicktime' : 'video/mp4';
}
