import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { ReconcileOptions } from '../../../../src/sync/flora/reconcile-options.ts';
import { Reconciler } from '../../../../src/sync/flora/reconciler.ts';
import type { ListQuery } from '../../../../src/sync/ports/flora.ts';
import { creatingOver } from '../../../support/flora-knowledge.ts';
import { openGate, serviceError } from '../../../support/gates.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { ListingModel, listed } from '../../../support/remote-listing.ts';
import { floraError } from '../../../support/uploading.ts';

// What a walk through FLORA's listing tells, writes down and rings for.

const { signal } = new AbortController();
const hour = 3_600_000;

/** A reconciler over so many contents in this state, each with its asset, and all that it tells. */
async function walking(count: number, patch: Partial<Content> = {}) {
  const { ledger } = memoryLedger();
  const { destinationId, folderId } = await withFolder(ledger);
  const { gate, clock } = openGate();
  const model = new ListingModel();
  const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
  const ids = await ledger.write(({ contents, directories, files }) => {
    const directoryId = directories.save(folderId, '');
    return Array.from({ length: count }, (_, at) => {
      const key = `own ${at}`;
      const inserted = contents.insert(newContent(destinationId, { sha256: key, idempotencyKey: key }), clock.now());
      files.saveContent(directoryId, `${at}.png`, stat, inserted.id, 1);
      const bound = { state: 'ready', assetId: `asset_${at}`, isCompleteSent: true, areBytesConfirmed: true } as const;
      assert.ok(contents.save(inserted, { ...inserted, ...bound, ...patch }, clock.now()));
      return inserted.id;
    });
  });
  model.assets = ids.map((_, at) => listed(`asset_${at}`));
  const queries: ListQuery[] = [];
  const gets: unknown[] = [];
  const remote = new Proxy(model.remote, {
    get: (target, name: 'list' | 'get') =>
      name === 'list'
        ? (query: ListQuery, cursor: string | null, by: AbortSignal) => {
            queries.push(query);
            return target.list(query, cursor, by);
          }
        : (assetId: string, by: AbortSignal) => {
            gets.push(assetId);
            return target.get(assetId, by);
          },
  });
  const lines: unknown[] = [];
  const line = (level: string) => (facts: object, message: string) => void lines.push([level, facts, message]);
  const changes: string[] = [];
  let rung = 0;
  let tokens = 0;
  const state = { uploadsMissing: false };
  const deps = {
    ledger,
    clock,
    gate,
    remote,
    random: { fraction: () => 0.5, token: () => `fresh ${tokens++}` },
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    places: [{ workspaceId: 'ws_1', projectId: null }],
    claimed: () => new Set<number>(),
    onWork: () => {
      rung += 1;
    },
    creating: creatingOver(ledger, clock),
    onChange: (before: Content, after: Content) => void changes.push(`${before.state} -> ${after.state}`),
    uploadsMissing: () => state.uploadsMissing,
  };
  const run = (options: Partial<ReconcileOptions> = {}, by = signal, places = deps.places) =>
    new Reconciler({ ...deps, places }).run({ isFull: true, isDryRun: false, ...options }, by);
  const row = (at: number) => ledger.contents.get(ids[at] ?? 0) ?? assert.fail();
  return { ledger, clock, model, deps, ids, run, lines, changes, queries, gets, row, state, rung: () => rung };
}

const none = { pages: 1, assets: 0, ours: 0, unknown: 0, unreadable: 0, drift: 0, asked: 0 };

describe('a walk through the listing', () => {
  it('ends with its sum, which is kept and told', async () => {
    const { run, ledger, clock, model, lines, queries } = await walking(2);
    model.assets.push(listed('theirs'));
    model.distort = (page) => ({ ...page, anonymous: [listed('')], unreadable: 2 });
    model.onPage = () => clock.pass(1_500);
    const counts = { ...none, assets: 3, ours: 2, unknown: 1, unreadable: 3, missing: 0, seconds: 1.5, error: null };
    const summary = await run();
    assert.deepEqual(summary, { atMs: clock.now(), isFull: true, ...counts });
    assert.deepEqual(ledger.facts.lastReconcile, summary);
    assert.deepEqual(lines, [['info', { is_full: true, ...counts }, 'reconciled with the listing of FLORA']]);
    assert.deepEqual(queries, [{ workspaceId: 'ws_1', projectId: null, limit: 100 }]);
    assert.deepEqual(ledger.facts.listingOrder('ws_1|'), { fullAtMs: clock.now() - 1_500, isNewestFirst: false });
  });

  it('as a dry run keeps nothing, and says that it was one', async () => {
    const { run, ledger, lines, model, gets, rung } = await walking(1);
    model.assets = [];
    const { isFull, asked, error } = await run({ isDryRun: true });
    assert.deepEqual({ isFull, asked, error }, { isFull: true, asked: 0, error: null });
    const counts = { ...none, missing: 0, seconds: 0, error: null };
    const text = 'compared with the listing of FLORA, for a dry run';
    assert.deepEqual(lines, [['info', { is_full: true, ...counts }, text]]);
    assert.deepEqual(
      [ledger.facts.lastReconcile, ledger.facts.listingOrder('ws_1|'), gets, rung()],
      [null, null, [], 0],
    );
  });

  it('that is broken off says so, and keeps nothing', async () => {
    const { run, ledger, lines, model, state, rung } = await walking(1, { state: 'missing' });
    state.uploadsMissing = true;
    model.assets = [];
    const stop = new AbortController();
    model.onPage = () => stop.abort();
    const { isFull, error } = await run({}, stop.signal);
    assert.deepEqual([isFull, error, ledger.facts.lastReconcile, rung()], [false, 'interrupted', null, 0]);
    const [[level, , text] = []] = lines as [string, object, string][];
    assert.deepEqual([level, text], ['info', 'the walk through the listing of FLORA was broken off']);
  });

  it('that cannot be read to its end warns, with the request, concludes nothing, and is kept', async () => {
    for (const [patch, error] of [
      [{ requestId: 'req_9' }, 'bad_answer (req_9)'],
      [{}, 'bad_answer'],
    ] as const) {
      const { run, ledger, lines, model, gets } = await walking(1);
      model.assets = [];
      model.onPage = () => {
        throw floraError('bad_answer', { status: 200, ...patch });
      };
      const summary = await run();
      assert.deepEqual([summary.error, summary.asked, gets], [error, 0, []]);
      assert.deepEqual(ledger.facts.lastReconcile, summary);
      const [[level, facts, text] = []] = lines as [string, { error: string }, string][];
      assert.deepEqual(
        [level, facts?.error, text],
        ['warn', error, 'the listing of FLORA could not be read to its end; the next interval tries again'],
      );
    }
  });

  it('goes on with the next place where one cannot be read, and fails with what is no answer', async () => {
    const { run, model, queries, gets } = await walking(1);
    const places = ['ws_1', 'ws_2'].map((workspaceId) => ({ workspaceId, projectId: null }));
    model.assets = [];
    model.onPage = () => {
      if (queries.length === 1) throw floraError('bad_answer', { status: 200 });
    };
    const { error, pages } = await run({}, signal, places);
    assert.deepEqual([error, pages, gets], ['bad_answer', 1, []]);
    assert.deepEqual(
      queries.map(({ workspaceId }) => workspaceId),
      ['ws_1', 'ws_2'],
    );
    model.onPage = () => {
      throw new TypeError('a bug');
    };
    await assert.rejects(run(), TypeError);
  });

  it('reads all of each place where one of them has to be', async () => {
    const { run, ledger, clock, model, queries } = await walking(0);
    const places = ['ws_1', 'ws_2'].map((workspaceId) => ({ workspaceId, projectId: null }));
    model.assets = Array.from({ length: 250 }, (_, at) => listed(`a${at}`, { createdAtMs: clock.now() - at * hour }));
    const order = { fullAtMs: clock.now() - 1, isNewestFirst: true };
    await ledger.write(({ facts }) => facts.setListingOrder('ws_1|', order));
    assert.equal((await run({ isFull: false }, signal, places)).isFull, true);
    assert.equal(queries.length, 6);
    assert.equal((await run({ isFull: false }, signal, places)).isFull, false);
    assert.equal(queries.length, 8);
  });

  it('is whole only where each place was read to its end, whichever comes last', async () => {
    for (const short of ['ws_1', 'ws_2']) {
      const { run, ledger, clock, model, queries, gets } = await walking(1);
      const places = ['ws_1', 'ws_2'].map((workspaceId) => ({ workspaceId, projectId: null }));
      model.assets = Array.from({ length: 250 }, (_, at) => listed(`a${at}`, { createdAtMs: clock.now() - at * hour }));
      model.distort = (page) =>
        queries.at(-1)?.workspaceId === short ? { ...page, assets: [], nextCursor: null } : page;
      const order = { fullAtMs: clock.now() - 1, isNewestFirst: true };
      for (const { workspaceId } of places)
        await ledger.write(({ facts }) => facts.setListingOrder(`${workspaceId}|`, order));
      assert.deepEqual([(await run({ isFull: false }, signal, places)).isFull, gets], [false, []], short);
    }
  });

  for (const [what, order, pages] of [
    ['was never read whole', null, 3],
    ['does not show the newest first', { ago: 1, isNewestFirst: false }, 3],
    ['was read whole a day ago', { ago: 24 * hour, isNewestFirst: true }, 3],
    ['was read whole in our future', { ago: -1, isNewestFirst: true }, 3],
    ['was read whole just now', { ago: 0, isNewestFirst: true }, 1],
    ['was read whole within a day', { ago: 24 * hour - 1, isNewestFirst: true }, 1],
  ] as const) {
    it(`reads ${pages === 1 ? 'what may be news' : 'all'} of a listing that ${what}`, async () => {
      const { run, ledger, clock, model } = await walking(0);
      model.assets = Array.from({ length: 250 }, (_, at) => listed(`a${at}`, { createdAtMs: clock.now() - at * hour }));
      const fullAtMs = clock.now() - (order?.ago ?? 0);
      if (order !== null)
        await ledger.write(({ facts }) =>
          facts.setListingOrder('ws_1|', { fullAtMs, isNewestFirst: order.isNewestFirst }),
        );
      assert.equal((await run({ isFull: false })).pages, pages);
    });
  }

  it('reads as far back as the oldest asset that is waited for, and an hour', async () => {
    const { run, ledger, clock, model, ids } = await walking(1, { state: 'ready' });
    const nowMs = clock.now();
    const at = (agoMs: number) => listed(`a${agoMs}`, { createdAtMs: nowMs - agoMs });
    const filled = (firstMs: number, lastMs: number) => [
      ...Array.from({ length: 99 }, (_, each) => listed(`${firstMs} ${each}`, { createdAtMs: nowMs - firstMs })),
      at(lastMs),
    ];
    model.assets = [...filled(0, hour), ...filled(hour + 1, 3 * hour), ...filled(3 * hour + 1, 4 * hour + 1)];
    const order = { fullAtMs: nowMs, isNewestFirst: true };
    await ledger.write(({ facts }) => facts.setListingOrder('ws_1|', order));
    assert.equal((await run({ isFull: false })).pages, 2, 'nothing is waited for: an hour back is not enough yet');
    await ledger.write(({ contents }) => {
      const content = contents.get(ids[0] ?? 0);
      assert.ok(content !== undefined && contents.save(content, { ...content, state: 'checking' }, nowMs));
    });
    assert.ok((await run({ isFull: false })).pages >= 2);
  });

  it('reads to an hour before the oldest asset that is waited for, or before the last full walk, which is older', async () => {
    for (const [waitedForMs, fullMs, pages] of [
      [5 * hour, 0, 8],
      [0, 5 * hour, 8],
      [null, 5 * hour, 8],
      [null, 0, 3],
    ] as const) {
      const state = waitedForMs === null ? 'ready' : 'checking';
      const { run, ledger, clock, model } = await walking(1, { state });
      clock.pass(waitedForMs ?? 0);
      const nowMs = clock.now();
      // A page an hour.
      model.assets = Array.from({ length: 1_200 }, (_, at) =>
        listed(`a${at}`, { createdAtMs: nowMs - Math.floor(at / 100) * hour }),
      );
      const order = { fullAtMs: nowMs - fullMs, isNewestFirst: true };
      await ledger.write(({ facts }) => facts.setListingOrder('ws_1|', order));
      assert.equal((await run({ isFull: false })).pages, pages, `${waitedForMs}, ${fullMs}`);
    }
  });
});

describe('what a listing lacks', () => {
  it('is asked for with the walk’s own signal, and what GET says is brought in and rung for', async () => {
    const { run, model, row, gets, changes, rung } = await walking(2);
    model.assets = [listed('asset_0')];
    const { asked, drift } = await run();
    assert.deepEqual({ asked, drift }, { asked: 1, drift: 1 });
    assert.deepEqual([gets, row(1).state, changes, rung()], [['asset_1'], 'checking', ['ready -> checking'], 1]);
  });

  it('tells with which request it was found to be so', async () => {
    const { run, model, ledger, ids } = await walking(1);
    const asked: (string | null)[] = [];
    const append = ledger.history.append.bind(ledger.history);
    ledger.history.append = (record) => {
      if (record.contentId === ids[0]) asked.push(record.requestId);
      append(record);
    };
    model.assets = [];
    await run();
    assert.deepEqual(asked, ['req_404']);
  });

  it('and whose URL is another, or that failed, is brought in with the request that told so', async () => {
    for (const [patch, state] of [
      [{ url: 'https://cdn.example/other' }, 'ready'],
      [{ status: 'failed' }, 'checking'],
    ] as const) {
      const { run, model, ledger, row, rung, ids } = await walking(1);
      const requests: (string | null)[] = [];
      ledger.history.append = ({ contentId, requestId }) => void requests.push(contentId === ids[0] ? requestId : 'x');
      const [asset] = model.assets;
      assert.ok(asset !== undefined);
      model.assets = [{ ...asset, ...patch }];
      model.distort = (page) => ({ ...page, assets: [] });
      assert.equal((await run()).drift, 1);
      assert.deepEqual([row(0).state, row(0).url, rung()], [state, 'url' in patch ? patch.url : null, 1]);
      assert.deepEqual(requests, state === 'ready' ? [] : ['req_get']);
    }
  });

  it('is not asked for where it became ready at the very end of the walk', async () => {
    const { run, model, ledger, row, clock, gets } = await walking(1, { state: 'checking' });
    model.assets = [];
    let readied: Promise<unknown> = Promise.resolve();
    model.onPage = () => {
      clock.pass(10);
      readied = ledger.write(({ contents }) => contents.save(row(0), { ...row(0), state: 'ready' }, clock.now()));
    };
    await run();
    await readied;
    assert.deepEqual([row(0).state, gets], ['ready', []]);
  });

  it('is asked for beside the files, which go first, and until the stop', async () => {
    const { run, model, deps } = await walking(1);
    model.assets = [];
    const calls: unknown[] = [];
    const enter = deps.gate.enter.bind(deps.gate);
    deps.gate.enter = async (call, by) => {
      calls.push([call, by === signal]);
      return await enter(call, by);
    };
    await run();
    assert.deepEqual(calls.at(-1), [{ op: 'check', file: null }, true]);
  });

  it('is left alone where GET fails in a way that says nothing of it', async () => {
    const { run, model, row, rung } = await walking(1);
    model.assets = [];
    model.onGet = () => {
      throw floraError('server_error', { status: 500 });
    };
    const { asked, drift } = await run();
    assert.deepEqual([asked, drift, row(0).state, rung()], [1, 0, 'ready', 0]);
  });

  it('is left alone where its place is none of the settings’ any more', async () => {
    const { run, model, gets } = await walking(1);
    model.assets = [];
    await run({}, signal, [{ workspaceId: 'ws_2', projectId: null }]);
    assert.deepEqual(gets, []);
  });

  it('is left alone where it is not ready', async () => {
    for (const state of ['missing', 'checking', 'rejected'] as const) {
      const { run, model, gets } = await walking(1, { state });
      model.assets = [];
      await run();
      assert.deepEqual(gets, [], state);
    }
  });

  it('is left alone where the walk does not go on for trouble', async () => {
    const { run, model, gets, clock } = await walking(3);
    model.assets = [];
    const stop = new AbortController();
    model.onGet = () => {
      if (gets.length > 1) stop.abort();
      throw serviceError('unreachable');
    };
    assert.equal((await clock.advanceUntil(run({}, stop.signal))).asked, 1);
  });
});

describe('news of a row that is not found any more', () => {
  it('is left alone', async () => {
    const { run, ledger, model, changes } = await walking(1);
    model.assets = [listed('asset_0', { status: 'failed' })];
    ledger.contents.findByAsset = () => undefined;
    assert.deepEqual([(await run()).drift, changes], [0, []]);
  });
});

describe('what is missing', () => {
  it('is queued again where its folder’s rule is that by now, and rung for', async () => {
    const { run, row, state, rung, model, ledger } = await walking(2, { state: 'missing' });
    model.assets = [];
    await ledger.write(({ directories }) => {
      for (const id of directories.toMatch()) directories.setNeedsMatching(id, false);
    });
    await run();
    assert.deepEqual([row(0).state, rung()], ['missing', 1]);
    state.uploadsMissing = true;
    assert.equal((await run()).missing, 0);
    assert.match(row(0).idempotencyKey, /^fresh/);
    assert.deepEqual([row(0).state, row(1).state, rung()], ['queued', 'queued', 2]);
  });

  it('is looked for first where the ledger may have forgotten that it was sent again', async () => {
    const { run, row, state, model } = await walking(1, { state: 'missing' });
    model.assets = [];
    state.uploadsMissing = true;
    await run();
    assert.equal(row(0).state, 'matching');
  });

  it('is left alone by a dry run', async () => {
    const { run, row, state, model, rung } = await walking(1, { state: 'missing' });
    model.assets = [];
    state.uploadsMissing = true;
    assert.equal((await run({ isDryRun: true })).missing, 1);
    assert.deepEqual([row(0).state, rung()], ['missing', 0]);
  });
});

describe('what would change', () => {
  it('is told whole, one for each change of the state or the URL, and nothing else', async () => {
    const { run, model, row, clock } = await walking(3);
    clock.pass(5_000);
    const url = 'https://cdn.example/new';
    model.assets = [listed('asset_0', { url }), listed('asset_1', { status: 'failed' }), listed('asset_2')];
    const told: unknown[] = [];
    const { drift } = await run({
      isDryRun: true,
      onDrift: async ({ content, after, listed: item }) => {
        told.push([content, after.state, after.url, item]);
        if (after.state === 'checking') assert.equal(after.notBeforeMs, clock.now(), 'it would be looked at now');
      },
    });
    assert.equal(drift, 2);
    assert.deepEqual(told, [
      [row(0), 'ready', url, model.assets[0]],
      [row(1), 'checking', null, model.assets[1]],
    ]);
  });

  it('is nothing where only the word for its state is odd, which is kept', async () => {
    const { run, model, row, rung } = await walking(1);
    model.assets = [listed('asset_0', { status: 'unknown', statusWord: 'new' })];
    assert.deepEqual([(await run({ isDryRun: true })).drift, row(0).reasonCode], [0, null]);
    assert.deepEqual([(await run()).drift, row(0).state, row(0).reasonCode, rung()], [0, 'ready', 'unknown_status', 0]);
  });

  it('is brought in, and rung for, where it is no dry run', async () => {
    const { run, model, row, rung, changes } = await walking(2);
    model.assets = [listed('asset_0', { status: 'failed' }), listed('asset_1')];
    assert.equal((await run()).drift, 1);
    assert.deepEqual([row(0).state, rung(), changes], ['checking', 1, ['ready -> checking']]);
  });
});
