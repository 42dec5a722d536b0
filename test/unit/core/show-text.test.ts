import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showJson, showLines, showText } from '../../../src/core/show-text.ts';

/** By their numbers in Unicode: every control, mark of direction, invisible character and line end that there is. */
const ranges: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0001, 0xe007f],
  [0xe0100, 0xe01ef],
  [0xd800, 0xdfff],
];
const codes = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));

describe('text of others', () => {
  it('shows every character that a terminal would obey or hide', () => {
    for (const code of codes) {
      const char = String.fromCodePoint(code);
      for (const text of [`a${char}b`, char, `${char}${char}`, `\u5b57${char}\u5b57`]) {
        const shown = showText(text);
        assert.ok(!shown.includes(char), `U+${code.toString(16)} in ${JSON.stringify(text)}`);
        assert.match(shown, /\\(?:u[0-9a-f]{4}|u\{[0-9a-f]+\}|[ntr])/);
      }
    }
  });

  it('shows all that Unicode calls a control, a line end or ignorable, wherever Unicode has it', () => {
    const hidden = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/u;
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const char = String.fromCodePoint(code);
      if (hidden.test(char) === showText(char).includes(char)) assert.fail(`U+${code.toString(16)}`);
    }
  });

  it('is shown on one line, each character by its number', () => {
    assert.equal(
      showText('\u001b]0;x\u0007\u009b2J\u202egnp.\u2066\n\t\r\u2028\ud800\u{e0041}\u200d'),
      String.raw`\u001b]0;x\u0007\u009b2J\u202egnp.\u2066\n\t\r\u2028\ud800\u{e0041}\u200d`,
    );
  });

  it('is left alone where it is spelling, in any script', () => {
    for (const name of [
      'poster final (2).png',
      'C:\\a\\b',
      'Größe.png',
      'Gro\u0308ße.png',
      '写真.png',
      'صورة.png',
      'می\u200cخواهم.png',
      'क\u094d\u200dष.png',
      '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png',
      '\u2764\ufe0f.png',
      '1\ufe0f\u20e3.png',
      '\u{1f44b}\u{1f3fd}.png',
    ]) {
      assert.equal(showText(name), name);
    }
  });

  it('keeps the line ends and tabs of a whole output, and nothing else', () => {
    assert.equal(showLines('a\n\tb\r\u001b[1m\n'), 'a\n\tb\\r\\u001b[1m\n');
  });
});

describe('JSON that people may look at', () => {
  it('is the same data, without such characters', () => {
    for (const code of codes) {
      const data = { [`a${String.fromCodePoint(code)}`]: [`\\${String.fromCodePoint(code)}"`, 1] };
      const json = showJson(JSON.stringify(data));
      assert.deepEqual(JSON.parse(json), data);
      assert.match(json, /^[\x20-\x7e]*$/);
    }
    const wide = { name: '写真 \u{1f600}\u2764\ufe0f' };
    assert.equal(showJson(JSON.stringify(wide)), JSON.stringify(wide));
  });
});
