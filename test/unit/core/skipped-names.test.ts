import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { isSkippedName } from '../../../src/core/skip.ts';
import { ownFolders, type SkipRule, sidecarRules, skipRules } from '../../../src/core/skip-rules.ts';

// config/skipped-names.md shows people the table of the program: the test compares it as a whole, and shows what is wanted.

const page = join(import.meta.dirname, '..', '..', '..', '..', 'config', 'skipped-names.md');
const kinds = { any: 'files and directories', file: 'files', directory: 'directories' } as const;

function shown({ pattern, kind }: SkipRule): string {
  const name = pattern
    .replace('\r', '\\r')
    .replace(/[\uF000-\uF0FF]/g, (char) => `\\u${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `\`${name}${kind === 'directory' ? '/' : ''}\``;
}

/** A row for each reason and kind, in the order of the table. */
function rows(): readonly string[] {
  const groups = new Map<string, SkipRule[]>();
  for (const rule of skipRules) {
    const key = `${rule.reason} ${rule.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), rule]);
  }
  return [...groups.values()].map((rules) => {
    const [{ kind, reason } = assert.fail()] = rules;
    const sources = [...new Set(rules.map(({ source }) => source))];
    return `| ${rules.map(shown).join(' ')} | ${kinds[kind]} | ${reason} | ${sources.join('; ')} |`;
  });
}

function wanted(): string {
  const own = ownFolders.map((name) => `\`${name}/\``).join(' ');
  return [
    '# Names that are skipped',
    '',
    'Skipped files and directories are neither sent nor reported. Case does not matter, but where it is said. The table in the',
    'program is `src/core/skip-rules.ts`.',
    '',
    '| Names | as | what it is | known from |',
    '|---|---|---|---|',
    ...rows(),
    `| ${own} (in this spelling) | directories | where the after-upload action moves files | flora-sync |`,
    '',
    'A file NAME is not finished as long as one of these lies beside it:',
    '',
    '| Beside it | holds back | known from |',
    '|---|---|---|',
    ...sidecarRules.map(
      ({ ending, kind, source }) =>
        `| \`NAME${ending}\` | ${kind === 'any' ? 'a file, or a directory with all that is in it' : 'a file'} | ${source} |`,
    ),
    '',
  ].join('\n');
}

it('the page of skipped names shows the table of the program', () => {
  assert.equal(readFileSync(page, 'utf8'), wanted());
});

it('each rule skips a name of its own pattern, as what it says and in any case', () => {
  for (const { pattern, kind } of skipRules) {
    const name = pattern.replaceAll('*', 'x').replaceAll('?', '1');
    for (const each of [name, name.toUpperCase()]) {
      if (kind !== 'directory') assert.ok(isSkippedName(each, 'file'), each);
      if (kind !== 'file') assert.ok(isSkippedName(each, 'directory'), each);
    }
  }
});

it('names of pictures, films and sound that only look a little like them are taken', () => {
  const names = [
    'shot.temp.png',
    'a.sb-b.png',
    'part 1.mp4',
    'tmp.png',
    'thumbs.db.png',
    'lost+found.jpg',
    'recycled.mov',
  ];
  for (const name of names) assert.ok(!isSkippedName(name, 'file'), name);
  for (const name of ['Recycled', 'downloads', 'temp', 'snapshot', 'lrdata'])
    assert.ok(!isSkippedName(name, 'directory'), name);
});
