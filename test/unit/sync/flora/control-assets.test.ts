import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mostControls, showsOthers } from '../../../../src/sync/flora/control-assets.ts';
import type { ListQuery, RemotePort } from '../../../../src/sync/ports/flora.ts';
import { facts } from '../../../support/contents.ts';
import { openGate, serviceError } from '../../../support/gates.ts';
import { floraError } from '../../../support/uploading.ts';

const { signal } = new AbortController();
const signals = { stopping: signal, abort: signal };

/** Asks about `lost` while GET answers, in turn, what it is given. */
async function controlled(
  known: readonly string[],
  answers: readonly (Error | string)[],
  listed: readonly string[] = [],
) {
  const { gate, clock } = openGate();
  const asked: string[] = [];
  const left = [...answers];
  const unused = () => assert.fail('not part of this test');
  const remote: RemotePort = {
    get: async (assetId) => {
      asked.push(assetId);
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      return { value: facts({ assetId: answer ?? assetId }), requestId: null };
    },
    list: async () => {
      const assets = listed.map((assetId) => facts({ assetId }));
      return { value: { assets, anonymous: [], unreadable: 0, nextCursor: null }, requestId: null } as never;
    },
    upload: unused,
    reserve: unused,
    complete: unused,
    renew: unused,
    fetchDigest: unused,
    workspaceIds: unused,
  };
  const about = { workspaceId: 'ws_1', assetId: 'lost', known, file: null };
  const shown = showsOthers({ gate, remote }, about, signals);
  await clock.advanceUntil(shown);
  return { shown: await shown, asked };
}

const gone = floraError('asset_missing', { status: 404 });

describe('whether GET shows other assets', () => {
  it('waits out trouble with FLORA as a whole, which says nothing of any asset', async () => {
    const trouble = serviceError('unreachable');
    const { shown, asked } = await controlled(['a'], [trouble, trouble, 'a']);
    assert.deepEqual([shown, asked], ['some', ['a', 'a', 'a']]);
  });

  it('is asked of three that a listing shows, where none is known', async () => {
    const { gate } = openGate();
    const limits: number[] = [];
    const list = async ({ limit }: ListQuery) => {
      limits.push(limit);
      return { value: { assets: [], anonymous: [], unreadable: 0, nextCursor: null }, requestId: null };
    };
    const about = { workspaceId: 'ws_1', assetId: 'lost', known: [], file: null };
    assert.equal(await showsOthers({ gate, remote: { list } as unknown as RemotePort }, about, signals), 'empty');
    assert.deepEqual([limits, mostControls], [[3], 3]);
  });

  it('is asked for the file that it is about, for as long as the worker may', async () => {
    const { gate } = openGate();
    const [stopping, abort] = [new AbortController().signal, new AbortController().signal];
    const calls: unknown[] = [];
    const enter = gate.enter.bind(gate);
    gate.enter = async (call, by) => {
      calls.push([call, by === stopping]);
      return await enter(call, by);
    };
    const asked: unknown[] = [];
    const page = { assets: [facts({ assetId: 'x' })], anonymous: [], unreadable: 0, nextCursor: null };
    const remote = {
      list: async (...of: unknown[]) => {
        asked.push(of);
        return { value: page, requestId: null };
      },
      get: async (...of: unknown[]) => {
        asked.push(of);
        return { value: facts({ assetId: 'x' }), requestId: null };
      },
    } as unknown as RemotePort;
    const file = { id: 7, sizeBytes: 1, attempts: 0 };
    const about = { workspaceId: 'ws_1', assetId: 'lost', known: [], file };
    assert.equal(await showsOthers({ gate, remote }, about, { stopping, abort }), 'some');
    assert.deepEqual(asked, [
      [{ workspaceId: 'ws_1', projectId: null, limit: 3 }, null, abort],
      ['x', abort],
    ]);
    assert.deepEqual(calls, [
      [{ op: 'list', file }, true],
      [{ op: 'check', file }, true],
    ]);
  });

  it('is not known where the listing cannot be read, or was cut short, and empty only where nothing at all is listed', async () => {
    const { gate } = openGate();
    const about = { workspaceId: 'ws_1', assetId: 'lost', known: [], file: null };
    const shown = async (page: object | Error, by = signals) => {
      const list = async () => {
        if (page instanceof Error) throw page;
        const nothing = { assets: [], anonymous: [], unreadable: 0, nextCursor: null };
        return { value: { ...nothing, ...page }, requestId: null };
      };
      return await showsOthers({ gate, remote: { list } as unknown as RemotePort }, about, by);
    };
    assert.equal(await shown(floraError('bad_answer', { status: 200 })), 'none');
    assert.equal(await shown({}, { stopping: AbortSignal.abort(), abort: signal }), null);
    assert.equal(await shown({ anonymous: [facts()] }), 'none');
    assert.equal(await shown({ unreadable: 1 }), 'none');
    assert.equal(await shown({ nextCursor: 'on' }), 'none');
    assert.equal(await shown({}), 'empty');
  });

  it('is not known where it was cut short before any other was asked for', async () => {
    const { gate } = openGate();
    const about = { workspaceId: 'ws_1', assetId: 'lost', known: ['a'], file: null };
    const stopped = { stopping: AbortSignal.abort(), abort: signal };
    assert.equal(await showsOthers({ gate, remote: {} as RemotePort }, about, stopped), null);
  });

  it('is shown by the first that is there, of three at most', async () => {
    assert.deepEqual(await controlled(['a', 'b', 'c'], [gone, 'b']), { shown: 'some', asked: ['a', 'b'] });
    assert.equal((await controlled(['a', 'b', 'c'], [gone, gone, gone])).shown, 'none');
  });

  it('is not shown by an answer about another asset', async () => {
    assert.equal((await controlled(['a'], ['lost'])).shown, 'none');
  });

  it('is asked of what a listing shows where none is known, the lost one aside', async () => {
    assert.deepEqual(await controlled([], [], ['lost', 'x']), { shown: 'some', asked: ['x'] });
    assert.equal((await controlled([], [], ['lost'])).shown, 'none');
    assert.equal((await controlled([], [], [])).shown, 'empty');
  });
});
