import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIgnoredName } from '../../../src/local/ignore.ts';

test('hidden and temporary names are skipped, whatever the case of the extension', () => {
  const names = [
    '.DS_Store',
    '.~lock.brief.odt#',
    '~$brief.docx',
    'brief.txt~',
    'a.tmp',
    'a.PART',
    'a.partial',
    'b.CrDownload',
  ];
  for (const name of names) assert.ok(isIgnoredName(name, 'file'), name);
  for (const name of names) assert.ok(isIgnoredName(name, 'directory'), name);
});

test('names that only look temporary are kept', () => {
  for (const name of ['tmp', 'part', 'a.tmp.png', 'apart', '~home.png', 'a~b', 'a.tmp\n', 'party.png', '$~a']) {
    assert.ok(!isIgnoredName(name, 'file'), JSON.stringify(name));
  }
});

test('our own folders are skipped, a file of that name is not', () => {
  for (const name of ['_done', '_failed']) {
    assert.ok(isIgnoredName(name, 'directory'));
    assert.ok(!isIgnoredName(name, 'file'));
  }
  assert.ok(!isIgnoredName('_donex', 'directory'));
});
