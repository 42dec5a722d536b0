import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { longestWaitMs } from '../../../../src/core/steps.ts';
import { startScheduler } from '../../../../src/sync/upload/scheduler.ts';
import { facts, reservation } from '../../../support/contents.ts';
import { CountingClock } from '../../../support/counting-clock.ts';
import { settled } from '../../../support/hand-clock.ts';
import { type Script, uploading } from '../../../support/uploading.ts';

const never = () => new Promise<never>(() => {});

interface Options {
  readonly files: number;
  readonly script: Script;
  readonly concurrency?: number;
  readonly isNarrow?: boolean;
  /** What the file's row is, beside being queued. */
  readonly rowOf?: (at: number) => Partial<Content>;
}

/** A scheduler that has begun. */
async function begun(
  t: { after(done: () => void): void },
  { files, script, concurrency = 2, isNarrow = false, rowOf = () => ({}) }: Options,
) {
  const clock = new CountingClock();
  const world = await uploading({ files, concurrency, script, clock });
  const { ledger, deps, ids } = world;
  const save = async (id: number, patch: Partial<Content>) =>
    await ledger.write(({ contents }) => {
      const content = contents.get(id);
      assert.ok(content !== undefined);
      assert.ok(contents.save(content, { ...content, ...patch }, clock.now()));
    });
  for (const [at, id] of ids.entries()) if (Object.keys(rowOf(at)).length > 0) await save(id, rowOf(at));
  const stopping = new AbortController();
  // As the engine does.
  setMaxListeners(0, stopping.signal);
  Object.defineProperty(deps.gate, 'isNarrow', { value: isNarrow });
  let idle = 0;
  const onIdle = () => {
    idle += 1;
  };
  const scheduler = startScheduler({ ...deps, onIdle }, concurrency, {
    stopping: stopping.signal,
    abort: stopping.signal,
  });
  scheduler.finished.catch(() => {});
  t.after(() => stopping.abort());
  await settled();
  return { ...world, clock, scheduler, stopping, save, idle: () => idle };
}

const checking = (id: number) => ({ state: 'checking', assetId: `asset_${id}`, isCompleteSent: true }) as const;
const isReady = (assetId: string) => ({ value: facts({ assetId, status: 'ready' }), requestId: null });

describe('the scheduler, as long as it runs', () => {
  it('takes the next that waits for an asset as soon as one has its own, where reservations come one by one', async (t) => {
    let answers = 0;
    const { scheduler, ids } = await begun(t, {
      files: 7,
      isNarrow: true,
      script: {
        reserve: () => {
          answers += 1;
          return answers > 1 ? never() : { value: reservation(), requestId: null, isReplayed: false };
        },
        upload: never,
      },
    });
    assert.deepEqual([...scheduler.claimed()], ids.slice(0, 5), 'the first one sends, four wait for an asset');
  });

  it('takes first what has waited longest, of both kinds, and else what came first', async (t) => {
    const rowOf = (at: number) => ({ ...(at % 2 === 0 ? {} : checking(at)), notBeforeMs: 100 - (at % 5) });
    const { scheduler, ids } = await begun(t, {
      files: 30,
      concurrency: 1,
      script: { get: never, reserve: never },
      rowOf,
    });
    const order = ids
      .map((id, at) => ({ id, at }))
      .sort((a, b) => rowOf(a.at).notBeforeMs - rowOf(b.at).notBeforeMs || a.id - b.id);
    const queued = order.filter(({ at }) => at % 2 === 0).slice(0, 8);
    const wanted = order.filter((each) => each.at % 2 === 1 || queued.includes(each)).slice(0, 16);
    assert.deepEqual(
      [...scheduler.claimed()],
      wanted.map(({ id }) => id),
    );
  });

  it('takes at its start what waits longer than anything may, and again when the clock was put back', async (t) => {
    const startMs = 1_800_000_000_000;
    const { scheduler, clock, deps, ids } = await begun(t, {
      files: 2,
      script: { reserve: never },
      rowOf: (at) => ({ notBeforeMs: startMs + longestWaitMs * (at === 0 ? 2 : 1) }),
    });
    assert.deepEqual([...scheduler.claimed()], ids.slice(0, 1));
    clock.pass(-3_600_000);
    deps.due.announce();
    await settled();
    assert.deepEqual([...scheduler.claimed()], ids);
  });

  it('reads each row that it takes once, and of those that need one a file', async (t) => {
    const reads: string[] = [];
    const { ids, save, ledger, deps } = await begun(t, {
      files: 3,
      script: { get: never, reserve: never },
      rowOf: () => ({ notBeforeMs: 1_800_000_000_500 }),
    });
    const { get } = ledger.contents;
    const { sources } = ledger.files;
    await save(ids[1] ?? 0, { ...checking(1), notBeforeMs: 0 });
    await save(ids[2] ?? 0, { notBeforeMs: 0 });
    ledger.contents.get = (id) => {
      reads.push(`row ${ids.indexOf(id)}`);
      return get.call(ledger.contents, id);
    };
    ledger.files.sources = (id, most) => {
      reads.push(`sources ${ids.indexOf(id)}: ${most}`);
      return sources.call(ledger.files, id, most);
    };
    deps.due.announce();
    await settled();
    assert.deepEqual(reads.slice(0, 3), ['row 1', 'row 2', 'sources 2: 1']);
    assert.equal(reads.filter((read) => read.startsWith('row')).length, 2);
    assert.deepEqual(
      reads.filter((read) => read.startsWith('sources')),
      ['sources 2: 1'],
      'the file goes with the row',
    );
  });

  it('looks again when the first of both kinds is due', async (t) => {
    for (const first of [0, 1]) {
      const rowOf = (at: number) => ({
        ...(at === 0 ? {} : checking(at)),
        notBeforeMs: 1_800_000_000_000 + (at === first ? 5_000 : 9_000),
      });
      const { scheduler, clock } = await begun(t, { files: 2, script: {}, rowOf });
      assert.equal(scheduler.quietForMs(), 5_000);
      clock.pass(5_001);
      assert.equal(scheduler.quietForMs(), 0, 'it is late');
    }
  });

  it('writes nothing where nothing is due', async (t) => {
    const { clock, deps, ledger } = await begun(t, {
      files: 1,
      script: {},
      rowOf: () => ({ notBeforeMs: 1_800_000_009_000 }),
    });
    let writes = 0;
    const write = ledger.write.bind(ledger);
    ledger.write = async (change) => {
      writes += 1;
      return await write(change);
    };
    for (let rung = 0; rung < 3; rung += 1) {
      deps.due.announce();
      await clock.advance(rung);
    }
    assert.equal(writes, 0);
  });

  it('has one timer, however often it is rung, and none when it has ended', async (t) => {
    const { clock, deps, scheduler, stopping } = await begun(t, {
      files: 1,
      script: {},
      rowOf: () => ({ notBeforeMs: 1_800_000_009_000 }),
    });
    for (let rung = 0; rung < 3; rung += 1) {
      deps.due.announce();
      await settled();
    }
    assert.equal(clock.live.size, 1);
    stopping.abort();
    await scheduler.finished;
    assert.equal(clock.live.size, 0);
  });

  it('is idle when the last one has let go, and not before', async (t) => {
    const answers: (() => void)[] = [];
    const { idle, scheduler, ids } = await begun(t, {
      files: 2,
      script: { get: (assetId: string) => new Promise((done) => answers.push(() => done(isReady(assetId)))) },
      rowOf: checking,
    });
    assert.deepEqual([[...scheduler.claimed()], scheduler.quietForMs()], [ids, 0]);
    answers[1]?.();
    await settled();
    assert.deepEqual([[...scheduler.claimed()], idle(), scheduler.quietForMs()], [ids.slice(0, 1), 0, 0]);
    answers[0]?.();
    await settled();
    assert.deepEqual([[...scheduler.claimed()], idle()], [[], 1]);
    assert.equal(scheduler.quietForMs(), Number.POSITIVE_INFINITY);
  });

  it('lets go of all that it held for a content: its place at the gate, its room, its row at hand', async (t) => {
    let answer = () => {};
    const { deps, ledger, ids, creating, gate } = await begun(t, {
      files: 1,
      script: {
        reserve: async () => {
          await new Promise<void>((done) => (answer = done));
          throw new TypeError('a bug');
        },
      },
    });
    const [id = 0] = ids;
    const content = ledger.contents.get(id);
    assert.ok(content !== undefined);
    deps.due.announce({ content, path: undefined });
    assert.ok(deps.due.atHand(id) !== undefined);
    const released: string[] = [];
    const [unreserved, release] = [gate.unreserved.bind(gate), creating.release.bind(creating)];
    gate.unreserved = (of) => {
      released.push(`gate ${of === id}`);
      unreserved(of);
    };
    creating.release = (of) => {
      released.push(`room ${of === id}`);
      release(of);
    };
    answer();
    await settled();
    assert.deepEqual(released, ['gate true', 'room true']);
    assert.equal(deps.due.atHand(id), undefined);
    assert.equal(creating.room(), 8);
  });

  it('lets go of rows at hand that others have settled, once nothing is left to do', async (t) => {
    const { deps, ids, ledger, save } = await begun(t, { files: 1, script: { get: never }, rowOf: checking });
    const content = ledger.contents.get(ids[0] ?? 0);
    assert.ok(content !== undefined);
    const other = { content: { ...content, id: 99, state: 'queued', revision: 1 }, path: undefined } as const;
    deps.due.announce(other);
    await settled();
    assert.equal(deps.due.atHand(99), other, 'something is in hand: it may be next');
    await save(ids[0] ?? 0, { state: 'rejected' });
    const idle = await begun(t, { files: 1, script: {}, rowOf: () => ({ notBeforeMs: 1_800_000_009_000 }) });
    idle.deps.due.announce(other);
    await settled();
    assert.equal(idle.deps.due.atHand(99), other, 'something waits: it may be next');
    await idle.save(idle.ids[0] ?? 0, { state: 'rejected' });
    idle.deps.due.announce();
    await settled();
    assert.equal(idle.deps.due.atHand(99), undefined);
  });
});

describe('the end of the scheduler', () => {
  it('is the first error that is no known failure, once all others have let go, and nothing begins meanwhile', async (t) => {
    const answers: (() => void)[] = [];
    const fails = (assetId: string) =>
      new Promise((_, fail) => answers.push(() => fail(new TypeError(`about ${assetId}`))));
    const { scheduler, clock, countOf, ids } = await begun(t, {
      files: 3,
      script: { get: fails },
      rowOf: (at) => ({ ...checking(at), notBeforeMs: at === 2 ? 1_800_000_000_500 : 0 }),
    });
    let ended: unknown;
    scheduler.finished.catch((error: unknown) => {
      ended = error;
    });
    answers[1]?.();
    await clock.advance(1_000);
    assert.deepEqual([ended, countOf('get'), [...scheduler.claimed()]], [undefined, 2, ids.slice(0, 1)]);
    answers[0]?.();
    await settled();
    await assert.rejects(scheduler.finished, { name: 'TypeError', message: 'about asset_1' });
  });

  it('waits, where it was stopped, for what is under way', async (t) => {
    let answer = () => {};
    const { scheduler, stopping, ledger, ids } = await begun(t, {
      files: 2,
      concurrency: 1,
      script: {
        reserve: () => ({ value: reservation(), requestId: null, isReplayed: false }),
        upload: () => new Promise<void>((done) => (answer = done)),
      },
      rowOf: (at) => (at === 0 ? {} : { notBeforeMs: 1_900_000_000_000 }),
    });
    let isOver = false;
    void scheduler.finished.then(() => {
      isOver = true;
    });
    stopping.abort();
    await settled();
    assert.equal(isOver, false);
    answer();
    await scheduler.finished;
    assert.equal(ledger.contents.get(ids[0] ?? 0)?.state, 'uploaded', 'what came of it is written down');
  });
});
