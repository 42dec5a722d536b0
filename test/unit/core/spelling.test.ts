import assert from 'node:assert/strict';
import { it } from 'node:test';
import { foldName, otherSpellings } from '../../../src/core/spelling.ts';

it('another case of a name differs in one letter, of ASCII where it has one', () => {
  assert.equal(otherSpellings('Shot-1.png').cased, 'Shot-1.pnG');
  assert.equal(otherSpellings('É1').cased, 'é1');
  assert.equal(otherSpellings('ÉA1').cased, 'Éa1');
  for (const name of ['123', '写真', 'ß', '-_.']) assert.equal(otherSpellings(name).cased, null, name);
});

it('another composition is the other of NFC and NFD, and there is none without accents', () => {
  assert.equal(otherSpellings('e\u0301.png').composed, '\u00e9.png');
  assert.equal(otherSpellings('\u00e9.png').composed, 'e\u0301.png');
  assert.equal(otherSpellings('が').composed, 'が'.normalize('NFD'));
  assert.equal(otherSpellings('a.png').composed, null);
});

it('bytes that are not UTF-8 stay in every spelling', () => {
  assert.deepEqual(otherSpellings('caf\uDCE9'), { cased: 'caF\uDCE9', composed: null });
});

it('names that a file system may hold for one fold to one', () => {
  for (const [a, b] of [
    ['Shot.PNG', 'shot.png'],
    ['STRASSE', 'straße'],
    ['E\u0301', 'é'],
    ['ΣΊΣΥΦΟΣ', 'Σίσυφοσ'],
    ['\u212A', 'k'],
  ] as const)
    assert.equal(foldName(a), foldName(b), `${a} and ${b}`);
  assert.notEqual(foldName('a1'), foldName('a2'));
});
