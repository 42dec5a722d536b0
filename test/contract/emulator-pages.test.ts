// Listings that are long, that change while somebody reads them, or that are wrong: seeding, and faults on pages.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Bench,
  errorFields,
  png,
  record,
  records,
  send,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

interface Page {
  readonly items: readonly unknown[];
  readonly cursor: unknown;
}

async function read(bench: Bench, query = '', cursor: unknown = null): Promise<Page> {
  const more = cursor === null ? '' : `&cursor=${cursor}`;
  const reply = await bench.call('GET', `/assets?${query}${more}`);
  assert.equal(reply.status, 200, reply.text);
  const { assets, meta } = reply.json();
  assert.ok(Array.isArray(assets));
  return { items: assets, cursor: record(meta)['next_cursor'] };
}

function ids(items: readonly unknown[]): unknown[] {
  return records(items).map((item) => item['asset_id']);
}

async function seed(bench: Bench, wanted: Readonly<Record<string, unknown>>): Promise<readonly unknown[]> {
  const reply = await bench.admin('POST', '/assets', wanted);
  assert.equal(reply.status, 201, reply.text);
  const { count, asset_ids: made } = reply.json();
  assert.ok(Array.isArray(made));
  assert.equal(count, made.length);
  return made;
}

async function unseed(bench: Bench, query: string): Promise<unknown> {
  const reply = await bench.admin('DELETE', `/assets?${query}`);
  assert.equal(reply.status, 200, reply.text);
  return reply.json()['asset_ids'];
}

describe('seeding', () => {
  it('makes ready assets with names and sizes, and no bytes behind their url', async (t) => {
    const bench = await startBench(t);
    const made = await seed(bench, { count: 3, prefix: 'x', size_bytes: 77, project_id: 'prj_a' });
    const { items } = await read(bench, `workspace_id=${workspaceId}&project_id=prj_a`);
    assert.deepEqual(ids(items), made.toReversed());
    for (const item of records(items)) {
      assert.deepEqual([item['status'], item['size_bytes'], item['project_id']], ['ready', 77, 'prj_a']);
      assert.match(String(item['name']), /^x-\d+\.png$/);
      assert.equal((await bench.call('GET', `/assets/${item['asset_id']}`)).json()['name'], item['name']);
      const reply = await send('GET', String(item['url']));
      assert.equal(reply.status, 404);
      assert.match(reply.text, /NoSuchKey/);
    }
    assert.deepEqual((await read(bench, 'project_id=prj_b')).items, []);
  });

  it('makes them in any workspace and any status', async (t) => {
    const workspaces = [workspaceId, 'ws_two'].map((workspace_id) => ({ workspace_id, name: workspace_id }));
    const bench = await startBench(t, { workspaces });
    const [failed] = await seed(bench, { count: 1, prefix: 'f', status: 'failed', workspace_id: 'ws_two' });
    const [pending] = await seed(bench, { count: 1, prefix: 'p', status: 'pending_upload' });
    assert.deepEqual(ids((await read(bench, 'workspace_id=ws_two')).items), [failed]);
    assert.deepEqual(ids((await read(bench, `workspace_id=${workspaceId}`)).items), [pending]);
    assert.deepEqual(
      [await bench.status(String(failed)), await bench.status(String(pending))],
      ['failed', 'pending_upload'],
    );
    assert.equal((await bench.call('POST', `/assets/${pending}/complete`)).status, 409);
    assert.equal((await bench.call('POST', `/assets/${failed}/retry`)).status, 200);
  });

  it('makes the same ids in another run, and never the same one twice', async (t) => {
    const runs: (readonly unknown[])[] = [];
    for (const prefix of ['x', 'x', 'y']) {
      const bench = await startBench(t);
      runs.push([...(await seed(bench, { count: 5, prefix })), ...(await seed(bench, { count: 5, prefix }))]);
    }
    assert.equal(new Set(runs[0]).size, 10);
    assert.deepEqual(runs[0], runs[1]);
    assert.equal(new Set([...(runs[0] ?? []), ...(runs[2] ?? [])]).size, 20);
  });

  it('makes 20,000 that can be read page by page', async (t) => {
    const bench = await startBench(t, { listOrder: 'shuffled' });
    const made = await seed(bench, { count: 20_000, prefix: 'x' });
    const seen: unknown[] = [];
    let cursor: unknown = null;
    do {
      const page: Page = await read(bench, 'limit=100', cursor);
      seen.push(...ids(page.items));
      cursor = page.cursor;
    } while (cursor !== null);
    assert.equal(seen.length, 20_000);
    assert.deepEqual(seen, made.toSorted());
  });

  for (const listOrder of ['newest', 'oldest', 'shuffled'] as const) {
    it(`removes from the front when the order is ${listOrder}, so that a reader misses what moves up`, async (t) => {
      const bench = await startBench(t, { listOrder });
      await seed(bench, { count: 9, prefix: 'x' });
      const all = ids((await read(bench)).items);
      const { cursor } = await read(bench, 'limit=3');
      assert.deepEqual(await unseed(bench, 'prefix=x&count=2'), all.slice(0, 2));
      assert.deepEqual(ids((await read(bench, 'limit=3', cursor)).items), all.slice(5, 8));
      const [made] = await seed(bench, { count: 1, prefix: 'x' });
      assert.ok(!all.includes(made), 'what was removed does not come back');
    });
  }

  it('removes nothing but what was seeded under that very prefix', async (t) => {
    const bench = await startBench(t);
    const others = [
      await bench.finish(png(), { file_name: 'x-1.png' }),
      (await bench.reserve({ file_name: 'x-2.png' })).assetId,
    ];
    const made = await seed(bench, { count: 3, prefix: 'x' });
    const [longer] = await seed(bench, { count: 1, prefix: 'x-1' });
    const [kept, hidden] = await seed(bench, { count: 2, prefix: 'x', status: 'failed' });
    await bench.admin('POST', `/assets/${hidden}`, { hide: true });
    const { url, form_fields } = record((await bench.call('POST', `/assets/${kept}/retry`)).json()['upload']);
    const fields = Object.fromEntries(
      Object.entries(record(form_fields)).map(([name, value]) => [name, String(value)]),
    );
    await uploadForm({ assetId: String(kept), url: String(url), fields, expiresAt: '' }, png());
    assert.deepEqual(await unseed(bench, 'prefix=x'), made.toReversed());
    assert.deepEqual(ids((await read(bench)).items).toSorted(), [...others, longer, kept].toSorted());
    assert.deepEqual(await unseed(bench, 'prefix=x'), []);
  });

  for (const [wanted, field] of [
    [{ prefix: 'x' }, 'count'],
    [{ prefix: 'x', count: 0 }, 'count'],
    [{ prefix: 'x', count: 1.5 }, 'count'],
    [{ count: 1 }, 'prefix'],
    [{ count: 1, prefix: '' }, 'prefix'],
    [{ count: 1, prefix: 'x', workspace_id: 'ws_foreign' }, 'workspace_id'],
    [{ count: 1, prefix: 'x', project_id: 'a' }, 'project_id'],
    [{ count: 1, prefix: 'x', size_bytes: -1 }, 'size_bytes'],
    [{ count: 1, prefix: 'x', status: 'lost' }, 'status'],
    [{ count: 1, prefix: 'x', name: 'a' }, 'name'],
  ] as const) {
    it(`refuses ${JSON.stringify(wanted)} and makes nothing`, async (t) => {
      const bench = await startBench(t);
      const reply = await bench.admin('POST', '/assets', wanted);
      assert.deepEqual([reply.status, errorFields(reply)], [400, [field]]);
      assert.deepEqual((await read(bench)).items, []);
    });
  }

  for (const query of ['', 'prefix=', 'prefix=x&count=-1', 'prefix=x&count=all', 'prefix=x&limit=1']) {
    it(`refuses to remove ?${query}`, async (t) => {
      const bench = await startBench(t);
      const made = await seed(bench, { count: 2, prefix: 'x' });
      assert.equal((await bench.admin('DELETE', `/assets?${query}`)).status, 400);
      assert.equal((await read(bench)).items.length, made.length);
    });
  }
});

describe('faults on a page', () => {
  it('repeat-cursor: a page leads back to itself, on the first page only from the second on', async (t) => {
    const bench = await startBench(t);
    await seed(bench, { count: 5, prefix: 'x' });
    await bench.fault({ kind: 'repeat-cursor', match: { nth: 2 } });
    const first = await read(bench, 'limit=2');
    const second = await read(bench, 'limit=2', first.cursor);
    assert.equal(second.cursor, first.cursor);
    const again = await read(bench, 'limit=2', second.cursor);
    assert.deepEqual(again.items, second.items);
    assert.notEqual(again.cursor, second.cursor, 'the fault is over');
    await bench.fault({ kind: 'repeat-cursor' });
    assert.deepEqual(await read(bench, 'limit=2'), first, 'there is no cursor to repeat');
    const last = await read(bench, 'limit=2', again.cursor);
    assert.deepEqual([last.items.length, last.cursor], [1, again.cursor]);
  });

  it('endless: items come again and again under ever new cursors', async (t) => {
    const bench = await startBench(t);
    await seed(bench, { count: 3, prefix: 'x' });
    const all = ids((await read(bench)).items);
    await bench.fault({ kind: 'endless' });
    const cursors = new Set<unknown>();
    const seen: unknown[] = [];
    let cursor: unknown = null;
    for (let pages = 1; pages <= 6; pages += 1) {
      const page = await read(bench, 'limit=2', cursor);
      cursor = page.cursor;
      cursors.add(cursor);
      seen.push(ids(page.items));
    }
    const [a, b, c] = all;
    assert.deepEqual(seen, [[a, b], [c], [b, c], [a, b], [c], [b, c]]);
    assert.equal(cursors.size, 6);
    assert.ok(!cursors.has(null));
    await bench.admin('DELETE', '/faults');
    assert.deepEqual(await read(bench, 'limit=2', cursor), { items: [], cursor: null });
  });

  it('endless, even where there is nothing to list', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'endless' });
    const first = await read(bench);
    const second = await read(bench, '', first.cursor);
    assert.deepEqual([first.items, second.items], [[], []]);
    assert.notEqual(second.cursor, first.cursor);
    assert.equal(typeof second.cursor, 'string');
  });

  it('odd-items: no id, all nulls with members unknown, one twice, and no item at all, beside all of the page', async (t) => {
    const bench = await startBench(t);
    await seed(bench, { count: 3, prefix: 'x' });
    const plain = await read(bench, 'limit=2');
    await bench.fault({ kind: 'odd-items', times: 1 });
    const odd = await read(bench, 'limit=2');
    assert.equal(odd.cursor, plain.cursor);
    const [nameless, first, second, nulls, twice, none, ...others] = odd.items;
    assert.deepEqual([first, second, twice], [...plain.items, plain.items[0]]);
    assert.equal(record(nameless)['asset_id'], null);
    assert.equal(record(nameless)['status'], 'ready');
    const { asset_id, surprise, surprises, ...known } = record(nulls);
    assert.deepEqual([asset_id, surprise, surprises], ['asset_odd', { deep: [null] }, 1]);
    assert.deepEqual(
      Object.keys(known).toSorted(),
      Object.keys(record(first))
        .filter((name) => name !== 'asset_id')
        .toSorted(),
    );
    assert.ok(Object.values(known).every((value) => value === null));
    assert.equal(none, 'not an item');
    assert.deepEqual(others, []);
    assert.deepEqual(await read(bench, 'limit=2'), plain);
  });

  it('hit the listing and nothing else', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'odd-items', times: 1 });
    assert.equal((await bench.call('GET', '/workspaces')).status, 200);
    await bench.reserve();
    const [rule] = records((await bench.admin('GET', '/faults')).json()['faults']);
    assert.deepEqual([rule?.['seen'], rule?.['hits']], [0, 0]);
    assert.ok((await read(bench)).items.includes('not an item'));
  });

  it('html in place of a page', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'html', match: { route: 'list' }, times: 1 });
    const reply = await bench.call('GET', '/assets');
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
    assert.equal(reply.headers.get('request-id'), null, 'whoever answers in its place does not sign as FLORA does');
  });
});

describe('faults on a download', () => {
  async function stored(bench: Bench): Promise<string> {
    const assetId = await bench.finish(png('bytes'));
    return String((await bench.call('GET', `/assets/${assetId}`)).json()['url']);
  }

  for (const status of [401, 403, 404, 410, 500, 503]) {
    it(`status: ${status} in XML, and the bytes are there again afterwards`, async (t) => {
      const bench = await startBench(t);
      const url = await stored(bench);
      await bench.fault({ kind: 'status', status, match: { route: 'download' }, times: 1 });
      const reply = await send('GET', url);
      assert.deepEqual([reply.status, reply.headers.get('request-id')], [status, null]);
      assert.match(reply.text, /^<\?xml/);
      assert.equal((await send('GET', url)).status, 200);
    });
  }

  it('rate-limit with retry-after, html, and drop-before', async (t) => {
    const bench = await startBench(t);
    const url = await stored(bench);
    const match = { route: 'download' };
    await bench.fault({ kind: 'rate-limit', retryAfterSec: 9, match, times: 1 });
    await bench.fault({ kind: 'html', match: { ...match, nth: 2 } });
    await bench.fault({ kind: 'drop-before', match: { ...match, nth: 3 } });
    const limited = await send('GET', url);
    assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '9']);
    assert.match((await send('GET', url)).text, /^<!doctype html>/);
    await assert.rejects(send('GET', url), /fetch failed/);
    assert.equal((await send('GET', url)).status, 200);
  });
});
