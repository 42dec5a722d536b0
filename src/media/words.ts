// How types are called when people are told why a file is not sent.

const words: ReadonlyMap<string, string> = new Map([
  ['image/jpeg', 'a JPEG'],
  ['image/png', 'a PNG'],
  ['image/webp', 'a WebP picture'],
  ['image/gif', 'a GIF'],
  ['image/avif', 'an AVIF picture'],
  ['image/heic', 'a HEIC picture'],
  ['image/heif', 'a HEIF picture'],
  ['image/heic-sequence', 'a sequence of HEIC pictures'],
  ['image/heif-sequence', 'a sequence of HEIF pictures'],
  ['image/bmp', 'a BMP picture'],
  ['image/tiff', 'a TIFF picture'],
  ['image/x-icon', 'an icon'],
  ['image/svg+xml', 'an SVG drawing'],
  ['image/vnd.adobe.photoshop', 'a Photoshop picture'],
  ['video/mp4', 'an MP4 film'],
  ['video/webm', 'a WebM film'],
  ['video/quicktime', 'a QuickTime film'],
  ['video/matroska', 'a Matroska film'],
  ['video/vnd.avi', 'an AVI film'],
  ['video/mp2t', 'an MPEG transport stream'],
  ['video/ogg', 'an Ogg film'],
  ['audio/mpeg', 'an MP3'],
  ['audio/wav', 'a WAV'],
  ['audio/ogg', 'Ogg sound'],
  ['audio/mp4', 'MP4 with sound only'],
  ['audio/aac', 'AAC sound'],
  ['audio/flac', 'FLAC sound'],
  ['audio/aiff', 'AIFF sound'],
  ['audio/vnd.dolby.dd-raw', 'Dolby Digital sound'],
  ['application/pdf', 'a PDF'],
  ['application/gzip', 'a gzip archive'],
  ['application/zip', 'a ZIP archive'],
  ['application/x-msdownload', 'a Windows program'],
  ['application/xml', 'XML'],
  ['text/plain', 'text'],
  ['text/html', 'an HTML page'],
]);

/** "a PNG", or the type as it is. */
export function inWords(contentType: string): string {
  return words.get(contentType) ?? contentType;
}

/** "a gzip archive (application/gzip)". */
export function inWordsWithType(contentType: string): string {
  const called = words.get(contentType);
  return called === undefined ? contentType : `${called} (${contentType})`;
}
