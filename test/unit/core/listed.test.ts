import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentStates } from '../../../src/core/content.ts';
import { ListingTrend, reconcileListed } from '../../../src/core/reconcile.ts';
import { facts, now, sent } from '../../support/contents.ts';
import { listed } from '../../support/remote-listing.ts';

const ready = facts({ status: 'ready' });

/** In which states a listing that says so means something. */
const statesThatHear = (said: typeof ready) =>
  contentStates.filter((state) => reconcileListed(sent({ state, url: ready.url }), said) !== null);

describe('what a listing says of an asset of ours', () => {
  it('is good news to what is on its way, and none to what has not been sent or is at its end', () => {
    assert.deepEqual(statesThatHear(ready), ['uploaded', 'checking', 'renewing', 'missing']);
  });

  it('is news to what is ready where it is ready no more, and to what is missing in any case', () => {
    for (const status of ['pending_upload', 'failed', 'unknown'] as const) {
      assert.deepEqual(statesThatHear(facts({ status })), ['ready', 'missing'], status);
    }
  });

  it('is handed on with the word that it is a listing’s', () => {
    assert.deepEqual(reconcileListed(sent({ state: 'checking' }), ready), {
      type: 'asset',
      facts: ready,
      by: 'listing',
    });
  });

  it('is nothing where it is about another asset', () => {
    for (const state of contentStates) {
      assert.equal(reconcileListed(sent({ state }), { ...ready, assetId: 'asset_2' }), null, state);
    }
  });

  const known = sent({ state: 'ready', url: ready.url });

  it('is news of what is ready where its URL is another, and not where it names none', () => {
    assert.notEqual(reconcileListed(known, { ...ready, url: 'https://cdn.example/b' }), null);
    assert.equal(reconcileListed(known, { ...ready, url: null }), null);
    assert.equal(reconcileListed(known, ready), null);
  });

  it('is news of what is ready where its size is one that we did not know of', () => {
    assert.notEqual(reconcileListed(known, { ...ready, sizeBytes: 99 }), null);
    assert.equal(reconcileListed(known, { ...ready, sizeBytes: 100 }), null);
    assert.equal(reconcileListed({ ...known, remoteSizeBytes: 99 }, { ...ready, sizeBytes: 99 }), null);
  });

  it('is news of what is ready where it was called by a word that nobody knows, and of no other finding', () => {
    assert.notEqual(reconcileListed({ ...known, reasonCode: 'unknown_status' }, ready), null);
    assert.equal(reconcileListed({ ...known, reasonCode: 'converted' }, ready), null);
  });
});

describe('the order of a listing', () => {
  const trendOf = (...times: (number | null)[]) => {
    const trend = new ListingTrend();
    for (const createdAtMs of times) trend.add([listed('a', { createdAtMs })]);
    return trend;
  };

  it('is newest first as long as nothing is newer than what came before it', () => {
    assert.equal(trendOf().isNewestFirst, true);
    assert.equal(trendOf(now, now, now - 1).isNewestFirst, true);
    assert.equal(trendOf(now, now - 1, now).isNewestFirst, false);
    assert.equal(trendOf(now, now - 2, now - 1, now - 3).isNewestFirst, false, 'once is enough');
  });

  it('is none where an asset has no date', () => {
    assert.equal(trendOf(now, null).isNewestFirst, false);
  });

  it('tells that only older assets are to come, once one older than that was seen', () => {
    assert.equal(trendOf().isOlderThan(now), false, 'nothing was seen yet');
    assert.equal(trendOf(now).isOlderThan(now), false);
    assert.equal(trendOf(now - 1).isOlderThan(now), true);
    assert.equal(trendOf(now - 3, now - 2).isOlderThan(now), false, 'and not where there is no order');
  });
});
