import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableHead, tableRow, wrap } from '../../../src/contract/table.ts';

describe('the table', () => {
  it('breaks lines between words, not within brackets, and cuts only what is longer than a line', () => {
    assert.deepEqual(wrap('one two three', 7, ''), ['one two', 'three']);
    assert.deepEqual(wrap('any 2xx [S K O]', 11, ''), ['any 2xx', '[S K O]']);
    assert.deepEqual(wrap('an abcdefghij', 4, ''), ['an', 'abcd', 'efgh', 'ij']);
    assert.deepEqual(wrap('4b over and over', 9, '   '), ['4b over', '   and', '   over']);
    assert.deepEqual(wrap('', 9, ''), ['']);
  });

  it('loses nothing, and never takes more than 120 columns', () => {
    const words = Array.from({ length: 60 }, (_, index) => 'x'.repeat(1 + ((index * 7) % 50)));
    const text = words.join(' ');
    const lines = tableRow({ question: `4b ${text}`, answered: text, documented: text, verdict: 'known otherwise' });
    for (const line of lines.split('\n')) assert.ok(line.length <= 120);
    assert.equal(lines.replaceAll(/[^x]/g, '').length, 3 * text.replaceAll(' ', '').length);
  });

  it('has its columns under their heads', () => {
    const row = tableRow({ question: '1a q', answered: 'a', documented: 'd', verdict: 'unknown' });
    for (const [head, cell] of [
      ['question', '1a q'],
      ['answered', 'a'],
      ['documented', 'd'],
    ] as const) {
      assert.equal(row.indexOf(`  ${cell}`), tableHead.indexOf(`  ${head}`));
    }
  });
});
