import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Reservation } from '../../../../src/core/event.ts';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { SyncError } from '../../../../src/errors.ts';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import { DueWork } from '../../../../src/sync/ports/due-work.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { startScheduler } from '../../../../src/sync/upload/scheduler.ts';
import { advance, type WorkerDeps } from '../../../../src/sync/upload/worker.ts';
import { facts, reservation } from '../../../support/contents.ts';
import { creatingOver, NoLearning } from '../../../support/flora-knowledge.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

type Script = Partial<{ [Call in keyof RemotePort]: (...args: never[]) => unknown }>;

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
const signals = { stopping: new AbortController().signal, abort: new AbortController().signal };

/** A worker over a real ledger with one queued content, and a FLORA that answers what the test wrote. */
async function bench(script: Script, names: readonly string[] = ['a.png']) {
  const calls: string[] = [];
  const clock = new HandClock();
  const { ledger, database } = memoryLedger();
  const { destinationId, folderId } = await withFolder(ledger);
  const content = await ledger.write((tables) => {
    const inserted = tables.contents.insert(newContent(destinationId), clock.now());
    const directoryId = tables.directories.save(folderId, '');
    for (const name of names) tables.files.saveContent(directoryId, name, stat, inserted.id, clock.now());
    return inserted;
  });
  const usual: Script = {
    reserve: () => ({ value: reservation(), requestId: 'req_1', isReplayed: false }),
    upload: () => undefined,
    complete: () => ({ value: facts({ status: 'ready' }), requestId: 'req_2' }),
    get: () => ({ value: facts(), requestId: 'req_3' }),
  };
  const remote = new Proxy({} as RemotePort, {
    get:
      (_, name: keyof RemotePort) =>
      async (...args: never[]) => {
        const row = ledger.contents.get(content.id);
        calls.push(`${name} while ${row?.state}${row?.assetId === null ? '' : ` ${row?.assetId}`}`);
        const answer = script[name] ?? usual[name];
        assert.ok(answer, `Unexpected call: ${name}`);
        return await answer(...args);
      },
  });
  const random = { fraction: () => 0.5, token: tokens() };
  const doubts: string[] = [];
  const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const unused = () => assert.fail('not part of this test');
  const deps: WorkerDeps = {
    ledger,
    clock,
    random,
    remote,
    log: noLog,
    gate: new Gate({ most: 8, clock, random, onChange: () => {} }),
    transfers: new Transfers(8),
    local: {
      walk: unused,
      read: unused,
      look: ({ name }) => (name.startsWith('gone') ? { kind: 'gone' } : { kind: 'file', stat }),
      detour: () => null,
      isUnfinished: () => false,
      glance: unused,
      rootIdentity: unused,
      openForWriting: unused,
      isRemote: unused,
      inspect: unused,
      openSource: async ({ name }) =>
        name.startsWith('gone')
          ? { kind: 'gone' }
          : { kind: 'source', sizeBytes: 3, async *chunks() {}, close: async () => {} },
    },
    roots: { isThere: () => true },
    matching: { match: unused },
    creating: creatingOver(ledger, clock),
    learning: new NoLearning(ledger),
    uploadsMissing: () => false,
    onChange: () => {},
    onSent: () => {},
    onDoubt: ({ name }) => doubts.push(name),
  };
  return {
    deps,
    ledger,
    database,
    content,
    calls,
    clock,
    doubts,
    run: () => advance(deps, content.id, signals),
  };
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
}

function tokens(): () => string {
  let count = 1;
  return () => {
    count += 1;
    return `token-${count}`;
  };
}

function fail(code: ErrorCode, patch: { scope?: 'file' | 'service'; status?: number } = {}): never {
  throw new SyncError(code, { code, scope: 'file', disposition: null, op: 'test', ...patch });
}

const stateOf = (ledger: Ledger, id: number) => ledger.contents.get(id)?.state;

describe('advance', () => {
  it('brings a file to ready: reserved before bytes, uploaded before complete, each row first', async () => {
    const { run, calls, ledger, content } = await bench({});
    await run();
    assert.deepEqual(calls, [
      'reserve while queued',
      'upload while reserved asset_1',
      'complete while uploaded asset_1',
    ]);
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('leaves what its search did not find to the scheduler, which knows whether another asset may be asked for', async () => {
    const { run, calls, ledger, content, deps } = await bench({});
    await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'matching' }, 1));
    const match = async () => ({ event: { type: 'unmatched' }, requestId: null, doubted: [] }) as const;
    Object.assign(deps, { matching: { match } });
    await run();
    assert.deepEqual([stateOf(ledger, content.id), calls], ['queued', []]);
    await run();
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('sends no byte when the binding could not be made durable', async () => {
    const { run, calls, database } = await bench({});
    database.exec(`CREATE TRIGGER full BEFORE UPDATE ON content BEGIN SELECT raise(ABORT, 'disk full'); END`);
    await assert.rejects(run(), { code: 'ledger_io' });
    assert.deepEqual(calls, ['reserve while queued']);
  });

  it('repeats a lost reservation under the same key', async () => {
    const keys: string[] = [];
    let lost = 2;
    const { run, clock, ledger, content } = await bench({
      reserve: ({ idempotencyKey }: { idempotencyKey: string }) => {
        keys.push(idempotencyKey);
        lost -= 1;
        return lost >= 0 ? fail('connection_lost') : { value: reservation(), requestId: null, isReplayed: true };
      },
    });
    for (let tries = 0; tries < 3; tries += 1) {
      await run();
      await clock.advance(30_000);
    }
    assert.deepEqual(keys, ['key-1', 'key-1', 'key-1']);
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('asks with a new key after a spent one', async () => {
    const keys: string[] = [];
    const { run, clock } = await bench({
      reserve: ({ idempotencyKey }: { idempotencyKey: string }) => {
        keys.push(idempotencyKey);
        return keys.length === 1 ? fail('key_spent') : { value: reservation(), requestId: null, isReplayed: false };
      },
    });
    await run();
    await clock.advance(30_000);
    await run();
    assert.equal(new Set(keys).size, 2);
  });

  it('never reserves again because complete was ambiguous', async () => {
    const { run, clock, calls, ledger, content } = await bench({
      complete: () => fail('connection_lost'),
      get: () => ({ value: facts({ status: 'ready', sizeBytes: 3 }), requestId: null }),
    });
    await run();
    await clock.advance(30_000);
    await run();
    assert.equal(calls.filter((call) => call.startsWith('reserve')).length, 1);
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('does not ask again at once when FLORA answers about another asset', async () => {
    const { run, calls, ledger, content } = await bench({
      complete: () => ({ value: facts({ assetId: 'asset_other', status: 'ready' }), requestId: null }),
    });
    await run();
    assert.equal(calls.length, 3);
    assert.equal(stateOf(ledger, content.id), 'checking');
    assert.equal(ledger.contents.get(content.id)?.reason, 'FLORA answered about another asset than the one asked for');
  });

  it('takes another reservation when FLORA names an asset that holds other bytes', async () => {
    const answers: Partial<Reservation>[] = [{ assetId: 'asset_taken' }, { assetId: 'asset_1' }];
    const { run, ledger, content } = await bench({
      reserve: () => ({ value: reservation(answers.shift()), requestId: null, isReplayed: false }),
    });
    await ledger.write((tables) => {
      const other = tables.contents.insert(newContent(1, { sha256: 'ff', idempotencyKey: 'other' }), 0);
      tables.contents.save(other, { ...other, state: 'ready', assetId: 'asset_taken' }, 0);
    });
    await run();
    assert.equal(answers.length, 0);
    assert.equal(stateOf(ledger, content.id), 'ready');
    assert.equal(ledger.contents.get(content.id)?.assetId, 'asset_1');
  });

  it('sends from another file with the same bytes when the first one went away, and doubts that one', async () => {
    const { run, ledger, content, doubts } = await bench({}, ['gone.png', 'still-there.png']);
    await run();
    assert.equal(stateOf(ledger, content.id), 'ready');
    assert.deepEqual(doubts, ['gone.png']);
  });

  it('sends from a copy that was admitted while the first file was lost on the way', async () => {
    let tries = 0;
    const { run, ledger, content, clock, doubts } = await bench({
      upload: async () => {
        tries += 1;
        if (tries > 1) return;
        const directory = ledger.directories.find(1, '');
        await ledger.write((tables) =>
          tables.files.saveContent(directory?.id ?? 0, 'renamed.png', stat, content.id, clock.now()),
        );
        fail('source_changed');
      },
    });
    await run();
    assert.equal(stateOf(ledger, content.id), 'reserved');
    assert.deepEqual(doubts, ['a.png']);
    await clock.advance(30_000);
    await run();
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('casts no doubt on a file that holds other bytes by now', async () => {
    const { run, ledger, content, clock } = await bench({
      upload: async () => {
        await ledger.write((tables) => {
          const other = tables.contents.insert(newContent(1, { sha256: 'ee', idempotencyKey: 'other' }), clock.now());
          const directory = tables.directories.save(1, '');
          tables.files.saveContent(directory, 'a.png', stat, other.id, clock.now());
        });
        fail('source_changed');
      },
    });
    await run();
    assert.equal(stateOf(ledger, content.id), 'gone');
    const other = ledger.contents.withBytes(1, 'ee')[0];
    assert.equal(ledger.files.sources(other?.id ?? 0).length, 1);
  });

  it('waits, and reserves nothing, while the drop folder is not there', async () => {
    const { run, ledger, content, calls, deps, doubts } = await bench({}, ['gone.png']);
    await advance({ ...deps, roots: { isThere: () => false } }, content.id, signals);
    assert.deepEqual(calls, []);
    assert.deepEqual(doubts, []);
    assert.equal(stateOf(ledger, content.id), 'queued');
    await run();
    assert.equal(stateOf(ledger, content.id), 'queued', 'it is not due yet');
  });

  it('is gone when no file holds the bytes any more, and nothing is sent', async () => {
    const { run, calls, ledger, content } = await bench({}, ['gone.png']);
    await run();
    assert.equal(stateOf(ledger, content.id), 'gone');
    assert.ok(calls.every((call) => !call.startsWith('upload')));
  });

  it('holds nothing against the file while FLORA as a whole is in trouble', async () => {
    let isDown = true;
    const { run, clock, ledger, content } = await bench({
      reserve: () =>
        isDown
          ? fail('unreachable', { scope: 'service' })
          : { value: reservation(), requestId: null, isReplayed: false },
    });
    const running = run();
    await clock.advance(120_000);
    assert.equal(ledger.contents.get(content.id)?.attempts, 0);
    isDown = false;
    await clock.advanceUntil(running);
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('drops its result when somebody else changed the row meanwhile', async () => {
    const { run, ledger, content } = await bench({
      reserve: async () => {
        const row = ledger.contents.get(content.id);
        assert.ok(row);
        await ledger.write((tables) => tables.contents.save(row, { ...row, state: 'rejected' }, 0));
        return { value: reservation(), requestId: null, isReplayed: false };
      },
    });
    await run();
    assert.equal(stateOf(ledger, content.id), 'rejected');
    assert.equal(ledger.contents.get(content.id)?.assetId, null);
  });
});

describe('the scheduler, told of what was written a moment ago', () => {
  const path = { root: '/drop', directory: '', name: 'a.png', directoryId: 1 };

  it('begins with that, and reads nothing again', async () => {
    const { deps, content, calls, ledger } = await bench({});
    const stopping = new AbortController();
    let isIdle = false;
    const idle = () => {
      isIdle = true;
    };
    const read: string[] = [];
    const { get } = ledger.contents;
    const { sources } = ledger.files;
    ledger.contents.get = (id) => {
      read.push('content');
      return get.call(ledger.contents, id);
    };
    ledger.files.sources = (id, most) => {
      read.push('sources');
      return sources.call(ledger.files, id, most);
    };
    ledger.readTogether = () => assert.fail('all of it is at hand');
    const due = new DueWork();
    const scheduler = startScheduler({ ...deps, due, onIdle: idle }, 1, { ...signals, stopping: stopping.signal });
    due.announce({ content, path });
    await until(() => isIdle);
    stopping.abort();
    await scheduler.finished;
    // Each read is one of the test's own, before a call to FLORA.
    assert.deepEqual(read, ['content', 'content', 'content']);
    assert.equal(calls.length, 3);
    assert.equal(stateOf(ledger, content.id), 'ready');
  });

  it('does not believe it of a content that is further on: its bytes could go where they must not', async () => {
    const { deps, content, calls, ledger } = await bench({});
    const bound = { ...content, state: 'reserved', assetId: 'asset_1', target: reservation().target } as const;
    await ledger.write((tables) => tables.contents.save(content, { ...bound, state: 'checking' }, 1));
    const stopping = new AbortController();
    let isIdle = false;
    const idle = () => {
      isIdle = true;
    };
    const due = new DueWork();
    const scheduler = startScheduler({ ...deps, due, onIdle: idle }, 1, { ...signals, stopping: stopping.signal });
    due.announce({ content: { ...bound, revision: content.revision }, path });
    await until(() => isIdle);
    stopping.abort();
    await scheduler.finished;
    assert.equal(calls[0], 'get while checking asset_1');
  });
});
