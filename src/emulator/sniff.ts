// Judges bytes the way FLORA does: by content, never by name or declared type. It asks what a reader asks who wants to open the
// file, from the formats' specifications, so that it shares no thought with whoever decides what is sent: a file of which the
// end is missing is failed where its format says that there should be one.
import type { Bytes } from './formats/bytes.ts';
import { isGif, openGif } from './formats/gif.ts';
import { isIso, openIso } from './formats/iso.ts';
import { isJpeg, openJpeg } from './formats/jpeg.ts';
import { isMatroska, openMatroska } from './formats/matroska.ts';
import { openMpegAudio } from './formats/mpeg-audio.ts';
import { isOgg, openOgg } from './formats/ogg.ts';
import type { another, Opened } from './formats/opened.ts';
import { isPdf, openPdf } from './formats/pdf.ts';
import { isPng, openPng } from './formats/png.ts';
import { isWav, isWebp, openWav, openWebp } from './formats/riff.ts';

/** What was found: all null for what FLORA does not take, `fault` why what it takes cannot be opened. */
export interface Sniffed {
  readonly contentType: string | null;
  readonly width: number | null;
  readonly height: number | null;
  /** Why it cannot be opened, as a sentence; null where it can, and where it is nothing that FLORA takes. */
  readonly fault: string | null;
}

interface Format {
  readonly name: string;
  readonly begins: (bytes: Bytes) => boolean;
  readonly open: (bytes: Bytes) => Opened | typeof another;
}

// What may stand behind junk, or has no signature at all, comes last.
const formats: readonly Format[] = [
  { name: 'PNG', begins: isPng, open: openPng },
  { name: 'JPEG', begins: isJpeg, open: openJpeg },
  { name: 'GIF', begins: isGif, open: openGif },
  { name: 'WebP', begins: isWebp, open: openWebp },
  { name: 'WAV', begins: isWav, open: openWav },
  { name: 'Ogg', begins: isOgg, open: openOgg },
  { name: 'WebM', begins: isMatroska, open: openMatroska },
  { name: 'ISO media or QuickTime', begins: isIso, open: openIso },
  { name: 'PDF', begins: isPdf, open: openPdf },
  { name: 'MP3', begins: () => true, open: openMpegAudio },
];

const nothing: Sniffed = { contentType: null, width: null, height: null, fault: null };

/** What FLORA takes a file for, and whether a reader could open it; throws what reading it throws. */
export function sniff(bytes: Bytes): Sniffed {
  const format = formats.find(({ begins }) => begins(bytes));
  const opened = format?.open(bytes) ?? null;
  if (opened === null) return nothing;
  if ('fault' in opened) return { ...nothing, fault: `The ${format?.name} file ${opened.fault}.` };
  const { contentType, width = null, height = null } = opened;
  return { contentType, width, height, fault: null };
}
