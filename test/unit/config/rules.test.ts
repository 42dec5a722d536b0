import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complete, DEFAULT_FILE, errorOf, load } from '../../support/settings.ts';

const { FLORA_SYNC_FOLDER: _, ...withoutFolder } = complete;
const inFile = (text: string) => ({ env: withoutFolder, files: { [DEFAULT_FILE]: text } });
const patternsOf = (rules: readonly { readonly pattern: string }[] | undefined) => rules?.map(({ pattern }) => pattern);
const excludesOf = (input: Parameters<typeof load>[0]) =>
  load(input).folders.map(({ rules }) => patternsOf(rules.exclude));

describe('the rules of drop folders in the settings', () => {
  it('come from the general settings, and from a table in their place', () => {
    const text = `
      exclude = ["a", "b,c"]
      include = "*.png, *.mov"
      ignore_case = true
      [[folder]]
      path = "/one"
      [[folder]]
      path = "/two"
      exclude = []
      include = "d, e"
      ignore_file = false
      ignore_case = false
    `;
    const [one, two] = load(inFile(text)).folders.map(({ rules }) => rules);
    assert.deepEqual(patternsOf(one?.exclude), ['a', 'b,c'], 'an entry of a list is as it is written');
    assert.deepEqual(patternsOf(one?.include), ['*.png', '*.mov'], 'and a text is taken apart');
    assert.deepEqual([one?.ignoreCase, one?.hasIgnoreFile], [true, true]);
    assert.deepEqual([patternsOf(two?.exclude), patternsOf(two?.include)], [[], ['d', 'e']]);
    assert.deepEqual([two?.ignoreCase, two?.hasIgnoreFile], [false, false]);
    assert.deepEqual(one?.exclude[1], { source: 'exclude', line: 2, pattern: 'b,c' });
    assert.deepEqual(one?.include[1], { source: 'include', line: 2, pattern: '*.mov' });
  });

  it('keep their case in a variable, and are taken whole from flags, which win over tables', () => {
    assert.deepEqual(excludesOf({ env: { ...complete, FLORA_SYNC_EXCLUDE: 'Raw/, *.PSD' } }), [['Raw/', '*.PSD']]);
    assert.deepEqual(excludesOf({ env: { ...complete, FLORA_SYNC_EXCLUDE: '' } }), [[]]);
    const table = inFile('[[folder]]\npath = "/one"\nexclude = ["a"]');
    assert.deepEqual(excludesOf(table), [['a']]);
    assert.deepEqual(excludesOf({ ...table, flags: { exclude: ['b,c', 'd'] } }), [['b,c', 'd']]);
    const rules = (value: string) =>
      load({ env: { ...complete, FLORA_SYNC_IGNORE_FILE: value, FLORA_SYNC_IGNORE_CASE: value } }).folders[0]?.rules;
    assert.deepEqual([rules('false')?.hasIgnoreFile, rules('true')?.ignoreCase], [false, true]);
    assert.match(
      errorOf(() => load({ env: { ...complete, FLORA_SYNC_IGNORE_FILE: 'yes' } })).message,
      /FLORA_SYNC_IGNORE_FILE = "yes": is not true or false; write true or false/,
    );
  });

  it('that cannot be used are named with their entry, their setting and the cure, each once', () => {
    const text = `
      exclude = ["fine", "a["]
      [[folder]]
      path = "/one"
      [[folder]]
      path = "/two"
      [[folder]]
      path = "/three"
      exclude = ["./a"]
      include = ["!b"]
    `;
    const { problems } = errorOf(() => load(inFile(text)));
    assert.deepEqual(
      problems.map(({ setting, value, problem }) => [setting, value, problem]),
      [
        [`entry 2 of exclude in ${DEFAULT_FILE}`, '"a["', 'has a [ without its ]'],
        [`entry 1 of exclude of [[folder]] number 3 in ${DEFAULT_FILE}`, '"./a"', 'goes through . or ..'],
        [`entry 1 of include of [[folder]] number 3 in ${DEFAULT_FILE}`, '"!b"', 'begins with !'],
      ],
    );
    assert.ok(problems.every(({ hint }) => hint.length > 5));
  });
});
