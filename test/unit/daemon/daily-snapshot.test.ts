import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { snapshotIfDue, startSnapshots } from '../../../src/daemon/daily-snapshot.ts';
import { openDatabase } from '../../../src/ledger/database.ts';
import { openLedger } from '../../../src/ledger/ledger.ts';
import { listSnapshots, snapshotPath, snapshotsDirectory } from '../../../src/ledger/recovery/snapshot-files.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { newContent, withFolder } from '../../support/ledgers.ts';
import { freshStateDir, never } from '../../support/state-dir.ts';

const hourMs = 3_600_000;

interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

function setUp(t: TestContext) {
  const dir = freshStateDir(t);
  const database = openDatabase(dir, 1, never);
  t.after(() => database.close());
  const ledger = openLedger(database, { defer: setImmediate, pause: setImmediate, onBlocked: () => {} });
  const clock = new HandClock();
  const lines: Line[] = [];
  const said = new EventEmitter();
  const say = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
    said.emit('line');
  };
  const deps = { stateDir: dir, ledger, log: { info: say('info'), warn: say('warn') }, clock };
  /** Moves on, and waits for what is said then. */
  const advanceToLine = async (byMs: number) => {
    const line = once(said, 'line', { signal: AbortSignal.timeout(600_000) });
    await clock.advance(byMs);
    await line;
  };
  const fill = async () => {
    const { destinationId } = await withFolder(ledger);
    await ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
  };
  const taken = () => listSnapshots(dir, clock.now()).map(({ takenAtMs }) => takenAtMs);
  return { dir, clock, lines, deps, advanceToLine, fill, taken };
}

describe('startSnapshots', () => {
  it('takes one after the first minute, and one for each day, until it is stopped', async (t) => {
    const { clock, lines, deps, advanceToLine, fill, taken } = setUp(t);
    await fill();
    const stopping = new AbortController();
    const begunMs = clock.now();
    const running = startSnapshots(deps, stopping.signal);
    await clock.advance(59_000);
    assert.deepEqual(taken(), []);
    await advanceToLine(1_000);
    await clock.advance(23 * hourMs);
    assert.deepEqual(taken(), [begunMs + 60_000], 'not each hour');
    await advanceToLine(hourMs);
    assert.deepEqual(taken(), [begunMs + 60_000 + 24 * hourMs, begunMs + 60_000]);
    assert.deepEqual(
      lines.map(({ level, message }) => ({ level, message })),
      Array(2).fill({ level: 'info', message: 'a snapshot of the ledger was taken' }),
    );
    stopping.abort();
    await clock.advance(25 * hourMs);
    await running;
    assert.equal(taken().length, 2);
  });

  it('waits until there is something to keep', async (t) => {
    const { clock, deps, advanceToLine, fill, taken } = setUp(t);
    const running = new AbortController();
    void startSnapshots(deps, running.signal);
    await clock.advance(3 * hourMs);
    assert.deepEqual(taken(), []);
    await fill();
    await advanceToLine(60_000);
    assert.deepEqual(taken(), [clock.now()], 'at the look after, and at none before');
    running.abort();
  });

  it('warns when it cannot, with a hint, and tries again at the next look', async (t) => {
    const { dir, deps, lines, advanceToLine, fill, taken } = setUp(t);
    await fill();
    writeFileSync(snapshotsDirectory(dir), 'in the way');
    const running = new AbortController();
    void startSnapshots(deps, running.signal);
    await advanceToLine(60_000);
    await advanceToLine(hourMs);
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['warn', 'warn'],
    );
    assert.match(lines[0]?.message ?? '', /No snapshot of the ledger could be taken/);
    assert.match(JSON.stringify(lines[0]?.fields), /snapshot_failed.*Uploads go on/);
    rmSync(snapshotsDirectory(dir));
    await advanceToLine(hourMs);
    assert.equal(taken().length, 1);
    running.abort();
  });
});

describe('snapshotIfDue', () => {
  it('takes one at most a day, also from one process to the next', async (t) => {
    const { dir, clock, deps, fill, taken } = setUp(t);
    await fill();
    const { signal } = new AbortController();
    await snapshotIfDue(deps, signal);
    await snapshotIfDue(deps, signal);
    assert.deepEqual(taken(), [clock.now()]);
    await clock.advance(24 * hourMs);
    await snapshotIfDue(deps, signal);
    assert.equal(taken().length, 2);
    assert.equal(listSnapshots(dir, clock.now())[0]?.name, basename(snapshotPath(dir, clock.now())));
  });

  it('does nothing once it is told to stop', async (t) => {
    const { deps, fill, taken, lines } = setUp(t);
    await fill();
    await snapshotIfDue(deps, AbortSignal.abort());
    assert.deepEqual(taken(), []);
    assert.deepEqual(lines, []);
  });
});
