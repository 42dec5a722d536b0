// The disagreements that are meant to be, each with its reason. What is not in this table is a fault.
import { type Finding, type FindingKind, saidBy } from './findings.ts';

export interface Expectation {
  readonly kinds: readonly FindingKind[];
  /** Which files: all of what is given must match. */
  readonly origin?: RegExp;
  /** Against one line with what all judges said. */
  readonly judges?: RegExp;
  readonly said?: RegExp;
  /** Under no other names than these. */
  readonly as?: readonly string[];
  readonly reason: string;
}

const byProgram: readonly FindingKind[] = ['sent', 'refused', 'mistyped'];
const byEmulator: readonly FindingKind[] = ['emulator-takes', 'emulator-fails', 'emulator-mistypes'];
const byBoth = [...byProgram, ...byEmulator];

export const expectations: readonly Expectation[] = [
  {
    kinds: ['sent'],
    origin: /4jsno\.669$/,
    as: ['mp3'],
    reason: 'A module for trackers, whose samples make up a dozen MPEG frames; only under the name of an MP3.',
  },
  {
    kinds: byBoth,
    origin: /^made \w+(-only)?-(major|brand)-\w+\./,
    reason: 'The brand is wrong on purpose. ExifTool and `file` go by it; the boxes and items say what the file holds.',
  },
  {
    kinds: ['mistyped', 'emulator-mistypes'],
    origin: /^made \w+-(free|skip|uuid|wide)-first\./,
    reason:
      'ExifTool 12.57 calls what does not begin with ftyp QuickTime, ffprobe does not say; the ftyp behind is right.',
  },
  {
    kinds: byBoth,
    origin: /^made \w+-id3-\d+\.(png|wav|ogg|ts)$/,
    reason:
      'An ID3 tag before what is no MPEG audio: ffprobe and `file` look behind it, and nobody shows such a picture.',
  },
  {
    kinds: ['sent', 'emulator-takes'],
    judges: /ExifTool: (3GP|3G2|DVB) /,
    reason: 'A film for phones that names MP4 among its brands: every player of MP4 plays it.',
  },
  {
    kinds: ['sent', 'refused', 'emulator-takes', 'emulator-fails'],
    origin: /^made [\w-]+-head\.mp[23]$/,
    reason: 'The first 300 bytes of MPEG audio: ffprobe wants more frames than there are.',
  },
  {
    kinds: ['sent', 'emulator-takes'],
    origin: /is-really-a-pdf|document-after-junk\.pdf|fuzz\/(pdf\.dict|qpdf_extra\/15390\.fuzz)/,
    reason: 'Readers of PDF look for its header in the first 1,024 bytes; ExifTool and `file` at the beginning alone.',
  },
  {
    kinds: ['mistyped', 'emulator-mistypes'],
    judges: /ExifTool: HEIF image\/heif/,
    said: /image\/heic/,
    reason: 'HEIC is HEIF coded as HEVC: the brand mif1 leaves it open, the items do not.',
  },
  {
    kinds: byBoth,
    origin: /libheif.*\/fuzzing\//,
    reason: 'Found by fuzzing, with a brand that nobody knows: ExifTool calls what begins with ftyp MP4.',
  },
  {
    kinds: ['refused', 'emulator-fails'],
    judges: /ffprobe: mov,mp4,m4a,3gp,3g2,mj2 100 \[audio:\w+( cover:\w+)*\]$/,
    reason:
      'MP4 with sound alone is audio/mp4 (RFC 4337), which FLORA does not list; ExifTool says so under some brands only.',
  },
  {
    kinds: ['refused', 'emulator-fails'],
    origin: /gdk-pixbuf.*\/bug775218\.jpg/,
    reason: 'A JPEG whose first marker is broken: ffprobe alone looks for the next.',
  },
  {
    kinds: ['refused', 'emulator-fails'],
    origin: /rifx/,
    reason: 'RIFF with its numbers the other way round: ffprobe alone knows it.',
  },
  {
    kinds: ['sent', 'refused', 'emulator-takes', 'emulator-fails'],
    origin: /taglib.*\/(invalid-frames\d|garbage)\.mp3/,
    reason: 'MPEG audio between what is none: ffprobe is not sure, or looks for frames further on than others do.',
  },
  {
    kinds: ['refused'],
    origin: /^made \w+-(after-zeros|after-junk|cut-front)\.mp3$/,
    as: ['bare', 'png', 'jpg', 'mp4', 'pdf'],
    reason: 'MPEG audio that begins with something else: it is believed where the name says so too.',
  },
  {
    kinds: ['sent'],
    origin: /^made [\w-]+-tiny\.(png|jpg|gif|webp|avif|mp4|mov|webm|wav|mp3|og[ga]|opus|spx)$/,
    reason: 'The first 12 bytes of a file: it begins as it should, and what is missing only who decodes it can tell.',
  },
  {
    kinds: ['emulator-fails'],
    origin: /^made \w+-no-end\.jpg$/,
    reason: 'Only the last two bytes are missing: who does not decode cannot tell it from half a picture.',
  },
];

/** The first expectation that a finding meets. */
export function expectationOf(finding: Finding): Expectation | undefined {
  return expectations.find(
    ({ kinds, origin, judges, said, as }) =>
      kinds.includes(finding.kind) &&
      (origin?.test(finding.judged.origin) ?? true) &&
      (judges?.test(saidBy(finding.judged.answers)) ?? true) &&
      (said?.test(finding.said) ?? true) &&
      (as === undefined || finding.namings.every((naming) => as.includes(naming))),
  );
}
