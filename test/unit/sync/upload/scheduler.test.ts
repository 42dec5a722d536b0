import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { describe, it } from 'node:test';
import { startScheduler } from '../../../../src/sync/upload/scheduler.ts';
import { facts, reservation } from '../../../support/contents.ts';
import { settled } from '../../../support/hand-clock.ts';
import { floraError, uploading } from '../../../support/uploading.ts';

const never = () => new Promise<never>(() => {});

/** A scheduler that is at work, with so many files that wait and so many whose assets are looked at. */
async function atWork(t: { after(done: () => void): void }, queued: number, begun: number, isNarrow = false) {
  const files = queued + begun;
  const world = await uploading({ files, concurrency: 2, script: { reserve: never, get: never } });
  const { ledger, clock, deps, ids } = world;
  await ledger.write(({ contents }) => {
    for (const id of ids.slice(queued)) {
      const content = contents.get(id);
      assert.ok(content !== undefined);
      const checking = { state: 'checking', assetId: `asset_${id}`, isCompleteSent: true } as const;
      assert.ok(contents.save(content, { ...content, ...checking }, clock.now()));
    }
  });
  const stopping = new AbortController();
  // As the engine does.
  setMaxListeners(0, stopping.signal);
  Object.defineProperty(deps.gate, 'isNarrow', { value: isNarrow });
  const scheduler = startScheduler(deps, 2, { stopping: stopping.signal, abort: stopping.signal });
  t.after(() => stopping.abort());
  await settled();
  return { ...world, scheduler };
}

describe('what the scheduler has in hand', () => {
  it('is sixteen contents for each upload that may run, and never the whole backlog', async (t) => {
    const { scheduler } = await atWork(t, 0, 100);
    assert.equal(scheduler.claimed().size, 32);
  });

  it('is no more of those that wait for an asset than two for each upload, where reservations come one by one', async (t) => {
    const { scheduler, ids } = await atWork(t, 30, 0, true);
    assert.deepEqual([...scheduler.claimed()], ids.slice(0, 4));
  });

  it('is, of those that wait for an asset, as many as there is a budget for, where they need not', async (t) => {
    const { scheduler } = await atWork(t, 30, 0);
    assert.equal(scheduler.claimed().size, 8);
  });

  it('has room for what was begun beside those that wait for an asset', async (t) => {
    const { scheduler, ids } = await atWork(t, 30, 100, true);
    const queued = [...scheduler.claimed()].filter((id) => ids.indexOf(id) < 30);
    assert.deepEqual([scheduler.claimed().size, queued.length], [32, 4]);
  });
});

describe('the scheduler', () => {
  it('is quiet until the next content is due, and looks at that time', async () => {
    const ready = facts({ assetId: 'asset_1', status: 'ready' });
    const { ledger, clock, deps, ids, countOf } = await uploading({
      files: 1,
      script: { get: () => ({ value: ready, requestId: null }) },
    });
    const [id = 0] = ids;
    await ledger.write(({ contents }) => {
      const content = contents.get(id);
      assert.ok(content !== undefined);
      const due = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, notBeforeMs: clock.now() + 5_000 };
      assert.ok(contents.save(content, { ...content, ...due, state: 'checking' }, clock.now()));
    });
    const stopping = new AbortController();
    const scheduler = startScheduler(deps, 2, { stopping: stopping.signal, abort: stopping.signal });
    await settled();
    assert.equal(scheduler.quietForMs(), 5_000);
    await clock.advance(4_999);
    assert.deepEqual([scheduler.quietForMs(), countOf('get')], [1, 0]);
    await clock.advance(1);
    assert.deepEqual([countOf('get'), ledger.contents.get(id)?.state], [1, 'ready']);
    assert.equal(scheduler.quietForMs(), Number.POSITIVE_INFINITY, 'nothing waits any more');
    stopping.abort();
    await scheduler.finished;
  });

  it('says so each time that nothing is in hand any more, and not before', async () => {
    let letGo: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { deps, countOf } = await uploading({
      files: 2,
      script: {
        reserve: async () => {
          if (countOf('reserve') === 2) await held;
          throw floraError('unreachable', { scope: 'file' });
        },
      },
    });
    let idle = 0;
    const onIdle = () => {
      idle += 1;
    };
    const stopping = new AbortController();
    const scheduler = startScheduler({ ...deps, onIdle }, 2, { stopping: stopping.signal, abort: stopping.signal });
    await settled();
    assert.deepEqual([countOf('reserve'), scheduler.claimed().size, idle], [2, 1, 0]);
    letGo();
    await settled();
    assert.deepEqual([scheduler.claimed().size, idle], [0, 1]);
    stopping.abort();
    await scheduler.finished;
  });

  it('takes the next one as soon as one has its asset, where reservations come one by one', async (t) => {
    const { deps, ids, countOf } = await uploading({
      files: 6,
      script: {
        reserve: () =>
          countOf('reserve') === 1
            ? { value: reservation({ assetId: 'asset_1' }), requestId: null, isReplayed: false }
            : never(),
        upload: never,
      },
    });
    const stopping = new AbortController();
    setMaxListeners(0, stopping.signal);
    t.after(() => stopping.abort());
    Object.defineProperty(deps.gate, 'isNarrow', { value: true });
    const scheduler = startScheduler(deps, 2, { stopping: stopping.signal, abort: stopping.signal });
    for (let turn = 0; turn < 10; turn += 1) await settled();
    assert.equal(countOf('upload'), 1);
    assert.deepEqual([...scheduler.claimed()], ids.slice(0, 5), 'one that sends, and four that wait for an asset');
  });
});
