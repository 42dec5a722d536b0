import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDatabase } from '../../src/ledger/database.ts';
import { listSnapshots } from '../../src/ledger/recovery/snapshot-files.ts';
import { takeSnapshot } from '../../src/ledger/recovery/snapshots.ts';
import { oldLedger } from '../support/old-ledger.ts';
import { findProgram } from '../support/programs.ts';
import { damageFile, ledgerIn, never } from '../support/state-dir.ts';
import { whyNoStrace } from '../support/strace.ts';
import { World } from '../support/world.ts';

const now = Date.UTC(2026, 10, 22, 12);
const sourceOf = (path: string) => JSON.stringify(new URL(`../../src/ledger/${path}`, import.meta.url).href);

/** A change of a directory, or what makes those before it durable, in the order in which the process made them. */
interface Step {
  readonly call: 'rename' | 'mkdir' | 'unlink' | 'fsync';
  /** What has a name then, or none any more; of a sync the file or directory. */
  readonly path: string;
}

/** Runs the script in a process of its own, which has `stateDir` and `now`; returns what it and its children did to names. */
function stepsOf(world: World, script: string, stateDir = world.stateDir): readonly Step[] {
  const trace = join(world.base, 'names-trace');
  const calls = 'trace=rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,fsync,fdatasync';
  const words = ['-f', '-qq', '-y', '-s', '4096', '-o', trace, '-e', calls, process.execPath];
  const facts = `const [stateDir, now] = ${JSON.stringify([stateDir, now])};`;
  const done = spawnSync(
    findProgram('strace') ?? 'strace',
    [...words, '--input-type=module', '-e', `${facts}\n${script}`],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.equal(done.status, 0, done.stderr);
  return readFileSync(trace, 'utf8').split('\n').flatMap(stepIn);
}

function stepIn(line: string): readonly Step[] {
  const [, name = '', words = '', result] = /^\d+ +(\w+)\((.*)\) += (-?\d+)/.exec(line) ?? [];
  if (result !== '0') return [];
  const path = /"([^"]*)"[^"]*$/.exec(words)?.[1] ?? /^\d+<([^>]*)>/.exec(words)?.[1] ?? '';
  const call = (['rename', 'mkdir', 'unlink'] as const).find((each) => name.startsWith(each)) ?? 'fsync';
  return [{ call, path }];
}

/** The names that a power cut at the end may have taken back: nothing has synced their directory since. */
function unsynced(steps: readonly Step[]): readonly string[] {
  return steps
    .filter(({ call, path }, at) => {
      const isSynced = steps.slice(at + 1).some((later) => later.call === 'fsync' && later.path === dirname(path));
      return (call === 'rename' || call === 'mkdir') && !isSynced;
    })
    .map(({ call, path }) => `${call} ${path}`);
}

function oldWorld(t: TestContext): World {
  const world = new World(t);
  oldLedger(world.stateDir).close();
  openDatabase(world.stateDir, now, never).close();
  return world;
}

async function withSnapshots(t: TestContext, count: number): Promise<World> {
  const world = oldWorld(t);
  for (let at = 0; at < count; at += 1) {
    assert.ok(await takeSnapshot(world.stateDir, now - at * 90_000_000, new AbortController().signal));
  }
  return world;
}

const open = `const { openDatabase } = await import(${sourceOf('database.js')});
  openDatabase(stateDir, now, () => {}).close();`;

/** Loses the open ledger, which the watch then rescues. */
const rescue = (lose: string) => `const { openDatabase } = await import(${sourceOf('database.js')});
  const { watchLedgerFile } = await import(${sourceOf('recovery/file-watch.js')});
  const { rmSync, renameSync, copyFileSync } = await import('node:fs');
  const database = openDatabase(stateDir, now, () => {});
  const watch = watchLedgerFile(stateDir, database);
  const ledger = stateDir + '/ledger.sqlite';
  database.exec("INSERT INTO fact VALUES ('later', 'x')");
  ${lose}
  let error;
  try { watch.check('now'); } catch (thrown) { error = thrown; }
  if (!/^ledger_(deleted|replaced)$/.test(error?.code)) throw error ?? new Error('nothing was noticed');`;

describe('names that have to last through a power cut', { skip: whyNoStrace }, () => {
  const losses: readonly (readonly [string, string, boolean])[] = [
    ['was deleted', 'rmSync(ledger);', true],
    ['was deleted with its directory', 'rmSync(stateDir, { recursive: true });', false],
    ['was replaced', `copyFileSync(ledger, ledger + '.copy'); renameSync(ledger + '.copy', ledger);`, true],
  ];
  for (const [how, lose, hasLog] of losses) {
    it(`has the rescued ledger that ${how}, whole, and without a log of another`, (t) => {
      const world = oldWorld(t);
      const steps = stepsOf(world, rescue(lose));
      const own = (suffix: string) => ledgerIn(world.stateDir) + suffix;
      const placed = steps.findLastIndex(({ call, path }) => call === 'rename' && path === own(''));
      assert.ok(placed > 0);
      assert.deepEqual(unsynced(steps.slice(placed)), []);
      const before = steps.slice(0, placed);
      const written = before.findLastIndex(({ call, path }) => call === 'fsync' && path === own('.new'));
      assert.ok(written > 0, 'its bytes are on disk before it has its name');
      if (!hasLog) return;
      const freed = before.findLastIndex(({ call, path }) => call === 'unlink' && path === own('-wal'));
      assert.ok(freed > 0);
      const isFreed = before.slice(freed).some(({ call, path }) => call === 'fsync' && path === world.stateDir);
      assert.ok(isFreed, 'the log that would be replayed into it is gone for good before');
    });
  }

  it('has what a directory of the ledger stands in, after the first start', (t) => {
    const world = new World(t);
    const steps = stepsOf(world, open, join(world.stateDir, 'deep', 'er'));
    assert.ok(steps.filter(({ call }) => call === 'mkdir').length >= 2);
    assert.deepEqual(unsynced(steps), []);
  });

  it('has the first snapshot, and its directory', (t) => {
    const steps = stepsOf(
      oldWorld(t),
      `const { takeSnapshot } = await import(${sourceOf('recovery/snapshots.js')});
       await takeSnapshot(stateDir, now, new AbortController().signal);`,
    );
    assert.ok(steps.some(({ call, path }) => call === 'mkdir' && path.endsWith('/snapshots')));
    assert.deepEqual(unsynced(steps), []);
  });

  it('has a damaged ledger set aside, and a damaged snapshot, and the sound one in its place', async (t) => {
    const world = await withSnapshots(t, 2);
    const { stateDir } = world;
    const newest = listSnapshots(stateDir, now)[0]?.path ?? '';
    for (const path of [ledgerIn(stateDir), newest]) damageFile(path);
    const steps = stepsOf(world, open);
    const renamed = steps.filter(({ call }) => call === 'rename').map(({ path }) => path);
    assert.ok(renamed.some((path) => path.includes('.sqlite.corrupt-')));
    assert.ok(renamed.includes(`${newest}.corrupt`) && renamed.includes(ledgerIn(stateDir)), renamed.join('\n'));
    assert.deepEqual(unsynced(steps), []);
  });

  it('has the log of a lost ledger out of the way before another one is there', async (t) => {
    const world = await withSnapshots(t, 1);
    rmSync(ledgerIn(world.stateDir));
    writeFileSync(`${ledgerIn(world.stateDir)}-wal`, 'of the lost one');
    const steps = stepsOf(world, open);
    assert.ok(steps.some(({ call, path }) => call === 'rename' && /\.lost-.*-wal$/.test(path)));
    assert.deepEqual(unsynced(steps), []);
  });
});
