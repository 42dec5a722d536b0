// Listing and reading: shapes, filters, cursors, and the asset URL.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bench, errorFields, png, record, records, send, startBench, workspaceId } from './emulator-support.ts';

async function names(bench: Bench, query = ''): Promise<unknown[]> {
  const reply = await bench.call('GET', `/assets${query}`);
  assert.equal(reply.status, 200, reply.text);
  return records(reply.json()['assets']).map((asset) => asset['name']);
}

describe('the listing', () => {
  it('is newest first, twenty at a time unless told, and its cursor is {"offset":n} in base64url', async (t) => {
    const bench = await startBench(t);
    for (let n = 1; n <= 21; n += 1) await bench.reserve({ file_name: `${n}.png` });
    const first = await bench.call('GET', '/assets');
    assert.equal(records(first.json()['assets']).length, 20);
    assert.equal(records(first.json()['assets'])[0]?.['name'], '21.png');
    const meta = record(first.json()['meta']);
    assert.deepEqual(meta, { next_cursor: 'eyJvZmZzZXQiOjIwfQ', total_estimate: 21 });
    const second = await bench.call('GET', `/assets?cursor=${meta['next_cursor']}`);
    assert.deepEqual(
      records(second.json()['assets']).map((asset) => asset['name']),
      ['1.png'],
    );
    assert.equal(record(second.json()['meta'])['next_cursor'], null);
  });

  it('shifts while assets are added: the last item of a page comes again on the next', async (t) => {
    const bench = await startBench(t);
    for (const name of ['a', 'b', 'c']) await bench.reserve({ file_name: name });
    const page = await bench.call('GET', '/assets?limit=2');
    await bench.reserve({ file_name: 'd' });
    const cursor = record(page.json()['meta'])['next_cursor'];
    assert.deepEqual(await names(bench, `?limit=2&cursor=${cursor}`), ['b', 'a']);
  });

  it('filters by name, project and workspace, wildcards taken literally', async (t) => {
    const workspaces = [workspaceId, 'ws_two'].map((workspace_id) => ({ workspace_id, name: workspace_id }));
    const bench = await startBench(t, { workspaces });
    await bench.reserve({ file_name: 'Sun_1.png' });
    await bench.reserve({ file_name: 'Sunk1.png', project_id: 'prj_a' });
    await bench.reserve({ file_name: '100%.png', workspace_id: 'ws_two' });
    assert.deepEqual(await names(bench), ['100%.png', 'Sunk1.png', 'Sun_1.png']);
    assert.deepEqual(await names(bench, '?query=sun_1'), ['Sun_1.png']);
    assert.deepEqual(await names(bench, '?query=%25'), ['100%.png']);
    assert.deepEqual(await names(bench, '?project_id=prj_a'), ['Sunk1.png']);
    assert.deepEqual(await names(bench, '?workspace_id=ws_two'), ['100%.png']);
  });

  for (const query of [
    'limit=0',
    'limit=101',
    'limit=2.5',
    'limit=x',
    'limit=',
    'cursor=zzz',
    `cursor=${Buffer.from('{"offset":-1}').toString('base64url')}`,
    `cursor=${Buffer.from('{"offset": 2}').toString('base64url')}`,
    'workspace_id=abc',
    'project_id=abc',
    'page=2',
    'limit=1&limit=2',
  ]) {
    it(`refuses ?${query} and names the parameter`, async (t) => {
      const bench = await startBench(t);
      const reply = await bench.call('GET', `/assets?${query}`);
      assert.equal(reply.status, 400);
      assert.deepEqual(errorFields(reply), [query.slice(0, query.indexOf('='))]);
    });
  }

  it('has exactly the documented members, created_at in integer milliseconds, and GET has it in ISO 8601', async (t) => {
    const bench = await startBench(t, { clock: () => 1_700_000_000_123.7 });
    const assetId = await bench.finish(png('x'), {
      file_name: 'a.png',
      content_type: 'image/png',
      project_id: 'prj_a',
    });
    const common = {
      asset_id: assetId,
      content_type: 'image/png',
      description: null,
      height: 32,
      name: 'a.png',
      size_bytes: png('x').length,
      status: 'ready',
      upload_content_type: 'image/png',
      uploaded_via: 'signed_url',
      url: new URL(`/files/${assetId}`, bench.emulator.baseUrl).href,
      width: 16,
      workspace_id: workspaceId,
    };
    const [item] = records((await bench.call('GET', '/assets')).json()['assets']);
    assert.deepEqual(item, { ...common, created_at: 1_700_000_000_123, node_id: null, project_id: 'prj_a' });
    assert.deepEqual((await bench.call('GET', `/assets/${assetId}`)).json(), {
      ...common,
      created_at: '2023-11-14T22:13:20.123Z',
      failure_message: null,
    });
  });

  it('a hidden asset answers 404, is not listed, and comes back', async (t) => {
    const bench = await startBench(t);
    const assetId = await bench.finish(png(), { file_name: 'a.png' });
    await bench.admin('POST', `/assets/${assetId}`, { hide: true });
    assert.equal((await bench.call('GET', `/assets/${assetId}`)).status, 404);
    assert.deepEqual(await names(bench), []);
    assert.deepEqual(await names(bench, '?query=a.png'), []);
    const url = new URL(`/files/${assetId}`, bench.emulator.baseUrl).href;
    assert.equal((await send('GET', url)).status, 404);
    await bench.admin('POST', `/assets/${assetId}`, { hide: false });
    assert.deepEqual(await names(bench), ['a.png']);
    assert.equal((await send('GET', url)).status, 200);
  });
});

describe('the order of the listing', () => {
  it('is a setting: newest, oldest, or shuffled, which is neither and does not change', async (t) => {
    const bench = await startBench(t);
    for (let n = 1; n <= 12; n += 1) await bench.reserve({ file_name: `${n}` });
    const newest = await names(bench);
    await bench.admin('POST', '/settings', { listOrder: 'oldest' });
    const oldest = await names(bench);
    assert.deepEqual(oldest, newest.toReversed());
    await bench.admin('POST', '/settings', { listOrder: 'shuffled' });
    const shuffled = await names(bench);
    assert.deepEqual(shuffled.toSorted(), oldest.toSorted());
    assert.notDeepEqual(shuffled, oldest);
    assert.notDeepEqual(shuffled, newest);
    assert.deepEqual(await names(bench), shuffled);
  });

  for (const listOrder of ['newest', 'oldest', 'shuffled'] as const) {
    it(`holds over pages and filters when it is ${listOrder}`, async (t) => {
      const bench = await startBench(t, { listOrder });
      for (let n = 1; n <= 7; n += 1) await bench.reserve({ file_name: `${n}`, project_id: `prj_${n % 2}` });
      const all = await names(bench);
      const paged: unknown[] = [];
      for (const offset of [0, 2, 4, 6]) {
        const cursor = Buffer.from(JSON.stringify({ offset })).toString('base64url');
        paged.push(...(await names(bench, `?limit=2&cursor=${cursor}`)));
      }
      assert.deepEqual(paged, all);
      const odd = all.filter((name) => Number(name) % 2 === 1);
      assert.deepEqual(await names(bench, '?project_id=prj_1'), odd);
      assert.deepEqual(await names(bench, `?workspace_id=${workspaceId}&project_id=prj_1`), odd);
    });
  }
});

describe('the url of a ready asset', () => {
  it('serves the exact bytes to anyone, with content-type and content-length, HEAD included', async (t) => {
    const bench = await startBench(t);
    const bytes = png('x'.repeat(200_000));
    const assetId = await bench.finish(bytes);
    const url = String((await bench.call('GET', `/assets/${assetId}`)).json()['url']);
    const response = await fetch(url);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
    for (const reply of [response, await fetch(url, { method: 'HEAD' })]) {
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get('content-type'), 'image/png');
      assert.equal(reply.headers.get('content-length'), String(bytes.length));
    }
  });

  it('does not exist before the asset is ready: 404 in XML', async (t) => {
    const bench = await startBench(t);
    const { assetId } = await bench.reserve();
    const reply = await send('GET', new URL(`/files/${assetId}`, bench.emulator.baseUrl).href);
    assert.equal(reply.status, 404);
    assert.match(reply.text, /<Code>NoSuchKey<\/Code>/);
    assert.equal((await bench.call('GET', `/assets/${assetId}`)).json()['url'], null);
  });
});
