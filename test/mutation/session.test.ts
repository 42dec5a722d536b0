import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Equivalent } from './equivalent.ts';
import { pick, session, staleEquivalents } from './session.ts';

const code = [
  'export function larger(a, b) {',
  '    return a > b ? a : b;',
  '}',
  'export function countTo(limit) {',
  '    let at = 0;',
  '    while (at < limit)',
  '        at += 1;',
  '    return at;',
  '}',
  'export function unused() {',
  '    throw new Error();',
  '}',
].join('\n');
const test = [
  "import assert from 'node:assert/strict';",
  "import { it } from 'node:test';",
  "import { countTo, larger } from '../../../src/room/sum.js';",
  "it('is the larger', () => assert.equal(larger(2, 1), 2));",
  "it('counts', () => assert.equal(countTo(3), 3));",
].join('\n');

/** A tree with one module and one test, and a directory for temporary files of its own. */
function project(t: TestContext): { readonly tree: string; readonly tmp: string } {
  const base = mkdtempSync(join(tmpdir(), 'fs-mutation-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const tree = join(base, 'tree');
  const map = { version: 3, sources: ['sum.ts'], names: [], mappings: Array(13).fill('AACA').join(';') };
  const files = {
    'package.json': '{"type": "module"}',
    'src/room/sum.ts': code,
    'build/src/room/sum.js': code,
    'build/src/room/sum.js.map': JSON.stringify(map),
    'dist/room/sum.js': code,
    'test/unit/room/sum.test.ts': test,
    'build/test/unit/room/sum.test.js': test,
    'test/unit/room/broken.test.ts': '',
    'build/test/unit/room/broken.test.js': "import { larger } from '../../../src/room/sum.js'; throw larger;",
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  const before = process.env['TMPDIR'];
  const tmp = join(base, 'tmp');
  mkdirSync(tmp);
  process.env['TMPDIR'] = tmp;
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  return { tree, tmp };
}

/** What a line becomes by the mistake. */
const negated = 'return !(a > b) ? a : b;';
const kept = 'return a >= b ? a : b;';
/** The step of the loop, and the error of what nobody calls. */
const dropped = ';';

async function play(tree: string, afters: readonly string[], equivalents: readonly Equivalent[] = []) {
  const said: string[] = [];
  const mutants = pick(tree, { rooms: [], seed: 1, count: 1_000 }).filter(({ after }) => afters.includes(after));
  const verdicts = await session(tree, mutants, {
    isAll: false,
    slots: 1,
    graceMs: 2_000,
    equivalents,
    onProgress: (line) => said.push(line),
    onVerdict: () => {},
  });
  return {
    said: said.join('\n'),
    outcomes: verdicts.map(({ mutant, outcome }) => `${mutant.after} ${outcome}`).sort(),
  };
}

describe('mistakes planted in a copy of a tree', () => {
  it('are noticed, take too long, survive, or are reached by nothing; the tree is as it was', async (t) => {
    const { tree, tmp } = project(t);
    const { said, outcomes } = await play(tree, [negated, kept, dropped]);
    const expected = [`${dropped} time-out`, `${dropped} unreached`, `${negated} test`, `${kept} survived`];
    assert.deepEqual(outcomes, expected);
    assert.ok(said.includes('not used, because it fails without any mistake: unit/room/broken.test.js'), said);
    for (const build of ['build/src', 'dist'])
      assert.equal(readFileSync(join(tree, build, 'room/sum.js'), 'utf8'), code);
    assert.deepEqual(readdirSync(tmp), []);
  });

  it('have tests run to learn what they reach where something changed, or where they failed', async (t) => {
    const { tree } = project(t);
    assert.match((await play(tree, [kept])).said, /^2 test files run first/);
    assert.match((await play(tree, [kept])).said, /^1 test files run first/);
    for (const build of ['build/src', 'dist']) writeFileSync(join(tree, build, 'room/sum.js'), `${code}\n`);
    assert.match((await play(tree, [kept])).said, /^2 test files run first/);
    writeFileSync(join(tree, 'build/test/unit/room/sum.test.js'), `${test}\n`);
    assert.match((await play(tree, [kept])).said, /^2 test files run first/);
  });

  it('are not planted where they are equivalent; what the list has in vain is told', async (t) => {
    const { tree } = project(t);
    const entry = { file: 'room/sum.ts', before: 'return a > b ? a : b;', after: kept, why: 'equal ones are the same' };
    const stale = { ...entry, after: 'return b;' };
    assert.deepEqual((await play(tree, [kept], [entry])).outcomes, [`${kept} equivalent`]);
    assert.deepEqual(staleEquivalents(tree, [entry, stale]), [stale]);
  });
});

describe('a choice', () => {
  it('is of a room, a file, a line or a mistake', (t) => {
    const { tree } = project(t);
    const all = pick(tree, { rooms: ['room'], seed: 1, count: 1_000 });
    for (const rooms of [['room/sum'], ['src/room/sum.ts'], ['./build/src/room/sum.js'], ['room/']])
      assert.equal(pick(tree, { rooms, seed: 1, count: 1_000 }).length, all.length);
    const [one] = all;
    assert.deepEqual(pick(tree, { rooms: [], seed: 1, count: 1, id: one?.id ?? '' }), [one]);
    assert.equal(pick(tree, { rooms: [], seed: 1, count: 1, only: 'room/sum.ts' }).length, all.length);
    assert.throws(() => pick(tree, { rooms: ['rooms'], seed: 1, count: 1 }), /Nothing below src\/ is called rooms/);
  });
});
