import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import type { JsonAnswer } from '../../../src/remote/http.ts';
import { readAsset, readPage, readReservation, readWorkspaceIds } from '../../../src/remote/wire.ts';

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
  statusWord: null,
  url: 'https://cdn.example/a',
  sizeBytes: 10,
  contentType: null,
  failureMessage: null,
  name: 'a.png',
  createdAtMs: 1_700_000_000_123,
  projectId: 'prj_1',
  uploadContentType: null,
};

/** As it comes off the wire, so that nothing can stand in it that JSON does not know. */
function answer(body: unknown): JsonAnswer {
  const json: unknown = typeof body === 'string' ? JSON.parse(body) : JSON.parse(JSON.stringify(body));
  return { status: 200, requestId: 'req_1', isReplayed: false, retryAfter: null, dateMs: null, json, isCut: false };
}

function page(...assets: readonly unknown[]) {
  return readPage('list', answer({ assets, meta: { next_cursor: null } }), 100);
}

/** What is wrong with it, in words. */
function toldOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof SyncError, String(error));
    return error.message.replace(/^FLORA answers otherwise than this version knows: the answer to /, '');
  }
  return assert.fail('it was read');
}

function isBadAnswer(error: unknown): boolean {
  return error instanceof SyncError && error.code === 'bad_answer' && error.requestId === 'req_1';
}

describe('an item of the listing', () => {
  it('is read with its name, its time and its project', () => {
    assert.deepEqual(page(item), { assets: [asset], anonymous: [], unreadable: 0, nextCursor: null });
  });

  it('may have fields that nobody knows', () => {
    assert.deepEqual(page({ ...item, surprise: { deep: [null] } }).assets, [asset]);
  });

  it('says nothing where it says null, or nothing', () => {
    const facts = { statusWord: null, url: null, sizeBytes: null, contentType: null, failureMessage: null };
    const silent = { ...facts, name: null, createdAtMs: null, projectId: null, uploadContentType: null };
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
    ['"10"', 10],
    ['"1e3"', null],
    ['true', null],
    ['[]', null],
  ];
  for (const [written, read] of sizes) {
    it(`of size_bytes ${written} has the size ${read}, in GET too`, () => {
      const json = `{"asset_id":"asset_1","status":"ready","size_bytes":${written}}`;
      const found = readPage('list', answer(`{"assets":[${json}],"meta":{}}`), 100);
      assert.deepEqual(
        [found.assets[0]?.sizeBytes, readAsset('check', answer(json), 'asset_1').sizeBytes],
        [read, read],
      );
    });
  }

  it('has a size of null, not NaN, wherever NaN may come from', () => {
    const json = { assets: [{ ...item, size_bytes: Number.NaN, created_at: Number.NaN }], meta: {} };
    const [found] = readPage('list', { ...answer({}), json }, 100).assets;
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
    [1_700_000_000, 1_700_000_000_000],
    [0, 0],
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
  it('keeps the items that name no asset, for what else they tell, and counts those that tell nothing', () => {
    const ids = [null, '', 5, {}, undefined, ' ', '.', '..', 'a\nb', 'a\u0000', '\ud800'];
    const found = page(item, ...ids.map((id) => ({ ...item, asset_id: id })), { asset_id: null, status: 'ready' });
    assert.deepEqual([found.assets, found.anonymous.length, found.unreadable], [[asset], ids.length, 1]);
    assert.deepEqual(found.anonymous[0], { ...asset, assetId: '' });
  });

  it('knows three states in any case of letters, and names any other word', () => {
    const words = ['deleted', 'READY', '', null, undefined, 1];
    const found = page(...words.map((status) => ({ ...item, status })));
    assert.deepEqual(
      found.assets.map(({ status, statusWord }) => [status, statusWord]),
      [
        ['unknown', 'deleted'],
        ['ready', null],
        ['unknown', ''],
        ['unknown', null],
        ['unknown', null],
        ['unknown', null],
      ],
    );
  });

  it('may hold what is no item at all', () => {
    const odd = [null, 'asset_1', 7, true, [], [item]];
    const found = page(...odd, item);
    assert.deepEqual([found.assets, found.unreadable], [[asset], odd.length]);
  });

  it('keeps different assets apart that bear one id: only the first of them has it', () => {
    const others = [2, 3].map((at) => ({ ...item, name: `${at}.png`, url: `https://cdn.example/${at}` }));
    const found = page(item, ...others, item);
    assert.deepEqual(
      [found.assets, found.anonymous.map(({ name }) => name)],
      [
        [asset, asset],
        ['2.png', '3.png'],
      ],
    );
  });

  it('that shows nothing but what cannot be read is not an empty one', () => {
    for (const items of [
      [null],
      [{}, { asset_id: null }],
      [{ ...item, asset_id: 5, name: 1, url: 1, size_bytes: [] }],
    ]) {
      assert.throws(() => page(...items), isBadAnswer);
    }
    assert.deepEqual(page().assets, []);
  });

  it('is read in the camelCase of the developer guide too', () => {
    const camel = { assetId: 'asset_1', sizeBytes: 10, createdAt: 1_700_000_000_123, projectId: 'prj_1' };
    const body = {
      assets: [{ ...camel, status: 'ready', name: 'a.png', url: item.url }],
      meta: { nextCursor: 'next' },
    };
    const found = readPage('list', answer(body), 100);
    assert.deepEqual([found.assets, found.nextCursor], [[asset], 'next']);
  });

  it('may leave the cursor out where it is the last, and not where it is full', () => {
    const full = { assets: [item, item], meta: {} };
    assert.equal(readPage('list', answer(full), 3).nextCursor, null);
    assert.throws(() => readPage('list', answer(full), 2), isBadAnswer);
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
      assert.equal(readPage('list', answer({ assets: [], meta: { next_cursor: cursor } }), 100).nextCursor, read);
    });
  }

  for (const cursor of [5, 0, false, {}, []]) {
    it(`with the cursor ${JSON.stringify(cursor)} is not believed`, () => {
      assert.throws(() => readPage('list', answer({ assets: [], meta: { next_cursor: cursor } }), 100), isBadAnswer);
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
      assert.throws(() => readPage('list', answer(body), 100), isBadAnswer);
    });
  }
});

describe('a reservation', () => {
  const created = { asset_id: 'asset_1', status: 'pending_upload', url: item.url };
  const read = (json: object, changes: Partial<JsonAnswer> = {}) =>
    readReservation('reserve', { ...answer({ ...created, ...json }), ...changes }, 1_000, 1_000);
  const upload = { url: 'https://up.example/x', method: 'POST', file_field: 'file', form_fields: { key: 'k' } };
  const form = { kind: 'form', url: 'https://up.example/x', fileField: 'file', formFields: { key: 'k' } };

  const forms: readonly [what: string, json: object, target: object][] = [
    ['as the SDK has it', { upload }, form],
    [
      'as the developer guide has it',
      { upload: { url: upload.url, fileField: 'file', formFields: {} } },
      { ...form, formFields: {} },
    ],
    ['without a field for the file', { upload: { ...upload, file_field: null } }, form],
    ['with another field for the file', { upload: { ...upload, file_field: 'data' } }, { ...form, fileField: 'data' }],
    ['without fields', { upload: { url: upload.url } }, { ...form, formFields: {} }],
    ['with fields of null', { upload: { ...upload, form_fields: null } }, { ...form, formFields: {} }],
    ["with PHP's empty table", { upload: { ...upload, form_fields: [] } }, { ...form, formFields: {} }],
    [
      'with numbers and nulls among its fields',
      { upload: { ...upload, form_fields: { expire: 1_700_000_000, secure: true, none: null } } },
      { ...form, formFields: { expire: '1700000000', secure: 'true' } },
    ],
    [
      'with fields that are numbers of any size',
      { upload: { ...upload, form_fields: { large: 1e21, small: 1.5e-7, half: -0.5, zero: -0 } } },
      { ...form, formFields: { large: '1000000000000000000000', small: '0.00000015', half: '-0.5', zero: '0' } },
    ],
    ['with the method PUT', { upload: { ...upload, method: 'put' } }, { kind: 'put', url: upload.url }],
    ['with an upload_url alone', { upload_url: upload.url }, { kind: 'put', url: upload.url }],
    ['with upload of null', { upload: null, uploadUrl: upload.url }, { kind: 'put', url: upload.url }],
  ];
  for (const [what, json, target] of forms) {
    it(`is read ${what}`, () => assert.deepEqual(read(json).target, target));
  }

  const unusable: readonly [what: string, json: object][] = [
    ['no target', {}],
    ['an upload that is a text', { upload: 'https://up.example/x' }],
    ['a target without a URL', { upload: { ...upload, url: null } }],
    ['a URL that is none', { upload: { ...upload, url: 'up.example' } }],
    ['a method that nobody knows', { upload: { ...upload, method: 'PATCH' } }],
    ['fields that no form could hold', { upload: { ...upload, form_fields: { a: { b: 1 } } } }],
    ['a method that is a number', { upload: { ...upload, method: 5 } }],
    ['an upload that is a list', { upload: [] }],
    ['an upload_url that is none', { upload_url: 'up.example' }],
    ['an upload_url of another type', { upload_url: 5 }],
    ['a field for the file that has no name', { upload: { ...upload, file_field: '' } }],
    ['a field for the file that is a number', { upload: { ...upload, file_field: 5 } }],
    ['fields that are a text', { upload: { ...upload, form_fields: 'a' } }],
    ['fields that are a list', { upload: { ...upload, form_fields: ['a'] } }],
    ['no asset', { asset_id: null, upload }],
    ['an id that is a number', { asset_id: 7, upload }],
  ];
  for (const [what, json] of unusable) {
    it(`with ${what} is not understood, which is more than a bad answer`, () => {
      const what =
        /answers otherwise than this version knows: the answer to reserve (has (no|an) upload target|names no asset)/;
      assert.throws(() => read(json), { code: 'not_understood', message: what });
    });
  }

  it('that is replayed may be of a target that is gone', () => {
    assert.equal(read({}, { isReplayed: true }).target, null);
  });

  it('needs no status, and takes any', () => {
    assert.equal(read({ upload, status: null }).status, 'unknown');
    assert.equal(read({ upload, status: 'reserved' }).statusWord, 'reserved');
  });

  const dateMs = Date.parse('2026-11-27T10:00:00Z');
  const expiries: readonly [written: unknown, leftMs: number | null][] = [
    ['2026-11-27T10:15:00Z', 900_000],
    ['2026-11-27T12:15:00+02:00', 900_000],
    ['2026-11-27T10:15:00', null],
    [dateMs + 900_000, 900_000],
    [(dateMs + 900_000) / 1000, 900_000],
    ['in a quarter of an hour', null],
    [null, null],
    // A new target that were over already would be none.
    ['2026-11-27T09:00:00Z', null],
  ];
  for (const [written, leftMs] of expiries) {
    it(`that expires at ${JSON.stringify(written)} has ${leftMs} ms left`, () => {
      assert.equal(read({ upload, expires_at: written }, { dateMs }).expiresInMs, leftMs);
    });
  }

  it('without a date is believed where its time is still to come, be it a millisecond', () => {
    // Now is the first second of 1970.
    for (const [written, leftMs] of [
      ['1970-01-01T00:00:01.001Z', 1],
      ['1970-01-01T00:00:01.000Z', null],
      ['1970-01-01T00:00:00.999Z', null],
    ]) {
      for (const isReplayed of [false, true])
        assert.equal(read({ upload, expires_at: written }, { isReplayed }).expiresInMs, leftMs, `${written}`);
    }
  });

  it('with a date has what the answer took less, and none at its end unless it is replayed', () => {
    const at = (leftMs: number, askedMs: number, nowMs: number, isReplayed = false) => {
      const body = { ...created, upload, expires_at: new Date(dateMs + leftMs).toISOString() };
      return readReservation('reserve', { ...answer(body), dateMs, isReplayed }, askedMs, nowMs).expiresInMs;
    };
    assert.deepEqual([at(900, 1_000, 1_300), at(900, 1_300, 1_000)], [600, 900], 'no clock that went back adds to it');
    assert.deepEqual([at(300, 1_000, 1_300), at(301, 1_000, 1_300)], [null, 1]);
    assert.deepEqual([at(300, 1_000, 1_300, true), at(299, 1_000, 1_300, true)], [0, -1]);
  });

  it('that is replayed may be over', () => {
    const over = read({ upload, expires_at: '2026-11-27T09:00:00Z' }, { dateMs, isReplayed: true });
    assert.equal(over.expiresInMs, -3_600_000);
  });
});

describe('an answer that cannot be read', () => {
  const list = (json: unknown) => () => readPage('list', answer(json), 2);
  const reserve = (json: unknown) => () => readReservation('reserve', answer(json), 0, 0);
  const check = (json: unknown) => () => readAsset('check', answer(json), 'asset_1');
  const cases: readonly (readonly [read: () => unknown, told: string])[] = [
    [list([]), 'list is not a page of assets (status 200)'],
    [list({ assets: {} }), 'list is not a page of assets (status 200)'],
    [list({ assets: [] }), 'list does not tell whether there are more pages (status 200)'],
    [list({ assets: [item, item], meta: {} }), 'list does not tell whether there are more pages (status 200)'],
    [list({ assets: [], meta: { next_cursor: 5 } }), 'list has a cursor that is not a string (status 200)'],
    [list({ assets: [{}, 1], meta: {} }), 'list does not tell whether there are more pages (status 200)'],
    [
      list({ assets: [{}, 1], meta: { next_cursor: null } }),
      'list shows 2 assets of which none can be read (status 200)',
    ],
    [check([]), 'check is not an asset (status 200)'],
    [check({}), "check does not tell the asset's status (status 200)"],
    [check({ status: '' }), "check does not tell the asset's status (status 200)"],
    [() => readWorkspaceIds('workspaces', answer({})), 'workspaces is not a list of workspaces (status 200)'],
    [() => readWorkspaceIds('workspaces', answer([])), 'workspaces is not a list of workspaces (status 200)'],
    [reserve({}), 'reserve names no asset (status 200)'],
    [reserve({ asset_id: 'a' }), 'reserve has no upload target (status 200)'],
    [reserve({ asset_id: 'a', upload: 1 }), 'reserve has an upload target that cannot be read (status 200)'],
  ];
  for (const [read, told] of cases) it(`says that ${told}`, () => assert.equal(toldOf(read), told));

  it('is none where workspaces lack ids, or a renewal its target', () => {
    const workspaces = [{ workspace_id: 'ws_1' }, { workspaceId: 'ws_2' }, {}, null, { workspace_id: 5 }];
    assert.deepEqual(readWorkspaceIds('workspaces', answer({ workspaces })), ['ws_1', 'ws_2']);
    assert.equal(readReservation('renew', answer({ asset_id: 'a' }), 0, 0).target, null);
  });

  it('may lack all but one thing that is known of an asset', () => {
    for (const [name, value] of Object.entries({ name: 'a', url: 'u', size_bytes: 0 })) {
      const { anonymous, unreadable } = readPage('list', answer({ assets: [{ [name]: value }], meta: {} }), 2);
      assert.deepEqual([anonymous.length, unreadable], [1, 0], name);
    }
  });
});

describe('an asset', () => {
  it('by a word that nobody knows tells forty characters of it', () => {
    const { statusWord } = readAsset('check', answer({ status: 'x'.repeat(41) }), 'asset_7');
    assert.equal(statusWord, 'x'.repeat(40));
  });

  it('may leave its id out, and must not leave out its status', () => {
    const read = (json: object) => readAsset('check', answer(json), 'asset_7');
    assert.equal(read({ status: 'ready' }).assetId, 'asset_7');
    assert.equal(read({ status: 'ready', asset_id: 'asset_8' }).assetId, 'asset_8');
    for (const status of [null, undefined, '', 5])
      assert.throws(() => read({ asset_id: 'asset_7', status }), isBadAnswer);
  });

  it('tells its type without parameters, and its failure without secrets', () => {
    const json = { status: 'failed', content_type: 'Image/PNG; q=1', failure_message: 'see https://a.example/x?sig=1' };
    const { contentType, failureMessage } = readAsset('check', answer(json), 'asset_7');
    assert.deepEqual([contentType, failureMessage], ['image/png', 'see https://a.example/x?[redacted]']);
  });
});
