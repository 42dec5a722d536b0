// What the words of each judge mean: which content types a file may have, by that judge alone. Pure.

/** What `file`, ExifTool and ffprobe said of the bytes of one file, which had a name without an extension. */
export interface Answers {
  /** `file --mime-type`. */
  readonly file: string;
  readonly exiftool: {
    readonly type: string | null;
    readonly mime: string | null;
    readonly error: string | null;
    readonly warning: string | null;
    readonly width: number | null;
    readonly height: number | null;
  };
  /** Null where it could not open the file, absent where it was not asked: its word would have changed nothing. */
  readonly ffprobe?: {
    readonly format: string;
    /** Out of 100; less than 25 is a guess. */
    readonly score: number;
    /** `video:h264`, `audio:aac`; a cover is a `cover:mjpeg`, a picture without a size `unsized:png`. */
    readonly streams: readonly string[];
  } | null;
}

/** The types that are possible; undefined where the judge knows nothing. */
export type Claim = ReadonlySet<string> | undefined;

export interface Claims {
  readonly file: Claim;
  readonly exiftool: Claim;
  readonly ffprobe: Claim;
}

export function claimsOf({ file, exiftool, ffprobe = null }: Answers): Claims {
  const claims = { file: ofFile(file), exiftool: ofExiftool(exiftool), ffprobe: ofFfprobe(ffprobe) };
  // MPEG audio has no signature: two bytes are enough for `file`, and an ID3 tag for ExifTool. Only ffprobe looks at the frames.
  const isHeard = claims.ffprobe?.has(mpegAudio) ?? false;
  const heard = (claim: Claim) => (isMpegAudio(claim) && !isHeard ? undefined : claim);
  return { file: heard(claims.file), exiftool: heard(claims.exiftool), ffprobe: claims.ffprobe };
}

const mpegAudio = 'audio/mpeg';

function isMpegAudio(claim: Claim): boolean {
  return claim?.has(mpegAudio) ?? false;
}

/** Other spellings, and what is the same to every reader: an animated PNG is a PNG, an MPO begins with a whole JPEG. */
const spellings: Readonly<Record<string, string>> = {
  'image/apng': 'image/png',
  'image/vnd.mozilla.apng': 'image/png',
  'image/mpo': 'image/jpeg',
  'image/x-png': 'image/png',
  'video/x-m4v': 'video/mp4',
  'audio/x-wav': 'audio/wav',
  'audio/vnd.wave': 'audio/wav',
  'audio/x-m4a': 'audio/mp4',
  'audio/opus': 'audio/ogg',
  'audio/x-vorbis+ogg': 'audio/ogg',
  'image/avif-sequence': 'image/avif',
};

function canonical(mime: string): string {
  return spellings[mime] ?? mime;
}

function ofFile(mime: string): Claim {
  if (mime === 'application/octet-stream') return undefined;
  if (mime === 'application/ogg') return new Set(['audio/ogg', 'video/ogg']);
  return new Set([canonical(mime)]);
}

function ofExiftool({ type, mime, error, width }: Answers['exiftool']): Claim {
  if (type === null || mime === null || error !== null) return undefined;
  // A picture whose size cannot be told was not read.
  if (mime.startsWith('image/') && width === null) return undefined;
  return new Set([canonical(mime)]);
}

const ffprobeTypes: Readonly<Record<string, string>> = {
  png_pipe: 'image/png',
  apng: 'image/png',
  jpeg_pipe: 'image/jpeg',
  mpo: 'image/jpeg',
  gif: 'image/gif',
  gif_pipe: 'image/gif',
  webp_pipe: 'image/webp',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
};

/** One container, which brands and tracks tell apart: by the others' claims, where there are pictures. */
const isoFilms = [
  ...[
    'video/mp4',
    'video/quicktime',
    'video/3gpp',
    'video/3gpp2',
    'video/mj2',
    'image/x-canon-cr3',
    'video/vnd.dvb.file',
  ],
  ...['image/avif', 'image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence'],
];

function ofFfprobe(answer: NonNullable<Answers['ffprobe']> | null): Claim {
  if (answer === null || answer.score < 25 || answer.streams.some((stream) => stream.startsWith('unsized:')))
    return undefined;
  const hasFilm = answer.streams.some((stream) => stream.startsWith('video:'));
  const hasSound = answer.streams.some((stream) => stream.startsWith('audio:'));
  switch (answer.format) {
    case 'mov,mp4,m4a,3gp,3g2,mj2':
      if (hasFilm) return new Set(isoFilms);
      // What has no pictures is called by its brand.
      return hasSound ? new Set(['audio/mp4', ...isoFilms]) : undefined;
    case 'matroska,webm':
      return new Set(['video/webm', 'audio/webm', 'video/x-matroska', 'audio/x-matroska', 'video/matroska']);
    case 'ogg':
      return hasFilm || hasSound ? new Set([hasFilm ? 'video/ogg' : 'audio/ogg']) : undefined;
    default:
      return new Set([ffprobeTypes[answer.format] ?? `ffprobe/${answer.format}`]);
  }
}
