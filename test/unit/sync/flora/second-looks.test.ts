import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Learning } from '../../../../src/sync/flora/learning.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { listed, noLog, reconciling } from '../../../support/remote-listing.ts';

// What was read of the ledger before a page, an answer or a write may not hold behind it.

const key = (at: number) => `ours_${String(at).padStart(6, '0')}`;

async function withAll(count: number) {
  const world = await reconciling(count);
  world.model.assets = Array.from({ length: count }, (_, at) => listed(key(at)));
  const idOf = (at: number) => world.ledger.contents.findByAsset(key(at))?.id ?? 0;
  /** It was being completed, and becomes ready at this time. */
  const becomeReady = async (at: number, atMs: number) => {
    const { ledger } = world;
    for (const state of ['checking', 'ready'] as const) {
      await ledger.write(({ contents }) => {
        const row = contents.get(idOf(at));
        assert.ok(row !== undefined && contents.save(row, { ...row, state }, atMs));
      });
    }
  };
  return { ...world, idOf, becomeReady };
}

describe('a listing beside the workers', () => {
  it('leaves to a worker what it has in hand, whatever the listing says of it', async () => {
    const { model, reconcile, taken, stateOf, idOf, changes, clock } = await withAll(2);
    model.assets = [listed(key(0), { status: 'failed' }), listed(key(1), { status: 'failed' })];
    taken.add(idOf(0));
    assert.equal((await clock.advanceUntil(reconcile())).drift, 1);
    assert.deepEqual([stateOf(key(0)), stateOf(key(1)), changes.length], ['ready', 'checking', 1]);
  });

  it('does not ask for what it lacked and a worker has in hand by then', async () => {
    const { model, reconcile, taken, stateOf, idOf, clock } = await withAll(3);
    model.assets = [];
    taken.add(idOf(1));
    assert.equal((await clock.advanceUntil(reconcile())).drift, 2);
    assert.deepEqual([model.gets, stateOf(key(1))], [2, 'ready']);
  });

  it('does not ask for what it lacked and that is not ready any more by then', async () => {
    const { model, reconcile, ledger, idOf } = await withAll(2);
    model.assets = [];
    model.onGet = () => {
      // Somebody takes the other one up while this is asked for.
      const row = ledger.contents.get(idOf(1));
      if (row?.state !== 'ready') return;
      void ledger.write(({ contents }) => contents.save(row, { ...row, state: 'checking' }, 1));
    };
    await reconcile();
    assert.equal(model.gets, 1);
  });

  it('does not ask for what became ready while it was read: no page had to show that', async () => {
    const { model, reconcile, clock, becomeReady } = await withAll(2);
    model.assets = [];
    let readied: Promise<void> = Promise.resolve();
    model.onPage = () => {
      clock.pass(10);
      readied = becomeReady(1, clock.now());
    };
    model.onGet = () => clock.pass(1);
    const { asked } = await reconcile();
    await readied;
    assert.deepEqual([asked, model.gets], [1, 1]);
  });

  it('asks for what seems to be ready since a time that is still to come: a clock was put back', async () => {
    const { model, reconcile, clock, becomeReady } = await withAll(2);
    model.assets = [];
    await becomeReady(1, clock.now() + 3_600_000);
    assert.equal((await reconcile()).asked, 2);
  });

  it('drops what GET said of a row that moved on meanwhile', async () => {
    const { model, reconcile, ledger, stateOf, idOf, changes } = await withAll(1);
    model.assets = [];
    let saved: Promise<unknown> = Promise.resolve();
    model.onGet = () => {
      const row = ledger.contents.get(idOf(0));
      assert.ok(row);
      saved = ledger.write(({ contents }) => contents.save(row, { ...row, state: 'missing' }, 1));
    };
    assert.equal((await reconcile()).drift, 0);
    await saved;
    assert.deepEqual([stateOf(key(0)), changes.length], ['missing', 0]);
  });

  it('concludes nothing of what it lacked once it was broken off', async () => {
    const { model, reconciler, ledger } = await withAll(3);
    model.assets = [];
    const stop = new AbortController();
    model.onPage = () => stop.abort();
    const summary = await reconciler.run({ isFull: true, isDryRun: false }, stop.signal);
    assert.deepEqual([summary.error, summary.isFull, model.gets], ['interrupted', false, 0]);
    assert.equal(ledger.facts.lastReconcile, null);
    assert.equal(ledger.facts.listingOrder('ws_1|'), null);
  });

  it('asks for no more once it was broken off', async () => {
    const { model, reconciler } = await withAll(3);
    model.assets = [];
    const stop = new AbortController();
    model.onGet = () => stop.abort();
    const { asked } = await reconciler.run({ isFull: true, isDryRun: false }, stop.signal);
    assert.deepEqual([asked, model.gets], [1, 1]);
  });
});

describe('the end of a search', () => {
  async function searching() {
    const { ledger } = memoryLedger();
    const folder = await withFolder(ledger);
    await knowFiles(ledger, folder, ['a.png']);
    const clock = new HandClock();
    const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const page = { assets: [], anonymous: [], unreadable: 0, nextCursor: null };
    const remote = { list: async () => ({ value: page, requestId: null }) } as unknown as RemotePort;
    const transfers = new Transfers(8);
    const matching = new Matching({
      ledger,
      remote,
      clock,
      gate,
      log: noLog,
      learning: new Learning({ ledger, remote, gate, clock, transfers }),
      places: [{ workspaceId: 'ws_1', projectId: null }],
      transfers,
      onWork: () => {},
    });
    const isOpen = () => ledger.directories.needsMatching(folder.folderId);
    const wait = () => {
      ledger.contents.insert(
        { ...newContent(folder.destinationId), sha256: 'w', idempotencyKey: 'w', state: 'matching' },
        1,
      );
    };
    return { ledger, folder, matching, isOpen, wait, signal: new AbortController().signal };
  }

  it('does not come before what FLORA has was listed', async () => {
    const { matching, folder, isOpen, signal } = await searching();
    assert.equal(await matching.finish([folder.folderId]), null);
    assert.equal(isOpen(), true);
    await matching.list(signal);
    assert.notEqual(await matching.finish([folder.folderId]), null);
    assert.equal(isOpen(), false);
  });

  it('does not come while a content waits for its outcome', async () => {
    const { matching, folder, isOpen, signal, ledger, wait } = await searching();
    await matching.list(signal);
    await ledger.write(wait);
    let writes = 0;
    const write = ledger.write.bind(ledger);
    Object.assign(ledger, {
      write: (run: Parameters<typeof write>[0]) => {
        writes += 1;
        return write(run);
      },
    });
    assert.equal(await matching.finish([folder.folderId]), null);
    assert.deepEqual([isOpen(), writes], [true, 0]);
  });

  it('does not come where one has begun to wait by the time that it is written down', async () => {
    const { matching, folder, isOpen, signal, ledger, wait } = await searching();
    await matching.list(signal);
    // In the same group of the ledger, a moment before.
    const begun = ledger.write(wait);
    assert.equal(await matching.finish([folder.folderId]), null);
    await begun;
    assert.equal(isOpen(), true);
  });
});
