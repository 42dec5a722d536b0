import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { openDatabase } from '../../src/ledger/database.ts';
import { takeSnapshot } from '../../src/ledger/recovery/snapshots.ts';
import { oldLedger } from '../support/old-ledger.ts';
import { damageFile, ledgerIn, never } from '../support/state-dir.ts';
import { ledgerCalls, tampered, whyNoStrace, writeCalls } from '../support/strace.ts';
import { World } from '../support/world.ts';

const moduleUrl = new URL('../../src/ledger/database.js', import.meta.url).href;
const now = Date.UTC(2026, 10, 22, 12);
const calls = [...writeCalls, 'write', 'copy_file_range', 'rename', 'fchmod', 'chmod'];
const suffixes = ['', '-wal', '-shm', '-journal', '.restoring', '.restoring-journal'];

/** A world with a ledger that is lost, and a snapshot of it that lacks what was written last. */
async function lostWorld(t: TestContext, lose: (path: string) => void): Promise<World> {
  const world = new World(t);
  oldLedger(world.stateDir).close();
  const database = openDatabase(world.stateDir, now, never);
  assert.ok(await takeSnapshot(world.stateDir, now, new AbortController().signal));
  database.exec(`INSERT INTO fact VALUES ('later', '${'x'.repeat(50_000)}')`);
  database.close();
  lose(ledgerIn(world.stateDir));
  return world;
}

/** Opens the ledger in a process of its own; returns the signal that ended it. */
function openApart(world: World, inject?: string): NodeJS.Signals | null {
  const script = `const { openDatabase } = await import(${JSON.stringify(moduleUrl)});
    openDatabase(${JSON.stringify(world.stateDir)}, ${now}, () => {}).close();`;
  const [program = '', ...words] = tampered(world, { calls, suffixes, ...(inject === undefined ? {} : { inject }) });
  const { signal, status, stderr } = spawnSync(
    program,
    [...words, process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8', timeout: 600_000 },
  );
  assert.ok(signal === 'SIGKILL' || status === 0, stderr);
  return signal;
}

const ways: Readonly<Record<string, (path: string) => void>> = { deleted: rmSync, damaged: damageFile };

describe('kill -9 in the middle of a restore', { skip: whyNoStrace }, () => {
  for (const [how, lose] of Object.entries(ways)) {
    it(`of a ledger that was ${how}: the next start has it restored, and marked`, async (t) => {
      const counted = await lostWorld(t, lose);
      openApart(counted);
      const made = ledgerCalls(counted);
      const placed = made.findLastIndex(({ name }) => name === 'rename');
      assert.equal(made[placed - 1]?.name, 'fsync', 'it is on disk before it takes its place');
      // Page for page into a file that does not count yet: some of them will do.
      const chosen = made.filter(({ name, nth }) => name !== 'pwrite64' || nth % 6 === 0);
      for (const { name, nth } of chosen) {
        const at = `${name} ${nth}`;
        const world = await lostWorld(t, lose);
        assert.equal(openApart(world, `${name}:signal=KILL:when=${nth}`), 'SIGKILL', at);
        const database = openDatabase(world.stateDir, now, () => {});
        const facts = database.prepare('SELECT key FROM fact ORDER BY key').pluck().all();
        assert.deepEqual(facts, ['last_reconcile', 'restored'], at);
        assert.equal(database.prepare('SELECT count(*) FROM content').pluck().get(), 8, at);
        assert.equal(database.prepare(`SELECT count(*) FROM content WHERE state = 'queued'`).pluck().get(), 0, at);
        assert.deepEqual(database.prepare('SELECT DISTINCT needs_matching FROM folder').pluck().all(), [1], at);
        database.close();
      }
      t.diagnostic(`killed at ${chosen.length} of ${made.length} calls`);
    });
  }
});
