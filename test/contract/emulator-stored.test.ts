// What is behind `url`, what FLORA makes of the bytes, and the forms of a page.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { EmulatorOptions } from '../../src/emulator/emulator.ts';
import { wholeMedia } from '../support/whole-media.ts';
import { type Bench, png, record, records, startBench } from './emulator-support.ts';

const bytes = png('stored'.repeat(40));
const get = async (bench: Bench, assetId: string) => (await bench.call('GET', `/assets/${assetId}`)).json();

async function behind(bench: Bench, query = '', init: RequestInit = {}) {
  const asset = await get(bench, await bench.finish(bytes));
  const response = await fetch(String(asset['url']) + query, init);
  return { response, type: response.headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) };
}

describe('urlHost', () => {
  it('bytes: those stored, and nothing under ImageKit’s parameter', async (t) => {
    const bench = await startBench(t);
    assert.deepEqual((await behind(bench)).body, bytes);
    assert.equal((await behind(bench, '?tr=orig-true')).response.status, 404);
  });

  it('optimised: another picture of another length, and the original under its parameter', async (t) => {
    const bench = await startBench(t, { urlHost: 'optimised' });
    const plain = await behind(bench);
    assert.deepEqual([plain.response.status, plain.type], [200, 'image/webp']);
    assert.notEqual(plain.body.length, bytes.length);
    assert.equal(plain.response.headers.get('content-length'), String(plain.body.length));
    assert.deepEqual((await behind(bench, '?tr=orig-true')).body, bytes);
  });

  it('redirect: 302 to another path, where the bytes are', async (t) => {
    const bench = await startBench(t, { urlHost: 'redirect' });
    const { response } = await behind(bench, '', { redirect: 'manual' });
    assert.deepEqual([response.status, response.headers.get('location')?.startsWith('/moved/')], [302, true]);
    assert.deepEqual((await behind(bench)).body, bytes);
  });

  it('page: 200 and HTML', async (t) => {
    const bench = await startBench(t, { urlHost: 'page' });
    const { response, type, body } = await behind(bench);
    assert.deepEqual([response.status, type], [200, 'text/html; charset=utf-8']);
    assert.match(body.toString(), /^<!doctype html>/);
  });
});

describe('conversion', () => {
  const contents: readonly (readonly [string, string])[] = [
    ['image/png', 'image/webp'],
    ['image/webp', 'image/png'],
    ['image/heic', 'image/webp'],
    ['video/mp4', 'video/webm'],
    ['audio/ogg', 'audio/mpeg'],
  ];
  for (const [sent, stored] of contents) {
    const content = wholeMedia[sent] ?? assert.fail();
    it(`type: ${sent} becomes ${stored} of another size, and what was received is still known`, async (t) => {
      const bench = await startBench(t, { conversion: 'type' });
      const assetId = await bench.finish(content, { content_type: sent });
      await assertStored(bench, assetId, content, [sent, stored]);
    });
  }

  it('size: the type stays, the bytes are fewer', async (t) => {
    const bench = await startBench(t, { conversion: 'size' });
    const assetId = await bench.finish(bytes, { content_type: 'image/png' });
    await assertStored(bench, assetId, bytes, ['image/png', 'image/png']);
  });

  it('size: not a byte more is sent than is said, so that the connection stays good', async (t) => {
    const bench = await startBench(t, { conversion: 'size' });
    const assetId = await bench.finish(bytes);
    const socket = connect(bench.emulator.port, '127.0.0.1');
    socket.write(`GET /files/${assetId} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part);
    const answer = Buffer.concat(parts);
    const head = answer.indexOf('\r\n\r\n') + 4;
    assert.deepEqual(answer.subarray(head), bytes.subarray(0, -1));
    assert.match(answer.toString('latin1', 0, head), new RegExp(`content-length: ${bytes.length - 1}\r`));
  });

  it('leaves alone what fails, and what is not complete', async (t) => {
    const bench = await startBench(t, { conversion: 'type', processingMs: 10, clock: () => 1_000_000 });
    const pending = await get(bench, await bench.finish(bytes, { content_type: 'image/png' }));
    assert.deepEqual([pending['content_type'], pending['size_bytes']], ['image/png', null]);
    await bench.admin('POST', '/settings', { processingMs: 0 });
    const failed = await get(bench, await bench.finish(Buffer.from('text')));
    assert.deepEqual([failed['status'], failed['size_bytes']], ['failed', 4]);
  });

  async function assertStored(bench: Bench, assetId: string, content: Buffer, types: readonly [string, string]) {
    const asset = await get(bench, assetId);
    assert.deepEqual([asset['upload_content_type'], asset['content_type']], types);
    const served = await fetch(String(asset['url']));
    const body = Buffer.from(await served.arrayBuffer());
    assert.equal(served.headers.get('content-type'), types[1]);
    assert.deepEqual([body.length, body.equals(content)], [asset['size_bytes'], false]);
    const known = await bench.adminAsset(assetId);
    assert.deepEqual([known['size_bytes'], known['stored_size_bytes']], [content.length, body.length]);
    assert.notEqual(body.length, content.length);
    assert.equal(known['sha256'], createHash('sha256').update(content).digest('hex'));
    assert.deepEqual(readFileSync(String(known['path'])), content);
  }
});

describe('listing', () => {
  const page = async (bench: Bench, query = '') => (await bench.call('GET', `/assets?limit=1${query}`)).json();
  async function start(listing: EmulatorOptions['listing'] & string, t: Parameters<typeof startBench>[0]) {
    const bench = await startBench(t);
    const ids = [await bench.finish(bytes), await bench.finish(bytes)];
    const plain = await page(bench);
    const cursor = String(record(plain['meta'])['next_cursor']);
    await bench.admin('POST', '/settings', { listing });
    return { bench, ids, plain, cursor };
  }

  it('no-ids: items as ever, without their ids', async (t) => {
    const { bench, plain } = await start('no-ids', t);
    const [item] = records(plain['assets']);
    assert.deepEqual(await page(bench), { ...plain, assets: [{ ...item, asset_id: null }] });
  });

  it('camel: the members of items and meta', async (t) => {
    const { bench, plain, cursor, ids } = await start('camel', t);
    const { assets, meta } = await page(bench);
    const [item] = records(assets);
    const [documented] = records(plain['assets']);
    assert.deepEqual([item?.['assetId'], item?.['sizeBytes']], [ids[1], bytes.length]);
    assert.deepEqual(Object.values(item ?? {}), Object.values(documented ?? {}));
    assert.ok(Object.keys(item ?? {}).every((name) => !name.includes('_')));
    assert.deepEqual(meta, { nextCursor: cursor, totalEstimate: 2 });
    assert.equal((await get(bench, ids[0] ?? ''))['asset_id'], ids[0]);
  });

  it('no-meta: the items alone', async (t) => {
    const { bench, plain } = await start('no-meta', t);
    assert.deepEqual(await page(bench), { assets: plain['assets'] });
  });

  it('unreadable: as many items, all of whose members are null', async (t) => {
    const { bench, plain } = await start('unreadable', t);
    const { assets, meta } = await page(bench);
    assert.deepEqual(meta, plain['meta']);
    const [item] = records(assets);
    assert.deepEqual(Object.keys(item ?? {}), Object.keys(records(plain['assets'])[0] ?? {}));
    assert.ok(Object.values(item ?? {}).every((value) => value === null));
  });

  it('omit-last: the cursor is absent on the last page, and only there', async (t) => {
    const { bench, plain, cursor } = await start('omit-last', t);
    assert.deepEqual(await page(bench), plain);
    assert.deepEqual((await page(bench, `&cursor=${cursor}`))['meta'], {});
  });

  it('null-sizes: no size in items and GET', async (t) => {
    const { bench, plain, ids } = await start('null-sizes', t);
    const [item] = records(plain['assets']);
    assert.deepEqual(await page(bench), { ...plain, assets: [{ ...item, size_bytes: null }] });
    assert.equal((await get(bench, ids[0] ?? ''))['size_bytes'], null);
  });
});
