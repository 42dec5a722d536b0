// File names are bytes. Inside flora-sync a name is a string in which every byte that is not valid UTF-8 stands as a lone
// low surrogate U+DC80..U+DCFF (Python's PEP 383 "surrogateescape"), so that any name survives the round trip.

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** By itself: as the half of a pair it is a part of a character. */
const escapedByte = /[\uDC80-\uDCFF]/gu;

/** Turns the bytes of a name or path into its lossless string. Never throws. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

/** The bytes of a name or path as they are on disk; the inverse of `decodeName`. */
export function encodeName(name: string): Uint8Array {
  if (name.isWellFormed()) return encoder.encode(name);
  const bytes: number[] = [];
  for (const char of name) {
    const code = char.charCodeAt(0);
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...encoder.encode(char));
  }
  return Uint8Array.from(bytes);
}

/** Whether the name is valid UTF-8, so that the string itself may be handed to the file system and to SQLite as text. */
export function isUtf8Name(name: string): boolean {
  return name.isWellFormed();
}

/** For people and JSON: bytes that are not UTF-8 appear as `\xHH`; everything else as it is. */
export function displayName(name: string): string {
  if (name.isWellFormed()) return name;
  return replaceEscaped(name, (byte) => `\\x${byte.toString(16)}`);
}

/** In bytes of UTF-8: what every file system and storage takes. Composing a name can make it longer than it was on disk. */
const longestName = 255;
/** An ending longer than this is no ending. */
const longestEnding = 32;

/** The spelling FLORA gets: NFC, U+FFFD for each byte that is not UTF-8, and at most 255 bytes, its ending kept. */
export function remoteName(name: string): string {
  const whole = lossyName(name).normalize('NFC');
  if (encoder.encode(whole).length <= longestName) return whole;
  const [found = ''] = /\.[^.]*$/.exec(whole) ?? [];
  const ending = encoder.encode(found).length <= longestEnding ? found : '';
  const room = longestName - encoder.encode(ending).length;
  // Whole characters only, as a person counts them: half of one would be another.
  let stem = '';
  let bytes = 0;
  for (const { segment } of new Intl.Segmenter('en').segment(whole.slice(0, whole.length - ending.length))) {
    bytes += encoder.encode(segment).length;
    if (bytes > room) break;
    stem += segment;
  }
  return stem + ending;
}

/** With U+FFFD for each byte that is not UTF-8: two names may become one. */
export function lossyName(name: string): string {
  return replaceEscaped(name, () => '\uFFFD');
}

function replaceEscaped(name: string, replace: (byte: number) => string): string {
  return name.replaceAll(escapedByte, (char) => replace(char.charCodeAt(0) - 0xdc00));
}

function decodeEscaping(bytes: Uint8Array): string {
  let out = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + Number(bytes[at]));
      at += 1;
    } else {
      out += decoder.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return out;
}

/** The length of the valid UTF-8 sequence that starts at `at`, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  for (const length of [1, 2, 3, 4]) {
    try {
      decoder.decode(bytes.subarray(at, at + length));
      return length;
    } catch {
      // Not a whole sequence yet: with one byte more it may be.
    }
  }
  return 0;
}
