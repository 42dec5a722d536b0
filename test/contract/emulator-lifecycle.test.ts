// Complete, retry and how content is judged.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ebml, film, wholeMedia } from '../support/whole-media.ts';
import { errorCode, png, reservationOf, startBench, uploadForm } from './emulator-support.ts';

describe('complete and retry', () => {
  it('complete without bytes is 409 conflict and the asset stays pending_upload', async (t) => {
    const bench = await startBench(t);
    const { assetId } = await bench.reserve();
    const reply = await bench.call('POST', `/assets/${assetId}/complete`);
    assert.deepEqual([reply.status, errorCode(reply)], [409, 'conflict']);
    assert.equal(await bench.status(assetId), 'pending_upload');
  });

  it('a second complete is 409 conflict', async (t) => {
    const bench = await startBench(t);
    const assetId = await bench.finish(png());
    const reply = await bench.call('POST', `/assets/${assetId}/complete`);
    assert.deepEqual([reply.status, errorCode(reply)], [409, 'conflict']);
  });

  it('a body that says something, or is no JSON, is refused', async (t) => {
    const bench = await startBench(t);
    const { assetId } = await bench.reserve();
    const json = { 'content-type': 'application/json' };
    for (const call of ['complete', 'retry']) {
      for (const [init, code] of [
        [{ body: { status: 'ready' } }, 'input_validation_error'],
        [{ body: [] }, 'input_validation_error'],
        [{ raw: '{', headers: json }, 'invalid_json'],
        [{ raw: '{}' }, 'invalid_json'],
      ] as const) {
        const reply = await bench.call('POST', `/assets/${assetId}/${call}`, init);
        assert.deepEqual([reply.status, errorCode(reply)], [400, code]);
      }
    }
  });

  const contents: readonly (readonly [string, Buffer, string])[] = [
    ...Object.entries(wholeMedia).map(([type, bytes]) => [type, bytes, ''] as const),
    ['what no reader can open: a head of zeros', preallocated(), 'supported'],
    ['what no reader can open: half a picture', png().subarray(0, 60), 'PNG file ends inside its IDAT chunk'],
    ['what no reader can open: a film without its tracks', film('isom').subarray(0, 300), 'ends inside its m'],
    ['nothing FLORA takes: text', Buffer.from('hello'), 'not a supported'],
    ['nothing FLORA takes: matroska', ebml('matroska'), 'not a supported'],
    ['nothing FLORA takes: AAC', Buffer.from('fff15080', 'hex'), 'not a supported'],
    ['nothing FLORA takes: an empty file', Buffer.alloc(0), 'empty'],
    ['nothing FLORA takes: 150 megapixels and more', hugePng(), '150 megapixels'],
  ];
  for (const [what, bytes, failure] of contents) {
    it(`content is judged by its bytes: ${what}`, async (t) => {
      const bench = await startBench(t);
      const assetId = await bench.finish(bytes, { content_type: 'image/tiff' });
      const asset = (await bench.call('GET', `/assets/${assetId}`)).json();
      assert.equal(asset['upload_content_type'], 'image/tiff');
      if (failure === '') {
        assert.deepEqual([asset['status'], asset['content_type'], asset['failure_message']], ['ready', what, null]);
      } else {
        assert.equal(asset['status'], 'failed');
        assert.match(String(asset['failure_message']), new RegExp(failure));
        assert.equal(asset['url'], null);
      }
    });
  }

  it('content is not judged where anything is to be taken', async (t) => {
    const bench = await startBench(t, { contents: 'anything' });
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), png().subarray(0, 60)]) {
      const assetId = await bench.finish(bytes, { content_type: 'text/plain' });
      const asset = (await bench.call('GET', `/assets/${assetId}`)).json();
      assert.deepEqual([asset['status'], asset['failure_message']], ['ready', null]);
    }
  });

  it('a completed asset stays pending_upload while it is processed, and can be neither completed nor retried', async (t) => {
    let now = 1_000_000;
    const bench = await startBench(t, { processingMs: 500, reservationTtlMs: 100, clock: () => now });
    const assetId = await bench.finish(png());
    now += 499;
    assert.equal(await bench.status(assetId), 'pending_upload');
    for (const call of ['complete', 'retry']) {
      assert.equal((await bench.call('POST', `/assets/${assetId}/${call}`)).status, 409);
    }
    now += 1;
    assert.equal(await bench.status(assetId), 'ready');
  });

  it('retry is refused for live and ready assets', async (t) => {
    const bench = await startBench(t);
    const live = (await bench.reserve()).assetId;
    const ready = await bench.finish(png());
    for (const assetId of [live, ready]) {
      const reply = await bench.call('POST', `/assets/${assetId}/retry`);
      assert.deepEqual([reply.status, errorCode(reply)], [409, 'conflict']);
    }
  });

  it('retry of an expired reservation drops its bytes, kills the old target and opens a new one', async (t) => {
    let now = 1_000_000;
    const bench = await startBench(t, { reservationTtlMs: 1000, clock: () => now });
    const old = await bench.reserve();
    await uploadForm(old, png('old'));
    const { path } = await bench.adminAsset(old.assetId);
    now += 1000;
    const reply = await bench.call('POST', `/assets/${old.assetId}/retry`);
    assert.equal(reply.status, 200);
    const fresh = reservationOf(reply);
    assert.equal(fresh.assetId, old.assetId);
    assert.equal(fresh.expiresAt, new Date(now + 1000).toISOString());
    assert.equal(existsSync(String(path)), false);
    assert.equal((await bench.call('POST', `/assets/${old.assetId}/complete`)).status, 409);
    assert.equal((await uploadForm(old, png('late'))).status, 403);
    assert.equal((await uploadForm(fresh, png('new'))).status, 204);
    assert.equal((await bench.call('POST', `/assets/${old.assetId}/complete`)).json()['status'], 'ready');
  });
});

function preallocated(): Buffer {
  return Buffer.alloc(3_000_000);
}

function hugePng(): Buffer {
  const bytes = png();
  bytes.writeUInt32BE(15_001, 16);
  bytes.writeUInt32BE(10_000, 20);
  return bytes;
}
