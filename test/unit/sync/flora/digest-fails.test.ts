import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { AssetFacts } from '../../../../src/core/event.ts';
import { transition } from '../../../../src/core/transition.ts';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { SyncError } from '../../../../src/errors.ts';
import { FloraClient } from '../../../../src/remote/client.ts';
import { type Fetched, fetchOnce } from '../../../../src/sync/flora/fetch-once.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Learning } from '../../../../src/sync/flora/learning.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { listed, noLog } from '../../../support/remote-listing.ts';
import { scriptedServer } from '../../../support/scripted-server.ts';
import { floraError } from '../../../support/uploading.ts';

// The bytes behind an asset's URL lie on another host than FLORA, and cannot be had now and then.

const sha256 = 'aa'.repeat(32);
const ready: AssetFacts & { readonly url: string } = {
  assetId: 'asset_1',
  status: 'ready',
  url: 'https://cdn.example/a',
  statusWord: null,
  sizeBytes: 3,
  contentType: null,
  failureMessage: null,
};

async function world(fetchDigest: RemotePort['fetchDigest']) {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const clock = new HandClock();
  const random = { fraction: () => 0.5, token: () => 'token' };
  const gate = new Gate({ most: 8, clock, random, onChange: () => {} });
  let fetches = 0;
  const remote = {
    list: async () => ({
      value: {
        assets: [listed('asset_1', { ...ready, name: 'a.png' })],
        anonymous: [],
        unreadable: 0,
        nextCursor: null,
      },
      requestId: null,
    }),
    get: async () => ({ value: ready, requestId: null }),
    fetchDigest: (...args: Parameters<RemotePort['fetchDigest']>) => {
      fetches += 1;
      return fetchDigest(...args);
    },
  } as unknown as RemotePort;
  const transfers = new Transfers(8);
  const matching = new Matching({
    ledger,
    remote,
    clock,
    gate,
    log: noLog,
    learning: new Learning({ ledger, remote, gate, clock, transfers }),
    places: [{ workspaceId: 'ws_1', projectId: null }],
    transfers,
    onWork: () => {},
  });
  const signal = new AbortController();
  await matching.list(signal.signal);
  const content = await ledger.write(({ contents }) =>
    contents.insert({ ...newContent(folder.destinationId), sha256, state: 'matching' }, 1),
  );
  const signals = { stopping: signal.signal, abort: signal.signal };
  const match = (row: Content) => matching.match(row, signals);
  const deps = { ledger, remote, transfers, fetches: new Map<string, Promise<Fetched>>() };
  const once = (facts = ready, sizeBytes = 3) => fetchOnce(deps, { sizeBytes }, facts, signals);
  const stored = () =>
    ledger.remoteAssets.candidate({
      workspaceId: 'ws_1',
      projectId: null,
      sizeBytes: 3,
      sha256,
      names: ['a.png'],
      isSizeKept: false,
    })?.sha256;
  return { ledger, clock, content, match, once, deps, signal, fetches: () => fetches, stored };
}

const failures: readonly (readonly [code: ErrorCode, patch: Partial<SyncError>])[] = [
  ['server_error', { disposition: 'retry', status: 503 }],
  ['url_unreadable', { status: 404 }],
  ['url_unreadable', { status: 403 }],
  ['url_redirected', { disposition: 'retry', status: 302 }],
  ['url_refused', { disposition: 'reject' }],
  ['connection_lost', { disposition: 'retry' }],
  ['unreachable', { disposition: 'retry' }],
  ['stalled', { disposition: 'retry' }],
  ['too_many_open_files', { disposition: 'retry' }],
];

describe('a digest that cannot be fetched', () => {
  for (const [code, patch] of failures) {
    const what = `${code} ${patch.status ?? ''}`.trim();
    it(`(${what}) makes the file wait, each time longer at first, and is not asked for again at once`, async () => {
      const { match, content, clock, fetches } = await world(() => Promise.reject(floraError(code, patch)));
      let row = content;
      const waits: number[] = [];
      for (let tries = 1; tries <= 9; tries += 1) {
        const outcome = await match(row);
        assert.ok(outcome?.event.type === 'trouble', 'it says why, and is not called cut short');
        assert.equal(outcome.event.code, 'match_unreadable');
        assert.match(outcome.event.reason, new RegExp(`asset_1, "a.png"\\) and cannot be compared: ${code};`));
        assert.equal(fetches(), tries);
        const next = transition(row, outcome.event, { nowMs: clock.now(), random: 0.5, freshKey: 'k' });
        assert.deepEqual([next.state, next.attempts], ['matching', tries]);
        waits.push(next.notBeforeMs - clock.now());
        row = next;
      }
      // With no chance in it; after six tries they are ten minutes apart.
      const soon = [313, 625, 1_250, 2_500, 5_000, 10_000];
      assert.deepEqual(waits, [...soon, 600_000, 600_000, 600_000]);
    });
  }

  it('for a limit waits as long as the host says', async () => {
    const limited = floraError('url_rate_limited', { disposition: 'retry', retryAfterMs: 77_000 });
    const { match, content } = await world(() => Promise.reject(limited));
    const outcome = await match(content);
    assert.ok(outcome?.event.type === 'trouble');
    assert.equal(outcome.event.retryAfterMs, 77_000);
  });

  it('for something that is no answer is no trouble of the file', async () => {
    const { match, content, deps } = await world(() => Promise.reject(new TypeError('a bug')));
    await assert.rejects(match(content), TypeError);
    const full = new SyncError('full', { code: 'ledger_full', scope: 'process', op: 'commit' });
    const closed = await world(() => Promise.reject(full));
    await assert.rejects(closed.once(), full);
    assert.equal(deps.fetches.size, 0);
  });

  it('for the end of the daemon comes to nothing', async () => {
    const { match, content, signal, once } = await world(async () => {
      signal.abort();
      throw floraError('connection_lost');
    });
    assert.equal(await match(content), null);
    assert.equal(await once(), null);
  });

  it('is asked for anew by the next, and is one failure for those that asked together', async () => {
    let isDown = true;
    const waiting: (() => void)[] = [];
    const { once, fetches, stored, deps, ledger } = await world(async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (isDown) throw floraError('server_error');
      return { sha256, sizeBytes: 3 };
    });
    const release = () => {
      for (const go of waiting.splice(0)) go();
    };
    const both = Promise.all([once(), once()]);
    await settled();
    assert.equal(fetches(), 1);
    release();
    for (const result of await both) assert.ok(result instanceof SyncError && result.code === 'server_error');
    assert.equal(deps.fetches.size, 0);
    assert.equal(stored(), null, 'nothing of it is kept');
    isDown = false;
    const again = Promise.all([once(), once(), once({ ...ready, sizeBytes: 9 })]);
    await settled();
    assert.equal(fetches(), 3, 'and another for another length');
    release();
    const fetched = { sha256, sizeBytes: 3 };
    assert.deepEqual(await again, [fetched, fetched, fetched]);
    assert.equal(stored(), sha256);
    assert.equal(ledger.facts.matching?.fetchedBytes, 6);
  });

  it('is not kept of an asset that is longer than what was read', async () => {
    const { once, stored } = await world(async () => ({ sha256, sizeBytes: 3 }));
    await once({ ...ready, sizeBytes: 9 });
    assert.equal(stored(), null);
    await once();
    assert.equal(stored(), sha256);
  });

  for (const status of [403, 404, 410, 429, 500, 503]) {
    it(`through the real client, because the host answers ${status}, makes the file wait`, async (t) => {
      const { origin, seen } = await scriptedServer(t, (_, response) =>
        response.writeHead(status, { 'retry-after': '11' }).end('<Error/>'),
      );
      const client = new FloraClient({
        baseUrl: `${origin}/api/v1`,
        apiKey: () => 'sk_live_0123456789',
        concurrency: 2,
        userAgent: 'test',
        nowMs: () => 0,
        token: () => 'token',
        setTimer: () => ({ cancel: () => {} }),
      });
      t.after(() => client.close());
      const { match, content, clock } = await world((_, mostBytes, signal) =>
        client.fetchDigest(`${origin}/a?signature=s3cret`, mostBytes, signal),
      );
      const outcome = await match(content);
      assert.ok(outcome?.event.type === 'trouble');
      assert.match(outcome.event.reason, new RegExp(`cannot be compared: The asset's URL answered ${status};`));
      assert.doesNotMatch(outcome.event.reason, /s3cret/);
      const next = transition(content, outcome.event, { nowMs: clock.now(), random: 0.5, freshKey: 'k' });
      assert.ok(status === 429 ? next.notBeforeMs === clock.now() + 11_000 : next.notBeforeMs > clock.now());
      assert.equal(seen.length, 1);
    });
  }
});

describe('learning from bytes', () => {
  for (const [code, patch] of failures) {
    it(`that cannot be fetched (${code} ${patch.status ?? ''}) learns nothing, and asks once`, async () => {
      const { content, deps, fetches, clock } = await world(() => Promise.reject(floraError(code, patch)));
      const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
      const learning = new Learning({ ...deps, gate, clock });
      const { signal } = new AbortController();
      assert.equal(await learning.compare(content, { ...ready, sizeBytes: 2 }, signal), 'unknown');
      assert.equal(fetches(), 1);
      assert.deepEqual(deps.ledger.facts.learnt('ws_1').types, {});
    });
  }

  it('that fails as no host does fails, unless the daemon is to stop', async () => {
    const { content, deps, clock } = await world(() => Promise.reject(new TypeError('a bug')));
    const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const learning = new Learning({ ...deps, gate, clock });
    const odd = { ...ready, sizeBytes: 2 };
    await assert.rejects(learning.compare(content, odd, new AbortController().signal), TypeError);
    assert.equal(await learning.compare(content, odd, AbortSignal.abort()), 'unknown');
  });
});
