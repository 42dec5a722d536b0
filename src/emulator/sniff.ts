// Judges bytes the way FLORA does: by content, never by name or declared type. Minimal on purpose: magic numbers only, no decoding.

/** How many leading bytes `sniff` and `pngSize` want to see. */
export const sniffBytes = 64;

/** The content type of a file that FLORA accepts, from its first bytes, or null for everything else. */
export function sniff(head: Buffer): string | null {
  if (startsWith(head, 0, '\x89PNG\r\n\x1a\n')) return 'image/png';
  if (startsWith(head, 0, '\xff\xd8\xff')) return 'image/jpeg';
  if (startsWith(head, 0, 'GIF87a') || startsWith(head, 0, 'GIF89a')) return 'image/gif';
  if (startsWith(head, 0, '%PDF-')) return 'application/pdf';
  if (startsWith(head, 0, 'OggS')) return 'audio/ogg';
  if (startsWith(head, 0, 'RIFF')) return sniffRiff(head);
  if (startsWith(head, 4, 'ftyp')) return sniffBrand(head);
  if (['moov', 'mdat', 'wide', 'free', 'skip'].some((atom) => startsWith(head, 4, atom))) return 'video/quicktime';
  if (startsWith(head, 0, '\x1a\x45\xdf\xa3')) return head.includes('webm') ? 'video/webm' : null;
  if (startsWith(head, 0, 'ID3') || isMpegAudioFrame(head)) return 'audio/mpeg';
  return null;
}

/** Width and height of a PNG from its IHDR, or null when the head is too short. */
export function pngSize(head: Buffer): { readonly width: number; readonly height: number } | null {
  if (head.length < 24 || !startsWith(head, 12, 'IHDR')) return null;
  return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
}

function sniffRiff(head: Buffer): string | null {
  if (startsWith(head, 8, 'WEBP')) return 'image/webp';
  return startsWith(head, 8, 'WAVE') ? 'audio/wav' : null;
}

function sniffBrand(head: Buffer): string | null {
  const brand = head.toString('latin1', 8, 12);
  if (brand === 'avif' || brand === 'avis') return 'image/avif';
  if (['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx'].includes(brand)) return 'image/heic';
  if (brand === 'mif1' || brand === 'msf1') return 'image/heif';
  if (brand === 'qt  ') return 'video/quicktime';
  return brand.startsWith('M4A') || brand.startsWith('M4B') ? null : 'video/mp4';
}

/** An MPEG audio frame sync with a layer; AAC in ADTS has the same sync but layer 0, and is not accepted. */
function isMpegAudioFrame(head: Buffer): boolean {
  const [first = 0, second = 0] = head;
  return first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0;
}

function startsWith(head: Buffer, at: number, magic: string): boolean {
  return head.length >= at + magic.length && head.toString('latin1', at, at + magic.length) === magic;
}
