import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Content, type ContentState, contentStates } from '../../../../src/core/content.ts';
import type { NewContent } from '../../../../src/core/records.ts';
import { newContent, strictLedger } from '../../../support/ledgers.ts';

const begun: readonly ContentState[] = ['matching', 'reserved', 'uploaded', 'checking', 'renewing'];
const unbound: readonly ContentState[] = ['queued', 'gone'];

/** A ledger with two destinations of one workspace and one of another. */
async function world() {
  const { ledger, database } = strictLedger();
  const places = await ledger.write(({ directories }) =>
    [
      { workspaceId: 'ws_1', folder: null, projectId: null },
      { workspaceId: 'ws_1', folder: 'f', projectId: null },
      { workspaceId: 'ws_2', folder: null, projectId: null },
    ].map((destination) => directories.destinationId(destination)),
  );
  let made = 0;
  const make = async (patch: Partial<Content>, createdAtMs = 1) => {
    made += 1;
    const own = { sha256: `digest ${made}`, idempotencyKey: `key ${made}` };
    const { destinationId = places[0] ?? 0, sizeBytes = 3, sha256 = own.sha256, twin = 0, ...rest } = patch;
    return await ledger.write(({ contents }) => {
      const content = newContent(destinationId, { ...own, sizeBytes, sha256, twin });
      const inserted = contents.insert(content, createdAtMs);
      const state = rest.state ?? 'queued';
      const assetId = unbound.includes(state) ? null : `asset ${made}`;
      assert.ok(contents.save(inserted, { ...inserted, assetId, ...rest, state }, createdAtMs));
      return inserted.id;
    });
  };
  /** One of each state, in their order. */
  const makeAll = async (patch: Partial<Content> = {}) => {
    const ids: number[] = [];
    for (const state of contentStates) ids.push(await make({ ...patch, state }));
    return ids;
  };
  const stateOf = (id: number) => ledger.contents.get(id)?.state;
  return { ledger, database, places, make, makeAll, stateOf, contents: ledger.contents };
}

describe('what is due', () => {
  it('is what waits for an asset, or what was begun, each by itself, and nothing at its end', async () => {
    const { makeAll, contents, stateOf } = await world();
    await makeAll();
    assert.deepEqual(
      contents.due('begun', 0, 20).map(({ id }) => stateOf(id)),
      begun,
    );
    assert.deepEqual(
      contents.due('queued', 0, 20).map(({ id }) => stateOf(id)),
      ['queued'],
    );
  });

  for (const [kind, state] of [
    ['begun', 'checking'],
    ['queued', 'queued'],
  ] as const) {
    it(`of the ${kind} comes in the order of its time, then of its number, as much as is wanted`, async () => {
      const { make, contents } = await world();
      const [b, a, c, late] = [
        await make({ state, notBeforeMs: 20 }),
        await make({ state, notBeforeMs: 10 }),
        await make({ state, notBeforeMs: 20 }),
        await make({ state, notBeforeMs: 21 }),
      ];
      const due = (nowMs: number, most: number) => contents.due(kind, nowMs, most).map(({ id }) => id);
      assert.deepEqual([due(20, 9), due(21, 9), due(20, 2), due(9, 9)], [[a, b, c], [a, b, c, late], [a, b], []]);
      assert.deepEqual(contents.due(kind, 10, 1), [{ id: a, notBeforeMs: 10 }]);
      const next = [0, 9, 10, 20, 21].map((nowMs) => contents.nextDueAtMs(kind, nowMs));
      assert.deepEqual(next, [10, 10, 20, 21, undefined]);
      const other = kind === 'begun' ? 'queued' : 'begun';
      assert.equal(contents.nextDueAtMs(other, 0), undefined);
      assert.deepEqual(contents.due(other, 99, 9), []);
    });
  }

  it('in turn is only what waits for an asset, by its tries, of which two are as many as any, and then by its time', async () => {
    const { make, contents } = await world();
    await make({ state: 'checking' });
    assert.equal(contents.nextInTurn(99), undefined);
    const often = await make({ attempts: 9, notBeforeMs: 1 });
    const twice = await make({ attempts: 2, notBeforeMs: 2 });
    assert.equal(contents.nextInTurn(99)?.id, often);
    const once = await make({ attempts: 1, notBeforeMs: 50 });
    assert.equal(contents.nextInTurn(99)?.id, once);
    assert.equal(contents.nextInTurn(49)?.id, often);
    assert.deepEqual(contents.nextInTurn(50), { id: once, notBeforeMs: 50 });
    const fresh = await make({ notBeforeMs: 99 });
    assert.deepEqual([contents.nextInTurn(98)?.id, contents.nextInTurn(99)?.id], [once, fresh]);
    assert.ok(twice > often);
  });

  it('that waits longer than anything may is made due, the rest is left', async () => {
    for (const state of ['queued', 'checking'] as const) {
      const { make, contents, ledger } = await world();
      const ids = [1_100, 1_101].map((notBeforeMs) => ({ state, notBeforeMs }));
      const [kept, clamped] = [await make(ids[0] ?? {}), await make(ids[1] ?? {})];
      const ready = await make({ state: 'ready', notBeforeMs: 9_999 });
      await ledger.write((tables) => tables.contents.clampWaits(1_000, 100));
      assert.deepEqual(
        [kept, clamped, ready].map((id) => contents.get(id)?.notBeforeMs),
        [1_100, 1_000, 9_999],
        state,
      );
    }
  });
});

describe('what there is', () => {
  it('is any content, and any that is not at its end', async () => {
    const { make, contents } = await world();
    assert.deepEqual(
      [contents.hasAny(), contents.hasActive(), contents.backlog()],
      [false, false, { count: 0, bytes: 0 }],
    );
    for (const state of contentStates.filter((each) => each !== 'queued' && !begun.includes(each)))
      await make({ state });
    assert.deepEqual(
      [contents.hasAny(), contents.hasActive(), contents.backlog()],
      [true, false, { count: 0, bytes: 0 }],
    );
    await make({ sizeBytes: 5 });
    assert.deepEqual([contents.hasActive(), contents.backlog()], [true, { count: 1, bytes: 5 }]);
    await make({ state: 'checking', sizeBytes: 70 });
    assert.deepEqual(contents.backlog(), { count: 2, bytes: 75 });
  });

  it('has active ones also where all were begun', async () => {
    const { make, contents } = await world();
    await make({ state: 'renewing' });
    assert.equal(contents.hasActive(), true);
  });

  it('waits for the listing of what FLORA has only while it is looked for', async () => {
    const { make, makeAll, contents, ledger } = await world();
    const ids = await makeAll({ notBeforeMs: 900 });
    assert.equal(contents.hasMatching(), true);
    await ledger.write((tables) => tables.contents.unparkMatching(5));
    const due = ids.map((id) => contents.get(id)?.notBeforeMs);
    assert.deepEqual(due, [5, ...Array(contentStates.length - 1).fill(900)]);
    const other = await world();
    await other.make({ state: 'checking' });
    assert.equal(other.contents.hasMatching(), false);
    assert.ok((await make({ state: 'matching' })) > 0);
  });

  it('is missing where FLORA does not have it any more', async () => {
    const { makeAll, contents, stateOf } = await world();
    assert.deepEqual([contents.missing(), contents.missingCount()], [[], 0]);
    await makeAll();
    await makeAll();
    assert.deepEqual(contents.missing().map(stateOf), ['missing', 'missing']);
    assert.equal(contents.missingCount(), 2);
  });

  it('is bound and begun since the oldest of it, and since when each is in its state', async () => {
    const { make, contents, ledger } = await world();
    assert.equal(contents.oldestBoundAtMs(), null);
    await make({ state: 'ready' }, 1);
    await make({}, 2);
    await make({ state: 'matching', assetId: null }, 3);
    const younger = await make({ state: 'checking' }, 50);
    await make({ state: 'reserved' }, 40);
    assert.equal(contents.oldestBoundAtMs(), 40);
    assert.equal(contents.stateSinceMs(younger), 50);
    assert.equal(contents.stateSinceMs(999), undefined);
    await ledger.write((tables) => {
      const content = tables.contents.get(younger);
      assert.ok(content !== undefined && tables.contents.save(content, { ...content, attempts: 1 }, 60));
    });
    assert.equal(contents.stateSinceMs(younger), 50, 'another try is no other state');
  });

  it('is without bytes where complete was never sent for its asset', async () => {
    const { make, contents } = await world();
    const bare = await make({ state: 'reserved' });
    await make({ state: 'matching', assetId: null });
    await make({ state: 'checking', isCompleteSent: true });
    await make({ state: 'rejected' });
    await make({});
    assert.deepEqual(contents.withoutBytes(), [bare]);
  });

  it('is found by its bytes at one destination, in the order of its twins, and by its asset', async () => {
    const { make, contents, places } = await world();
    const [a = 0, , c = 0] = places;
    const second = await make({ destinationId: a, sha256: 'same', twin: 1 });
    const first = await make({ destinationId: a, sha256: 'same', twin: 0 });
    await make({ destinationId: a, sha256: 'else' });
    const elsewhere = await make({ destinationId: c, sha256: 'same', state: 'ready', assetId: 'mine' });
    assert.deepEqual(
      contents.withBytes(a, 'same').map(({ id, twin }) => [id, twin]),
      [
        [first, 0],
        [second, 1],
      ],
    );
    assert.equal(contents.findByAsset('mine')?.id, elsewhere);
    assert.equal(contents.findByAsset('other'), undefined);
  });
});

describe('assets that FLORA should show', () => {
  it('are others that are ready, of the same workspace, the latest first, as many as are wanted', async () => {
    const { make, makeAll, contents, places, ledger } = await world();
    const [a = 0, b = 0, c = 0] = places;
    await makeAll({ destinationId: a });
    const sibling = await make({ destinationId: b, state: 'ready' });
    await make({ destinationId: c, state: 'ready' });
    const own = await make({ destinationId: a, state: 'ready' });
    const assetsOf = (ids: readonly number[]) => ids.map((id) => ledger.contents.get(id)?.assetId);
    const ready = contentStates.indexOf('ready') + 1;
    assert.deepEqual(contents.controlAssets(own, 9), assetsOf([sibling, ready]));
    assert.deepEqual(contents.controlAssets(own, 1), assetsOf([sibling]));
    assert.deepEqual(contents.controlAssets(ready, 9), assetsOf([own, sibling]));
  });
});

describe('what was about to be sent in one piece', () => {
  it('is in doubt after a start, and nothing else is', async () => {
    const { make, makeAll, contents, ledger } = await world();
    const ids = await makeAll({ sizeBytes: 1 });
    const [whole, larger] = [
      await make({ state: 'reserved', sizeBytes: 1 << 20 }),
      await make({ state: 'reserved', sizeBytes: (1 << 20) + 1 }),
    ];
    await ledger.write((tables) => tables.contents.doubtUnanswered());
    const isDoubted = (id: number) => contents.get(id)?.mayHaveAllBytes === true;
    assert.deepEqual(
      contentStates.filter((_, at) => isDoubted(ids[at] ?? 0)),
      ['reserved'],
    );
    assert.deepEqual([isDoubted(whole), isDoubted(larger)], [true, false]);
  });
});

describe('a content that is new', () => {
  it('is as it is read then, with what it was made of and nothing done yet', async () => {
    const { ledger, contents, places } = await world();
    const [destinationId = 0] = places;
    const made: NewContent = {
      ...{ destinationId, sha256: 'digest', twin: 2, sizeBytes: 7, contentType: 'image/webp', fileName: 'a.webp' },
      state: 'matching',
      idempotencyKey: 'key',
      notBeforeMs: 5,
    };
    const inserted = await ledger.write((tables) => tables.contents.insert(made, 11));
    const nothing = { url: null, remoteSizeBytes: null, target: null, targetExpiresAtMs: null, missingSinceMs: null };
    const undone = { areBytesConfirmed: false, isCompleteSent: false, isCompleteAccepted: false };
    assert.deepEqual(inserted, {
      ...made,
      ...nothing,
      ...undone,
      ...{ id: inserted.id, assetId: null, mayHaveAllBytes: false, reasonCode: null, reason: null },
      ...{ generation: 1, renewals: 0, attempts: 0, strikes: 0, failures: 0, revision: 1 },
    });
    assert.deepEqual(contents.get(inserted.id), inserted);
    assert.deepEqual(contents.withBytes(destinationId, 'digest'), [inserted]);
    assert.equal(contents.stateSinceMs(inserted.id), 11);
  });
});

describe('a step that is written', () => {
  const changes: Partial<Content> = {
    state: 'uploaded',
    generation: 2,
    idempotencyKey: 'another key',
    renewals: 3,
    assetId: 'another asset',
    url: 'https://media.flora.ai/a',
    remoteSizeBytes: 5,
    target: { kind: 'put', url: 'https://uploads.example/put' },
    targetExpiresAtMs: 9,
    areBytesConfirmed: true,
    isCompleteSent: true,
    isCompleteAccepted: true,
    attempts: 4,
    strikes: 5,
    failures: 6,
    missingSinceMs: 7,
    notBeforeMs: 8,
    reasonCode: 'server_error',
    reason: 'why',
    mayHaveAllBytes: true,
  };

  it('has each thing that it changes, alone and with all others, and what it takes back', async () => {
    const { make, contents, ledger } = await world();
    const id = await make({ state: 'reserved' });
    const known = () => contents.get(id) ?? assert.fail();
    const save = async (patch: Partial<Content>) => {
      const before = known();
      assert.equal(await ledger.write((tables) => tables.contents.save(before, { ...before, ...patch }, 7)), true);
      assert.deepEqual(known(), { ...before, ...patch, revision: before.revision + 1 });
    };
    const first = known();
    for (const [name, value] of Object.entries(changes)) {
      await save({ [name]: value });
      await save({ [name]: first[name as keyof Content] });
    }
    await save(changes);
    await save(first);
  });

  it('has its time where it is another state', async () => {
    const { make, contents, ledger } = await world();
    const id = await make({ state: 'reserved' }, 1);
    const save = (patch: Partial<Content>, nowMs: number) =>
      ledger.write((tables) => {
        const before = tables.contents.get(id) ?? assert.fail();
        assert.ok(tables.contents.save(before, { ...before, ...patch }, nowMs));
      });
    await save({ attempts: 1, reason: 'x' }, 2);
    assert.equal(contents.stateSinceMs(id), 1);
    await save({ attempts: 2, state: 'checking' }, 3);
    assert.equal(contents.stateSinceMs(id), 3);
  });

  it('is dropped where the row is of another state, generation or revision, or another row', async () => {
    const { make, contents, ledger } = await world();
    const id = await make({ state: 'checking' });
    await make({ state: 'ready' });
    const before = contents.get(id);
    assert.ok(before !== undefined);
    const save = (previous: Content) =>
      ledger.write((tables) => tables.contents.save(previous, { ...previous, attempts: 7 }, 2));
    for (const patch of [
      { state: 'uploaded' as const },
      { generation: 2 },
      { revision: before.revision + 1 },
      { id: 999 },
      { id: id + 1 },
    ]) {
      assert.equal(await save({ ...before, ...patch }), false, JSON.stringify(patch));
    }
    assert.deepEqual(contents.get(id), before);
    assert.equal(await save(before), true);
    assert.deepEqual(contents.get(id), { ...before, attempts: 7, revision: before.revision + 1 });
  });
});
