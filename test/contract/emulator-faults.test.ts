// Each fault kind: what the client sees, and whether the effect happened.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Bench,
  errorCode,
  png,
  type Reply,
  records,
  reservationOf,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

const body = { source: 'signed-url', workspace_id: workspaceId };
const create = (bench: Bench, headers: Record<string, string> = {}) => bench.call('POST', '/assets', { body, headers });

async function assetCount(bench: Bench): Promise<number> {
  return records((await bench.admin('GET', '/assets')).json()['assets']).length;
}

describe('status', () => {
  it('before the effect: the documented envelope, a request-id, and nothing happened', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ match: { route: 'create' }, kind: 'status', status: 503, times: 1 });
    const reply = await create(bench);
    assert.deepEqual([reply.status, errorCode(reply)], [503, 'service_unavailable']);
    assert.match(reply.headers.get('request-id') ?? '', /^req_/);
    assert.equal(await assetCount(bench), 0);
    assert.equal((await create(bench)).status, 201);
  });

  it('after the effect: the same answer, but the asset exists and its key replays it', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    await bench.fault({ match: { route: 'create' }, kind: 'status', status: 500, times: 1, effect: 'after' });
    assert.equal((await create(bench, { 'idempotency-key': 'k' })).status, 500);
    assert.equal(await assetCount(bench), 1);
    assert.equal((await create(bench, { 'idempotency-key': 'k' })).status, 201);
    assert.equal(await assetCount(bench), 1);
  });

  it('remembered: the error itself is replayed under its key, and another key works', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    await bench.fault({ match: { route: 'create' }, kind: 'status', status: 500, times: 1, remember: true });
    for (const replayed of [null, 'true']) {
      const reply = await create(bench, { 'idempotency-key': 'k' });
      assert.deepEqual([reply.status, reply.headers.get('idempotent-replayed')], [500, replayed]);
    }
    assert.equal((await create(bench, { 'idempotency-key': 'other' })).status, 201);
  });

  it('takes a code that the contract does not list', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ match: { route: 'list' }, kind: 'status', status: 451, code: 'region_blocked' });
    const reply = await bench.call('GET', '/assets');
    assert.deepEqual([reply.status, errorCode(reply)], [451, 'region_blocked']);
  });

  it('on the upload target it is XML', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    await bench.fault({ match: { route: 'upload' }, kind: 'status', status: 503, times: 1 });
    const reply = await uploadForm(reservation, png('x'.repeat(2_000_000)));
    assert.equal(reply.status, 503);
    assert.match(reply.text, /^<\?xml/);
    assert.equal((await bench.adminAsset(reservation.assetId))['sha256'], null);
  });
});

describe('rate-limit', () => {
  for (const [retryAfterSec, header] of [
    [undefined, null],
    [7, '7'],
  ] as const) {
    it(`429 rate_limited with retry-after ${header}`, async (t) => {
      const bench = await startBench(t);
      await bench.fault({ kind: 'rate-limit', ...(retryAfterSec === undefined ? {} : { retryAfterSec }) });
      const reply = await create(bench);
      assert.deepEqual(
        [reply.status, errorCode(reply), reply.headers.get('retry-after')],
        [429, 'rate_limited', header],
      );
      assert.equal(await assetCount(bench), 0);
    });
  }
});

describe('drops', () => {
  it('drop-before: no answer and no effect', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ match: { route: 'create' }, kind: 'drop-before', times: 1 });
    await assert.rejects(create(bench), /fetch failed/);
    assert.equal(await assetCount(bench), 0);
  });

  it('drop-after: no answer, but the effect', async (t) => {
    const bench = await startBench(t, { idempotency: 'replay' });
    for (const route of ['create', 'upload', 'complete']) {
      await bench.fault({ match: { route }, kind: 'drop-after', times: 1 });
    }
    await assert.rejects(create(bench, { 'idempotency-key': 'k' }), /fetch failed/);
    const reservation = reservationOf(await create(bench, { 'idempotency-key': 'k' }));
    await assert.rejects(uploadForm(reservation, png()), /fetch failed/);
    await assert.rejects(bench.call('POST', `/assets/${reservation.assetId}/complete`), /fetch failed/);
    assert.equal(await bench.status(reservation.assetId), 'ready');
    assert.equal(await assetCount(bench), 1);
  });

  for (const afterBytes of [0, 1_000_000, 9_000_000]) {
    it(`drop-before on an upload of 3 MB breaks it after ${afterBytes} bytes or at its end, and nothing is kept`, async (t) => {
      const bench = await startBench(t);
      const reservation = await bench.reserve();
      await bench.fault({ match: { route: 'upload' }, kind: 'drop-before', times: 1, afterBytes });
      await assert.rejects(uploadForm(reservation, png('x'.repeat(3_000_000))), /fetch failed/);
      assert.equal((await bench.adminAsset(reservation.assetId))['sha256'], null);
      assert.equal((await uploadForm(reservation, png())).status, 204);
    });
  }

  it('cut-body: the effect, then half an answer', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'cut-body' });
    const response = await fetch(`${bench.emulator.baseUrl}/assets`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_live_emulator', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 201);
    await assert.rejects(response.text(), { message: 'terminated' });
    assert.equal(await assetCount(bench), 1);
  });

  it('cut-body on a download sends half of the file', async (t) => {
    const bench = await startBench(t);
    const assetId = await bench.finish(png('x'.repeat(500_000)));
    const url = String((await bench.call('GET', `/assets/${assetId}`)).json()['url']);
    await bench.fault({ match: { route: 'download' }, kind: 'cut-body' });
    const response = await fetch(url);
    await assert.rejects(response.arrayBuffer(), { message: 'terminated' });
  });

  it('hang: no answer until the client gives up; closing the emulator does not wait for it', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ match: { route: 'create' }, kind: 'hang', effect: 'after' });
    const client = new AbortController();
    const givenUp = assert.rejects(
      fetch(`${bench.emulator.baseUrl}/assets`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk_live_emulator', 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: client.signal,
      }),
      { name: 'AbortError' },
    );
    while ((await assetCount(bench)) < 1);
    client.abort();
    await givenUp;
    assert.equal(await assetCount(bench), 1);
    const hung = assert.rejects(create(bench), /fetch failed/);
    while ((await assetCount(bench)) < 2);
    await bench.emulator.close();
    await hung;
  });
});

describe('the other kinds', () => {
  it('html: a captive portal answers 200 in place of FLORA', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ kind: 'html', times: 1 });
    const reply = await create(bench);
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
    assert.match(reply.text, /^<!doctype html>/);
    assert.equal(await assetCount(bench), 0);
  });

  it('delay: the answer takes at least that long', async (t) => {
    const bench = await startBench(t);
    const cases: readonly (readonly [Record<string, unknown>, () => Promise<Reply>])[] = [
      [{ match: { route: 'list' } }, () => bench.call('GET', '/assets')],
      [{ match: { route: 'create' } }, () => create(bench)],
      [{ match: { route: 'workspaces' }, effect: 'after' }, () => bench.call('GET', '/workspaces')],
      [{ match: { route: 'complete' } }, () => bench.call('POST', '/assets/asset_missing/complete')],
    ];
    for (const [rule, act] of cases) {
      await bench.fault({ ...rule, kind: 'delay', delayMs: 60 });
      const startedAt = performance.now();
      await act();
      assert.ok(performance.now() - startedAt >= 59);
    }
  });

  it('expire: the target dies at this moment, and retry works', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    await bench.fault({ match: { route: 'upload' }, kind: 'expire', times: 1 });
    const reply = await uploadForm(reservation, png());
    assert.equal(reply.status, 403);
    assert.match(reply.text, /expired/);
    assert.equal((await bench.call('POST', `/assets/${reservation.assetId}/retry`)).status, 200);
  });

  it('expire on create: the reservation is dead on arrival', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ match: { route: 'create' }, kind: 'expire', times: 1 });
    assert.equal((await uploadForm(await bench.reserve(), png())).status, 403);
  });
});

describe('which request is hit', () => {
  const hits = async (bench: Bench, count: number) => {
    const statuses: number[] = [];
    for (let n = 0; n < count; n += 1) statuses.push((await bench.call('GET', '/workspaces')).status);
    return statuses.map((status) => (status === 500 ? 'x' : '.')).join('');
  };

  it('nth hits once, nth with times hits that many from there, times alone the first ones', async (t) => {
    const bench = await startBench(t);
    for (const [rule, expected] of [
      [{ match: { nth: 3 } }, '..x...'],
      [{ match: { nth: 3 }, times: 2 }, '..xx..'],
      [{ times: 2 }, 'xx....'],
      [{}, 'xxxxxx'],
      [{ match: { route: 'create' } }, '......'],
      [{ match: { method: 'post' } }, '......'],
    ] as const) {
      await bench.fault({ kind: 'status', ...rule });
      assert.equal(await hits(bench, 6), expected, JSON.stringify(rule));
      await bench.admin('DELETE', '/faults');
    }
  });

  it('probability draws from the seed: the same seed gives the same run, another seed another', async (t) => {
    const bench = await startBench(t);
    const runs: string[] = [];
    for (const seed of [1, 1, 2]) {
      await bench.fault({ kind: 'status', probability: 0.5, seed });
      runs.push(await hits(bench, 40));
      await bench.admin('DELETE', '/faults');
    }
    assert.equal(runs[0], runs[1]);
    assert.notEqual(runs[0], runs[2]);
    assert.match(runs[0] ?? '', /x/);
    assert.match(runs[0] ?? '', /\./);
  });

  it('the oldest rule that fires wins; GET tells how often each was seen and hit', async (t) => {
    const bench = await startBench(t);
    await bench.fault({ match: { nth: 2 }, kind: 'html' });
    await bench.admin('POST', '/faults', [{ match: { route: 'workspaces' }, kind: 'status', times: 2 }]);
    assert.equal(await hits(bench, 4), 'x.x.');
    const rules = records((await bench.admin('GET', '/faults')).json()['faults']);
    assert.deepEqual(
      rules.map((rule) => [rule['kind'], rule['seen'], rule['hits']]),
      [
        ['html', 4, 1],
        ['status', 4, 2],
      ],
    );
  });

  for (const fault of [
    { kind: 'explode' },
    {},
    { kind: 'status', status: 99 },
    { kind: 'status', match: { route: 'nowhere' } },
    { kind: 'status', match: { path: '/x' } },
    { kind: 'status', probability: 2 },
    { kind: 'status', after: true },
    { kind: 'endless', match: { route: 'get' } },
    [{ kind: 'html' }, { kind: 'no' }],
  ]) {
    it(`a malformed rule is refused whole: ${JSON.stringify(fault)}`, async (t) => {
      const bench = await startBench(t);
      assert.equal((await bench.admin('POST', '/faults', fault)).status, 400);
      assert.deepEqual((await bench.admin('GET', '/faults')).json()['faults'], []);
    });
  }
});
