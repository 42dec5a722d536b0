// What the public SDK does beyond the calls themselves: findings that flora-sync's own client has to know, held as tests.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import FLORA from '@flora-ai/flora';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import { apiKey, type Bench, png, record, records, startBench, uploadForm, workspaceId } from './emulator-support.ts';

const body = { source: 'signed-url', workspace_id: workspaceId };

async function startWithSdk(t: TestContext, options: Partial<EmulatorOptions> = {}) {
  const bench = await startBench(t, options);
  return { bench, sdk: new FLORA({ apiKey, baseURL: bench.emulator.baseUrl, maxRetries: 1, logLevel: 'off' }) };
}

async function requests(bench: Bench) {
  return records((await bench.admin('GET', '/requests')).json()['requests']);
}

it('the SDK sends no Idempotency-Key unless the caller puts the header in', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  await sdk.assets.create(body);
  await sdk.assets.create(body, { idempotencyKey: 'option' });
  await sdk.assets.create(body, { headers: { 'Idempotency-Key': 'header' } });
  assert.deepEqual(
    (await requests(bench)).map((entry) => entry['idempotency_key']),
    [null, null, 'header'],
  );
});

it('so its own retry after a lost answer makes a second asset', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  await bench.fault({ match: { route: 'create' }, kind: 'drop-after', times: 1 });
  await sdk.assets.create(body);
  assert.equal(records((await bench.admin('GET', '/assets')).json()['assets']).length, 2);
});

it('the SDK repeats a 409, although FLORA never changes its mind about one', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  const { assetId } = await bench.reserve();
  await assert.rejects(sdk.assets.complete(assetId), { status: 409 });
  assert.equal((await requests(bench)).filter((entry) => entry['route'] === 'complete').length, 2);
});

it('the SDK sends no Authorization to the upload target', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  const file = new File([new Uint8Array(5 * 1024 * 1024).fill(1).subarray(0), new Uint8Array(png())], 'a.png');
  await assert.rejects(sdk.assets.upload(file, { workspace_id: workspaceId }), /failed to process/);
  const upload = (await requests(bench)).find((entry) => entry['route'] === 'upload');
  assert.deepEqual([upload?.['authorization'], upload?.['status']], [false, 204]);
});

it('the SDK takes a page of HTML for a created asset', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  await bench.fault({ kind: 'html', times: 1 });
  const created: unknown = await sdk.assets.create(body);
  assert.equal(typeof created, 'string');
});

it('the SDK ends a listing at an empty page even if there is a next one', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  await uploadForm(await bench.reserve(), png());
  const cursor = Buffer.from('{"offset":1}').toString('base64url');
  const page = await sdk.assets.list({ cursor });
  assert.equal(page.hasNextPage(), false);
});

for (const listOrder of ['newest', 'oldest', 'shuffled'] as const) {
  it(`the SDK reads every asset once, ${listOrder} first, whatever the limit`, async (t) => {
    const { bench, sdk } = await startWithSdk(t, { listOrder });
    const made = (await bench.admin('POST', '/assets', { count: 250, prefix: 'x' })).json()['asset_ids'];
    assert.ok(Array.isArray(made));
    for (const limit of [100, 37]) {
      const seen: (string | null)[] = [];
      for await (const asset of sdk.assets.list({ workspace_id: workspaceId, limit })) seen.push(asset.asset_id);
      assert.deepEqual(seen.toSorted(), made.toSorted());
    }
    const lists = (await requests(bench)).filter((entry) => entry['route'] === 'list');
    assert.equal(lists.length, 3 + 7);
  });
}

it('the SDK lists one project, page by page, with the project on each item', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  const seed = { count: 5, prefix: 'x' };
  await bench.admin('POST', '/assets', seed);
  await bench.admin('POST', '/assets', { ...seed, project_id: 'prj_a' });
  await sdk.assets.create({ ...body, project_id: 'prj_a' });
  const query = { workspace_id: workspaceId, project_id: 'prj_a', limit: 4 };
  const page = await sdk.assets.list(query);
  assert.equal(page.assets.length, 4);
  let count = 0;
  for await (const asset of sdk.assets.list(query)) {
    assert.equal(asset.project_id, 'prj_a');
    count += 1;
  }
  assert.equal(count, 6);
});

it('the SDK hands on whatever stands in a page', async (t) => {
  const { bench, sdk } = await startWithSdk(t);
  const { assetId } = await bench.reserve();
  await bench.fault({ kind: 'odd-items' });
  const items: readonly unknown[] = (await sdk.assets.list()).assets;
  assert.deepEqual(
    items.map((item) => (typeof item === 'string' ? item : record(item)['asset_id'])),
    [null, assetId, 'asset_odd', assetId, 'not an item'],
  );
});

for (const [dialect, said] of [
  ['sdk-old', /Failed to upload bytes/],
  ['put-method', /failed to process/],
  ['measured', /invalid_json/],
  ['lagging', /not_found/],
  ['no-target', /did not return an upload target/],
  ['other-words', /Timed out/],
] as const) {
  it(`the SDK cannot bring a large file in where the dialect is ${dialect}`, async (t) => {
    const { sdk } = await startWithSdk(t, { dialect });
    const file = new File([new Uint8Array(png()), new Uint8Array(5 * 1024 * 1024)], 'a.png', { type: 'image/png' });
    await assert.rejects(sdk.assets.upload(file, { workspace_id: workspaceId, pollTimeoutMs: 0 }), said);
  });
}

for (const [dialect, seen] of [
  ['camel-listing', [undefined]],
  ['no-ids', [null, null]],
  ['unreadable-listing', [null, null]],
] as const) {
  it(`the SDK does not learn which assets there are where the dialect is ${dialect}`, async (t) => {
    const { bench, sdk } = await startWithSdk(t, { dialect });
    await bench.admin('POST', '/assets', { count: 2, prefix: 'x' });
    const ids: unknown[] = [];
    for await (const asset of sdk.assets.list({ limit: 1 })) ids.push(asset.asset_id);
    assert.deepEqual(ids, seen);
  });
}

it('the SDK ends a listing at the first page where pages have no meta', async (t) => {
  const { bench, sdk } = await startWithSdk(t, { dialect: 'no-meta' });
  await bench.admin('POST', '/assets', { count: 2, prefix: 'x' });
  assert.equal((await sdk.assets.list({ limit: 1 })).hasNextPage(), false);
});
