import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { AssetFacts } from '../../../../src/core/event.ts';
import { SyncError } from '../../../../src/errors.ts';
import type { LedgerTables } from '../../../../src/ledger/ledger.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { compareBytes, Learning, typeOf } from '../../../../src/sync/flora/learning.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { content, facts, reservation } from '../../../support/contents.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';
import { floraError, obliging, uploading } from '../../../support/uploading.ts';

const transfers = new Transfers(8);
const second = 1_000;
const signal = new AbortController().signal;
const signals = { stopping: signal, abort: signal };

const png = content({ state: 'ready', assetId: 'asset_1', sizeBytes: 100, sha256: 'ours' });
const shown = facts({ status: 'ready', sizeBytes: 100, contentType: 'image/png' });

interface Flora {
  /** What GET answers, one after the other; the last one again and again. */
  readonly gets: readonly (AssetFacts | SyncError)[];
  readonly fetched?: { readonly sha256: string; readonly sizeBytes: number } | SyncError;
}

async function learning({ gets, fetched = { sha256: 'ours', sizeBytes: 100 } }: Flora) {
  const clock = new HandClock();
  const { ledger } = memoryLedger();
  await withFolder(ledger);
  const asked = { gets: [] as string[], fetches: [] as string[] };
  const remote = {
    get: async (assetId: string) => {
      const value = gets[Math.min(asked.gets.length, gets.length - 1)];
      asked.gets.push(assetId);
      if (value === undefined || value instanceof SyncError) throw value;
      return { value, requestId: 'req_get' };
    },
    fetchDigest: async (url: string, mostBytes: number) => {
      asked.fetches.push(`${mostBytes} of ${url}`);
      if (fetched instanceof SyncError) throw fetched;
      return fetched;
    },
  } as unknown as RemotePort;
  const gate = new Gate({
    most: 8,
    clock,
    random: { fraction: () => 0.5, token: () => 'token' },
    onChange: () => {},
  });
  const learner = new Learning({ ledger, remote, gate, clock, transfers });
  const look = (of: Content = png) => clock.advanceUntil(learner.look(of, signals));
  return { clock, ledger, learner, asked, look, gate, learnt: () => ledger.facts.learnt('ws_1') };
}

describe('the first look at a ready asset', () => {
  it('learns what FLORA keeps of it, and tells the ledger what GET said', async () => {
    const { clock, look, learnt, asked } = await learning({ gets: [shown] });
    const outcome = await look();
    assert.deepEqual(outcome, { event: { type: 'asset', facts: shown, by: 'get' }, requestId: 'req_get', doubted: [] });
    const types = { 'image/png': { isSizeKept: true, areBytesKept: true, keptAs: 'image/png' } };
    const { body, target } = learnt();
    assert.deepEqual(learnt(), {
      assetId: 'asset_1',
      atMs: clock.now(),
      body,
      target,
      lagMs: 0,
      areListedSizesRight: null,
      types,
    });
    assert.deepEqual(asked.fetches, ['100 of https://cdn.example/a']);
  });

  const kept: readonly [what: string, said: Partial<AssetFacts>, fetched: object, learnt: object][] = [
    [
      'that is converted',
      { sizeBytes: 60, contentType: 'image/webp' },
      { sha256: 'theirs', sizeBytes: 60 },
      { isSizeKept: false, areBytesKept: false, keptAs: 'image/webp' },
    ],
    [
      'whose size is not told',
      { sizeBytes: null },
      { sha256: 'ours', sizeBytes: 100 },
      { isSizeKept: null, areBytesKept: true, keptAs: 'image/png' },
    ],
    [
      'that is optimised on its way here',
      {},
      { sha256: 'theirs', sizeBytes: 40 },
      { isSizeKept: true, areBytesKept: null, keptAs: 'image/png' },
    ],
    ['without a URL', { url: null }, {}, { isSizeKept: true, areBytesKept: null, keptAs: 'image/png' }],
    ['without a type', { contentType: null }, {}, { isSizeKept: true, areBytesKept: null, keptAs: null }],
  ];
  for (const [what, said, fetched, expected] of kept) {
    it(`takes an asset ${what} for what it proves`, async () => {
      const bytes = { sha256: 'theirs', sizeBytes: 1, ...fetched };
      const { look, learnt } = await learning({ gets: [{ ...shown, ...said }], fetched: bytes });
      await look();
      assert.deepEqual(learnt().types['image/png'], expected);
    });
  }

  it('learns the rest where its bytes cannot be fetched', async () => {
    const { look, learnt } = await learning({ gets: [shown], fetched: floraError('url_unreadable') });
    assert.notEqual(await look(), null);
    assert.deepEqual(learnt().types['image/png'], { isSizeKept: true, areBytesKept: null, keptAs: 'image/png' });
  });

  it('fetches nothing that is very large', async () => {
    const { look, learnt, asked } = await learning({ gets: [{ ...shown, sizeBytes: 65 << 20 }] });
    await look({ ...png, sizeBytes: 65 << 20 });
    assert.deepEqual([asked.fetches, learnt().types['image/png']?.isSizeKept], [[], true]);
  });

  it('fetches up to 64 MiB to learn from, and to compare', async () => {
    for (const [sizeBytes, count] of [
      [64 << 20, 1],
      [(64 << 20) + 1, 0],
    ] as const) {
      const seen = { ...shown, sizeBytes };
      const { look, asked } = await learning({ gets: [seen] });
      await look({ ...png, sizeBytes });
      assert.equal(asked.fetches.length, count);
      const comparing = await learning({ gets: [] });
      const compared = comparing.learner.compare({ ...png, sizeBytes }, { ...seen, sizeBytes: 1 }, signals.abort);
      assert.equal(await compared, 'unknown');
      assert.equal(comparing.asked.fetches.length, count);
    }
  });

  it('waits for a GET that lags, looks each second, and notes how long it lagged', async () => {
    const pending = facts();
    const { look, learnt, asked, clock } = await learning({ gets: [floraError('not_found'), pending, pending, shown] });
    const startMs = clock.now();
    await look();
    assert.equal(asked.gets.length, 4);
    assert.equal(learnt().lagMs, 3 * second);
    assert.equal(clock.now() - startMs, 3 * second);
  });

  it('gives up after twelve looks, with nothing learnt', async () => {
    const { look, learnt, asked, learner } = await learning({ gets: [facts()] });
    assert.equal(await look(), null);
    assert.deepEqual([asked.gets.length, learnt().assetId, learnt().types], [12, null, {}]);
    assert.equal(learner.isWanted(png), true, 'the next one may tell');
  });

  it('ends when the process does', async () => {
    const { learner, asked, clock } = await learning({ gets: [facts()] });
    const stopping = new AbortController();
    const looking = learner.look(png, { stopping: stopping.signal, abort: signal });
    await settled();
    stopping.abort();
    assert.equal(await clock.advanceUntil(looking), null);
    assert.equal(asked.gets.length, 1);
  });
});

describe('a look', () => {
  it('is worth it for the first asset, and then for the first of each type only', async () => {
    const { look, learner, asked, learnt } = await learning({ gets: [shown] });
    const jpeg = { ...png, contentType: 'image/jpeg' };
    await look();
    assert.deepEqual([learner.isWanted(png), learner.isWanted(jpeg)], [false, true]);
    assert.equal(await look(), null);
    await look(jpeg);
    assert.equal(await look(jpeg), null);
    assert.equal(asked.gets.length, 2);
    assert.deepEqual(Object.keys(learnt().types), ['image/png', 'image/jpeg']);
  });

  it('keeps the first asset that was looked at whole, and how it lagged', async () => {
    const { look, learnt, clock } = await learning({ gets: [facts(), shown] });
    await look();
    const first = learnt();
    assert.equal(first.lagMs, second);
    clock.pass(second);
    await look({ ...png, assetId: 'asset_1', contentType: 'image/jpeg' });
    const { assetId, atMs, lagMs } = learnt();
    assert.deepEqual([assetId, atMs, lagMs], ['asset_1', first.atMs, second]);
  });

  it('is made by one at a time for each type', async () => {
    const { learner, asked, clock } = await learning({ gets: [facts(), shown] });
    const first = learner.look(png, signals);
    assert.equal(learner.isWanted(png), false);
    assert.equal(await learner.look({ ...png, id: 2, assetId: 'asset_2' }, signals), null);
    assert.equal(learner.isWanted({ ...png, contentType: 'image/jpeg' }), true);
    assert.notEqual(await clock.advanceUntil(first), null);
    assert.deepEqual(new Set(asked.gets), new Set(['asset_1']));
  });

  it('is not worth it for what has no asset', async () => {
    const { look, asked } = await learning({ gets: [shown] });
    assert.equal(await look({ ...png, assetId: null }), null);
    assert.deepEqual(asked.gets, []);
  });

  it('is made again by the next life only where nothing was learnt', async () => {
    const { look, ledger, gate, clock } = await learning({ gets: [shown] });
    const next = new Learning({ ledger, gate, clock, transfers, remote: {} as RemotePort });
    assert.equal(next.isWanted(png), true);
    await look();
    assert.equal(next.isWanted(png), false);
  });
});

describe('what is learnt of a type', () => {
  it('that bytes were kept stays known when only a size is seen later', async () => {
    const { learner, learnt } = await learning({ gets: [shown] });
    await learner.seen(png, { isSizeKept: true, areBytesKept: true, keptAs: 'image/png' });
    await learner.seen(png, { isSizeKept: false, areBytesKept: null, keptAs: 'image/webp' });
    assert.deepEqual(learnt().types['image/png'], { isSizeKept: false, areBytesKept: true, keptAs: 'image/webp' });
  });

  it('is written once, however often it is seen', async () => {
    const { learner, ledger } = await learning({ gets: [shown] });
    const type = { isSizeKept: true, areBytesKept: true, keptAs: 'image/png' };
    await learner.seen(png, type);
    let writes = 0;
    const { write } = ledger;
    ledger.write = <T>(run: (tables: LedgerTables) => T) => {
      writes += 1;
      return write(run);
    };
    await learner.seen(png, { ...type, areBytesKept: null });
    assert.equal(writes, 0);
    await learner.seen(png, { ...type, keptAs: 'image/webp' });
    assert.equal(writes, 1);
  });

  it('does not touch what is learnt of others', async () => {
    const { learner, learnt } = await learning({ gets: [shown] });
    const type = { isSizeKept: true, areBytesKept: true, keptAs: null };
    await learner.seen(png, type);
    await learner.seen({ ...png, contentType: 'image/heic' }, { ...type, isSizeKept: false });
    assert.deepEqual(learnt().types['image/png'], type);
  });

  it('says nothing of a size that FLORA does not tell', () => {
    assert.equal(typeOf(png, { ...shown, sizeBytes: null }).isSizeKept, null);
    assert.equal(typeOf(png, { ...shown, sizeBytes: 99 }).isSizeKept, false);
    assert.equal(typeOf(png, shown).isSizeKept, true);
  });
});

describe('where bytes are sent to', () => {
  it('is noted by host and form, with how long it lives, and never with its path or query', async () => {
    const { learner, learnt } = await learning({ gets: [shown] });
    const target = { kind: 'put', url: 'https://storage.googleapis.com/b/o?X-Goog-Signature=s3cret' } as const;
    await learner.targeted(png, reservation({ target, expiresInMs: 900_000 }));
    assert.deepEqual(learnt().target, { kind: 'put', host: 'storage.googleapis.com', livesMs: 900_000 });
  });

  it('is noted again only when it is another host or form', async () => {
    const { learner, learnt } = await learning({ gets: [shown] });
    await learner.targeted(png, reservation({ expiresInMs: 900_000 }));
    await learner.targeted(png, reservation({ expiresInMs: 899_000 }));
    assert.equal(learnt().target?.livesMs, 900_000);
    await learner.targeted(png, reservation({ target: { kind: 'put', url: 'https://uploads.example/x' } }));
    assert.equal(learnt().target?.kind, 'put');
    await learner.targeted(png, reservation({ target: null }));
    assert.equal(learnt().target?.kind, 'put');
  });
});

describe('the bytes behind a URL', () => {
  const compare = (
    fetched: { sha256: string; sizeBytes: number } | Error,
    sizeBytes: number | null,
    abort = signal,
  ) => {
    const fetchDigest = async () => {
      if (fetched instanceof Error) throw fetched;
      return fetched;
    };
    const remote = { fetchDigest } as unknown as RemotePort;
    return compareBytes({ remote, transfers }, png, { url: 'https://cdn.example/a', sizeBytes }, abort);
  };

  it('are ours when their number and their digest are', async () => {
    for (const sizeBytes of [100, 60, null]) {
      assert.equal(await compare({ sha256: 'ours', sizeBytes: 100 }, sizeBytes), 'same');
    }
  });

  it('are others only when their number is the size that FLORA reports', async () => {
    assert.equal(await compare({ sha256: 'theirs', sizeBytes: 60 }, 60), 'other');
    assert.equal(await compare({ sha256: 'theirs', sizeBytes: 100 }, 100), 'other');
    assert.equal(await compare({ sha256: 'theirs', sizeBytes: 60 }, 100), 'unknown');
    assert.equal(await compare({ sha256: 'theirs', sizeBytes: 100 }, 60), 'unknown');
    assert.equal(await compare({ sha256: 'theirs', sizeBytes: 100 }, null), 'unknown');
  });

  it('cannot be compared without a URL, or when they cannot be had', async () => {
    assert.equal(
      await compareBytes({ remote: {} as RemotePort, transfers }, png, { url: null, sizeBytes: 100 }, signal),
      'unknown',
    );
    assert.equal(await compare(floraError('url_unreadable', { status: 404 }), 100), 'unknown');
  });

  it('are read as far as the larger of both sizes goes', async () => {
    const most: number[] = [];
    const fetchDigest = async (_: string, mostBytes: number) => {
      most.push(mostBytes);
      return { sha256: 'x', sizeBytes: 0 };
    };
    const remote = { fetchDigest } as unknown as RemotePort;
    for (const sizeBytes of [60, 110, null]) {
      await compareBytes({ remote, transfers }, png, { url: 'https://cdn.example/a', sizeBytes }, signal);
    }
    assert.deepEqual(most, [100, 110, 100]);
  });

  it('let a bug through, which is no answer, but not when the process ends', async () => {
    await assert.rejects(compare(new TypeError('a bug'), 100), TypeError);
    assert.equal(await compare(new TypeError('aborted'), 100, AbortSignal.abort()), 'unknown');
  });
});

describe('a worker that learns', () => {
  const script = {
    ...obliging(),
    get: (assetId: string) => ({ value: { ...shown, assetId, sizeBytes: 3 }, requestId: 'req_get' }),
    fetchDigest: () => ({ sha256: 'digest 0', sizeBytes: 3 }),
  };

  it('looks at the first file that is ready, and asks for nothing more of the others', async () => {
    const { run, countOf, learntOf, statesOf } = await uploading({
      files: 5,
      script,
      concurrency: 1,
      isLearning: true,
    });
    await run(10 * second);
    assert.deepEqual(new Set(statesOf()), new Set(['ready']));
    assert.deepEqual([countOf('get'), countOf('fetchDigest')], [1, 1]);
    assert.deepEqual(learntOf('image/png'), { isSizeKept: true, areBytesKept: true, keptAs: 'image/png' });
  });

  it('finds out at once that the first file was converted, and says so', async () => {
    const webp = { ...shown, sizeBytes: 2, contentType: 'image/webp' };
    const converting = { ...script, get: (assetId: string) => ({ value: { ...webp, assetId }, requestId: null }) };
    const { run, ledger, ids } = await uploading({ files: 1, script: converting, isLearning: true });
    await run(10 * second);
    const file = ledger.contents.get(ids[0] ?? 0);
    assert.deepEqual([file?.state, file?.reasonCode, file?.remoteSizeBytes], ['ready', 'converted', 2]);
  });

  it('compares bytes of another size again when the asset was in doubt, and does not call what is ours odd', async () => {
    const larger = { ...shown, sizeBytes: 4, contentType: 'image/png' };
    const odd = { ...script, get: (assetId: string) => ({ value: { ...larger, assetId }, requestId: null }) };
    const { advance, ledger, ids } = await uploading({ files: 1, script: odd });
    const id = ids[0] ?? 0;
    const known = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, remoteSizeBytes: 4 } as const;
    await ledger.write(({ contents }) => {
      const content = contents.get(id);
      assert.ok(content !== undefined && contents.save(content, { ...content, ...known }, 1));
    });
    await advance(0);
    const file = ledger.contents.get(id);
    assert.deepEqual([file?.state, file?.reasonCode], ['ready', null]);
  });

  it('looks at the first of each type also where complete calls nothing ready', async () => {
    const slow = {
      ...script,
      complete: (assetId: string) => ({ value: facts({ assetId }), requestId: null }),
      fetchDigest: (url: string) => ({ sha256: url, sizeBytes: 3 }),
    };
    const types = ['image/png', 'image/jpeg'];
    const contentTypeOf = (at: number) => types[at] ?? '';
    const { run, learntOf } = await uploading({
      files: 2,
      script: slow,
      concurrency: 1,
      isLearning: true,
      contentTypeOf,
    });
    await run(30 * second);
    assert.equal(learntOf('image/png')?.areBytesKept, false);
    assert.equal(learntOf('image/jpeg')?.areBytesKept, false);
  });
});
