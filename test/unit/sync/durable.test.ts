import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import { freshCreation } from '../../../src/core/creation.ts';
import type { AssetFacts, ContentEvent } from '../../../src/core/event.ts';
import { type CommitDeps, commitOutcome } from '../../../src/sync/commit/commit.ts';
import { fetchOnce } from '../../../src/sync/flora/fetch-once.ts';
import { Gate } from '../../../src/sync/flora/gate.ts';
import { Learning } from '../../../src/sync/flora/learning.ts';
import { Matching } from '../../../src/sync/flora/matching.ts';
import { Reconciler } from '../../../src/sync/flora/reconciler.ts';
import { Transfers } from '../../../src/sync/flora/transfers.ts';
import { DueWork } from '../../../src/sync/ports/due-work.ts';
import type { ListedPage, RemotePort } from '../../../src/sync/ports/flora.ts';
import { retryFile } from '../../../src/sync/upload/retry.ts';
import { startScheduler } from '../../../src/sync/upload/scheduler.ts';
import type { WorkerDeps } from '../../../src/sync/upload/worker.ts';
import { reservation } from '../../support/contents.ts';
import { creatingOver } from '../../support/flora-knowledge.ts';
import { HandClock, settled } from '../../support/hand-clock.ts';
import { heldLedger } from '../../support/held-ledger.ts';
import { newContent, withFolder } from '../../support/ledgers.ts';
import { listed, noLog } from '../../support/remote-listing.ts';

// Whoever goes on, or tells, after something was written down may rely on it: it is durable by then.

const { signal } = new AbortController();
const signals = { stopping: signal, abort: signal };
const random = { fraction: () => 0.5, token: () => 'fresh' };
const place = { workspaceId: 'ws_1', projectId: null };
const hour = 3_600_000;
const url = 'https://cdn.example/a';

/** A ledger with one content of three bytes and its file, and a FLORA that has one asset of that size and name. */
async function world(patch: Partial<Content> = {}) {
  const held = heldLedger();
  const { ledger } = held;
  const { destinationId, folderId, root } = await withFolder(ledger);
  const clock = new HandClock();
  const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
  const { content, directoryId } = await ledger.write(({ contents, directories, files }) => {
    const inserted = contents.insert(newContent(destinationId), clock.now());
    if (Object.keys(patch).length > 0) assert.ok(contents.save(inserted, { ...inserted, ...patch }, clock.now()));
    const directory = directories.save(folderId, '');
    files.saveContent(directory, 'a.png', stat, inserted.id, 1);
    return { content: contents.get(inserted.id) ?? assert.fail(), directoryId: directory };
  });
  const { statusWord, sizeBytes, contentType, failureMessage } = listed('asset_1', { sizeBytes: 3 });
  const facts: AssetFacts = {
    assetId: 'asset_1',
    status: 'ready',
    url,
    statusWord,
    sizeBytes,
    contentType,
    failureMessage,
  };
  const page: ListedPage = {
    assets: [listed('asset_1', { name: 'a.png', sizeBytes: 3, url })],
    anonymous: [],
    unreadable: 0,
    nextCursor: null,
  };
  const flora = { page, facts, bytes: { sha256: content.sha256, sizeBytes: 3 } };
  const remote = {
    list: async () => ({ value: flora.page, requestId: null }),
    get: async () => ({ value: flora.facts, requestId: null }),
    fetchDigest: async () => flora.bytes,
  } as unknown as RemotePort;
  const gate = new Gate({ most: 8, clock, random, onChange: () => {} });
  const transfers = new Transfers(8);
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const deps = {
    ledger,
    clock,
    gate,
    remote,
    random,
    transfers,
    log: noLog,
    learning: new Learning({ ledger, remote, gate, clock, transfers }),
    places: [place],
    claimed: () => new Set<number>(),
    creating: creatingOver(ledger, clock),
    onWork: tell('work'),
    onLook: tell('look'),
    onChange: tell('change'),
    uploadsMissing: () => true,
  };
  const file = { root, directory: '', name: 'a.png', folderId, directoryId };
  return { ...held, deps, clock, content, file, facts, flora, told };
}

describe('what is learnt of FLORA is kept', () => {
  it('before the next step: where bytes go, which sizes are listed, what becomes of a type', async () => {
    const { deps, content, commitsOf, ledger } = await world();
    const { learning } = deps;
    assert.equal(await commitsOf(() => learning.targeted(content, reservation())), 1);
    assert.equal(await commitsOf(() => learning.listed(content, 3, 3)), 1);
    assert.equal(
      await commitsOf(() => learning.seen(content, { isSizeKept: true, areBytesKept: true, keptAs: null })),
      1,
    );
    const { target, areListedSizesRight, types } = ledger.facts.learnt('ws_1');
    assert.deepEqual([target?.host, areListedSizesRight, Object.keys(types)], ['uploads.example', true, ['image/png']]);
  });

  it('before a comparison or a look is over', async () => {
    const { deps, content, commitsOf, facts, flora } = await world({ state: 'ready', assetId: 'asset_1' });
    assert.equal(await commitsOf(() => deps.learning.look(content, signals)), 2, 'its type, then the asset itself');
    flora.bytes = { sha256: 'other', sizeBytes: 2 };
    assert.equal(await commitsOf(() => deps.learning.compare(content, { ...facts, sizeBytes: 2 }, signal)), 1);
  });

  it('once: what is known already is not written again', async () => {
    const { deps, content, commitsOf } = await world();
    const { learning } = deps;
    for (const commits of [1, 0]) {
      assert.equal(await commitsOf(() => learning.targeted(content, reservation())), commits);
      assert.equal(await commitsOf(() => learning.listed(content, 3, 4)), commits);
    }
    assert.equal(await commitsOf(() => learning.listed(content, 3, 3)), 0, 'one that was wrong proves it for all');
  });
});

describe('a search', () => {
  it('is over when what it saw, and how far it came, is durable', async () => {
    const { deps, commitsOf, ledger, told } = await world();
    const matching = new Matching(deps);
    // Each of two walks writes its page, the first one that it was made; then the sum, and the end.
    assert.equal(await commitsOf(() => matching.list(signal)), 5);
    assert.deepEqual([ledger.facts.isListed('ws_1|'), ledger.remoteAssets.count(), told], [true, 1, ['work']]);
  });

  it('adopts nothing before all that was learnt on the way is durable', async () => {
    const { deps, commitsOf, content, ledger } = await world({ state: 'matching' });
    const matching = new Matching(deps);
    await matching.list(signal);
    // What GET told, whether listed sizes are right, the digest, what became of the type.
    const before = ledger.facts.matching;
    assert.equal(await commitsOf(() => matching.match(content, signals)), 4);
    assert.deepEqual(ledger.facts.matching, { ...before, fetchedBytes: 3 });
  });

  it('waits from now on, durably, where the clock was put back', async () => {
    const { deps, commitsOf, content, flora, clock, ledger } = await world({ state: 'matching' });
    const open = listed('asset_1', { name: 'a.png', status: 'pending_upload' });
    flora.page = { ...flora.page, assets: [open] };
    flora.facts = { ...flora.facts, status: 'pending_upload', sizeBytes: null };
    const matching = new Matching(deps);
    await matching.list(signal);
    clock.pass(-hour);
    assert.equal(await commitsOf(() => matching.match(content, signals)), 2);
    assert.equal(ledger.facts.matching?.sinceMs, clock.now());
  });

  it('keeps a digest before anybody is told of it, and asks for it anew after that', async () => {
    const { deps, commitsOf, content, facts } = await world();
    const fetching = { ...deps, fetches: new Map() };
    const fetch = () => fetchOnce(fetching, content, { ...facts, url }, signals);
    assert.equal(await commitsOf(fetch), 1);
    assert.equal(fetching.fetches.size, 0);
  });
});

describe('a walk through the listing', () => {
  it('is over when its order and its sum are durable', async () => {
    const { deps, commitsOf, ledger } = await world();
    const run = () => new Reconciler(deps).run({ isFull: true, isDryRun: false }, signal);
    assert.equal(await commitsOf(run), 2);
    assert.notEqual(ledger.facts.lastReconcile, null);
    assert.notEqual(ledger.facts.listingOrder('ws_1|'), null);
  });

  it('rings for what it queued again once that is durable', async () => {
    const { deps, commitsOf, ledger, told, content } = await world({ state: 'missing', assetId: 'asset_9' });
    const rung: string[] = [];
    const onWork = () => void rung.push(ledger.contents.get(content.id)?.state ?? '');
    const run = () => new Reconciler({ ...deps, onWork }).run({ isFull: true, isDryRun: false }, signal);
    assert.equal(await commitsOf(run), 3);
    assert.deepEqual([rung, told], [['matching'], []]);
  });
});

describe('the budget of assets', () => {
  it('is whole for a new version, and slow, once that is durable', async () => {
    const { deps, commitsOf, ledger, clock } = await world();
    await ledger.write((tables) => tables.facts.setCreation({ ...freshCreation('0'), barren: 8 }));
    const { creating } = deps;
    assert.equal(await commitsOf(() => creating.begin()), 1);
    assert.equal(ledger.facts.creation?.version, '1');
    await ledger.write((tables) => tables.facts.setCreation({ ...freshCreation('1'), barren: 8 }));
    assert.equal(await commitsOf(() => creating.full(true)), 1);
    assert.equal(ledger.facts.creation?.slowSinceMs, clock.now());
  });
});

describe('a step of a content', () => {
  it('is told to nobody before it is durable', async () => {
    const { deps, content, hold, commit, told } = await world();
    const event: ContentEvent = { type: 'refused', code: 'input_validation_error', reason: 'no' };
    hold();
    const step = commitOutcome(deps as CommitDeps, content, { event, requestId: null, doubted: [] });
    await settled();
    assert.deepEqual(told, []);
    assert.ok(commit());
    assert.equal((await step)?.state, 'rejected');
    assert.deepEqual(told, ['change']);
  });

  it('that a person asks for looks at a file once it is durable that it is to be looked at', async () => {
    for (const state of ['gone', null] as const) {
      const { deps, file, hold, commit, told, ledger } = await world(state === null ? {} : { state });
      const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
      const problem = { code: 'type', reason: 'text' };
      if (state === null)
        await ledger.write(({ files }) => files.saveProblem(file.directoryId, file.name, stat, problem, 1));
      hold();
      const retried = retryFile(deps, file);
      await settled();
      assert.deepEqual(told, []);
      assert.ok(commit());
      assert.equal((await retried).outcome, 'looked_at');
      assert.deepEqual(told, ['look']);
    }
  });
});

describe('the scheduler', () => {
  it('begins with nothing before it is durable that no row waits for a future that there is not', async () => {
    const { deps, hold, commit } = await world();
    const stopping = new AbortController();
    hold();
    const both = { stopping: stopping.signal, abort: stopping.signal };
    const worker = { ...deps, due: new DueWork() } as unknown as WorkerDeps & { readonly due: DueWork };
    const scheduler = startScheduler({ ...worker, local: { look: () => new Promise(() => {}) } as never }, 1, both);
    await settled();
    assert.equal(scheduler.claimed().size, 0);
    stopping.abort();
    assert.ok(commit());
    await scheduler.finished;
  });
});
