import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';

// The rooms of design.md, section 3. The compiled test lies in build/test/unit.
const root = join(import.meta.dirname, '..', '..', '..', 'src');

interface Source {
  /** Relative to src. */
  readonly path: string;
  readonly text: string;
  /** Files of ours that it imports, relative to src. */
  readonly imports: readonly string[];
}

const files: readonly Source[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .sort()
  .map((path) => readSource(path));

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, imports: importsOf(path, text) };
}

/** The relative specifiers of static and dynamic imports and re-exports. */
export function importsOf(path: string, text: string): readonly string[] {
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])(\.[^'"]*)\1/g)].map(
    (match) => match[2] ?? '',
  );
  return specifiers.map((specifier) => relative(root, join(root, dirname(path), specifier)));
}

/** `ledger` of `ledger/files.ts`; `` of a file that stands in src itself. */
function roomOf(path: string): string {
  const [first, ...others] = path.split('/');
  return others.length === 0 ? '' : (first ?? '');
}

/** Those that put the rooms together, and so see them all. */
const composition: ReadonlySet<string> = new Set([
  'main.ts',
  'program.ts',
  'daemon.ts',
  'opening.ts',
  'snapshotting.ts',
  'watching.ts',
  'telling.ts',
  'connecting.ts',
  'flora-side.ts',
  'service.ts',
  'commands.ts',
  'operating.ts',
  'alone.ts',
  'affordable.ts',
]);

/** What each room may see beside itself and packages. */
const visible: Readonly<Record<string, (target: string) => boolean>> = {
  core: () => false,
  media: () => false,
  ledger: (target) => isCoreOrErrors(target) || target === 'sqlite.ts',
  local: (target) => isCoreOrErrors(target) || roomOf(target) === 'media',
  remote: isCoreOrErrors,
  contract: (target) => isCoreOrErrors(target) || roomOf(target) === 'remote',
  sync: isCoreOrErrors,
  emulator: (target) => target === 'errors.ts' || target === 'sqlite.ts',
  cli: () => true,
  // Settings, clock, logger and the like: each other and the pure core, never a room with effects.
  '': (target) => isCoreOrErrors(target) || (roomOf(target) === '' && !composition.has(target)),
};

function isCoreOrErrors(target: string): boolean {
  return target === 'errors.ts' || roomOf(target) === 'core';
}

function forbiddenImports({ path, imports }: Pick<Source, 'path' | 'imports'>): readonly string[] {
  if (composition.has(path)) return [];
  if (path === 'errors.ts') return imports;
  const room = roomOf(path);
  const mayImport = visible[room] ?? (() => false);
  return imports.filter((target) => !(room !== '' && roomOf(target) === room) && !mayImport(target));
}

const impure = /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\(|(?<![.\w])setTimeout\s*\(|(?<![.\w])setInterval\s*\(/;

function mayBeImpure(path: string): boolean {
  return path === 'clock.ts' || path === 'random.ts' || roomOf(path) === 'emulator' || roomOf(path) === 'cli';
}

/** Without comments: they may speak of what the code may not do. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '');
}

const longestFile = 250;

describe('the rooms', () => {
  it('are the ones that the design names', () => {
    assert.deepEqual([...new Set(files.map(({ path }) => roomOf(path)))].sort(), Object.keys(visible).sort());
    for (const path of composition)
      assert.ok(
        files.some((file) => file.path === path),
        `${path} is not there any more`,
      );
  });

  it('import in one direction only', () => {
    const wrong = files.flatMap((file) => forbiddenImports(file).map((target) => `${file.path} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it('open databases in one place, which keeps their objects from the garbage collector', () => {
    const openers = files.filter(({ text }) => /import\s+(?!type\b)[^;]*from 'better-sqlite3'/.test(codeOf(text)));
    assert.deepEqual(
      openers.map(({ path }) => path),
      ['sqlite.ts'],
    );
  });

  it('keep core free of effects: it imports no package and no node module', () => {
    const foreign = files
      .filter(({ path }) => roomOf(path) === 'core')
      .filter(({ text }) => /(?:\bfrom|\bimport)\s*\(?\s*['"][^.'"]/.test(codeOf(text)));
    assert.deepEqual(
      foreign.map(({ path }) => path),
      [],
    );
  });

  it('import files by their name with extension, so that every import is seen here', () => {
    const known = new Set(files.map(({ path }) => path));
    const strange = files.flatMap(({ path, imports }) =>
      imports.filter((target) => !known.has(target)).map((target) => `${path} imports ${target}`),
    );
    assert.deepEqual(strange, []);
  });

  it('listen to signals through the helper that knows of those that have fired already', () => {
    const listeners = files
      .filter(({ text }) => /addEventListener\(\s*'abort'/.test(codeOf(text)))
      .map(({ path }) => path);
    // An exchange is its own listener, and looks at the signal itself: there are thousands a second.
    const own = ['core/on-abort.ts', 'remote/exchange.ts'];
    assert.deepEqual(listeners, own);
  });

  it('write to stdout and stderr in one place, which shows what a terminal would obey', () => {
    const writers = files
      .filter(({ text }) => /process\.std(?:out|err)\.write|console\./.test(codeOf(text)))
      .map(({ path }) => path);
    // The process that takes snapshots writes JSON to the one that started it.
    assert.deepEqual(writers, ['cli/output.ts', 'ledger/snapshot-process.ts']);
  });

  it('get time, timers and chance from the clock and random adapters', () => {
    const wrong = files
      .filter(({ path }) => !mayBeImpure(path))
      .flatMap(({ path, text }) => {
        const found = impure.exec(codeOf(text));
        return found === null ? [] : [`${path} uses ${found[0]}`];
      });
    assert.deepEqual(wrong, []);
  });

  it(`hold files of at most ${longestFile} lines`, () => {
    const long = files
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > longestFile);
    assert.deepEqual(long, []);
  });
});

describe('the rules themselves', () => {
  const wrongs: readonly [string, string][] = [
    ['core/x.ts', '../errors.ts'],
    ['errors.ts', './core/entry.ts'],
    ['ledger/x.ts', '../local/scanner.ts'],
    ['local/x.ts', '../remote/client.ts'],
    ['media/x.ts', '../core/entry.ts'],
    ['media/x.ts', '../local/media.ts'],
    ['emulator/x.ts', '../media/iso.ts'],
    ['remote/x.ts', '../ledger/ledger.ts'],
    ['remote/x.ts', '../clock.ts'],
    ['contract/x.ts', '../cli/output.ts'],
    ['contract/x.ts', '../clock.ts'],
    ['remote/x.ts', '../contract/raw.ts'],
    ['sync/x.ts', '../remote/client.ts'],
    ['sync/x.ts', '../daemon.ts'],
    ['emulator/x.ts', '../remote/wire.ts'],
    ['emulator/x.ts', '../core/entry.ts'],
    ['config-x.ts', './daemon.ts'],
    ['logger.ts', './sync/gate.ts'],
  ];
  for (const [path, specifier] of wrongs) {
    it(`refuse ${specifier} in ${path}`, () => {
      for (const text of [
        `import { a } from '${specifier}';`,
        `export * from "${specifier}"`,
        `await import('${specifier}')`,
      ]) {
        assert.equal(forbiddenImports({ path, imports: importsOf(path, text) }).length, 1, text);
      }
    });
  }

  it('see time and chance in code, not in comments', () => {
    for (const code of ['Date.now()', 'const now = Date.now;', 'new Date()', 'Math.random()', 'setTimeout(f, 1)']) {
      assert.match(codeOf(code), impure, code);
    }
    for (const code of ['new Date(ms)', '// Date.now()', '/* setTimeout( */ x', "'https://x' + clock.setTimer(f)"]) {
      assert.doesNotMatch(codeOf(code), impure, code);
    }
  });
});
