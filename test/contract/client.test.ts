// Our own client against the emulator, which shares no code with it: listings and downloads, whole and hurt.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it, type TestContext } from 'node:test';
import { SyncError } from '../../src/errors.ts';
import { FloraClient } from '../../src/remote/client.ts';
import { apiKey, type Bench, png, records, startBench, workspaceId } from './emulator-support.ts';

const signal = new AbortController().signal;
const query = { workspaceId, projectId: null, limit: 100 };

async function start(t: TestContext): Promise<{ bench: Bench; client: FloraClient }> {
  const bench = await startBench(t);
  const client = new FloraClient({
    baseUrl: bench.emulator.baseUrl,
    apiKey: () => apiKey,
    concurrency: 2,
    userAgent: 'test',
    nowMs: Date.now,
    token: () => 'token',
    setTimer: () => ({ cancel: () => {} }),
  });
  t.after(() => client.close());
  return { bench, client };
}

async function urlOf(client: FloraClient, assetId: string): Promise<string> {
  const { url } = (await client.get(assetId, signal)).value;
  assert.ok(url !== null);
  return url;
}

async function failure(promise: Promise<unknown>): Promise<readonly unknown[]> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  assert.ok(error instanceof SyncError, String(error));
  return [error.code, error.scope, error.disposition];
}

it('a listing gives the name, the time and the project of each asset, all of them or one project’s', async (t) => {
  const { bench, client } = await start(t);
  const assetId = await bench.finish(png('a'), { file_name: 'a.png', project_id: 'prj_a' });
  await bench.admin('POST', '/assets', { count: 150, prefix: 'x', size_bytes: 5 });
  const first = (await client.list(query, null, signal)).value;
  const second = (await client.list(query, first.nextCursor, signal)).value;
  assert.deepEqual([first.assets.length, second.assets.length, second.nextCursor], [100, 51, null]);
  const [only, ...others] = (await client.list({ ...query, projectId: 'prj_a' }, null, signal)).value.assets;
  assert.deepEqual(others, []);
  assert.deepEqual(only, second.assets.at(-1));
  assert.deepEqual(only, {
    assetId,
    status: 'ready',
    statusWord: null,
    url: await urlOf(client, assetId),
    sizeBytes: png('a').length,
    contentType: 'image/png',
    failureMessage: null,
    name: 'a.png',
    createdAtMs: (await bench.adminAsset(assetId))['created_at'],
    projectId: 'prj_a',
    uploadContentType: null,
  });
});

it('odd items in a page are counted, and the others are read', async (t) => {
  const { bench, client } = await start(t);
  await bench.admin('POST', '/assets', { count: 2, prefix: 'x' });
  const plain = (await client.list(query, null, signal)).value;
  await bench.fault({ kind: 'odd-items' });
  const odd = (await client.list(query, null, signal)).value;
  const [first, second] = plain.assets;
  const ids = odd.assets.map(({ assetId, status }) => [assetId, status]);
  assert.deepEqual(ids, [
    [first?.assetId, 'ready'],
    [second?.assetId, 'ready'],
    ['asset_odd', 'unknown'],
    [first?.assetId, 'ready'],
  ]);
  assert.deepEqual(
    [odd.anonymous.map(({ name }) => name), odd.unreadable, odd.nextCursor],
    [['nameless.png'], 1, null],
  );
});

it('what is ready is fetched without the key, and its digest is that of the stored bytes', async (t) => {
  const { bench, client } = await start(t);
  const bytes = png('x'.repeat(300_000));
  const url = await urlOf(client, await bench.finish(bytes));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(await client.fetchDigest(url, bytes.length, signal), { sha256, sizeBytes: bytes.length });
  const more = await client.fetchDigest(url, bytes.length - 1, signal);
  assert.equal(more.sizeBytes, bytes.length);
  const less = await client.fetchDigest(url, 10, signal);
  assert.deepEqual([less.sizeBytes, less.sha256 === sha256], [11, false]);
  const log = records((await bench.admin('GET', '/requests')).json()['requests']);
  const downloads = log.filter((entry) => entry['route'] === 'download');
  assert.deepEqual(
    downloads.map((entry) => [entry['authorization'], entry['status']]),
    [...new Array<unknown>(3).fill([false, 200])],
  );
});

it('what has no bytes any more, or is lost, has no digest', async (t) => {
  const { bench, client } = await start(t);
  const assetId = await bench.finish(png());
  const url = await urlOf(client, assetId);
  await bench.admin('POST', `/assets/${assetId}`, { hide: true });
  assert.deepEqual(await failure(client.fetchDigest(url, 1e6, signal)), ['url_unreadable', 'file', null]);
  await bench.admin('POST', '/assets', { count: 1, prefix: 'x' });
  const [seeded] = (await client.list(query, null, signal)).value.assets;
  const gone = client.fetchDigest(seeded?.url ?? '', 1e6, signal);
  assert.deepEqual(await failure(gone), ['url_unreadable', 'file', null]);
});

it('a download that fails is about one file, and may succeed later', async (t) => {
  const { bench, client } = await start(t);
  const url = await urlOf(client, await bench.finish(png('x'.repeat(200_000))));
  for (const [fault, code, disposition] of [
    [{ kind: 'status', status: 403 }, 'url_unreadable', null],
    [{ kind: 'status', status: 503 }, 'server_error', 'retry'],
    [{ kind: 'rate-limit' }, 'url_rate_limited', 'retry'],
    [{ kind: 'drop-before' }, 'connection_lost', 'retry'],
    [{ kind: 'cut-body' }, 'connection_lost', 'retry'],
  ] as const) {
    await bench.fault({ ...fault, match: { route: 'download' }, times: 1 });
    assert.deepEqual(await failure(client.fetchDigest(url, 1e6, signal)), [code, 'file', disposition]);
    assert.equal((await client.fetchDigest(url, 1e6, signal)).sizeBytes, png('x'.repeat(200_000)).length);
  }
});
