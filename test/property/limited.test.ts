import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { facts, reservation } from '../support/contents.ts';
import { HandClock } from '../support/hand-clock.ts';
import { bucket, type Limiter } from '../support/limiters.ts';
import { floraError, obliging, type Script, uploading } from '../support/uploading.ts';

const second = 1_000;

interface Tally {
  readonly granted: { readonly name: string; readonly atMs: number }[];
  readonly refused: number[];
}

/** A FLORA that counts its API calls by a limit; uploads are not among them. */
function limited(limiter: Limiter, clock: HandClock, script: Script, callMs = 20) {
  const tally: Tally = { granted: [], refused: [] };
  const startMs = clock.monotonic();
  const counted = (name: keyof Script) => {
    const answer = script[name];
    return async (...args: never[]) => {
      await clock.sleep(callMs);
      const atMs = clock.monotonic() - startMs;
      const verdict = limiter.take(atMs / second);
      if (verdict === true) {
        tally.granted.push({ name, atMs });
        return await answer?.(...args);
      }
      tally.refused.push(atMs);
      const retryAfterMs = verdict === 0 ? undefined : verdict * second;
      throw floraError('rate_limited', { status: 429, scope: 'service', disposition: 'retry', retryAfterMs });
    };
  };
  const calls = ['reserve', 'complete', 'get', 'renew'] as const;
  const counting = Object.fromEntries(calls.map((name) => [name, counted(name)]));
  return { tally, script: { ...script, ...counting } as Script };
}

/** Calls a second after the first minute, and the most refusals in ten seconds. */
function judged({ granted, refused }: Tally, untilMs: number) {
  const from = 60 * second;
  const perSecond = granted.filter(({ atMs }) => atMs >= from).length / ((untilMs - from) / second);
  const late = refused.filter((atMs) => atMs >= from);
  const most = Math.max(
    0,
    ...late.map((atMs) => late.filter((each) => each >= atMs && each < atMs + 10 * second).length),
  );
  return { perSecond, most };
}

describe('the engine under a limit of requests', () => {
  const run = async (retryAfter: number, ignoresPace = false) => {
    const clock = new HandClock();
    const { tally, script } = limited(bucket(5, 10, retryAfter), clock, obliging());
    const world = await uploading({ files: 600, script, clock });
    if (ignoresPace) world.gate.pace.waitMs = () => 0;
    await world.run(150 * second);
    return { ...judged(tally, 150 * second), world };
  };

  it('uses most of it, and runs into it once in ten seconds at most', async () => {
    for (const [retryAfter, reach] of [
      [1, 0.85],
      [0, 0.75],
    ] as const) {
      const { perSecond, most } = await run(retryAfter);
      assert.ok(perSecond >= reach * 5, `${perSecond}`);
      assert.ok(most <= 1, `${most} in ten seconds`);
    }
  });

  it('would run into it all the time without the pace: the judge notices', async () => {
    assert.ok((await run(1, true)).most > 1);
  });

  it('reserves no more than it can upload while the targets live', async () => {
    const clock = new HandClock();
    const good = obliging();
    const script = {
      ...good,
      reserve: async (...args: never[]) => {
        const answer = (await good.reserve?.(...args)) as { value: object };
        return { ...answer, value: { ...answer.value, expiresInMs: 4 * second } };
      },
      upload: async ({ onSent }: { onSent: (bytes: number) => void }) => {
        await clock.sleep(1_500);
        onSent(3);
      },
    };
    const { tally, script: counting } = limited(bucket(5, 10, 1), clock, script);
    const { run: work, countOf } = await uploading({ files: 200, script: counting, clock });
    await work(120 * second);
    assert.ok(countOf('reserve') > 60, `${countOf('reserve')}`);
    assert.equal(countOf('renew'), 0, 'none was over before its bytes were sent');
    assert.ok(tally.granted.length > 120);
  });

  it('uploads what is reserved while the gate is closed', async () => {
    const clock = new HandClock();
    let reserved = 0;
    const good = obliging();
    const script = {
      ...good,
      reserve: async (...args: never[]) => {
        reserved += 1;
        if (reserved > 3) {
          throw floraError('rate_limited', {
            status: 429,
            scope: 'service',
            disposition: 'retry',
            retryAfterMs: 600 * second,
          });
        }
        return await good.reserve?.(...args);
      },
    };
    const { run: work, countOf, statesOf } = await uploading({ files: 10, script, clock });
    await work(30 * second);
    assert.equal(countOf('upload'), 3);
    assert.equal(statesOf().filter((state) => state === 'uploaded' || state === 'ready').length, 3);
  });

  it('spends a quarter of it at most on asking whether FLORA has finished', async () => {
    const clock = new HandClock();
    const sinceMs = new Map<string, number>();
    const good = obliging();
    const script = {
      ...good,
      complete: (assetId: string) => {
        sinceMs.set(assetId, clock.now());
        return { value: facts({ assetId }), requestId: null };
      },
      get: (assetId: string) => {
        const isReady = clock.now() - (sinceMs.get(assetId) ?? 0) > 120 * second;
        return { value: facts({ assetId, status: isReady ? 'ready' : 'pending_upload' }), requestId: null };
      },
      renew: (assetId: string) => ({ value: reservation({ assetId }), requestId: null }),
    };
    const { tally, script: counting } = limited(bucket(2, 4, 1), clock, script);
    const { run: work, ids } = await uploading({ files: 300, script: counting, clock });
    await work(240 * second);
    const after = tally.granted.filter(({ atMs }) => atMs > 60 * second);
    const polls = after.filter(({ name }) => name === 'get').length;
    assert.ok(polls <= 0.35 * after.length, `${polls} of ${after.length} calls`);
    assert.ok(ids.length > 0 && polls > 0);
  });
});
