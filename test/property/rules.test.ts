import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { splitPath } from '../../src/core/entry.ts';
import { type EntryKind, FolderRules, noRules } from '../../src/rules/folder-rules.ts';
import { parseIgnoreFile } from '../../src/rules/parse-rules.ts';

// git is the judge of our reading of its grammar, on ASCII names: its `?` and `[^a]` match bytes, ours match characters.

const hasGit = spawnSync('git', ['--version']).status === 0;

/** Few names, so that rules meet them. */
const words = ['a', 'b', 'ab', 'abc', 'raw', 'a.png', 'b.psd', 'A', 'x y', 'a b.png', '[a]', 'a!', '!b', '#c', 'c d'];
const directories = ['', ...['a', 'raw', 'ab', 'A', 'x y'].flatMap((top) => [top, `${top}/b`, `${top}/b/a`])];
const tree: readonly (readonly [path: string, kind: EntryKind])[] = directories.flatMap((directory) => {
  const below = words.map((name) => (directory === '' ? name : `${directory}/${name}`));
  const files = below.filter((path) => !directories.includes(path)).map((path) => [path, 'file'] as const);
  return directory === '' ? files : [[directory, 'directory'] as const, ...files];
});

const piece = fc.constantFrom(
  ...[
    'a',
    'b',
    'ab',
    'raw',
    'abc',
    '.png',
    '.psd',
    ' ',
    'c',
    'd',
    'x',
    'y',
    '!',
    '#',
    '\\ ',
    '\\!',
    '\\#',
    '\\[',
    '\\*',
  ],
  ...['*', '**', '***', '?', '[ab]', '[!a]', '[^b]', '[a-c]', '[]a]', '[[:alpha:]]', '[[:digit:]]', '[a\\]]', '[z-a]'],
);
const segment = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
const pattern = fc
  .record({
    not: fc.constantFrom('', '', '!'),
    root: fc.constantFrom('', '', '/', '**/'),
    segments: fc.array(segment, { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom('', '', '/', '/*', '/**', ' ', '  '),
  })
  .map(({ not, root, segments, end }) => `${not}${root}${segments.join('/')}${end}`);

describe('rules', { skip: hasGit ? false : 'needs git' }, () => {
  let root = '';
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'flora-sync-rules-'));
    for (const [path, kind] of tree) {
      if (kind === 'directory') mkdirSync(join(root, path), { recursive: true });
    }
    for (const [path, kind] of tree) if (kind === 'file') writeFileSync(join(root, path), '');
    assert.equal(git(root, ['init', '--quiet'], '').status, 0);
  });
  after(() => rmSync(root, { recursive: true }));

  it('are read as git reads a .gitignore: what is excluded, and which line says so', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 8 }), (lines) => {
        const { rules, problems } = parseIgnoreFile(`${lines.join('\n')}\n`);
        // What git takes without a word and we refuse is held by examples.
        fc.pre(problems.length === 0);
        writeFileSync(join(root, '.gitignore'), `${lines.join('\n')}\n`);
        const ours = new FolderRules({ ...noRules, file: rules });
        const told = tree.map(([path, kind]) => `${path} ${ours.of(path, kind)?.line ?? '-'}`);
        assert.deepEqual(told, judgedByGit(root));
      }),
      { numRuns: 150 },
    );
  });

  it('are asked about the entries of a directory as about their whole paths', () => {
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 8 }), (lines) => {
        const { rules } = parseIgnoreFile(lines.join('\n'));
        const ours = new FolderRules({ ...noRules, file: rules });
        const open = directories.filter((path) => path === '' || ours.of(path, 'directory') === null);
        for (const directory of open) {
          const within = ours.within(directory);
          for (const [path, kind] of tree) {
            const at = splitPath(path);
            if (at.directory === directory) assert.deepEqual(within.exclusion(at.name, kind), ours.of(path, kind));
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

function judgedByGit(root: string): readonly string[] {
  const asked = tree.map(([path]) => path);
  const { stdout, status, stderr } = git(
    root,
    ['check-ignore', '--no-index', '-v', '-n', '-z', '--stdin'],
    asked.join('\0'),
  );
  assert.ok(status === 0 || status === 1, stderr);
  const fields = stdout.split('\0');
  return asked.map((path, at) => {
    const [, line = '', decides = '', told] = fields.slice(4 * at, 4 * at + 4);
    assert.equal(told, path);
    return `${path} ${decides === '' || decides.startsWith('!') ? '-' : line}`;
  });
}

function git(root: string, args: readonly string[], input: string) {
  const plain = ['-c', 'core.excludesFile=', '-c', 'core.ignoreCase=false'];
  return spawnSync('git', [...plain, ...args], { cwd: root, input, encoding: 'utf8' });
}
