import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestWaitMs } from '../../../../src/core/steps.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { NoLearning } from '../../../support/flora-knowledge.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { ListingModel, listed, noLog, reconciling } from '../../../support/remote-listing.ts';

// Who changes a row by itself has to say so: without that the scheduler sleeps until something else happens.

const tenMinutes = 600_000;
const ours = 'ours_000000';

/** One ready asset of ours, with its file in the drop folder, and one of somebody else's; ours is gone from FLORA. */
async function withoutAsset(uploadsMissing: (root: string) => boolean, needsMatching = false) {
  const model = new ListingModel();
  model.assets = [listed('theirs')];
  let wakes = 0;
  const lines: string[] = [];
  const tell = ({ path, from, to, code }: Readonly<Record<string, unknown>>) =>
    void lines.push([path, from, '->', to, code].filter((part) => part !== undefined).join(' '));
  const world = await reconciling(1, model, {
    uploadsMissing,
    log: { ...noLog, info: tell, warn: tell },
    onWork: () => {
      wakes += 1;
    },
  });
  const { ledger } = world;
  const { folderId } = await withFolder(ledger);
  const id = ledger.contents.findByAsset(ours)?.id ?? 0;
  const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
  await ledger.write(({ directories, files }) => {
    directories.setNeedsMatching(folderId, needsMatching);
    files.saveContent(directories.save(folderId, ''), 'a.png', stat, id, world.clock.now());
  });
  return {
    ...world,
    lines,
    content: () => {
      const content = ledger.contents.get(id);
      assert.ok(content !== undefined);
      return content;
    },
    wakes: () => wakes,
  };
}

describe('an asset that is missing at FLORA', () => {
  it('is queued under another key in the same step where its drop folder says so, and both changes are logged', async () => {
    const asked: string[] = [];
    const { reconcile, work, clock, content, lines } = await withoutAsset((root) => {
      asked.push(root);
      return true;
    });
    const { idempotencyKey } = content();
    await reconcile();
    await clock.advance(tenMinutes + 1_000);
    lines.length = 0;
    await work();
    const { state, assetId, notBeforeMs, generation, idempotencyKey: another } = content();
    assert.deepEqual({ state, assetId, generation }, { state: 'queued', assetId: null, generation: 2 });
    assert.notEqual(another, idempotencyKey);
    assert.ok(notBeforeMs <= clock.now(), 'it is due');
    assert.deepEqual(asked, ['/drop']);
    assert.deepEqual(lines, ['/drop/a.png checking -> missing asset_missing', '/drop/a.png missing -> queued']);
  });

  it('is queued by the next listing, which wakes the scheduler, where the settings have changed since', async () => {
    let isWanted = false;
    const { reconcile, work, clock, content, wakes } = await withoutAsset(() => isWanted);
    await reconcile();
    await clock.advance(tenMinutes + 1_000);
    await work();
    assert.equal(content().state, 'missing');
    await reconcile();
    assert.equal(content().state, 'missing', 'the rule is to report');
    isWanted = true;
    const before = wakes();
    await reconcile();
    assert.equal(content().state, 'queued');
    assert.equal(wakes(), before + 1);
  });

  it('is looked for first where the ledger was put back: it may have been sent again before', async () => {
    let isWanted = false;
    const { reconcile, work, clock, content } = await withoutAsset(() => isWanted, true);
    await reconcile();
    await clock.advance(tenMinutes + 1_000);
    await work();
    isWanted = true;
    await reconcile();
    assert.equal(content().state, 'matching');
  });

  it('is asked for, and the scheduler woken to ask once more, when the listing lacks it', async () => {
    const { reconcile, content, wakes } = await withoutAsset(() => false);
    await reconcile();
    assert.equal(content().state, 'checking');
    assert.equal(wakes(), 1);
  });

  it('wakes the scheduler when a listing shows it again', async () => {
    const { model, reconcile, work, clock, content, wakes } = await withoutAsset(() => false);
    await reconcile();
    await clock.advance(tenMinutes + 1_000);
    await work();
    model.assets.push(listed(ours, { status: 'pending_upload' }));
    const before = wakes();
    await reconcile();
    assert.equal(content().state, 'checking');
    assert.ok(wakes() > before);
  });
});

describe('a content that waits for the listing of FLORA', () => {
  it('is due when the listing was read to its end, and the scheduler is woken then', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const clock = new HandClock();
    const gate = new Gate({
      most: 8,
      clock,
      random: { fraction: () => 0.5, token: () => 'token' },
      onChange: () => {},
    });
    const model = new ListingModel();
    model.assets = [listed('theirs')];
    const dueAtWakes: boolean[] = [];
    const remote = model.remote as RemotePort;
    const matching = new Matching({
      ...{ ledger, remote, clock, gate, log: noLog, learning: new NoLearning(ledger) },
      places: [{ workspaceId: 'ws_1', projectId: null }],
      transfers: new Transfers(8),
      onWork: () => void dueAtWakes.push((ledger.contents.get(id)?.notBeforeMs ?? Number.NaN) <= clock.now()),
    });
    const { id } = await ledger.write((tables) => {
      const content = newContent(destinationId);
      const begun = matching.begin(tables, content, clock.now());
      assert.deepEqual(begun, { state: 'matching', notBeforeMs: clock.now() + longestWaitMs });
      return tables.contents.insert({ ...content, ...begun }, clock.now());
    });
    assert.equal(matching.isListing, false);
    const listing = matching.list(new AbortController().signal);
    assert.equal(matching.isListing, true);
    await listing;
    assert.equal(matching.isListing, false);
    assert.deepEqual(dueAtWakes, [true]);
  });
});
