import { displayName } from './name.ts';

// What a terminal obeys instead of showing it (ECMA-48: C0, DEL, C1, escape sequences), what turns the order of the text
// around it (Unicode's bidi controls, UAX #9), what ends a line, and what cannot be seen at all (Unicode's
// Default_Ignorable_Code_Point). Names, URLs and messages of others may hold all of them.

/** Escaped wherever it stands. */
const hidden = String.raw`[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{DI}\uFFF9-\uFFFB]`;

/** Scripts in which a (non-)joiner between two letters is spelling (RFC 5892, appendix A.1 and A.2). */
const joining = ['Arab', 'Syrc', 'Mong', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym', 'Sinh']
  .map((script) => String.raw`\p{Script=${script}}`)
  .join('');

/** What is hidden but shapes what stands before it: emoji, and letters of those scripts. Matched first, and kept. */
const shaping = [
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})`,
  String.raw`(?<=\p{Extended_Pictographic})[\uFE0E\uFE0F]`,
  String.raw`(?<=[0-9#*])\uFE0F(?=\u20E3)`,
  `(?<=[${joining}])[\\u200C\\u200D](?=[${joining}])`,
].join('|');

const misleading = new RegExp(`(${shaping})|${hidden}`, 'gu');

// Nearly every text holds none of it, which these find out in a tenth of the time: they go by code units, and by blocks.
const lines = /[\t\n]/;
const suspicious = new RegExp(
  [
    String.raw`[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e`,
    String.raw`\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud82f\ud834\udb40-\udb43]`,
  ].join(''),
);

/** Whether nothing but line ends and tabs may have to be escaped. */
function isPlain(text: string): boolean {
  return !suspicious.test(text) && text.isWellFormed();
}

function escapeMisleading(text: string, instead: (char: string) => string): string {
  return text.replaceAll(misleading, (char, kept?: string) => kept ?? instead(char));
}

/** `\u001b`; `\u{e0041}` beyond the first plane; `\n`, `\t` and `\r` as everybody writes them. */
function visible(char: string): string {
  const short = { '\n': '\\n', '\t': '\\t', '\r': '\\r' }[char];
  const code = Number(char.codePointAt(0)).toString(16);
  return short ?? (code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`);
}

/** A text of others for people: on one line, with everything shown that a terminal would obey or hide. */
export function showText(text: string): string {
  return isPlain(text) && !lines.test(text) ? text : escapeMisleading(text, visible);
}

/** The same for a whole output of ours, whose own line ends and tabs stay. */
export function showLines(text: string): string {
  if (isPlain(text)) return text;
  return escapeMisleading(text, (char) => (char === '\n' || char === '\t' ? char : visible(char)));
}

/** A text of JSON as the same data without any such character in it, so that it may be looked at too. */
export function showJson(json: string): string {
  if (isPlain(json)) return json;
  return escapeMisleading(json, (char) => {
    if (char === '\n' || char === '\t') return char;
    // Beyond the first plane JSON has only pairs of surrogates.
    return [...Array(char.length).keys()]
      .map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  });
}

/** A path for a terminal: one line, and nothing that it would obey or hide. */
export function showPath(path: string): string {
  return showText(displayName(path));
}

/** A sentence of somebody else's, for more to be said behind it: without its full stop. */
export function asClause(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
