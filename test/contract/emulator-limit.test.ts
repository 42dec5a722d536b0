// FLORA's rate limit as the emulator has it: what it lets through, what it says when it does not, and what it never counts.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { readLimit } from '../../src/emulator/limit.ts';
import {
  type Bench,
  errorCode,
  errorFields,
  png,
  records,
  reservationOf,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

/** A clock that only a test moves, at the beginning of an hour. */
function handClock(): { now: () => number; pass: (ms: number) => void } {
  let nowMs = 1_800_000_000_000;
  return {
    now: () => nowMs,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

async function limited(t: TestContext, limit: Readonly<Record<string, unknown>>) {
  const clock = handClock();
  const bench = await startBench(t, { clock: clock.now });
  assert.equal((await bench.admin('POST', '/limit', limit)).status, 200);
  return { bench, pass: clock.pass };
}

/** How many of so many calls in a row are let through. */
async function granted(bench: Bench, calls: number): Promise<number> {
  let count = 0;
  for (let call = 0; call < calls; call += 1) {
    const { status } = await bench.call('GET', '/workspaces');
    assert.ok(status === 200 || status === 429, String(status));
    if (status === 200) count += 1;
  }
  return count;
}

async function retryAfter(bench: Bench): Promise<string | null> {
  const reply = await bench.call('GET', '/workspaces');
  assert.deepEqual([reply.status, errorCode(reply)], [429, 'rate_limited']);
  assert.match(reply.headers.get('request-id') ?? '', /^req_/);
  return reply.headers.get('retry-after');
}

describe('a bucket', () => {
  it('lets its burst through at once, and then its rate', async (t) => {
    const { bench, pass } = await limited(t, { kind: 'bucket', calls: 10, burst: 3 });
    assert.equal(await granted(bench, 5), 3);
    pass(100);
    assert.equal(await granted(bench, 2), 1);
    pass(250);
    assert.equal(await granted(bench, 5), 2);
    pass(60_000);
    assert.equal(await granted(bench, 5), 3);
  });

  it('holds a burst of as many as its calls where none is named', async (t) => {
    const { bench } = await limited(t, { kind: 'bucket', calls: 4 });
    assert.equal(await granted(bench, 6), 4);
  });
});

describe('a window', () => {
  it('that is fixed begins anew at each minute', async (t) => {
    const { bench, pass } = await limited(t, { kind: 'fixed', calls: 2 });
    pass(59_000);
    assert.equal(await granted(bench, 3), 2);
    pass(1_000);
    assert.equal(await granted(bench, 3), 2);
    pass(59_999);
    assert.equal(await granted(bench, 1), 0);
  });

  it('that slides forgets each call after a minute', async (t) => {
    const { bench, pass } = await limited(t, { kind: 'sliding', calls: 2 });
    assert.equal(await granted(bench, 1), 1);
    pass(30_000);
    assert.equal(await granted(bench, 2), 1);
    pass(30_000);
    assert.equal(await granted(bench, 2), 1);
    pass(30_000);
    assert.equal(await granted(bench, 2), 1);
  });

  it('of an hour is a quota', async (t) => {
    const { bench, pass } = await limited(t, { kind: 'quota', calls: 2, retryAfter: 'rest' });
    assert.equal(await granted(bench, 3), 2);
    pass(600_000);
    assert.equal(await retryAfter(bench), '3000');
    pass(3_000_000);
    assert.equal(await granted(bench, 3), 2);
  });
});

describe('so many at once', () => {
  it('refuses the next one until one has ended', async (t) => {
    const bench = await startBench(t, { limit: readLimit('in-flight 2 retry-after rest') });
    await bench.fault({ match: { route: 'list' }, kind: 'delay', delayMs: 200 });
    const statuses = await Promise.all([1, 2, 3].map(async () => (await bench.call('GET', '/assets')).status));
    assert.deepEqual(statuses.sort(), [200, 200, 429]);
    assert.equal((await bench.call('GET', '/assets')).status, 200);
  });

  it('has one that went away make room', async (t) => {
    const bench = await startBench(t, { limit: readLimit('in-flight 1') });
    await bench.fault({ kind: 'hang', times: 1 });
    const given = new AbortController();
    const hung = fetch(`${bench.emulator.baseUrl}/workspaces`, { signal: given.signal });
    const isThere = async () => records((await bench.admin('GET', '/requests')).json()['requests']).length > 0;
    while (!(await isThere()));
    assert.equal((await bench.call('GET', '/workspaces')).status, 429);
    given.abort();
    await assert.rejects(hung, { name: 'AbortError' });
    while ((await bench.call('GET', '/workspaces')).status !== 200);
  });
});

describe('a 429', () => {
  for (const [rule, expected] of [
    ['none', null],
    [7, '7'],
    ['rest', '2'],
  ] as const) {
    it(`has retry-after ${expected} where that is ${rule}`, async (t) => {
      const { bench, pass } = await limited(t, { kind: 'bucket', calls: 1, windowMs: 3_000, retryAfter: rule });
      assert.equal(await granted(bench, 1), 1);
      pass(1_500);
      assert.equal(await retryAfter(bench), expected);
    });
  }

  it('comes before every effect and every fault, and is counted', async (t) => {
    const { bench } = await limited(t, { kind: 'fixed', calls: 1 });
    await bench.fault({ kind: 'status' });
    const body = { source: 'signed-url', workspace_id: workspaceId };
    assert.equal((await bench.call('POST', '/assets', { body })).status, 500);
    assert.equal((await bench.call('POST', '/assets', { body })).status, 429);
    assert.deepEqual(records((await bench.admin('GET', '/assets')).json()['assets']), []);
    assert.deepEqual(
      records((await bench.admin('GET', '/requests')).json()['requests']).map(({ fault }) => fault),
      ['status', 'limit'],
    );
    const { granted: through, refused } = (await bench.admin('GET', '/limit')).json();
    assert.deepEqual({ through, refused }, { through: 1, refused: 1 });
    assert.deepEqual((await bench.admin('DELETE', '/limit')).json()['limit'], null);
    assert.equal((await bench.call('GET', '/workspaces')).status, 500);
  });

  it('never meets uploads and downloads, which go to another host', async (t) => {
    const { bench } = await limited(t, { kind: 'fixed', calls: 2 });
    const body = { source: 'signed-url', workspace_id: workspaceId };
    const reservation = reservationOf(await bench.call('POST', '/assets', { body }));
    const done = async () => (await bench.call('POST', `/assets/${reservation.assetId}/complete`)).status;
    for (let upload = 0; upload < 4; upload += 1) assert.equal((await uploadForm(reservation, png())).status, 204);
    assert.deepEqual([await done(), await done()], [200, 429]);
    const { origin } = new URL(bench.emulator.baseUrl);
    assert.equal((await fetch(`${origin}/files/${reservation.assetId}`)).status, 200);
  });
});

describe('a rule', () => {
  it('reads as people write it', () => {
    const bucket = { kind: 'bucket', calls: 20, windowMs: 1_000, burst: 20, retryAfter: 'none' };
    for (const [text, expected] of [
      ['bucket 20', bucket],
      [' bucket  20/s burst 10  retry-after rest', { ...bucket, burst: 10, retryAfter: 'rest' }],
      ['bucket 20/min', { ...bucket, windowMs: 60_000 }],
      [
        'fixed 60/min retry-after 1',
        { ...bucket, kind: 'fixed', calls: 60, burst: 60, windowMs: 60_000, retryAfter: 1 },
      ],
      ['quota 1000', { ...bucket, kind: 'quota', calls: 1_000, burst: 1_000, windowMs: 3_600_000 }],
      ['in-flight 2', { ...bucket, kind: 'in-flight', calls: 2, burst: 2, windowMs: 0 }],
    ] as const) {
      assert.deepEqual(readLimit(text), expected, text);
    }
    for (const text of [
      '',
      'bucket',
      'bucket 0',
      'leaky 5',
      'fixed 5 burst 2',
      'in-flight 2/s',
      'bucket 5/day',
      'bucket -1',
    ]) {
      assert.equal(readLimit(text), undefined, text);
    }
  });

  for (const [limit, field] of [
    [{ calls: 1 }, 'kind'],
    [{ kind: 'bucket' }, 'calls'],
    [{ kind: 'leaky', calls: 1 }, 'kind'],
    [{ kind: 'fixed', calls: 1, burst: 2 }, 'burst'],
    [{ kind: 'fixed', calls: 1, retryAfter: 'soon' }, 'retryAfter'],
    [{ kind: 'fixed', calls: 1, retryAfter: -1 }, 'retryAfter'],
    [{ kind: 'fixed', calls: 1, perSecond: 2 }, 'perSecond'],
  ] as const) {
    it(`that is malformed is refused: ${JSON.stringify(limit)}`, async (t) => {
      const bench = await startBench(t);
      const reply = await bench.admin('POST', '/limit', limit);
      assert.deepEqual([reply.status, errorFields(reply)], [400, [field]]);
      assert.equal(await granted(bench, 3), 3);
    });
  }
});
