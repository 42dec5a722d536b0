// Content types as FLORA spells them, and which of them are sent. Pure: what a file is gets decided in local/media.

/** What FLORA accepts, and so what is sent by default (flora-api.md, "What FLORA accepts"). */
export const DEFAULT_ACCEPT: readonly string[] = Object.freeze([
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/avif',
  'image/heic',
  'image/heif',
  'video/mp4',
  'video/webm',
  'video/quicktime',
  'audio/mpeg',
  'audio/wav',
  'audio/ogg',
  'application/pdf',
]);

/** What a file is called when neither its content nor its name tells. */
export const UNKNOWN_CONTENT_TYPE = 'application/octet-stream';

// Other spellings of the same format. `video/x-m4v` is MP4 with Apple's brand, `image/apng` is a PNG that moves; a HEIC
// sequence is not here, because it is a registered type of its own that FLORA does not list.
const aliases: ReadonlyMap<string, string> = new Map([
  ['image/jpg', 'image/jpeg'],
  ['image/pjpeg', 'image/jpeg'],
  ['image/x-png', 'image/png'],
  ['image/apng', 'image/png'],
  ['video/x-m4v', 'video/mp4'],
  ['video/x-quicktime', 'video/quicktime'],
  ['video/x-matroska', 'video/matroska'],
  ['audio/mp3', 'audio/mpeg'],
  ['audio/mpeg3', 'audio/mpeg'],
  ['audio/x-mp3', 'audio/mpeg'],
  ['audio/x-mpeg', 'audio/mpeg'],
  ['audio/x-wav', 'audio/wav'],
  ['audio/wave', 'audio/wav'],
  ['audio/vnd.wave', 'audio/wav'],
  ['audio/x-pn-wav', 'audio/wav'],
  ['audio/opus', 'audio/ogg'],
  ['audio/vorbis', 'audio/ogg'],
  ['audio/x-ogg', 'audio/ogg'],
  ['audio/x-m4a', 'audio/mp4'],
  ['audio/m4a', 'audio/mp4'],
  ['application/x-pdf', 'application/pdf'],
]);

/** The one spelling that flora-sync uses for a content type: lower case, without parameters, aliases resolved. */
export function canonicalContentType(contentType: string): string {
  const essence = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return aliases.get(essence) ?? essence;
}

/** Whether a canonical content type matches one of the patterns `type/subtype`, `type/*` and `*`. */
export function isAcceptedType(contentType: string, accept: readonly string[]): boolean {
  return accept.some(
    (pattern) =>
      pattern === '*' ||
      pattern === contentType ||
      (pattern.endsWith('/*') && contentType.startsWith(pattern.slice(0, -1))),
  );
}
