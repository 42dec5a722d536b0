import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Admitted } from '../../../../src/sync/ports/ledger.ts';
import { advance } from '../../../../src/sync/upload/worker.ts';
import { facts, reservation } from '../../../support/contents.ts';
import { type Script, uploading } from '../../../support/uploading.ts';

const signals = { stopping: new AbortController().signal, abort: new AbortController().signal };

/** A worker with one file that has copies, and what is told of it, and when its place at the gate is free. */
async function working(script: Script, copies: readonly string[] = []) {
  const world = await uploading({
    files: 1,
    script: {
      reserve: () => ({ value: reservation(), requestId: null, isReplayed: false }),
      upload: () => {},
      complete: () => ({ value: facts({ status: 'ready' }), requestId: null }),
      ...script,
    },
  });
  const { ledger, ids, deps, gate } = world;
  const [id = 0] = ids;
  const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
  const [path] = ledger.files.sources(id);
  assert.ok(path !== undefined);
  for (const name of copies) await ledger.write(({ files }) => files.saveContent(path.directoryId, name, stat, id, 1));
  const told: string[] = [];
  deps.log.info = (said: object, message: string) => void told.push(`${message}: ${(said as { path: string }).path}`);
  const freed: string[] = [];
  gate.unreserved = (of) => void freed.push(`${of === id} ${ledger.contents.get(of)?.state}`);
  const row = () => ledger.contents.get(id) ?? assert.fail();
  return {
    ...world,
    told,
    freed,
    row,
    run: (admitted?: Admitted) => advance({ ...deps, onDoubt: () => {} }, id, signals, admitted),
  };
}

describe('a step of a worker', () => {
  it('whose answer is about another asset is trouble, and says so', async () => {
    const { run, row } = await working({
      complete: () => ({ value: facts({ assetId: 'asset_9', status: 'ready' }), requestId: null }),
    });
    await run();
    assert.deepEqual(
      [row().state, row().reasonCode, row().reason],
      ['checking', 'bad_answer', 'FLORA answered about another asset than the one asked for'],
    );
  });

  it('speaks of the file that has the bytes, and of each later one by the one that it is sent from', async () => {
    const { run, told, deps, ledger, ids, row } = await working({}, ['copy.png']);
    const names = ledger.files.sources(ids[0] ?? 0).map(({ name }) => name);
    const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
    deps.local.look = ({ name }) => (name === names[0] ? { kind: 'gone' } : { kind: 'file', stat });
    const [seen] = ledger.files.sources(ids[0] ?? 0);
    await run({ content: row(), path: seen });
    assert.deepEqual(told, [
      `queued -> reserved: /drop/${names[1]}`,
      `reserved -> uploaded: /drop/${names[1]}`,
      `uploaded -> ready: /drop/${names[1]}`,
    ]);
  });

  it('speaks of the file that the bytes were sent from, where another turned out to be changed only then', async () => {
    const { run, told, deps, ledger, ids } = await working({}, ['copy.png']);
    const names = ledger.files.sources(ids[0] ?? 0).map(({ name }) => name);
    const { openSource } = deps.local;
    deps.local.openSource = async (path, ...rest) =>
      path.name === names[0] ? { kind: 'changed' } : await openSource(path, ...rest);
    await run();
    assert.deepEqual(told, [
      `queued -> reserved: /drop/${names[0]}`,
      `reserved -> uploaded: /drop/${names[1]}`,
      `uploaded -> ready: /drop/${names[1]}`,
    ]);
  });

  it('is followed by a look at the whole asset where that is the first of its kind, and ends with it', async () => {
    const changed = { ...facts({ status: 'ready' }), url: 'https://cdn.example/other' };
    for (const [said, url] of [
      [null, 'https://cdn.example/a'],
      [facts({ status: 'ready' }), 'https://cdn.example/a'],
      [changed, 'https://cdn.example/other'],
    ] as const) {
      const { run, deps, row, calls } = await working({});
      const looked: unknown[] = [];
      deps.learning.isWanted = () => true;
      deps.learning.look = async (of, { abort }) => {
        looked.push([of.state, abort === signals.stopping]);
        return said && { event: { type: 'asset', facts: said, by: 'get' }, requestId: null, doubted: [] };
      };
      await run();
      assert.deepEqual([row().state, row().url, looked], ['ready', url, [['ready', true]]]);
      assert.equal(calls.length, 3);
    }
  });

  it('leaves its place at the gate as soon as nothing is sent to its reservation any more, and not before', async () => {
    const { run, freed } = await working({});
    await run();
    assert.deepEqual(freed, ['true uploaded', 'true ready']);
    const stalled = await working({ upload: () => Promise.reject(new Error('cut')) });
    await assert.rejects(stalled.run(), /^Error: cut$/);
    assert.deepEqual(stalled.freed, []);
  });
});
