import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Drift } from '../../../../src/sync/flora/reconcile-options.ts';
import { serviceError } from '../../../support/gates.ts';
import { settled } from '../../../support/hand-clock.ts';
import { ListingModel, listed, reconciling } from '../../../support/remote-listing.ts';

const tenMinutes = 600_000;
const key = (at: number) => `ours_${String(at).padStart(6, '0')}`;

async function withAll(count: number) {
  const world = await reconciling(count);
  world.model.assets = Array.from({ length: count }, (_, at) => listed(key(at)));
  return world;
}

describe('an asset that FLORA does not show any more', () => {
  it('is missing only after a second 404 ten minutes later, while another asset is shown', async () => {
    const { model, reconcile, work, clock, stateOf, ledger } = await withAll(3);
    model.assets = model.assets.filter(({ assetId }) => assetId !== key(1));
    const { asked, drift } = await reconcile();
    assert.deepEqual({ asked, drift }, { asked: 1, drift: 1 });
    assert.equal(stateOf(key(1)), 'checking');
    await work();
    await clock.advance(tenMinutes - 1_000);
    await work();
    assert.equal(stateOf(key(1)), 'checking', 'not yet');
    await clock.advance(2_000);
    await work();
    assert.equal(stateOf(key(1)), 'missing');
    assert.equal(ledger.contents.findByAsset(key(1))?.reason, 'The asset is not in FLORA any more');
    assert.equal((await reconcile()).missing, 1);
    model.assets.push(listed(key(1)));
    await reconcile();
    assert.equal(stateOf(key(1)), 'ready', 'back again');
  });

  it('is asked for again where FLORA’s limit refused that, and not left to the next listing, which may run into it too', async () => {
    const { model, reconcile, clock, stateOf } = await withAll(3);
    model.assets = model.assets.filter(({ assetId }) => assetId !== key(1));
    let refusals = 2;
    model.onGet = () => {
      refusals -= 1;
      if (refusals >= 0) throw serviceError('rate_limited', { status: 429 });
    };
    const reconciled = reconcile();
    await clock.advanceUntil(reconciled);
    assert.deepEqual([(await reconciled).drift, stateOf(key(1)), model.gets], [1, 'checking', 3]);
  });

  it('is never missing while FLORA shows no other asset either', async () => {
    const { model, reconcile, work, clock, stateOf } = await withAll(3);
    model.assets = [];
    await reconcile();
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(tenMinutes + 1_000);
      await work();
    }
    for (const at of [0, 1, 2]) assert.equal(stateOf(key(at)), 'checking');
  });

  it('takes another client’s asset for the control when the ledger has no other', async () => {
    const { model, reconcile, work, clock, stateOf } = await withAll(1);
    model.assets = [listed('theirs')];
    await reconcile();
    await clock.advance(tenMinutes + 1_000);
    await work();
    assert.equal(stateOf(key(0)), 'missing');
  });

  it('is asked for once more, and ready, when only the listing lacked it', async () => {
    const model = new ListingModel();
    const { reconcile, stateOf, changes } = await reconciling(2, model);
    model.assets = [listed(key(0)), listed(key(1))];
    model.distort = (page) => ({ ...page, assets: page.assets.slice(0, 1) });
    const { asked, drift, missing } = await reconcile();
    assert.deepEqual({ asked, drift, missing }, { asked: 1, drift: 0, missing: 0 });
    assert.equal(stateOf(key(1)), 'ready');
    assert.deepEqual(changes, []);
  });
});

describe('assets that a listing lacks', () => {
  /** Everything is at FLORA, but its listing shows the first only. */
  const withOneListed = async (count: number) => {
    const world = await withAll(count);
    world.model.distort = (page) => ({
      assets: page.assets.slice(0, 1),
      anonymous: [],
      unreadable: 0,
      nextCursor: null,
    });
    return world;
  };

  it('are asked for some at a time, each in its turn, and then from the beginning', async () => {
    const { reconcile, model } = await withOneListed(701);
    const counts: number[] = [];
    for (let walk = 0; walk < 4; walk += 1) counts.push((await reconcile()).asked);
    assert.deepEqual(counts, [500, 200, 500, 200]);
    assert.equal(model.gets, 1_400);
  });

  it('are found among tens of thousands', async () => {
    const { reconcile, model, stateOf } = await withAll(10_050);
    const gone = new Set([key(7), key(10_040)]);
    model.assets = model.assets.filter(({ assetId }) => !gone.has(assetId));
    assert.equal((await reconcile()).asked, 2);
    for (const assetId of gone) assert.equal(stateOf(assetId), 'checking');
  });

  it('are looked for ten thousand at a time, with a turn for others in between', async () => {
    const { reconcile, ledger, clock } = await withAll(10_001);
    const { boundAssets } = ledger;
    const slices: number[] = [];
    const idsAfter = boundAssets.idsAfter.bind(boundAssets);
    boundAssets.idsAfter = (after, most) => {
      const slice = idsAfter(after, most);
      slices.push(slice.ids.length);
      return slice;
    };
    let turns = 0;
    clock.turn = async () => {
      turns += 1;
    };
    await reconcile();
    assert.deepEqual(slices, [10_000, 1, 0]);
    // Three to send the request for each page that is asked for ahead: of 101 pages all but the first.
    assert.equal(turns, 3 + 3 * 100);
  });

  it('are not asked for when they became ready during the walk', async () => {
    const { reconcile, model, clock, ledger } = await withOneListed(3);
    const third = ledger.contents.findByAsset(key(2));
    assert.ok(third !== undefined);
    let sent: Promise<unknown> = Promise.resolve();
    model.onPage = () => {
      model.onPage = () => {};
      clock.pass(10);
      sent = ledger.write(({ contents }) => {
        const back = { ...third, state: 'uploaded', revision: third.revision } as const;
        assert.ok(contents.save(third, back, clock.now()));
        const stored = contents.get(third.id);
        assert.ok(stored !== undefined && contents.save(stored, { ...stored, state: 'ready' }, clock.now()));
      });
    };
    assert.equal((await reconcile()).asked, 1, 'the second only');
    await sent;
    clock.pass(10);
    assert.equal((await reconcile()).asked, 2);
  });
});

describe('a listing', () => {
  it('is not believed when its cursor repeats, and concludes nothing', async () => {
    const { model, reconcile, changes } = await withAll(150);
    model.distort = (page) => ({ ...page, nextCursor: '100' });
    const { error, asked } = await reconcile();
    assert.match(error ?? '', /no end: its cursor repeats/);
    assert.deepEqual({ asked, changes }, { asked: 0, changes: [] });
  });

  it('is not believed when it goes on and on without anything new', async () => {
    const { model, reconcile } = await withAll(3);
    let pages = 0;
    model.distort = (page) => {
      pages += 1;
      return { ...page, nextCursor: `0${'0'.repeat(pages)}` };
    };
    assert.match((await reconcile()).error ?? '', /show nothing new/);
  });

  it('counts each asset once, and those of others as unknown', async () => {
    const { model, reconcile } = await withAll(3);
    model.assets = [...model.assets, listed('theirs'), ...model.assets, listed('theirs')];
    const { assets, ours, unknown, pages } = await reconcile();
    assert.deepEqual({ assets, ours, unknown, pages }, { assets: 4, ours: 3, unknown: 1, pages: 1 });
  });

  it('leaves some time before each page to the files that are on their way', async () => {
    const { model, reconcile, taken, clock } = await withAll(150);
    taken.add(0);
    const run = reconcile();
    await settled();
    assert.equal(model.lists, 0);
    await clock.advance(5);
    assert.equal(model.lists, 1);
    taken.clear();
    await clock.advance(5);
    assert.equal((await run).pages, 2);
  });

  it('is read no further than news can be, where the last full walk saw the newest first', async () => {
    const { model, reconcile, clock } = await withAll(0);
    const day = 24 * 3_600_000;
    const now = clock.now();
    model.assets = Array.from({ length: 1_000 }, (_, at) => listed(`theirs_${at}`, { createdAtMs: now - at * 60_000 }));
    assert.deepEqual(pick(await reconcile(false)), { isFull: true, pages: 10 });
    assert.deepEqual(pick(await reconcile(false)), { isFull: false, pages: 1 });
    assert.deepEqual(pick(await reconcile(true)), { isFull: true, pages: 10 }, 'unless everything is asked for');
    await clock.advance(day + 1);
    assert.deepEqual(pick(await reconcile(false)), { isFull: true, pages: 10 }, 'and at least daily');
  });

  it('is read for an hour further back: clocks differ, and answers are late', async () => {
    const { model, reconcile, clock } = await withAll(0);
    const now = clock.now();
    model.assets = Array.from({ length: 1_000 }, (_, at) => listed(`theirs_${at}`, { createdAtMs: now - at * 20_000 }));
    assert.deepEqual(pick(await reconcile(false)), { isFull: true, pages: 10 });
    // A page is 33 minutes.
    assert.deepEqual(pick(await reconcile(false)), { isFull: false, pages: 2 });
  });

  it('is read to its end where assets come in another order', async () => {
    const { model, reconcile, clock } = await withAll(0);
    const now = clock.now();
    model.assets = Array.from({ length: 300 }, (_, at) =>
      listed(`theirs_${at}`, { createdAtMs: now - ((at * 7) % 300) }),
    );
    await reconcile(false);
    assert.deepEqual(pick(await reconcile(false)), { isFull: true, pages: 3 });
  });
});

describe('the sum of a walk', () => {
  it('has how long it took, in seconds', async () => {
    const { model, reconcile, clock } = await withAll(1);
    model.onPage = () => clock.pass(1_234);
    assert.equal((await reconcile()).seconds, 1.234);
  });
});

describe('news in a listing', () => {
  const url = 'https://cdn.example/new';

  it('is brought in: a new URL once, and that what was waited for is ready', async () => {
    const { model, reconcile, ledger, clock, changes } = await withAll(2);
    model.assets = [listed(key(0), { url }), listed(key(1), { url })];
    const waiting = ledger.contents.findByAsset(key(1));
    assert.ok(waiting !== undefined);
    const checking = { state: 'checking', notBeforeMs: clock.now() + 600_000 } as const;
    await ledger.write(({ contents }) => contents.save(waiting, { ...waiting, ...checking }, clock.now()));
    assert.deepEqual(pickNews(await reconcile()), { ours: 2, drift: 2, asked: 0 });
    const after = [key(0), key(1)].map((assetId) => ledger.contents.findByAsset(assetId));
    assert.deepEqual(
      after.map((each) => [each?.state, each?.url]),
      [
        ['ready', url],
        ['ready', url],
      ],
    );
    assert.equal(changes.length, 2);
    assert.deepEqual(pickNews(await reconcile()), { ours: 2, drift: 0, asked: 0 }, 'and is no news then');
  });

  it('is left to the worker that has the content in hand', async () => {
    const { model, reconcile, ledger, taken, clock } = await withAll(1);
    model.assets = [listed(key(0), { url })];
    const content = ledger.contents.findByAsset(key(0));
    taken.add(content?.id ?? 0);
    await clock.advanceUntil(reconcile());
    assert.equal(ledger.contents.findByAsset(key(0))?.url, null);
  });

  it('that was read in part asks for nothing that it lacks', async () => {
    const { model, reconcile, clock } = await withAll(3);
    const nowMs = clock.now();
    const theirs = Array.from({ length: 300 }, (_, at) => listed(`theirs_${at}`, { createdAtMs: nowMs - at * 60_000 }));
    const ours = [0, 1, 2].map((at) => listed(key(at), { createdAtMs: nowMs - 30 * 3_600_000 - at }));
    model.assets = [...theirs, ...ours];
    assert.deepEqual(pick(await reconcile(false)), { isFull: true, pages: 4 });
    const partial = await reconcile(false);
    assert.deepEqual(pick(partial), { isFull: false, pages: 1 });
    assert.deepEqual([partial.asked, model.gets], [0, 0]);
  });
});

describe('a walk that a person asks for', () => {
  const options = { isFull: true, isDryRun: false };

  it('waits for the one under way, but no longer than it is wanted, and lets nobody overtake', async () => {
    const { model, reconciler, reconcile } = await withAll(1);
    let release: () => void = () => {};
    model.held = new Promise((resolve) => {
      release = resolve;
    });
    const first = reconcile();
    const leaving = new AbortController();
    const second = reconciler.run(options, leaving.signal);
    const third = reconcile();
    await settled();
    assert.equal(model.lists, 1);
    leaving.abort();
    assert.equal((await second).error, 'interrupted');
    await settled();
    assert.equal(model.lists, 1, 'the third still waits for the first');
    release();
    assert.deepEqual([(await first).error, (await third).error, model.lists], [null, null, 2]);
  });

  it('to see what would change goes at the reader’s pace, holds nothing up, and changes nothing', async () => {
    const { model, reconciler, reconcile, stateOf, changes, ledger } = await withAll(2);
    model.assets = [listed(key(0), { status: 'failed' }), listed(key(1))];
    let read: () => void = () => {};
    const reading = new Promise<void>((resolve) => {
      read = resolve;
    });
    const told: string[] = [];
    const onDrift = async ({ content, after }: Drift) => {
      told.push(`${content.assetId} ${content.state} -> ${after.state}`);
      await reading;
    };
    const { signal } = new AbortController();
    const dry = reconciler.run({ isFull: true, isDryRun: true, onDrift }, signal);
    await settled();
    assert.deepEqual(told, [`${key(0)} ready -> checking`]);
    assert.deepEqual([changes.length, stateOf(key(0)), ledger.facts.listingOrder('ws_1|')], [0, 'ready', null]);
    assert.equal((await reconcile()).drift, 1, 'meanwhile the listing is brought in');
    read();
    assert.equal((await dry).drift, 1);
  });
});

function pick({ isFull, pages }: { readonly isFull: boolean; readonly pages: number }) {
  return { isFull, pages };
}

function pickNews({ ours, drift, asked }: { readonly ours: number; readonly drift: number; readonly asked: number }) {
  return { ours, drift, asked };
}
