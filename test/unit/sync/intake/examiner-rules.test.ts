import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FolderRules, noRules } from '../../../../src/rules/folder-rules.ts';
import { parseRuleList } from '../../../../src/rules/parse-rules.ts';
import type { Look } from '../../../../src/sync/ports/local.ts';
import { changed, examining, listingOf, pipe } from '../../../support/examining.ts';
import { fixedRules } from '../../../support/fixed-rules.ts';
import { statOn } from '../../../support/known-files.ts';

const file: Look = { kind: 'file', stat: changed };
const directory: Look = { kind: 'directory' };
const excludedAs = (is: 'file' | 'directory' | null): Look => ({ kind: 'excluded', is });

const under = async (patterns: readonly string[], known: readonly string[] = []) =>
  await examining(known, {
    rules: fixedRules(new FolderRules({ ...noRules, exclude: parseRuleList('exclude', patterns).rules })),
  });

describe('what a rule leaves alone', () => {
  it('is not taken from a listing, be it new, changed or a problem, and nothing of it counts as gone', async () => {
    const { does, folder, show, left } = await under(['*.psd', 'raw/'], ['d/a.psd', 'd/raw/x', 'd/b.png']);
    show({ 'd/raw': excludedAs('directory'), 'd/pipe.psd': { kind: 'problem', stat: null, problem: pipe } });
    const files = ['a.psd', 'b.png', 'c.psd'].map((name) => ({ name, stat: changed }));
    const problems = [{ name: 'pipe.psd', stat: null, problem: pipe }];
    assert.deepEqual(await does((it) => it.listing(folder, listingOf('d', { files, problems }))), [
      'candidate d/b.png 4',
    ]);
    assert.deepEqual(left('d/a.psd', 'd/raw/x', 'd/b.png', 'd/pipe.psd'), ['d/a.psd', 'd/raw/x', 'd/b.png']);
  });

  it('is forgotten by whoever watches or waits for it when it is hinted', async () => {
    const { does, folder, show, left } = await under(['*.psd'], ['d/a.psd']);
    show({ 'd/a.psd': file, 'd/pipe.psd': { kind: 'problem', stat: null, problem: pipe }, 'd/.x': excludedAs(null) });
    const names = new Set(['a.psd', 'pipe.psd', '.x']);
    assert.deepEqual(await does((it) => it.hinted(folder, 'd', names)), [
      ...['unwatch d/a.psd', 'vanished /drop/d/a.psd'],
      ...['unwatch d/pipe.psd', 'vanished /drop/d/pipe.psd'],
      ...['unwatch d/.x', 'vanished /drop/d/.x'],
    ]);
    assert.deepEqual(left('d/a.psd'), ['d/a.psd']);
  });

  it('is no directory to be read, even if something still hints at it', async () => {
    const { does, folder } = await under(['raw/'], ['raw/deep/a']);
    assert.deepEqual(await does((it) => it.hinted(folder, 'raw', null)), ['unwatch raw']);
    assert.deepEqual(await does((it) => it.hinted(folder, 'raw/deep', new Set(['a']))), ['unwatch raw/deep']);
    assert.deepEqual(await does((it) => it.hinted(folder, '', new Set())), []);
  });

  it('is no evidence against what is known, but that something of another kind stands there', async () => {
    const { does, folder, show, left } = await under([], ['a', 'b', 'c/x', 'd/x', 'e/x']);
    show({
      a: excludedAs('file'),
      b: excludedAs('directory'),
      c: excludedAs('directory'),
      d: excludedAs('file'),
      e: excludedAs(null),
    });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await does((it) => it.name(folder, '', name));
    assert.deepEqual(left('a', 'b', 'c/x', 'd/x', 'e/x'), ['a', 'c/x', 'e/x']);
  });

  it('takes the place of what was a directory: that is gone', async () => {
    const { does, folder, show, left } = await under(['a.psd'], ['a.psd/x', 'b/x']);
    show({ 'a.psd': file, b: directory });
    await does((it) => it.name(folder, '', 'a.psd'));
    assert.deepEqual(left('a.psd/x', 'b/x'), ['b/x']);
  });

  it('is taken again where it is the same as before without a word, and where it changed as a file like others', async () => {
    const { does, folder, show } = await under([], ['a', 'b']);
    show({ a: { kind: 'file', stat: statOn(1) }, b: file });
    assert.deepEqual(await does((it) => it.hinted(folder, '', new Set(['a', 'b']))), ['candidate b 4']);
  });
});
