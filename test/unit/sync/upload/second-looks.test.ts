import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { SyncError } from '../../../../src/errors.ts';
import { commitOutcome } from '../../../../src/sync/commit/commit.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { askFlora, type WorkSignals } from '../../../../src/sync/flora/request.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import type { LocalPort } from '../../../../src/sync/ports/local.ts';
import { perform } from '../../../../src/sync/upload/perform.ts';
import { openFirst } from '../../../../src/sync/upload/sources.ts';
import { advance, type WorkerDeps } from '../../../../src/sync/upload/worker.ts';
import { facts, reservation, target } from '../../../support/contents.ts';
import { creatingOver, NoLearning } from '../../../support/flora-knowledge.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { floraError, type Script } from '../../../support/uploading.ts';

// A row, a root, a gate may be another after each wait: who goes on looks again.

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };

/** A worker over a real ledger with one content, and a FLORA that answers what the test wrote. */
async function bench(script: Script, patch: Partial<Content> = {}, names: readonly string[] = ['a.png']) {
  const clock = new HandClock();
  const { ledger } = memoryLedger();
  const { destinationId, folderId } = await withFolder(ledger);
  const content = await ledger.write((tables) => {
    const inserted = tables.contents.insert(newContent(destinationId), clock.now());
    const directoryId = tables.directories.save(folderId, '');
    for (const name of names) tables.files.saveContent(directoryId, name, stat, inserted.id, clock.now());
    if (Object.keys(patch).length > 0) tables.contents.save(inserted, { ...inserted, ...patch }, clock.now());
    return tables.contents.get(inserted.id) ?? inserted;
  });
  const calls: string[] = [];
  const remote = new Proxy({} as RemotePort, {
    get:
      (_, name: keyof RemotePort) =>
      async (...args: never[]) => {
        calls.push(name);
        const answer = script[name];
        assert.ok(answer, `Unexpected call: ${name}`);
        return await answer(...args);
      },
  });
  let tokens = 0;
  const token = () => {
    tokens += 1;
    return `token-${tokens}`;
  };
  const random = { fraction: () => 0.5, token };
  const [stopping, abort] = [new AbortController(), new AbortController()];
  const signals: WorkSignals = { stopping: stopping.signal, abort: abort.signal };
  const closed: string[] = [];
  const doubts: string[] = [];
  const lines: string[] = [];
  const changes: string[] = [];
  const standing = { isThere: true };
  const unused = () => assert.fail('not part of this test');
  const line = (_: object, message: string) => void lines.push(message);
  const deps: WorkerDeps = {
    ledger,
    clock,
    random,
    remote,
    log: { debug: () => {}, info: line, warn: line, error: line },
    gate: new Gate({ most: 8, clock, random, onChange: () => {} }),
    transfers: new Transfers(4),
    local: {
      look: () => ({ kind: 'file', stat }),
      detour: () => null,
      openSource: async ({ name }: { readonly name: string }) => ({
        kind: 'source',
        sizeBytes: 3,
        async *chunks() {},
        close: async () => void closed.push(name),
      }),
    } as unknown as LocalPort,
    roots: { isThere: () => standing.isThere },
    matching: { match: unused },
    creating: creatingOver(ledger, clock),
    learning: new NoLearning(ledger),
    uploadsMissing: () => false,
    onChange: (before, after) => changes.push(`${before.state} -> ${after.state}`),
    onSent: () => {},
    onDoubt: ({ name }) => doubts.push(name),
  };
  /** As somebody else writes it meanwhile. */
  const overwrite = async (over: Partial<Content>) => {
    const row = ledger.contents.get(content.id);
    assert.ok(row);
    await ledger.write((tables) => tables.contents.save(row, { ...row, ...over }, 0));
  };
  const row = () => ledger.contents.get(content.id);
  const run = () => advance(deps, content.id, signals);
  return {
    deps,
    ledger,
    clock,
    content,
    calls,
    closed,
    doubts,
    lines,
    changes,
    standing,
    stopping,
    abort,
    signals,
    overwrite,
    row,
    run,
  };
}

const bound = { state: 'reserved', assetId: 'asset_1', target, targetExpiresAtMs: null } as const;
const path = { root: '/drop', directory: '', name: 'a.png', directoryId: 1 };

describe('a row that moved on', () => {
  for (const [what, patch] of [
    ['is rejected', { state: 'rejected' }],
    ['is ready', { state: 'ready', assetId: 'asset_9' }],
    ['is gone', { state: 'gone' }],
    ['is missing', { state: 'missing', assetId: 'asset_9' }],
    ['waits for a later time', { notBeforeMs: 1_800_000_000_001 }],
  ] as const) {
    it(`between the claim and the step is left alone: it ${what}`, async () => {
      const { run, calls, row, changes } = await bench({}, patch);
      const before = row();
      await run();
      assert.deepEqual([calls, changes, row()], [[], [], before]);
    });

    it(`while FLORA as a whole was in trouble is read again, and left alone: it ${what}`, async () => {
      const { run, calls, row, overwrite, clock } = await bench({
        reserve: async () => {
          await overwrite(patch);
          throw floraError('unreachable', { scope: 'service', disposition: 'retry' });
        },
      });
      await clock.advanceUntil(run());
      assert.deepEqual(calls, ['reserve']);
      assert.equal(row()?.state, 'state' in patch ? patch.state : 'queued');
    });
  }

  it('may be due at this very moment', async () => {
    const { deps, run, calls, row } = await bench(
      { complete: () => ({ value: facts({ status: 'ready' }), requestId: null }) },
      { state: 'uploaded', assetId: 'asset_1', areBytesConfirmed: true, notBeforeMs: new HandClock().now() },
    );
    assert.equal(deps.clock.now(), row()?.notBeforeMs);
    await run();
    assert.deepEqual([calls, row()?.state], [['complete'], 'ready']);
  });

  it('or was never there, is nobody’s work', async () => {
    const { deps, signals, calls } = await bench({});
    await advance(deps, 4_711, signals);
    assert.deepEqual(calls, []);
  });

  it('under a request drops what came of it; what was learnt of files is told all the same', async () => {
    const { run, row, calls, overwrite, doubts, changes, lines, deps, ledger, content } = await bench(
      {
        upload: async () => {
          await overwrite({ state: 'rejected', reasonCode: 'x', reason: 'x' });
          throw floraError('source_changed');
        },
      },
      bound,
    );
    await run();
    assert.deepEqual([calls, row()?.state, changes, lines], [['upload'], 'rejected', [], []]);
    assert.deepEqual(doubts, ['a.png']);
    assert.deepEqual(ledger.files.sources(content.id), [], 'and in the ledger');
    assert.equal(deps.transfers.uploading.size, 0);
  });

  it('is not what was admitted a moment ago: nothing is written over it', async () => {
    const { deps, content, signals, overwrite, row, calls } = await bench({
      reserve: () => ({ value: reservation(), requestId: null, isReplayed: false }),
    });
    await overwrite({ attempts: 3 });
    await advance(deps, content.id, signals, { content, path });
    assert.deepEqual([calls, row()?.state, row()?.assetId, row()?.attempts], [['reserve'], 'queued', null, 3]);
  });

  it('accounts for a reservation that is dropped, because FLORA has made an asset all the same', async () => {
    const { deps, content, overwrite } = await bench({});
    const accounted: (string | null)[] = [];
    const creating = {
      account: (_: unknown, __: unknown, ___: unknown, after: Content | null) =>
        void accounted.push(after?.state ?? null),
      committed: () => assert.fail('nothing was written'),
      changed: () => {},
    };
    await overwrite({ attempts: 1 });
    const event = { type: 'reserved', reservation: reservation(), isReplayed: false } as const;
    const outcome = { event, requestId: null, doubted: [] };
    assert.equal(await commitOutcome({ ...deps, creating }, content, outcome), null);
    assert.deepEqual(accounted, [null]);
  });

  it('is not begun once the daemon is to stop', async () => {
    const { run, stopping, calls } = await bench({});
    stopping.abort();
    await run();
    assert.deepEqual(calls, []);
  });
});

describe('an upload', () => {
  const upload = { type: 'upload', assetId: 'asset_1', target } as const;

  it('that waited too long for its slot is not begun', async () => {
    const transfers = new Transfers(1);
    const stopping = new AbortController();
    let finish = () => {};
    const first = transfers.upload(1, stopping.signal, () => new Promise<void>((resolve) => (finish = resolve)));
    const second = transfers.upload(2, stopping.signal, async () => assert.fail('it has begun'));
    await settled();
    assert.deepEqual([...transfers.uploading], [1]);
    stopping.abort();
    finish();
    await first;
    assert.equal(await second, null);
    assert.deepEqual([...transfers.uploading], []);
  });

  it('that fails leaves its slot, whatever it fails with', async () => {
    const transfers = new Transfers(1);
    const { signal } = new AbortController();
    await assert.rejects(
      transfers.upload(1, signal, () => Promise.reject(new TypeError('a bug'))),
      TypeError,
    );
    assert.deepEqual([...transfers.uploading], []);
    assert.equal(await transfers.upload(2, signal, async () => 'done'), 'done');
  });

  it('that is cut by the end comes to nothing, and its source is closed', async () => {
    const { deps, content, signals, abort, closed } = await bench(
      {
        upload: async () => {
          abort.abort();
          throw floraError('connection_lost');
        },
      },
      bound,
    );
    assert.equal(await perform(deps, content, upload, signals), null);
    assert.deepEqual(closed, ['a.png']);
  });

  it('that fails with what is no known failure fails with that, and its source is closed', async () => {
    for (const error of [
      new TypeError('a bug'),
      new SyncError('x', { code: 'ledger_full', op: 'x', scope: 'process' }),
    ]) {
      const { deps, content, signals, closed } = await bench({ upload: () => Promise.reject(error) }, bound);
      await assert.rejects(perform(deps, content, upload, signals), error);
      assert.deepEqual(closed, ['a.png']);
    }
  });

  for (const [code, slots] of [
    ['stalled', 2],
    ['too_many_open_files', 2],
    ['connection_lost', 4],
    ['server_error', 4],
  ] as const) {
    it(`that ends with ${code} leaves ${slots} of four slots, and one that goes through widens them`, async () => {
      let isDown = true;
      const { deps, content, signals, closed } = await bench(
        { upload: () => (isDown ? Promise.reject(floraError(code)) : undefined) },
        bound,
      );
      const outcome = await perform(deps, content, upload, signals);
      assert.equal(outcome?.event.type, 'trouble');
      assert.equal(deps.transfers.concurrency, slots);
      isDown = false;
      for (let tries = 0; tries < 50; tries += 1) await perform(deps, content, upload, signals);
      assert.equal(deps.transfers.concurrency, 4);
      assert.equal(closed.length, 51);
    });
  }

  it('from a file that can be opened but whose root is another by then closes it, and waits', async () => {
    const { deps, content, closed, standing, signals } = await bench({}, bound, ['a.png', 'b.png']);
    standing.isThere = false;
    const opened = await openFirst(deps, content, signals.abort);
    assert.deepEqual(opened, { source: null, doubted: [], isWaiting: true });
    assert.deepEqual(closed.sort(), ['a.png', 'b.png']);
    const outcome = await perform(deps, content, upload, signals);
    assert.ok(outcome?.event.type === 'trouble');
    assert.equal(outcome.event.code, 'folder_away');
  });

  it('takes the file that was seen last first, and none twice', async () => {
    const { deps, content, signals } = await bench({}, bound, ['a.png', 'b.png', 'c.png']);
    const asked: string[] = [];
    const local = {
      ...deps.local,
      openSource: async ({ name }: { readonly name: string }) => {
        asked.push(name);
        return { kind: 'changed' } as const;
      },
    };
    const seen = { ...path, name: 'b.png' };
    const opened = await openFirst({ ...deps, local }, content, signals.abort, seen);
    assert.deepEqual(asked, ['b.png', ...asked.slice(1)]);
    assert.deepEqual([...asked].sort(), ['a.png', 'b.png', 'c.png']);
    assert.equal(opened.doubted.length, 3);
  });
});

describe('what a step is about', () => {
  it('is renewed only from a file that is there: nothing is asked for otherwise', async () => {
    const renew = { type: 'renew', assetId: 'asset_1', idempotencyKey: 'k' } as const;
    const { deps, content, signals, standing, calls } = await bench({}, { ...bound, state: 'renewing' });
    const local = { ...deps.local, look: () => ({ kind: 'gone' }) as const };
    const lost = await perform({ ...deps, local }, content, renew, signals);
    assert.equal(lost?.event.type, 'source-lost');
    standing.isThere = false;
    const waiting = await perform(deps, content, renew, signals);
    assert.equal(waiting?.event.type, 'trouble');
    assert.deepEqual(calls, []);
  });

  for (const code of ['unreachable', 'wire_trouble'] as const) {
    it(`is written down of a completion that nobody answered (${code}), and of nothing else`, async () => {
      const down = () => Promise.reject(floraError(code, { scope: 'service', disposition: 'retry' }));
      const { deps, content, signals } = await bench({ complete: down, get: down }, { ...bound, state: 'uploaded' });
      const complete = { type: 'complete', assetId: 'asset_1', idempotencyKey: 'k' } as const;
      const outcome = await perform(deps, content, complete, signals);
      assert.ok(outcome?.event.type === 'trouble');
      assert.equal(outcome.event.code, code);
    });
  }

  it('is not written down of a completion that something in between refused for all', async () => {
    const limited = () =>
      Promise.reject(floraError('rate_limited', { scope: 'service', disposition: 'retry', status: 429 }));
    const { deps, content, signals } = await bench({ complete: limited }, { ...bound, state: 'uploaded' });
    const complete = { type: 'complete', assetId: 'asset_1', idempotencyKey: 'k' } as const;
    assert.equal(await perform(deps, content, complete, signals), null);
  });

  it('is not written down once the daemon is to stop while its bytes were compared', async () => {
    const { deps, content, signals, stopping } = await bench(
      { get: () => ({ value: facts({ status: 'ready', sizeBytes: 99 }), requestId: null }) },
      { ...bound, state: 'checking' },
    );
    class Comparing extends NoLearning {
      override async compare(): Promise<'unknown'> {
        stopping.abort();
        return 'unknown';
      }
    }
    const check = { type: 'check', assetId: 'asset_1' } as const;
    const learning = new Comparing(deps.ledger);
    assert.equal(await perform({ ...deps, learning }, content, check, signals), null);
  });
});

describe('a request at the gate', () => {
  const call = { op: 'reserve', file: { id: 1, sizeBytes: 3, attempts: 0 } } as const;

  function atGate() {
    const clock = new HandClock();
    const gate = new Gate({ most: 1, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const [stopping, abort] = [new AbortController(), new AbortController()];
    return { clock, gate, stopping, abort, signals: { stopping: stopping.signal, abort: abort.signal } };
  }

  it('looks once more whether the gate is open after what it had to look at, and asks then', async () => {
    const { clock, signals } = atGate();
    const gate = new Gate({ most: 2, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const order: string[] = [];
    const before = async () => {
      order.push('before');
      if (order.length > 1) return null;
      const pass = await gate.enter({ op: 'check', file: { id: 2, sizeBytes: 1, attempts: 0 } }, signals.stopping);
      assert.ok(pass);
      gate.failed(pass, floraError('unreachable', { scope: 'service', disposition: 'retry' }));
      order.push('closed');
      return null;
    };
    const request = async () => void order.push('asked');
    const asked = await clock.advanceUntil(askFlora(gate, signals, call, request, before));
    assert.equal(asked?.kind, 'answer');
    assert.deepEqual(order, ['before', 'closed', 'before', 'asked']);
  });

  it('that is done without leaves its place to the next', async () => {
    const { gate, signals } = atGate();
    const instead = await askFlora(
      gate,
      signals,
      call,
      () => assert.fail('asked'),
      async () => 'no source',
    );
    assert.deepEqual(instead, { kind: 'instead', value: 'no source' });
    assert.equal((await askFlora(gate, signals, call, async () => 1))?.kind, 'answer');
  });

  for (const error of [
    new TypeError('a bug'),
    new SyncError('x', { code: 'ledger_full', op: 'x', scope: 'process' }),
  ]) {
    it(`that fails with what is no answer (${error.name}) leaves its place to the next`, async () => {
      const { gate, signals } = atGate();
      await assert.rejects(
        askFlora(gate, signals, call, () => Promise.reject(error)),
        error,
      );
      await assert.rejects(
        askFlora(
          gate,
          signals,
          call,
          async () => 1,
          () => Promise.reject(error),
        ),
        error,
      );
      assert.equal((await askFlora(gate, signals, call, async () => 1))?.kind, 'answer');
    });
  }

  it('that was cut by the end comes to nothing, whatever it failed with, and leaves its place', async () => {
    const { gate, signals, abort } = atGate();
    for (const error of [
      floraError('connection_lost'),
      floraError('credits', { scope: 'service' }),
      new Error('cut'),
    ]) {
      abort.abort();
      assert.equal(await askFlora(gate, signals, call, () => Promise.reject(error)), null);
    }
    const other = { ...signals, abort: new AbortController().signal };
    assert.equal((await askFlora(gate, other, call, async () => 1))?.kind, 'answer');
    assert.equal(gate.trouble, null);
  });

  it('is not made once the daemon is to stop', async () => {
    const { gate, signals, stopping } = atGate();
    stopping.abort();
    assert.equal(await askFlora(gate, signals, call, () => assert.fail('asked')), null);
  });
});
