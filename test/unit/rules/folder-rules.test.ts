import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FolderRules, noRules, type RuleTexts } from '../../../src/rules/folder-rules.ts';
import { parseIgnoreFile, parseRuleList } from '../../../src/rules/parse-rules.ts';
import { describeExclusion } from '../../../src/rules/rule.ts';

function rulesOf(
  texts: { exclude?: readonly string[]; include?: readonly string[]; file?: string; ignoreCase?: boolean } = {},
): FolderRules {
  const wanted: RuleTexts = {
    exclude: parseRuleList('exclude', texts.exclude ?? []).rules,
    include: parseRuleList('include', texts.include ?? []).rules,
    file: parseIgnoreFile(texts.file ?? '').rules,
    ignoreCase: texts.ignoreCase ?? false,
  };
  return new FolderRules(wanted);
}

/** What a path is left alone by; a / at its end makes it a directory. */
function told(rules: FolderRules, ...paths: readonly string[]): readonly string[] {
  return paths.map((path) => {
    const exclusion = path.endsWith('/') ? rules.of(path.slice(0, -1), 'directory') : rules.of(path, 'file');
    return exclusion === null ? 'taken' : describeExclusion(exclusion);
  });
}

describe('the rules of a drop folder', () => {
  it('without any are the built-in ones, which name their pattern', () => {
    const rules = rulesOf();
    assert.deepEqual(told(rules, 'a.png', 'a/b.png', 'a.part', '.x', 'a/.x/b.png', '@eaDir/a.png', '@eaDir'), [
      'taken',
      'taken',
      'built-in: *.part',
      'built-in: .*',
      'built-in: .*',
      'built-in: @eadir',
      'taken',
    ]);
    assert.equal(rules.of('', 'directory'), null, 'the folder itself is never left alone');
    assert.equal(rulesOf().text, new FolderRules(noRules).text);
  });

  it('are one list: exclude, then the file, and the last that fits decides', () => {
    const rules = rulesOf({ exclude: ['*.psd', '!b.psd'], file: 'b.psd\n!c.psd\n' });
    assert.deepEqual(told(rules, 'a.psd', 'b.psd', 'c.psd', 'a.png'), [
      'exclude:1: *.psd',
      '.floraignore:1: b.psd',
      'taken',
      'taken',
    ]);
  });

  it('leave a whole directory alone, and nothing in it is taken back', () => {
    const rules = rulesOf({ exclude: ['raw/', '!raw/a.png'] });
    assert.deepEqual(told(rules, 'raw/', 'raw/a.png', 'raw/x/y', 'raw'), [
      'exclude:1: raw/',
      'exclude:1: raw/',
      'exclude:1: raw/',
      'taken',
    ]);
    const contents = rulesOf({ exclude: ['raw/*', '!raw/a/'] });
    assert.deepEqual(told(contents, 'raw/', 'raw/a.png', 'raw/a/b.png'), ['taken', 'exclude:1: raw/*', 'taken']);
  });

  it('take built-in names back where they say so, but never ours', () => {
    const rules = rulesOf({ exclude: ['!*', '!.*'] });
    assert.deepEqual(
      told(
        rules,
        '.x',
        'a.tmp',
        '@eaDir/',
        'lost+found/a',
        '_done/',
        '_done/a',
        '_failed/',
        '.floraignore',
        '.flora-sync-1/',
        '.flora-sync-1',
      ),
      [
        ...['taken', 'taken', 'taken', 'taken'],
        ...['built-in: _done', 'built-in: _done', 'built-in: _failed', 'built-in: .floraignore'],
        ...['built-in: .flora-sync-1', 'built-in: .flora-sync-1'],
      ],
    );
    assert.ok(rules.takesBack);
    assert.ok(!rulesOf({ exclude: ['a'], include: ['b'] }).takesBack);
    assert.ok(rulesOf({ file: '!a' }).takesBack);
  });

  it('include files only where one of include fits, directories always', () => {
    const rules = rulesOf({ include: ['*.png', 'all/'], exclude: ['b.png'] });
    assert.deepEqual(told(rules, 'a.png', 'x/a.png', 'a.psd', 'all/a.psd', 'b.png', 'x/', '.x.png'), [
      'taken',
      'taken',
      'include: no entry of it names this file',
      'taken',
      'exclude:1: b.png',
      'taken',
      'built-in: .*',
    ]);
  });

  it('tell cases apart unless they are not to', () => {
    assert.deepEqual(told(rulesOf({ exclude: ['*.PSD'], include: ['*.PSD', '*.psd'] }), 'a.PSD', 'a.psd'), [
      'exclude:1: *.PSD',
      'taken',
    ]);
    const any = rulesOf({ exclude: ['*.PSD'], include: ['*.PNG'], ignoreCase: true });
    assert.deepEqual(told(any, 'a.psd', 'a.png'), ['exclude:1: *.PSD', 'taken']);
  });

  it('compare characters, in whichever way they are composed', () => {
    const [composed, decomposed] = ['\u00e9.png', 'e\u0301.png'];
    for (const rule of [composed, decomposed]) {
      assert.deepEqual(told(rulesOf({ exclude: [rule] }), composed, decomposed), [
        `exclude:1: ${rule}`,
        `exclude:1: ${rule}`,
      ]);
    }
    assert.deepEqual(told(rulesOf({ exclude: ['?.png'] }), composed, decomposed), [
      'exclude:1: ?.png',
      'exclude:1: ?.png',
    ]);
  });

  it('see U+FFFD where a name is not UTF-8', () => {
    const rules = rulesOf({ exclude: ['a\uFFFD*'] });
    assert.deepEqual(told(rules, 'a\udcffb', 'a\udc80', 'ab'), ['exclude:1: a\uFFFD*', 'exclude:1: a\uFFFD*', 'taken']);
  });

  it('take an entry of a list literally where a line of a file would be something else', () => {
    const rules = rulesOf({ exclude: ['#a', 'b ', 'c  '], file: '#d\ne \n' });
    assert.deepEqual(told(rules, '#a', 'b ', 'b', 'c  ', 'c ', '#d', 'e', 'e '), [
      'exclude:1: #a',
      'exclude:2: b ',
      'taken',
      'exclude:3: c  ',
      'taken',
      'taken',
      '.floraignore:2: e ',
      'taken',
    ]);
  });

  it('have the same text where they are the same, and another wherever they may exclude other files', () => {
    const of = [
      rulesOf(),
      rulesOf({ exclude: ['a'] }),
      rulesOf({ include: ['a'] }),
      rulesOf({ file: 'a' }),
      rulesOf({ exclude: ['a'], ignoreCase: true }),
      rulesOf({ exclude: ['a', 'b'] }),
      rulesOf({ exclude: ['b', 'a'] }),
    ].map(({ text }) => text);
    assert.equal(new Set(of).size, of.length);
    assert.equal(rulesOf({ exclude: ['a'] }).text, of[1]);
  });

  it('pass over while a directory is read what needs no ledger: directories, and what is built in', () => {
    const within = rulesOf({ exclude: ['*.psd', 'raw/', '!.keep'], include: ['*.png'] }).within('x');
    const passedOver = (name: string) => [within.isPassedOver(name, 'file'), within.isPassedOver(name, 'directory')];
    assert.deepEqual(passedOver('a.psd'), [false, true], 'of a file only who knows the ledger asks');
    assert.deepEqual(passedOver('raw'), [false, true]);
    assert.deepEqual(passedOver('.x'), [true, true]);
    assert.deepEqual(passedOver('.keep'), [true, false], 'taken back, but not included as a file');
    assert.deepEqual(passedOver('_done'), [false, true]);
    assert.deepEqual(passedOver('a.png'), [false, false]);
    const onlyIncluded = rulesOf({ include: ['*.png'] }).within('');
    assert.deepEqual(
      [onlyIncluded.isPassedOver('a.psd', 'file'), onlyIncluded.isPassedOver('a.part', 'file')],
      [false, true],
    );
  });
});
