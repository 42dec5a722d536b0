import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIgnoreFile, parseRuleList } from '../../../src/rules/parse-rules.ts';

const patterns = (text: string) => parseIgnoreFile(text).rules.map(({ line, pattern }) => `${line} ${pattern}`);

describe('the rules of an ignore file', () => {
  it('are its lines, counted from 1, without comments and empty ones, with either end of line', () => {
    assert.deepEqual(patterns('a\r\n#b\n\n   \n!c\n\\#d'), ['1 a', '5 !c', '6 \\#d']);
    assert.deepEqual(patterns('\uFEFFa\n\uFEFFb'), ['1 a', '2 \uFEFFb'], 'a mark at its beginning is none of its text');
    assert.deepEqual(patterns(''), []);
    assert.equal(parseIgnoreFile('a').rules[0]?.source, '.floraignore');
  });

  it('are none at all where one cannot be used, so that nobody works with half of them', () => {
    const { rules, problems } = parseIgnoreFile('a\nb[\nc\\\n');
    assert.deepEqual(rules, []);
    assert.deepEqual(
      problems.map(({ line, pattern }) => [line, pattern]),
      [
        [2, 'b['],
        [3, 'c\\'],
      ],
    );
  });

  it('are at most 10,000', () => {
    assert.equal(parseIgnoreFile('a\n'.repeat(10_000)).rules.length, 10_000);
    const { rules, problems } = parseIgnoreFile('a\n'.repeat(10_001));
    assert.equal(rules.length, 0);
    assert.deepEqual(
      problems.map(({ line, problem }) => [line, problem]),
      [[10_001, 'is one rule more than 10000']],
    );
  });
});

describe('the rules of a list', () => {
  it('are its entries as they are, a # and blanks included', () => {
    const { rules } = parseRuleList('exclude', ['#a', ' b ', '']);
    assert.deepEqual(rules, [], 'an empty one is a mistake');
    assert.deepEqual(parseRuleList('exclude', ['#a', ' b ']).rules, [
      { source: 'exclude', line: 1, pattern: '#a' },
      { source: 'exclude', line: 2, pattern: ' b ' },
    ]);
  });
});

/** What is refused, with a word of the reason and of the cure; what is like it and fine. */
const refused: readonly (readonly [pattern: string, problem: RegExp, hint: RegExp])[] = [
  ['', /names nothing/, /raw\/ or \*\.psd/],
  ['!', /names nothing/, /leave it out/],
  ['/', /names nothing/, /raw\//],
  ['!//', /names nothing/, /raw\//],
  ['a\nb', /line break/, /each entry/],
  ['a\rb', /line break/, /each entry/],
  ['a\0', /NUL/, /leave it out/],
  ['a\\', /ends in a backslash/, /\\\\/],
  ['\\', /ends in a backslash/, /\\\\/],
  ['a\\\\\\', /ends in a backslash/, /\\\\/],
  ['./a', /\. or \.\./, /from the drop folder on/],
  ['/../a', /\. or \.\./, /from the drop folder on/],
  ['a/../b', /\. or \.\./, /from the drop folder on/],
  ['a/.', /\. or \.\./, /from the drop folder on/],
  ['a//b', /two slashes/, /one/],
  ['a***', /three \*/, /\*\*/],
  ['a**/b', /the end of a name/, /\/\*\*\//],
  ['[a', /a \[ without/, /\\\[/],
  ['a[]', /a \[ without/, /\\\[/],
  ['a[!]', /a \[ without/, /\\\[/],
  ['[^]', /a \[ without/, /\\\[/],
  ['[[:alpha:]', /a \[ without/, /\\\[/],
  ['[[:alpha]', /a \[ without/, /\\\[/],
  ['[a\\]', /a \[ without/, /\\\[/],
];

const fine = [
  ...['a', '!a', '/a', 'a/', 'a/**', '**/a', '!**/a', 'a/**/b', '**.png', 'a**', 'a**b', '..a', '.a/b', 'a..', 'a./b'],
  ...[
    'a\\\\',
    '\\[a',
    'a\\]',
    ']',
    '[]a]',
    '[!]a]',
    '[^]a]',
    '[[:alpha:]]',
    '[a\\]]',
    '[[]',
    '\\*',
    ' ',
    'a b ',
    '#',
    '\\!',
  ],
];

describe('a rule', () => {
  for (const [pattern, problem, hint] of refused) {
    it(`${JSON.stringify(pattern)} is refused, with what would do`, () => {
      const { rules, problems } = parseRuleList('exclude', ['before', pattern]);
      assert.equal(rules.length, 0);
      assert.equal(problems.length, 1);
      assert.equal(problems[0]?.line, 2);
      assert.equal(problems[0]?.pattern, pattern);
      assert.match(problems[0]?.problem ?? '', problem);
      assert.match(problems[0]?.hint ?? '', hint);
    });
  }

  it('that only looks like one of those is taken', () => {
    assert.deepEqual(parseRuleList('exclude', fine).problems, []);
  });
});
