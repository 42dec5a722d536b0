// What the public SDK does beyond the calls themselves: findings that flora-sync's own client has to know, held as tests.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import FLORA from '@flora-ai/flora';
import { apiKey, type Bench, png, records, startBench, uploadForm, workspaceId } from './emulator-support.ts';

const body = { source: 'signed-url', workspace_id: workspaceId };

async function startWithSdk(t: TestContext) {
  const bench = await startBench(t);
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
