import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { AssetFacts } from '../../../../src/core/event.ts';
import type { LearntType } from '../../../../src/core/records.ts';
import type { Call } from '../../../../src/sync/flora/call.ts';
import { Learning } from '../../../../src/sync/flora/learning.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { content, facts, reservation } from '../../../support/contents.ts';
import { openGate } from '../../../support/gates.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';
import { floraError } from '../../../support/uploading.ts';

// What is made of what FLORA says, case by case.

const [stopping, abort] = [new AbortController().signal, new AbortController().signal];
const signals = { stopping, abort };
const png = content({ state: 'ready', assetId: 'asset_1', sizeBytes: 100, sha256: 'ours' });
const shown = facts({ status: 'ready', sizeBytes: 100, contentType: 'image/png' });
const type = (isSizeKept: boolean | null, areBytesKept: boolean | null, keptAs: string | null): LearntType => ({
  isSizeKept,
  areBytesKept,
  keptAs,
});

/** A learning that knows nothing, and what it asks for. */
async function learning(fetched = { sha256: 'ours', sizeBytes: 100 }, gets: (AssetFacts | Error)[] = []) {
  const { ledger } = memoryLedger();
  await withFolder(ledger);
  const { gate, clock } = openGate();
  const asked: unknown[] = [];
  const calls: Call[] = [];
  const enter = gate.enter.bind(gate);
  gate.enter = async (call, signal) => {
    calls.push(call);
    if (!signal.aborted) assert.equal(signal, stopping);
    return await enter(call, signal);
  };
  const remote = {
    get: async (assetId: string, signal: AbortSignal) => {
      asked.push(['get', assetId, signal === abort]);
      clock.pass(7);
      const value = gets.shift() ?? shown;
      if (value instanceof Error) throw value;
      return { value, requestId: 'req_get' };
    },
    fetchDigest: async (url: string, mostBytes: number, signal: AbortSignal) => {
      asked.push(['fetch', url, mostBytes, signal === abort]);
      return fetched;
    },
  } as unknown as RemotePort;
  const slept: unknown[] = [];
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (ms: number, signal?: AbortSignal) => {
    slept.push([ms, signal === stopping]);
    return sleep(ms);
  };
  const learner = new Learning({ ledger, remote, gate, clock, transfers: new Transfers(8) });
  const learnt = () => ledger.facts.learnt('ws_1');
  const knows = (known: LearntType, assetId: string | null = null) =>
    ledger.write((tables) =>
      tables.facts.setLearnt('ws_1', { ...learnt(), assetId, types: { [png.contentType]: known } }),
    );
  return { learner, learnt, knows, asked, calls, slept, clock };
}

describe('the sizes that FLORA lists', () => {
  for (const [what, told, expected] of [
    ['are right where GET tells the same', [[3, 3]], true],
    ['are wrong where it tells another', [[3, 4]], false],
    [
      'are wrong for good once they were',
      [
        [3, 3],
        [3, 4],
        [3, 3],
      ],
      false,
    ],
    ['are not known where the listing tells none', [[null, 3]], null],
    ['are not known where GET tells none', [[3, null]], null],
    [
      'stay known where later neither tells any',
      [
        [3, 4],
        [null, null],
      ],
      false,
    ],
  ] as const) {
    it(what, async () => {
      const { learner, learnt } = await learning();
      for (const [listedBytes, toldBytes] of told) await learner.listed(png, listedBytes, toldBytes);
      assert.equal(learnt().areListedSizesRight, expected);
    });
  }
});

describe('what becomes of a type, seen again', () => {
  for (const [before, seen, after] of [
    [type(false, false, 'a'), type(true, true, 'b'), type(false, false, 'b')],
    [type(true, true, 'a'), type(false, false, null), type(false, false, 'a')],
    [type(true, true, 'a'), type(null, null, null), type(true, true, 'a')],
    [type(null, null, null), type(true, false, 'b'), type(true, false, 'b')],
    [type(true, true, 'a'), type(true, false, 'a'), type(true, false, 'a')],
    [type(true, true, 'a'), type(false, true, 'a'), type(false, true, 'a')],
  ]) {
    it(`${Object.values(seen ?? {})} after ${Object.values(before ?? {})}`, async () => {
      const { learner, learnt } = await learning();
      await learner.seen(png, before ?? assert.fail());
      assert.deepEqual(learnt().types[png.contentType], before, 'the first time it is as it was seen');
      await learner.seen(png, seen ?? assert.fail());
      assert.deepEqual(learnt().types[png.contentType], after);
    });
  }
});

describe('bytes of another size', () => {
  const odd = { ...shown, sizeBytes: 60 };

  it('are not fetched only where FLORA is known to change both the size and the bytes of this type', async () => {
    for (const [known, fetches] of [
      [type(false, false, null), 0],
      [type(false, true, null), 1],
      [type(false, null, null), 1],
      [type(true, false, null), 1],
      [type(null, false, null), 1],
    ] as const) {
      const { learner, knows, asked } = await learning({ sha256: 'theirs', sizeBytes: 60 });
      await knows(known);
      assert.equal(await learner.compare(png, odd, abort), fetches === 0 ? 'unknown' : 'other');
      assert.equal(asked.length, fetches, JSON.stringify(known));
    }
  });

  it('that are others are noted of their type, and of those that are ours nothing is', async () => {
    for (const [fetched, compared, types] of [
      [{ sha256: 'theirs', sizeBytes: 60 }, 'other', { 'image/png': type(false, false, 'image/png') }],
      [{ sha256: 'ours', sizeBytes: 100 }, 'same', {}],
      [{ sha256: 'theirs', sizeBytes: 61 }, 'unknown', {}],
    ] as const) {
      const { learner, learnt, asked } = await learning(fetched);
      assert.equal(await learner.compare(png, odd, abort), compared);
      assert.deepEqual([learnt().types, learnt().assetId], [types, null]);
      assert.deepEqual(asked, [['fetch', 'https://cdn.example/a', 100, true]]);
    }
  });
});

describe('where bytes are sent to', () => {
  it('is noted anew for another host of the same form', async () => {
    const { learner, learnt } = await learning();
    const target = (host: string) => ({ kind: 'put', url: `https://${host}/x` }) as const;
    for (const host of ['a.example', 'b.example']) {
      await learner.targeted(png, reservation({ target: target(host), expiresInMs: 5 }));
      assert.deepEqual(learnt().target, { kind: 'put', host, livesMs: 5 });
    }
  });
});

describe('a look at a ready asset', () => {
  it('asks for it for the file, as a worker does, and fetches its bytes', async () => {
    const { learner, asked, calls, learnt } = await learning();
    await learner.look(png, signals);
    assert.deepEqual(calls, [{ op: 'check', file: png }]);
    assert.deepEqual(asked, [
      ['get', 'asset_1', true],
      ['fetch', 'https://cdn.example/a', 100, true],
    ]);
    assert.equal(learnt().lagMs, 0, 'however long the answer took');
  });

  it('waits a second between two, no longer than until the stop, and counts from the first', async () => {
    const { learner, slept, learnt, clock } = await learning(undefined, [facts(), floraError('not_found')]);
    await clock.advanceUntil(learner.look(png, signals));
    assert.deepEqual(slept, [
      [1_000, true],
      [1_000, true],
    ]);
    assert.equal(learnt().lagMs, 2_000 + 3 * 7);
  });

  it('asks for nothing once the daemon is to stop', async () => {
    const { learner, learnt, asked } = await learning();
    const stop = new AbortController();
    stop.abort();
    assert.equal(await learner.look(png, { stopping: stop.signal, abort }), null);
    assert.deepEqual([asked, learnt().assetId], [[], null]);
  });

  it('is wanted until both an asset and this type are known', async () => {
    const { learner, knows } = await learning();
    const isWanted = async (of: Content, assetId: string | null) => {
      await knows(type(true, true, null), assetId);
      return learner.isWanted(of);
    };
    assert.equal(await isWanted(png, null), true, 'the type is known by an adoption alone');
    assert.equal(await isWanted({ ...png, contentType: 'image/gif' }, 'asset_9'), true);
    assert.equal(await isWanted(png, 'asset_9'), false);
  });
});
