import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeName, displayName, encodeName, isUtf8Name, remoteName } from '../../../src/core/name.ts';

const latin1 = decodeName(Uint8Array.from([0x6e, 0xe9, 0x65, 0x2e, 0x70, 0x6e, 0x67]));

test('a UTF-8 name is the string itself', () => {
  const name = 'Grüße 🌿 "quoted"\nnewline.png';
  assert.equal(decodeName(Buffer.from(name)), name);
  assert.deepEqual(Buffer.from(encodeName(name)), Buffer.from(name));
  assert.equal(displayName(name), name);
});

test('bytes that are not UTF-8 survive, and only they are escaped', () => {
  assert.equal(latin1, 'n\uDCE9e.png');
  assert.deepEqual([...encodeName(latin1)], [0x6e, 0xe9, 0x65, 0x2e, 0x70, 0x6e, 0x67]);
  assert.equal(isUtf8Name(latin1), false);
  assert.equal(displayName(latin1), 'n\\xe9e.png');
  assert.equal(remoteName(latin1), 'n\uFFFDe.png');
});

test('an emoji whose low surrogate is in the escape range is not taken for escaped bytes', () => {
  const name = '\u{1F480}.png';
  assert.equal(name.charCodeAt(1), 0xdc80);
  assert.deepEqual(Buffer.from(encodeName(name)), Buffer.from(name));
  assert.equal(decodeName(Buffer.concat([Buffer.from(name), Buffer.from([0xff])])), `${name}\uDCFF`);
  assert.equal(displayName(`${name}\uDCFF`), `${name}\\xff`);
});

test('surrogates and overlong forms written as UTF-8 are escaped byte by byte', () => {
  assert.equal(decodeName(Uint8Array.from([0xed, 0xb2, 0x80])), '\uDCED\uDCB2\uDC80');
  assert.equal(decodeName(Uint8Array.from([0xc0, 0xaf])), '\uDCC0\uDCAF');
});

test('a byte order mark is part of the name', () => {
  assert.equal(decodeName(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), '\uFEFFa');
  assert.equal(decodeName(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61, 0xff])), '\uFEFFa\uDCFF');
});

test('FLORA gets composed characters', () => {
  assert.equal(remoteName('u\u0308.png'), '\u00FC.png');
});

test('FLORA gets 255 bytes at most, whole characters, and the ending', () => {
  const bytesOf = (name: string) => Buffer.byteLength(remoteName(name));
  assert.equal(remoteName(`${'a'.repeat(251)}.png`), `${'a'.repeat(251)}.png`);
  assert.equal(remoteName(`${'a'.repeat(300)}.png`), `${'a'.repeat(251)}.png`);
  assert.equal(remoteName('ü'.repeat(200)), 'ü'.repeat(127));
  assert.equal(remoteName(`${'文'.repeat(200)}.webp`), `${'文'.repeat(83)}.webp`);
  // A family of four is one character of 25 bytes.
  assert.equal(remoteName(`${'👨‍👩‍👧‍👦'.repeat(20)}.mov`), `${'👨‍👩‍👧‍👦'.repeat(10)}.mov`);
  // What is no ending is cut like the rest.
  assert.equal(bytesOf(`a.${'b'.repeat(300)}`), 255);
  assert.equal(remoteName(`${'a'.repeat(300)}z`), 'a'.repeat(255));
  assert.equal(bytesOf(`.${'b'.repeat(300)}`), 255);
  assert.equal(remoteName('\uDCFF'.repeat(255)), '\uFFFD'.repeat(85));
});

test('each byte that can be escaped comes back, the first and the last of them too', () => {
  const bytes = [0x80, 0xff, 0x61, 0xc3, 0xa9, 0xf0];
  const name = decodeName(Uint8Array.from(bytes));
  assert.equal(name, '\uDC80\uDCFFaé\uDCF0');
  assert.deepEqual([...encodeName(name)], bytes);
  assert.equal(displayName(name), '\\x80\\xffaé\\xf0');
  assert.equal(remoteName(name), '\uFFFD\uFFFDaé\uFFFD');
});

test('what FLORA gets is cut at 255 bytes, before an ending of up to 32', () => {
  const cut = (name: string) => remoteName(name);
  assert.equal(cut('a'.repeat(255)).length, 255);
  assert.equal(cut('é'.repeat(127)), 'é'.repeat(127), '254 bytes, though three times as many characters might be more');
  assert.equal(cut('é'.repeat(128)), 'é'.repeat(127));
  assert.equal(cut(`${'a'.repeat(300)}.${'e'.repeat(31)}`), `${'a'.repeat(223)}.${'e'.repeat(31)}`);
  assert.equal(cut(`${'a'.repeat(300)}.${'e'.repeat(32)}`), 'a'.repeat(255), 'that is no ending');
  assert.equal(cut(`a.${'é'.repeat(200)}`), `a.${'é'.repeat(126)}`);
  assert.equal(cut(`.${'a'.repeat(300)}`), `.${'a'.repeat(254)}`);
  assert.equal(cut(`${'€'.repeat(100)}.png`), `${'€'.repeat(83)}.png`);
});
