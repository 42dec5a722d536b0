import { ascii, isZeros } from './bytes.ts';

// What bytes that are no medium look like to a person.

const enoughForText = 4_096;

/** What a text does not hold: control characters but tab, line ends, form feed and escape, and bytes that mean nothing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const notText = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f\u007f\ufffd]/;

/** The text that these bytes begin with, and its encoding in words; null if they are none. */
function readText(bytes: Uint8Array): { readonly text: string; readonly encoding: string } | null {
  const start = bytes.subarray(0, enoughForText);
  if (start.length === 0) return null;
  for (const [label, encoding] of encodingsOf(start)) {
    // Streaming, so that a character cut at the end counts as none rather than as broken.
    const text = new TextDecoder(label).decode(start, { stream: true });
    if (text !== '' && !notText.test(text) && (label !== 'windows-1252' || isMostlyAscii(start)))
      return { text, encoding };
  }
  return null;
}

function encodingsOf(start: Uint8Array): readonly (readonly [label: string, encoding: string])[] {
  const zeros = [0, 1].map((rest) => start.filter((byte, at) => byte === 0 && at % 2 === rest).length);
  const [even = 0, odd = 0] = zeros;
  // Of Latin letters in UTF-16, every other byte is zero.
  if (ascii(start, 0, 2) === '\xff\xfe' || odd > start.length / 4) return [['utf-16le', ' in UTF-16']];
  if (ascii(start, 0, 2) === '\xfe\xff' || even > start.length / 4) return [['utf-16be', ' in UTF-16']];
  return [
    ['utf-8', ''],
    ['windows-1252', ' in an old encoding'],
  ];
}

/** In that encoding every byte means something: letters of the alphabet are what makes it words. */
function isMostlyAscii(bytes: Uint8Array): boolean {
  return bytes.filter((byte) => byte < 0x80).length >= bytes.length * 0.6;
}

/** Whether they are zeros as far as anybody would look for a beginning: a place that was reserved and not yet written to. */
export function beginsWithZeros(bytes: Uint8Array): boolean {
  return isZeros(bytes.subarray(0, enoughForText));
}

/** What these bytes are, in a few words: "zeros", "an HTML page", "text", "unknown bytes (8f 3a …)". */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  if (beginsWithZeros(bytes)) return 'zeros';
  const found = readText(bytes);
  if (found === null) return `unknown bytes (${hex(bytes.subarray(0, 8))})`;
  const { encoding } = found;
  const text = found.text.replace(/^\ufeff/, '').trimStart();
  if (text.startsWith('version https://git-lfs.github.com/spec/')) return 'a Git LFS pointer, not the file itself';
  if (pageStart.test(text)) return `an HTML page${encoding}`;
  if (/^<\?xml|^<svg\b/i.test(text)) return `XML${encoding}`;
  return `text${encoding}`;
}

const pageStart = /^<(?:!doctype\s+html|html|head|body)\b/i;

/** Whether these bytes begin like a page of the web. */
export function isPage(bytes: Uint8Array): boolean {
  return pageStart.test(
    readText(bytes)
      ?.text.replace(/^\ufeff/, '')
      .trimStart() ?? '',
  );
}

/** Whether these bytes begin like a text, in whatever encoding. */
export function isText(bytes: Uint8Array): boolean {
  return readText(bytes) !== null;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
