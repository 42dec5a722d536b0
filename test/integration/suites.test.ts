import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..');
const runner = join(root, 'test', 'run.mjs');

interface Ended {
  readonly code: number;
  readonly printed: string;
}

/** What the runner printed, and how it ended. */
function run(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [runner, ...words], (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, printed: stdout + stderr }),
    );
  });
}

async function listed(...words: readonly string[]): Promise<readonly string[]> {
  const { code, printed } = await run(...words, '--list');
  assert.equal(code, 0, printed);
  return printed.trimEnd().split('\n');
}

const textOf = (name: string) => readFileSync(join(root, 'test', name), 'utf8');

describe('npm test and npm run test:slow', () => {
  const sources = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );

  it('are these two commands, after the builds', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const build = 'npm run --silent build && npm run --silent build:test && ';
    assert.equal(scripts.test, `${build}node test/run.mjs`);
    assert.equal(scripts['test:slow'], `${build}node test/run.mjs --slow`);
  });

  it('have each test file in exactly one of them', async () => {
    const all = sources.filter((name) => name.endsWith('.test.ts'));
    const [quick, slow] = [await listed(), await listed('--slow')];
    assert.deepEqual([...quick, ...slow].sort(), [...all].sort());
    assert.ok(quick.length > 100 && slow.length > 5, `${quick.length} and ${slow.length}`);
  });

  it('miss no test that stands in a file of another name', () => {
    const shared = ['contract/suite.ts', 'hostile/rows.ts', 'simulation/catching.ts'];
    const strays = sources
      .filter((name) => !name.endsWith('.test.ts') && !shared.includes(name))
      .filter((name) => /^import \{[^}]*\b(it|test|describe)\b[^}]*\} from 'node:test'/m.test(textOf(name)));
    assert.deepEqual(strays, []);
  });
});

describe('the runner of the tests', () => {
  const lines = (...some: readonly string[]) => ["import { describe, it } from 'node:test';", ...some].join('\n');
  const files = {
    'unit/good.test.js': lines("it('holds', () => {});", "it('is left out', { skip: 'no such program' }, () => {});"),
    'unit/skipped.test.js': lines(
      "describe('all of it', { skip: 'no other program' }, () => {",
      "  it('holds', () => {});",
      '});',
    ),
    'unit/bad.test.js': lines(
      "describe('a part', () => {",
      "  it('is wrong', () => { throw new Error('this much'); });",
      '});',
    ),
    'unit/crashing.test.js': lines(
      "it('holds', () => {});",
      "setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);",
    ),
    'unit/empty.test.js': '',
    'unit/warning.test.js': lines(
      "import { EventEmitter } from 'node:events';",
      "it('holds', () => {",
      '  const emitter = new EventEmitter();',
      "  for (let count = 0; count < 11; count += 1) emitter.on('change', () => {});",
      '});',
    ),
    'unit/warning-child.test.js': lines(
      "import { execFileSync } from 'node:child_process';",
      'const code = "process.emitWarning(\'so said the child\')";',
      "it('holds', () => void execFileSync(process.execPath, ['-e', code], { stdio: 'ignore' }));",
    ),
    'unit/experiment.test.js': lines("it('holds', () => process.emitWarning('is new', 'ExperimentalWarning'));"),
    'unit/rejection-child.test.js': lines(
      "import { spawnSync } from 'node:child_process';",
      'const code = "void Promise.reject(new Error(\'nobody waits\'))";',
      "it('holds', () => void spawnSync(process.execPath, ['-e', code], { stdio: 'ignore' }));",
    ),
    'unit/late.test.js': lines(
      "it('holds', () => void setTimeout(() => Promise.reject(new Error('too late')), 10));",
      "it('holds still', () => new Promise((resolve) => setTimeout(resolve, 100)));",
    ),
    'unit/late-throw.test.js': lines(
      "it('holds', () => void setTimeout(() => { throw new Error('thrown too late'); }, 10));",
      "it('holds still', () => new Promise((resolve) => setTimeout(resolve, 100)));",
    ),
    'unit/open.test.js': lines(
      "import { createServer } from 'node:net';",
      "it('holds', () => void createServer().listen(0, '127.0.0.1'));",
    ),
    'unit/left.test.js': lines(
      "import { spawn } from 'node:child_process';",
      "it('holds', () => void spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).unref());",
    ),
    'unit/left-apart.test.js': lines(
      "import { spawn } from 'node:child_process';",
      "const how = { detached: true, stdio: 'ignore' };",
      "it('holds', () => void spawn(process.execPath, ['-e', 'setInterval(() => {}, 2000)'], how).unref());",
    ),
    'unit/left-bare.test.js': lines(
      "import { spawn } from 'node:child_process';",
      "const how = { stdio: 'ignore', env: {} };",
      "it('holds', () => void spawn(process.execPath, ['-e', 'setInterval(() => {}, 4000)'], how).unref());",
    ),
    'unit/left-holding.test.js': lines(
      "import { spawn } from 'node:child_process';",
      "it('holds', () => void spawn(process.execPath, ['-e', 'setInterval(() => {}, 3000)'], { stdio: 'inherit' }).unref());",
    ),
    'e2e/hanging.slow.test.js': lines("it('never ends', () => new Promise(() => setInterval(() => {}, 1_000)));"),
  };
  const base = mkdtempSync(join(tmpdir(), 'fs-runner-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  }
  writeFileSync(join(base, 'package.json'), '{"type": "module"}');
  process.once('exit', () => rmSync(base, { recursive: true, force: true }));
  const play = (...words: readonly string[]) => run(`--root=${base}`, ...words);

  it('ends with 0 where all is well, and says what was skipped', async () => {
    const { code, printed } = await play('good', 'skipped');
    assert.equal(code, 0, printed);
    assert.match(printed, /^# tests 2\n# pass 1\n# fail 0\n# skipped 2$/m);
    for (const why of ['no such program', 'no other program'])
      assert.ok(printed.includes(`\n# skipped 1: ${why}\n`), why);
  });

  it('tells a failure whole, and again at the end', async () => {
    const { code, printed } = await play('bad', 'good');
    assert.equal(code, 1);
    assert.equal(
      printed.split('not ok - unit/bad.test.js > a part > is wrong\n    Error: this much').length,
      3,
      printed,
    );
    assert.match(printed, /^# fail 1$/m);
  });

  it('counts a file that dies, or has no test, as a failure', async () => {
    const { code, printed } = await play('crashing', 'empty');
    assert.equal(code, 1);
    assert.match(printed, /^not ok - unit\/crashing\.test\.js > the file\n {4}ended with SIGKILL$/m);
    assert.match(printed, /^not ok - unit\/empty\.test\.js > the file\n {4}has no test$/m);
  });

  it('ends a test that gives no sign, and names it', async () => {
    const { code, printed } = await play('hanging', '--silent-minutes=0.02');
    assert.equal(code, 1);
    assert.match(printed, /> the file\n {4}gave no sign for 0\.02 minutes; under way: never ends$/m);
  });

  const said = {
    warning:
      /> a warning: MaxListenersExceededWarning\n(.*\n)? {4}.*11 change listeners added[\s\S]*\n {8}at .*warning\.test\.js:5/,
    'warning-child': /> a warning: Warning\n {4}Warning: so said the child\n[\s\S]* -e process\.emitWarning/,
    'rejection-child': /> an unhandled rejection\n {4}Error: nobody waits\n/,
    late: /> after a test\n {4}.*too late/,
    'late-throw': /> after a test\n {4}.*thrown too late/,
    open: /> the file\n {4}goes on 2 s after its last test; open: .*1 TCPS\w+/,
    left: /> left running\n {4}\d+: \S+ -e setInterval\(\(\) => \{\}, 1000\)\n/,
    'left-apart': /> left running\n {4}\d+: \S+ -e setInterval\(\(\) => \{\}, 2000\)\n/,
    'left-bare': /> left running\n {4}\d+: \S+ -e setInterval\(\(\) => \{\}, 4000\)\n/,
    'left-holding': /> left running\n {4}\d+: \S+ -e setInterval\(\(\) => \{\}, 3000\)\n/,
  };
  for (const [name, pattern] of Object.entries(said))
    it(`fails a file whose tests pass, for what they left: ${name}`, async () => {
      const { code, printed } = await play(`unit/${name}.test`, '--idle-seconds=2');
      assert.equal(code, 1, printed);
      assert.match(printed, pattern);
      assert.match(printed, /^# fail [12]$/m);
    });

  it('takes a warning for granted that is on its list', async () => {
    const { code, printed } = await play('experiment');
    assert.equal(code, 0, printed);
  });

  it('runs the tests of a name only', async () => {
    const { code, printed } = await play('good', 'bad', '--name=^holds$');
    assert.equal(code, 0, printed);
    assert.match(printed, /^# tests 1\n# pass 1\n# fail 0\n# skipped 0$/m);
  });

  it('says which words it has where none fits', async () => {
    const { code, printed } = await play('no-such-file');
    assert.equal(code, 2);
    assert.match(printed, /No test file matches: no-such-file/);
  });
});
