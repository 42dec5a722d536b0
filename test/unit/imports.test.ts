import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';

// The compiled test lies in build/test/unit.
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

/** `ledger` of `ledger/tables/files.ts`; `main` and `errors` are rooms of one file. */
function roomOf(path: string): string {
  return path.replace(/\.ts$/, '').split('/')[0] ?? '';
}

/** `flora` of `sync/flora/gate.ts`. */
function floorOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** What each room may see beside itself and packages: rooms, or single files of them. */
const visible: Readonly<Record<string, string>> = {
  core: '',
  media: '',
  errors: '',
  rules: 'core',
  runtime: 'core errors',
  config: 'rules runtime core errors',
  control: 'core errors',
  ledger: 'runtime/sqlite core errors',
  local: 'rules media core errors',
  remote: 'core errors',
  contract: 'remote core errors',
  // Adapters fit sync/ports by shape.
  sync: 'rules core errors',
  emulator: 'runtime/sqlite errors',
  setup: 'rules sync ledger local remote config runtime core errors',
  operations: 'setup rules sync ledger local remote config runtime core errors',
  daemon: 'operations setup rules control sync ledger local remote config runtime core errors',
  cli: 'daemon operations setup rules control contract emulator sync ledger local remote config runtime core errors',
  main: 'cli runtime core errors',
};

/** Within sync, likewise. */
const floors: Readonly<Record<string, string>> = {
  ports: '',
  roots: 'ports',
  commit: 'ports',
  flora: 'commit ports',
  intake: 'flora commit roots ports',
  upload: 'flora commit roots ports',
};

function names(list: string | undefined, target: string): boolean {
  return (list ?? '').split(' ').some((name) => name === roomOf(target) || `${name}.ts` === target);
}

function isForbidden(path: string, target: string): boolean {
  if (roomOf(path) !== roomOf(target)) return !names(visible[roomOf(path)], target);
  if (roomOf(path) !== 'sync' || floorOf(path) === floorOf(target)) return false;
  return !(floors[floorOf(path)] ?? '').split(' ').includes(floorOf(target));
}

function forbiddenImports({ path, imports }: Pick<Source, 'path' | 'imports'>): readonly string[] {
  return imports.filter((target) => isForbidden(path, target));
}

/** The rooms that a room may import, whole or in part. */
function seenFrom(room: string): readonly string[] {
  const list = (visible[room] ?? '').split(' ').filter((name) => name !== '');
  return [...new Set(list.map((name) => roomOf(name)))];
}

/**
 * The table as a picture (mermaid): an arrow for each room that is not reached through another one.
 *
 * @param pad before each line
 */
function drawRooms(pad = '  '): string {
  const reaches = (from: string, to: string): boolean =>
    seenFrom(from).some((next) => next === to || reaches(next, to));
  const arrows = Object.keys(visible).flatMap((room) => {
    const seen = seenFrom(room);
    const direct = seen.filter((to) => !seen.some((between) => between !== to && reaches(between, to)));
    return direct.map((to) => `${pad}${room} --> ${to}`);
  });
  return ['```mermaid', 'graph TD', ...arrows, '```'].join('\n');
}

/** Whether a file reaches itself through what it imports, and which way. */
function wayBack(start: string, importsOfFile: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const seen = new Set<string>();
  const waiting: (readonly string[])[] = [[start]];
  for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
    for (const target of importsOfFile.get(way.at(-1) ?? '') ?? []) {
      if (target === start) return [...way, target];
      if (seen.has(target)) continue;
      seen.add(target);
      waiting.push([...way, target]);
    }
  }
  return null;
}

const impure = /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\(|(?<![.\w])setTimeout\s*\(|(?<![.\w])setInterval\s*\(/;

function mayBeImpure(path: string): boolean {
  return (
    path === 'runtime/clock.ts' || path === 'runtime/random.ts' || roomOf(path) === 'emulator' || roomOf(path) === 'cli'
  );
}

/** Without comments: they may speak of what the code may not do. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '');
}

const longestFile = 250;

describe('the rooms', () => {
  it('are the ones of the table', () => {
    assert.deepEqual([...new Set(files.map(({ path }) => roomOf(path)))].sort(), Object.keys(visible).sort());
    const inSync = files.filter(({ path }) => roomOf(path) === 'sync');
    assert.deepEqual([...new Set(inSync.map(({ path }) => floorOf(path)))].sort(), Object.keys(floors).sort());
  });

  it('have only main and errors beside them', () => {
    const loose = files.map(({ path }) => path).filter((path) => !path.includes('/'));
    assert.deepEqual(loose, ['errors.ts', 'main.ts']);
  });

  it('are drawn in ARCHITECTURE.md as they are', () => {
    const page = readFileSync(join(root, '..', 'ARCHITECTURE.md'), 'utf8');
    const [, drawn] = /<!-- rooms -->\n(.*?)\n<!-- \/rooms -->/s.exec(page) ?? [];
    assert.equal(drawn, drawRooms());
  });

  it('hold no file that reaches itself through its imports, types included', () => {
    const graph = new Map(files.map(({ path, imports }) => [path, imports]));
    const circles = files.flatMap(({ path }) => {
      const way = wayBack(path, graph);
      return way === null ? [] : [way.join(' -> ')];
    });
    assert.deepEqual(circles, []);
  });

  it('import in one direction only', () => {
    const wrong = files.flatMap((file) => forbiddenImports(file).map((target) => `${file.path} imports ${target}`));
    assert.deepEqual(wrong, []);
  });

  it('open databases in one place, which keeps their objects from the garbage collector', () => {
    const openers = files.filter(({ text }) => /import\s+(?!type\b)[^;]*from 'better-sqlite3'/.test(codeOf(text)));
    assert.deepEqual(
      openers.map(({ path }) => path),
      ['runtime/sqlite.ts'],
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
    assert.deepEqual(writers, ['cli/output.ts', 'ledger/recovery/snapshot-process.ts']);
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
    ['runtime/x.ts', '../config/load.ts'],
    ['config/x.ts', '../daemon/engine.ts'],
    ['control/x.ts', '../runtime/clock.ts'],
    ['ledger/x.ts', '../local/scanner.ts'],
    ['ledger/tables/x.ts', '../../runtime/clock.ts'],
    ['local/x.ts', '../remote/client.ts'],
    ['media/x.ts', '../core/entry.ts'],
    ['media/x.ts', '../local/read/media.ts'],
    ['emulator/x.ts', '../media/iso.ts'],
    ['emulator/x.ts', '../remote/wire.ts'],
    ['emulator/x.ts', '../core/entry.ts'],
    ['remote/x.ts', '../ledger/ledger.ts'],
    ['remote/x.ts', '../runtime/clock.ts'],
    ['remote/x.ts', '../contract/raw.ts'],
    ['contract/x.ts', '../cli/output.ts'],
    ['sync/intake/x.ts', '../../remote/client.ts'],
    ['sync/intake/x.ts', '../../runtime/clock.ts'],
    ['sync/intake/x.ts', '../upload/worker.ts'],
    ['sync/upload/x.ts', '../intake/intake.ts'],
    ['sync/flora/x.ts', '../upload/perform.ts'],
    ['sync/commit/x.ts', '../flora/gate.ts'],
    ['sync/roots/x.ts', '../flora/gate.ts'],
    ['sync/ports/x.ts', '../commit/outcome.ts'],
    ['setup/x.ts', '../daemon/engine.ts'],
    ['setup/x.ts', '../emulator/emulator.ts'],
    ['operations/x.ts', '../daemon/engine.ts'],
    ['daemon/x.ts', '../emulator/emulator.ts'],
    ['daemon/x.ts', '../cli/output.ts'],
    ['main.ts', './daemon/daemon.ts'],
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

  it('find a circle through several files, and none where files only meet', () => {
    const graph = new Map([
      ['a.ts', ['b.ts', 'd.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['a.ts']],
      ['d.ts', ['b.ts']],
      ['e.ts', ['d.ts']],
    ]);
    assert.deepEqual(wayBack('a.ts', graph), ['a.ts', 'b.ts', 'c.ts', 'a.ts']);
    assert.equal(wayBack('e.ts', graph), null);
  });

  it('see time and chance in code, not in comments', () => {
    for (const code of ['Date.now()', 'const now = Date.now;', 'new Date()', 'Math.random()', 'setTimeout(f, 1)']) {
      assert.match(codeOf(code), impure, code);
    }
    for (const code of ['new Date(ms)', '// Date.now()', '/* setTimeout( */ x', "'https://x' + clock.setTimer(f)"]) {
      assert.doesNotMatch(codeOf(code), impure, code);
    }
  });
});
