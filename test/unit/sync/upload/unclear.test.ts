import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Content, oneBufferBytes } from '../../../../src/core/content.ts';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { SyncError } from '../../../../src/errors.ts';
import { registerFolders } from '../../../../src/setup/open-ledger.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { ByteSource } from '../../../../src/sync/ports/byte-source.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { notingAllBytes } from '../../../../src/sync/upload/unclear.ts';
import { advance, type WorkerDeps } from '../../../../src/sync/upload/worker.ts';
import { facts, reservation } from '../../../support/contents.ts';
import { creatingOver, NoLearning } from '../../../support/flora-knowledge.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

const pieces = ['one', 'two', 'end'];
const sizeBytes = oneBufferBytes + 1;
const stat = { sizeBytes, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
const target = { kind: 'put', url: 'https://host/upload' } as const;

/** Of a body that leaves in pieces, though a short one. */
function sourceOf(): ByteSource {
  async function* chunks() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  return { sizeBytes: pieces.join('').length, chunks, close: async () => {} };
}

/** A ledger with one content, reserved, whose groups commit when the test says so from now on. */
async function reservedLedger(patch: Partial<Content> = {}) {
  let flush = () => {};
  let isByHand = false;
  const { ledger } = memoryLedger((run) => {
    flush = run;
    if (!isByHand) setImmediate(run);
  });
  const { destinationId, folderId } = await withFolder(ledger);
  await ledger.write(({ contents, directories, files }) => {
    const inserted = contents.insert(newContent(destinationId, { sizeBytes }), 1);
    files.saveContent(directories.save(folderId, ''), 'a.png', stat, inserted.id, 1);
    contents.save(inserted, { ...inserted, state: 'reserved', assetId: 'asset_1', target, ...patch }, 1);
  });
  const content = ledger.contents.get(1);
  assert.ok(content !== undefined);
  return {
    ledger,
    content,
    flush: () => flush(),
    byHand: () => {
      isByHand = true;
    },
  };
}

describe('the source of a large body', () => {
  it('gives its last piece only once it is durable that all bytes may arrive', async () => {
    const { ledger, content, flush, byHand } = await reservedLedger();
    byHand();
    let written: Content | undefined;
    const noted = notingAllBytes({ ledger, clock: new HandClock() }, content, sourceOf(), (row) => {
      written = row;
    });
    const chunks = noted.chunks()[Symbol.asyncIterator]();
    for (const piece of pieces.slice(0, -1)) assert.equal(String((await chunks.next()).value), piece);
    assert.equal(written, undefined);
    const last = chunks.next();
    const first = await Promise.race([last, new Promise((resolve) => setImmediate(resolve, 'nothing'))]);
    assert.equal(first, 'nothing', 'the last piece waits for the commit');
    flush();
    assert.equal(String((await last).value), pieces.at(-1));
    assert.deepEqual(written, ledger.contents.get(content.id));
    assert.equal(ledger.contents.get(content.id)?.mayHaveAllBytes, true);
  });

  it('gives no last piece where the row has changed meanwhile: nothing of it would be written down', async () => {
    const { ledger, content } = await reservedLedger();
    await ledger.write(({ contents }) => contents.save(content, { ...content, attempts: 1 }, 2));
    const noted = notingAllBytes({ ledger, clock: new HandClock() }, content, sourceOf(), () => assert.fail());
    const got: string[] = [];
    const all = async () => {
      for await (const chunk of noted.chunks()) got.push(String(chunk));
    };
    await assert.rejects(all(), {
      code: 'row_changed',
      scope: 'file',
      op: 'upload',
      message: 'Somebody else changed what the ledger says of the file while it was being sent',
    });
    assert.deepEqual(got, pieces.slice(0, -1));
  });

  it('gives its chunks back to the source, and is as long, and is closed with it', async () => {
    const { ledger, content } = await reservedLedger();
    const done: string[] = [];
    class Recycling {
      readonly sizeBytes = 9;
      chunks = sourceOf().chunks;
      recycle(chunk: Uint8Array) {
        done.push(`${chunk} back to ${this.sizeBytes}`);
      }
      async close() {
        done.push(`closed ${this.sizeBytes}`);
      }
    }
    const noted = notingAllBytes({ ledger, clock: new HandClock() }, content, new Recycling(), () => {});
    assert.equal(noted.sizeBytes, 9);
    for await (const chunk of noted.chunks()) noted.recycle?.(chunk);
    await noted.close();
    assert.deepEqual(done, [...pieces.map((piece) => `${Buffer.from(piece)} back to 9`), 'closed 9']);
    assert.equal(notingAllBytes({ ledger, clock: new HandClock() }, content, sourceOf(), () => {}).recycle, undefined);
  });

  it('is left as it is where that is known already, and where a body leaves in one piece', async () => {
    const deps = { ...(await reservedLedger()), clock: new HandClock() };
    const source = sourceOf();
    for (const patch of [{ mayHaveAllBytes: true }, { sizeBytes: oneBufferBytes }]) {
      assert.equal(
        notingAllBytes(deps, { ...deps.content, ...patch }, source, () => {}),
        source,
      );
    }
  });
});

describe('a start after a kill', () => {
  it('takes what was reserved, and leaves in one piece, for sent perhaps, before anything is read', async () => {
    const { ledger, content } = await reservedLedger({ sizeBytes });
    const small = await ledger.write(({ contents }) => {
      const inserted = contents.insert(newContent(1, { sha256: 'small', idempotencyKey: 'small' }), 1);
      contents.save(inserted, { ...inserted, state: 'reserved', assetId: 'asset_2', target }, 1);
      return inserted.id;
    });
    await registerFolders(ledger, { folders: [], onNewLedger: 'match' });
    const known = [content.id, small].map((id) => ledger.contents.get(id)?.mayHaveAllBytes);
    assert.deepEqual(known, [false, true]);
  });
});

/** A worker that sends the file whole; then the upload ends as the test says. */
async function sendLarge(end: () => void) {
  const { ledger, content } = await reservedLedger();
  const clock = new HandClock();
  const random = { fraction: () => 0.5, token: () => 'token' };
  const unused = () => assert.fail('not part of this test');
  const upload: RemotePort['upload'] = async ({ source }) => {
    for await (const _ of source.chunks());
    assert.equal(ledger.contents.get(content.id)?.mayHaveAllBytes, true);
    end();
  };
  const remote: RemotePort = {
    upload,
    reserve: unused,
    complete: async () => ({ value: facts({ status: 'ready' }), requestId: 'req_1' }),
    renew: async () => ({ value: reservation(), requestId: 'req_2' }),
    get: async () => ({ value: facts(), requestId: 'req_3' }),
    list: unused,
    fetchDigest: unused,
    workspaceIds: unused,
  };
  const deps: WorkerDeps = {
    ledger,
    clock,
    random,
    remote,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    gate: new Gate({ most: 8, clock, random, onChange: () => {} }),
    transfers: new Transfers(8),
    local: {
      walk: unused,
      read: unused,
      look: () => ({ kind: 'file', stat }),
      detour: () => null,
      isUnfinished: () => false,
      glance: unused,
      rootIdentity: unused,
      openForWriting: unused,
      isRemote: unused,
      inspect: unused,
      openSource: async () => ({ kind: 'source', ...sourceOf() }),
    },
    roots: { isThere: () => true },
    matching: { match: unused },
    creating: creatingOver(ledger, clock),
    learning: new NoLearning(ledger),
    uploadsMissing: () => false,
    onChange: () => {},
    onSent: () => {},
    onDoubt: unused,
  };
  const signals = { stopping: new AbortController().signal, abort: new AbortController().signal };
  await advance(deps, content.id, signals);
  return ledger.contents.get(content.id);
}

describe('what comes of sending a large body', () => {
  const fail = (code: ErrorCode, status?: number) => () => {
    throw new SyncError(code, { code, scope: 'file', disposition: null, op: 'upload', status });
  };

  it('is written down over the row that the sending itself has changed', async () => {
    assert.equal((await sendLarge(() => {}))?.state, 'ready');
    const lost = await sendLarge(fail('connection_lost'));
    assert.deepEqual([lost?.state, lost?.mayHaveAllBytes, lost?.reasonCode], ['checking', true, 'connection_lost']);
  });

  it('leaves nothing unclear where the target has refused it', async () => {
    const refused = await sendLarge(fail('upload_refused', 403));
    assert.deepEqual([refused?.state, refused?.mayHaveAllBytes, refused?.strikes], ['checking', false, 1]);
    const ofBytes = await sendLarge(fail('bytes_refused', 413));
    assert.deepEqual([ofBytes?.state, ofBytes?.reasonCode], ['reserved', 'bytes_refused']);
    assert.equal(ofBytes?.reason, 'bytes_refused', 'the words of the upload host');
  });
});
