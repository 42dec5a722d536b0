import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { type Action, isSecondLookDue } from '../../../../src/core/next-action.ts';
import { seldomMs } from '../../../../src/core/steps.ts';
import type { Call } from '../../../../src/sync/flora/call.ts';
import type { Learning } from '../../../../src/sync/flora/learning.ts';
import { perform } from '../../../../src/sync/upload/perform.ts';
import { facts, reservation, target } from '../../../support/contents.ts';
import { NoLearning } from '../../../support/flora-knowledge.ts';
import { settled } from '../../../support/hand-clock.ts';
import { floraError, type Script, uploading } from '../../../support/uploading.ts';

// Each action, with what is asked for, what is told of it, and whose signal may cut it short.

/** One content, what was asked of FLORA for it, and what the gate was told of each request. */
async function bench(script: Script, patch: Partial<Content> = {}) {
  const world = await uploading({ files: 1, script });
  const [id = 0] = world.ids;
  const first = world.ledger.contents.get(id);
  assert.ok(first !== undefined);
  await world.ledger.write(({ contents }) => contents.save(first, { ...first, ...patch }, world.clock.now()));
  const content = world.ledger.contents.get(id);
  assert.ok(content !== undefined);
  const [path] = world.ledger.files.sources(id);
  assert.ok(path !== undefined);
  const [stopping, abort] = [new AbortController(), new AbortController()];
  const asked: Call[] = [];
  const enter = world.gate.enter.bind(world.gate);
  world.gate.enter = async (call, signal) => {
    asked.push(call);
    assert.equal(signal, stopping.signal, 'who waits at the gate goes when the daemon is to stop');
    return await enter(call, signal);
  };
  const signals = { stopping: stopping.signal, abort: abort.signal };
  const run = (action: Action, deps = world.deps) => perform(deps, content, action, signals);
  return { ...world, content, path, signals, stopping, abort, asked, run };
}

const bound = { state: 'checking', assetId: 'asset_1', target, isCompleteSent: true } as const;
const reserve = { type: 'reserve', idempotencyKey: 'key 0' } as const;
const upload = { type: 'upload', assetId: 'asset_1', target } as const;
const complete = { type: 'complete', assetId: 'asset_1', idempotencyKey: 'c' } as const;
const renew = { type: 'renew', assetId: 'asset_1', idempotencyKey: 'r' } as const;
const check = { type: 'check', assetId: 'asset_1' } as const;

const away = 'Its drop folder, or a drive in it, is not there just now';
const lost = 'The file changed or went away before its bytes were sent';

describe('what comes of a step', () => {
  it('is nothing where there is none, and the end of its target where that is over', async () => {
    const { run } = await bench({});
    assert.equal(await run({ type: 'none' }), null);
    assert.deepEqual(await run({ type: 'expire' }), {
      event: { type: 'target-expired' },
      requestId: null,
      doubted: [],
    });
  });

  it('is a fault of the program where nobody knows the step', async () => {
    const { run } = await bench({});
    await assert.rejects(run({ type: 'dance' } as never), { message: 'Unknown action {"type":"dance"}' });
  });

  it('that looks for the bytes in FLORA is what the search says, and the stop cuts it short', async () => {
    const { run, content, deps, signals } = await bench({}, { state: 'matching' });
    const found = { event: { type: 'unmatched' }, requestId: 'req_1', doubted: [] } as const;
    const match: typeof deps.matching.match = async (asked, { stopping, abort }) => {
      assert.deepEqual([asked, stopping, abort], [content, signals.stopping, signals.stopping]);
      return found;
    };
    assert.equal(await run({ type: 'match' }, { ...deps, matching: { match } }), found);
  });

  it('that reserves is the reservation, from the file that was seen for it', async () => {
    const value = reservation({ assetId: 'asset_7' });
    const { run, content, calls, signals, asked, path, deps } = await bench({
      reserve: () => ({ value, requestId: 'req_1', isReplayed: true }),
    });
    const targeted: unknown[] = [];
    const learning = Object.assign(new NoLearning(deps.ledger), {
      targeted: async (...told: Parameters<Learning['targeted']>) => {
        await deps.clock.turn();
        targeted.push(told);
      },
    });
    const outcome = await run(reserve, { ...deps, learning });
    assert.deepEqual(outcome, {
      event: { type: 'reserved', reservation: value, isReplayed: true },
      requestId: 'req_1',
      doubted: [],
      path,
    });
    const destination = { workspaceId: 'ws_1', folder: null, projectId: null };
    const wanted = { destination, fileName: 'a.png', contentType: 'image/png', idempotencyKey: 'key 0' };
    assert.deepEqual(
      calls.map(({ name, args }) => [name, ...args]),
      [['reserve', wanted, signals.abort]],
    );
    assert.deepEqual(asked, [{ op: 'reserve', file: content }]);
    assert.deepEqual(targeted, [[content, value]], 'where bytes go is learnt before the next step');
  });

  it('that reserves is told with the files that were found to be others on the way', async () => {
    const value = reservation();
    const { run, deps, path, content, ledger } = await bench({
      reserve: () => ({ value, requestId: null, isReplayed: false }),
    });
    const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 2, device: 1 };
    await ledger.write(({ files }) => files.saveContent(path.directoryId, 'copy.png', stat, content.id, 1));
    const [one, other] = ledger.files.sources(content.id);
    assert.ok(one !== undefined && other !== undefined);
    const sized = (sizeBytes: number) => ({ kind: 'file', stat: { ...stat, sizeBytes } }) as const;
    const local = { ...deps.local, look: ({ name }: { readonly name: string }) => sized(name === one.name ? 4 : 3) };
    const outcome = await run(reserve, { ...deps, local });
    assert.deepEqual([outcome?.event.type, outcome?.doubted, outcome?.path], ['reserved', [one], other]);
  });

  it('that reserves without a file asks for nothing, and is the loss of its source, or a wait for its drive', async () => {
    const { run, deps, calls, path } = await bench({});
    const local = { ...deps.local, look: () => ({ kind: 'gone' }) as const };
    assert.deepEqual(await run(reserve, { ...deps, local }), {
      event: { type: 'source-lost', reason: lost },
      requestId: null,
      doubted: [path],
    });
    assert.deepEqual(await run(reserve, { ...deps, local, roots: { isThere: () => false } }), {
      event: { type: 'trouble', code: 'folder_away', reason: away, retryAfterMs: null },
      requestId: null,
      doubted: [],
    });
    assert.deepEqual(calls, []);
  });

  it('that reserves while creating is slow is the wait, and doubts what was found on the way', async () => {
    const { run, deps, calls, path } = await bench({});
    const refusal = { type: 'trouble', code: 'creation_slow', reason: 'slow', retryAfterMs: 7 } as const;
    deps.creating.enter = async () => refusal;
    assert.deepEqual(await run(reserve), { event: refusal, requestId: null, doubted: [], path });
    assert.deepEqual(calls, []);
  });

  it('that sends is the acceptance of all bytes, in a slot of its own, and each piece is told', async () => {
    const now = 1_800_000_000_000;
    const row = { ...bound, state: 'reserved', targetExpiresAtMs: now + 5_000 } as const;
    const { run, calls, signals, deps, content, creating, path } = await bench(
      {
        upload: ({ onSent }: { onSent: (bytes: number) => void }) => {
          assert.deepEqual([...deps.transfers.uploading], [content.id]);
          onSent(2);
          onSent(1);
        },
      },
      row,
    );
    const told: unknown[] = [];
    const moved: unknown[] = [];
    creating.sent = (of) => void moved.push(of);
    const outcome = await run(upload, { ...deps, onSent: (...of) => void told.push(of) });
    assert.deepEqual(outcome, { event: { type: 'bytes-accepted' }, requestId: null, doubted: [], path });
    assert.deepEqual(told, [
      [content, 2],
      [content, 1],
    ]);
    assert.deepEqual(moved, [content, content]);
    const [{ args: [wanted = undefined, signal = undefined] = [] } = {}] = calls;
    const { source, onSent, ...rest } = wanted as Record<string, unknown>;
    assert.deepEqual(rest, { target, fileName: 'a.png', contentType: 'image/png', livesForMs: 5_000 });
    assert.equal((source as { sizeBytes: number }).sizeBytes, 3);
    assert.equal(typeof onSent, 'function');
    assert.equal(signal, signals.abort);
  });

  it('that sends is not over before its file is closed', async () => {
    const { run, deps } = await bench({ upload: () => {} }, { ...bound, state: 'reserved' });
    let close = () => {};
    const source = { kind: 'source', sizeBytes: 3, async *chunks() {} } as const;
    const openSource = async () => ({ ...source, close: () => new Promise<void>((done) => (close = done)) });
    let isOver = false;
    const sent = run(upload, { ...deps, local: { ...deps.local, openSource } }).then(() => {
      isOver = true;
    });
    await settled();
    assert.equal(isOver, false);
    close();
    await sent;
  });

  it('that sends waits for its slot no longer than until the daemon is to stop', async () => {
    const { run, deps, stopping, calls } = await bench({}, { ...bound, state: 'reserved' });
    const slots = deps.transfers;
    let free = () => {};
    const held = Array.from({ length: 4 }, (_, at) =>
      slots.upload(100 + at, new AbortController().signal, () => new Promise<void>((resolve) => (free = resolve))),
    );
    const waiting = run(upload);
    stopping.abort();
    free();
    assert.equal(await waiting, null);
    assert.deepEqual(calls, []);
    assert.equal(held.length, 4);
  });

  it('that sends is what the target said, with the request that it was', async () => {
    for (const [error, mayHaveAllBytes, event] of [
      [
        floraError('bytes_refused', { requestId: 'req_1' }),
        true,
        { type: 'bytes-refused', reason: 'bytes_refused', isAboutBytes: true, wasUnclear: true },
      ],
      [
        floraError('upload_refused', { requestId: 'req_1' }),
        false,
        { type: 'bytes-refused', reason: 'upload_refused', isAboutBytes: false, wasUnclear: false },
      ],
      [
        floraError('connection_lost', { requestId: 'req_1', retryAfterMs: 9 }),
        false,
        { type: 'trouble', code: 'connection_lost', reason: 'connection_lost', retryAfterMs: 9 },
      ],
    ] as const) {
      const row = { ...bound, state: 'reserved', mayHaveAllBytes } as const;
      const { run } = await bench({ upload: () => Promise.reject(error) }, row);
      assert.deepEqual(await run(upload), { event, requestId: 'req_1', doubted: [] });
    }
  });

  it('that sends without a file that can be opened doubts each of them', async () => {
    const { run, deps, path, calls } = await bench({}, { ...bound, state: 'reserved' });
    const local = { ...deps.local, openSource: async () => ({ kind: 'changed' }) as const };
    assert.deepEqual(await run(upload, { ...deps, local }), {
      event: { type: 'source-lost', reason: lost },
      requestId: null,
      doubted: [path],
    });
    assert.deepEqual(calls, []);
  });

  for (const [action, name, by] of [
    [complete, 'complete', 'complete'],
    [check, 'get', 'get'],
  ] as const) {
    it(`that asks (${action.type}) is what FLORA says of the asset, and by which question`, async () => {
      const said = facts({ status: 'pending_upload' });
      const { run, calls, signals, asked, content } = await bench(
        { [name]: () => ({ value: said, requestId: 'req_1' }) },
        bound,
      );
      assert.deepEqual(await run(action), {
        event: { type: 'asset', facts: said, by },
        requestId: 'req_1',
        doubted: [],
      });
      const args = action.type === 'check' ? [signals.stopping] : [action.idempotencyKey, signals.abort];
      assert.deepEqual(
        calls.map((call) => call.args),
        [['asset_1', ...args]],
        'a look changes nothing, and ends with the stop',
      );
      assert.deepEqual(asked, [{ op: action.type, file: content }]);
    });
  }

  it('that renews is another target', async () => {
    const value = reservation({ expiresInMs: 9 });
    const { run, calls, signals, asked, content } = await bench(
      { renew: () => ({ value, requestId: 'req_1' }) },
      { ...bound, state: 'renewing' },
    );
    assert.deepEqual(await run(renew), {
      event: { type: 'renewed', reservation: value },
      requestId: 'req_1',
      doubted: [],
    });
    assert.deepEqual(calls[0]?.args, ['asset_1', 'r', signals.abort]);
    assert.deepEqual(asked, [{ op: 'renew', file: content }]);
  });

  it('that fails is the error, with the request that it was', async () => {
    for (const requestId of ['req_1', undefined]) {
      const gone = floraError('not_found', requestId === undefined ? { status: 404 } : { status: 404, requestId });
      const { run } = await bench({ complete: () => Promise.reject(gone), get: () => Promise.reject(gone) }, bound);
      for (const action of [complete, check]) {
        const event = { type: 'asset-missing', isControlled: false };
        assert.deepEqual(await run(action), { event, requestId: requestId ?? null, doubted: [] });
      }
    }
  });

  it('that fails for everybody is nothing of this content', async () => {
    const trouble = floraError('unreachable', { scope: 'service', disposition: 'retry' });
    const { run } = await bench({ get: () => Promise.reject(trouble), renew: () => Promise.reject(trouble) }, bound);
    assert.equal(await run(check), null);
  });
});

describe('a 404 that is to be believed', () => {
  /** Asked a second time for an asset that FLORA does not show, while it shows these, or none. */
  async function second(
    get: (assetId: string) => unknown,
    known: readonly string[] = [],
    assets: readonly unknown[] = [],
  ) {
    const missing = { ...bound, missingSinceMs: 1_800_000_000_000 - seldomMs };
    const list = () => ({
      value: { assets, anonymous: [], unreadable: 0, nextCursor: null },
      requestId: null,
    });
    const world = await bench(
      {
        list,
        get: (assetId: string) =>
          assetId === 'asset_1'
            ? Promise.reject(floraError('not_found', { status: 404, requestId: 'req_404' }))
            : get(assetId),
      },
      missing,
    );
    assert.ok(isSecondLookDue(world.content, world.clock.now()));
    await world.ledger.write(({ contents, directories }) => {
      const destinationId = directories.destinationId({ workspaceId: 'ws_1', folder: null, projectId: null });
      for (const assetId of known) {
        const own = { ...world.content, destinationId, sha256: assetId, idempotencyKey: assetId };
        const { id } = contents.insert({ ...own, state: 'queued' }, 1);
        const row = contents.get(id);
        assert.ok(row !== undefined);
        assert.ok(contents.save(row, { ...row, state: 'ready', assetId }, 2));
      }
    });
    return world;
  }

  it('is asked for again with others of the ledger’s, and tells whether FLORA shows any', async () => {
    const other = await second((assetId) => ({ value: facts({ assetId, status: 'ready' }), requestId: null }), ['x']);
    assert.deepEqual(await other.run(check), {
      event: { type: 'asset-missing', isControlled: true },
      requestId: 'req_404',
      doubted: [],
    });
    assert.deepEqual(other.asked, [
      { op: 'check', file: other.content },
      { op: 'check', file: other.content },
    ]);
    const none = await second(() => Promise.reject(floraError('not_found', { status: 404 })), ['x', 'y']);
    assert.deepEqual((await none.run(check))?.event, { type: 'asset-missing', isControlled: false });
    assert.equal(none.countOf('get'), 3);
  });

  it('is none where FLORA says something else this time, or nothing', async () => {
    for (const [error, code] of [
      [floraError('server_error', { status: 500 }), 'server_error'],
      [floraError('unreachable', { scope: 'service', disposition: 'retry' }), undefined],
    ] as const) {
      const world = await second(() => assert.fail('no other is asked for'), ['x']);
      Object.assign(world.deps, { remote: { get: () => Promise.reject(error) } });
      const outcome = await world.run(check);
      assert.equal(outcome?.event.type === 'trouble' ? outcome.event.code : undefined, code);
      assert.equal(outcome === null, code === undefined);
    }
  });

  it('is no more believed where FLORA lists that one alone, which is not asked for again', async () => {
    const alone = await second(() => assert.fail(), [], [facts()]);
    assert.deepEqual((await alone.run(check))?.event, { type: 'asset-missing', isControlled: false });
    assert.equal(alone.countOf('get'), 1);
  });

  it('is no more believed where FLORA lists nothing at all', async () => {
    const empty = await second(() => assert.fail());
    assert.deepEqual((await empty.run(check))?.event, { type: 'asset-missing', isControlled: false });
    const [listed] = empty.calls.filter(({ name }) => name === 'list');
    const query = { workspaceId: 'ws_1', projectId: null, limit: 3 };
    assert.deepEqual(listed?.args, [query, null, empty.signals.stopping]);
  });

  it('is not told once the daemon is to stop', async () => {
    const world = await second(() => {
      world.stopping.abort();
      return Promise.reject(new Error('cut'));
    }, ['x']);
    assert.equal(await world.run(check), null);
  });
});

describe('a ready asset', () => {
  /** Looked at while it is said to have this size, by a learning that tells what it was asked. */
  async function looked(patch: Parameters<typeof facts>[0], isWanted = false) {
    const said = facts({ status: 'ready', ...patch });
    const { run, deps, signals, content } = await bench({ get: () => ({ value: said, requestId: null }) }, bound);
    const asked: string[] = [];
    const learning = Object.assign(new NoLearning(deps.ledger), {
      isWanted: () => isWanted,
      compare: async (...[of, told, signal]: Parameters<Learning['compare']>) => {
        assert.deepEqual([of, told, signal], [content, said, signals.stopping]);
        asked.push('compared');
        return 'other' as const;
      },
      seen: async (...[of, type]: Parameters<Learning['seen']>) => {
        await deps.clock.turn();
        assert.equal(of, content);
        asked.push(`seen: ${type.isSizeKept}, ${type.keptAs}`);
      },
    });
    const outcome = await run(check, { ...deps, learning });
    return { asked, compared: outcome?.event.type === 'asset' ? outcome.event.compared : 'none' };
  }

  for (const [what, patch, isWanted, expected] of [
    ['of our size is ours', { sizeBytes: 3 }, false, { asked: ['seen: true, null'], compared: undefined }],
    ['without a size too', { sizeBytes: null }, false, { asked: ['seen: null, null'], compared: undefined }],
    [
      'of another size under our type is compared',
      { sizeBytes: 4, contentType: 'image/png' },
      false,
      { asked: ['compared', 'seen: false, image/png'], compared: 'other' },
    ],
    [
      'of another size under another type was converted',
      { sizeBytes: 4, contentType: 'image/webp' },
      false,
      { asked: ['seen: false, image/webp'], compared: undefined },
    ],
    [
      'that is the first of its kind is left to be looked at whole',
      { sizeBytes: 3 },
      true,
      { asked: [], compared: undefined },
    ],
    [
      'that is not ready tells nothing yet',
      { status: 'pending_upload', sizeBytes: 4 },
      false,
      { asked: [], compared: undefined },
    ],
  ] as const) {
    it(what, async () => {
      assert.deepEqual(await looked(patch, isWanted), expected);
    });
  }
});
