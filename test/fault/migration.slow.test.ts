import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ledgerFile, openDatabase } from '../../src/ledger/database.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { oldLedger, rowsOf } from '../support/old-ledger.ts';
import { ledgerCalls, tampered, whyNoStrace } from '../support/strace.ts';
import { World } from '../support/world.ts';

const moduleUrl = new URL('../../src/ledger/database.js', import.meta.url).href;

/** A world whose ledger is of version 1, and what stands in it. */
function oldWorld(t: TestContext) {
  const world = new World(t);
  const database = oldLedger(world.stateDir);
  const rows = rowsOf(database);
  database.close();
  return { world, rows };
}

/** Opens the ledger in a process of its own; returns the signal that ended it. */
function openApart(world: World, inject?: string): NodeJS.Signals | null {
  const script = `const { openDatabase } = await import(${JSON.stringify(moduleUrl)});
    openDatabase(${JSON.stringify(world.stateDir)}, 1, () => process.exit(9)).close();`;
  const [program = '', ...words] = tampered(world, inject === undefined ? {} : { inject });
  const { signal, status, stderr } = spawnSync(
    program,
    [...words, process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8', timeout: 600_000 },
  );
  assert.ok(signal === 'SIGKILL' || status === 0, stderr);
  return signal;
}

describe('kill -9 in the middle of a migration', { skip: whyNoStrace }, () => {
  it('leaves the old ledger or the new one, whole, and the next start goes on from there', (t) => {
    const counted = oldWorld(t);
    openApart(counted.world);
    const calls = ledgerCalls(counted.world);
    assert.ok(calls.length > 20, `only ${calls.length} writes were seen`);
    const left = new Map<unknown, number>();
    for (const { name, nth } of calls) {
      const { world, rows } = oldWorld(t);
      const at = `${name} ${nth}`;
      assert.equal(openApart(world, `${name}:signal=KILL:when=${nth}`), 'SIGKILL', at);
      const after = openSqlite(join(world.stateDir, ledgerFile));
      const version = after.pragma('user_version', { simple: true });
      if (version === 1) assert.deepEqual(rowsOf(after), rows, at);
      after.close();
      left.set(version, (left.get(version) ?? 0) + 1);
      const next = openDatabase(world.stateDir, 1, () => assert.fail(at));
      assert.equal(next.pragma('user_version', { simple: true }), migrations.length, at);
      assert.equal(rowsOf(next)['content']?.length, rows['content']?.length, at);
      next.close();
    }
    assert.deepEqual([...left.keys()].sort(), [1, migrations.length], 'it was killed before and after the commit');
    t.diagnostic(JSON.stringify([...left]));
  });
});
