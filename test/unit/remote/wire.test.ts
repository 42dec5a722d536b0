import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import type { JsonAnswer } from '../../../src/remote/http.ts';
import { readAsset, readPage } from '../../../src/remote/wire.ts';

const item = {
  asset_id: 'asset_1',
  status: 'ready',
  name: 'a.png',
  size_bytes: 10,
  created_at: 1_700_000_000_123,
  url: 'https://cdn.example/a',
  project_id: 'prj_1',
};

const asset = {
  assetId: 'asset_1',
  status: 'ready',
  url: 'https://cdn.example/a',
  sizeBytes: 10,
  failureMessage: null,
  name: 'a.png',
  createdAtMs: 1_700_000_000_123,
  projectId: 'prj_1',
};

/** As it comes off the wire, so that nothing can stand in it that JSON does not know. */
function answer(body: unknown): JsonAnswer {
  const json: unknown = typeof body === 'string' ? JSON.parse(body) : JSON.parse(JSON.stringify(body));
  return { status: 200, requestId: 'req_1', isReplayed: false, retryAfter: null, dateMs: null, json, isCut: false };
}

function page(...assets: readonly unknown[]) {
  return readPage('list', answer({ assets, meta: { next_cursor: null } }));
}

function isBadAnswer(error: unknown): boolean {
  return error instanceof SyncError && error.code === 'bad_answer' && error.requestId === 'req_1';
}

describe('an item of the listing', () => {
  it('is read with its name, its time and its project', () => {
    assert.deepEqual(page(item), { assets: [asset], nameless: 0, nextCursor: null });
  });

  it('may have fields that nobody knows', () => {
    assert.deepEqual(page({ ...item, surprise: { deep: [null] } }).assets, [asset]);
  });

  it('says nothing where it says null, or nothing', () => {
    const silent = { url: null, sizeBytes: null, failureMessage: null, name: null, createdAtMs: null, projectId: null };
    const nulls = Object.fromEntries(Object.keys(item).map((name) => [name, null]));
    for (const given of [
      { ...nulls, asset_id: 'asset_1', status: 'ready' },
      { asset_id: 'asset_1', status: 'ready' },
    ]) {
      assert.deepEqual(page(given).assets, [{ assetId: 'asset_1', status: 'ready', ...silent }]);
    }
  });

  const sizes: readonly [written: string, read: number | null][] = [
    ['0', 0],
    ['9007199254740991', 9_007_199_254_740_991],
    ['-1', null],
    ['1e999', null],
    ['9007199254740993', null],
    ['1.5', null],
    ['"10"', null],
    ['true', null],
    ['[]', null],
  ];
  for (const [written, read] of sizes) {
    it(`of size_bytes ${written} has the size ${read}, in GET too`, () => {
      const json = `{"asset_id":"asset_1","status":"ready","size_bytes":${written}}`;
      const found = readPage('list', answer(`{"assets":[${json}],"meta":{}}`));
      assert.deepEqual([found.assets[0]?.sizeBytes, readAsset('check', answer(json)).sizeBytes], [read, read]);
    });
  }

  it('has a size of null, not NaN, wherever NaN may come from', () => {
    const json = { assets: [{ ...item, size_bytes: Number.NaN, created_at: Number.NaN }], meta: {} };
    const [found] = readPage('list', { ...answer({}), json }).assets;
    assert.deepEqual([found?.sizeBytes, found?.createdAtMs], [null, null]);
  });

  const times: readonly [written: unknown, read: number | null][] = [
    [1_700_000_000_123, 1_700_000_000_123],
    [1_700_000_000_123.7, 1_700_000_000_123],
    ['2023-11-14T22:13:20.123Z', 1_700_000_000_123],
    ['2023-11-15T00:13:20.123+02:00', 1_700_000_000_123],
    ['2023-11-14T22:13:20.123', null],
    ['2023-11-14', null],
    ['1700000000123', null],
    ['2023-99-99T99:99:99Z', null],
    ['yesterday', null],
    [-1, null],
    [1e300, null],
    [true, null],
    [{}, null],
  ];
  for (const [written, read] of times) {
    it(`created at ${JSON.stringify(written)} is from ${read}`, () => {
      assert.equal(page({ ...item, created_at: written }).assets[0]?.createdAtMs, read);
    });
  }

  it('may have fields of other types than it should', () => {
    const [found] = page({ ...item, name: 5, url: {}, project_id: ['prj_1'], failure_message: 7 }).assets;
    assert.deepEqual(found, { ...asset, name: null, url: null, projectId: null });
    assert.deepEqual(page({ ...item, name: '', url: '', project_id: '' }).assets, [found]);
  });
});

describe('a page of the listing', () => {
  it('counts the items that name no asset', () => {
    const nameless = [null, '', 5, {}, undefined, ' ', '.', '..', 'a\nb', 'a\u0000', '\ud800'];
    const found = page(item, ...nameless.map((id) => ({ ...item, asset_id: id })));
    assert.deepEqual(found, { assets: [asset], nameless: nameless.length, nextCursor: null });
  });

  it('counts among them those in a state that nobody knows', () => {
    const states = ['deleted', 'READY', '', null, undefined, 1];
    const found = page(...states.map((status) => ({ ...item, status })), item);
    assert.deepEqual(found, { assets: [asset], nameless: states.length, nextCursor: null });
  });

  it('may hold what is no item at all', () => {
    const odd = [null, 'asset_1', 7, true, [], [item]];
    assert.deepEqual(page(...odd, item), { assets: [asset], nameless: odd.length, nextCursor: null });
  });

  it('passes on what it names twice', () => {
    const later = { ...item, status: 'failed', failure_message: 'x' };
    assert.deepEqual(
      page(item, later, item).assets.map(({ status }) => status),
      ['ready', 'failed', 'ready'],
    );
  });

  for (const [cursor, read] of [
    ['abc', 'abc'],
    [null, null],
    [undefined, null],
    ['', null],
  ] as const) {
    it(`with the cursor ${JSON.stringify(cursor)} goes on with ${read}`, () => {
      assert.equal(readPage('list', answer({ assets: [], meta: { next_cursor: cursor } })).nextCursor, read);
    });
  }

  for (const cursor of [5, 0, false, {}, []]) {
    it(`with the cursor ${JSON.stringify(cursor)} is not believed`, () => {
      assert.throws(() => readPage('list', answer({ assets: [], meta: { next_cursor: cursor } })), isBadAnswer);
    });
  }

  for (const body of [
    { assets: [] },
    { assets: [], meta: null },
    { assets: [], meta: [] },
    { assets: [], meta: 'x' },
    { meta: { next_cursor: null } },
    { assets: {}, meta: { next_cursor: null } },
    { assets: null, meta: { next_cursor: null } },
    [],
    null,
    7,
  ]) {
    it(`is not ${JSON.stringify(body)}`, () => {
      assert.throws(() => readPage('list', answer(body)), isBadAnswer);
    });
  }
});
