import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Content, type ContentState, contentStates } from '../../../src/core/content.ts';
import type { AssetFacts, ContentEvent } from '../../../src/core/event.ts';
import { reconcileListed } from '../../../src/core/reconcile.ts';
import { seldomMs } from '../../../src/core/steps.ts';
import { transition } from '../../../src/core/transition.ts';
import { bound, context, facts, now, sent } from '../../support/contents.ts';

const archived = facts({ status: 'unknown', statusWord: 'archived', url: null });
const ready = facts({ status: 'ready' });

function seen(before: Content, said: AssetFacts, by: 'complete' | 'get' | 'listing' = 'get'): Content {
  const event: ContentEvent = { type: 'asset', facts: said, by };
  return transition(before, event, context);
}

describe('a status by a word that nobody knows', () => {
  const withAsset = contentStates.filter((state) => state !== 'queued');

  for (const state of withAsset) {
    it(`makes no other asset and gives none up where the content is ${state}`, () => {
      for (const before of [sent({ state }), bound({ state }), bound({ state, target: null })]) {
        for (const by of ['complete', 'get', 'listing'] as const) {
          const next = seen(before, archived, by);
          assert.notEqual(next.state, 'queued', by);
          assert.deepEqual([next.assetId, next.generation], ['asset_1', 1], by);
          assert.deepEqual([next.strikes, next.failures], [0, 0], by);
          if (before.state !== 'rejected' && before.state !== 'gone') {
            assert.ok(next.state !== 'rejected' && next.state !== 'gone', by);
          }
        }
      }
    });
  }

  it('is told with that word, to whoever asks why the file waits', () => {
    const reason = 'FLORA calls the asset "archived", which this version does not know; nothing is concluded from it';
    for (const state of ['uploaded', 'checking', 'ready'] as const) {
      const next = seen(sent({ state }), archived, state === 'uploaded' ? 'complete' : 'get');
      assert.deepEqual([next.reasonCode, next.reason], ['unknown_status', reason], state);
    }
    assert.match(seen(sent({ state: 'ready' }), { ...archived, statusWord: null }).reason ?? '', /in no state at all/);
  });

  it('is polled, and does not bring complete back: that may have been what it speaks of', () => {
    let next = seen(sent(), archived, 'complete');
    assert.deepEqual([next.state, next.isCompleteAccepted], ['checking', true]);
    for (let polls = 0; polls < 100; polls += 1) {
      next = seen(next, archived);
      assert.equal(next.state, 'checking');
      assert.equal(next.reasonCode, 'unknown_status');
    }
  });

  it('is asked for within seconds at first, and every ten minutes after many polls', () => {
    let next = seen(sent(), archived, 'complete');
    for (let polls = 0; polls < 11; polls += 1) {
      assert.ok(next.notBeforeMs - now <= 10_000, `poll ${polls}`);
      next = seen(next, archived);
    }
    next = seen(next, archived);
    assert.equal(next.notBeforeMs, now + seldomMs);
  });

  it('lets bytes go to a target that is open, and asks for a new one where it is not: neither makes an asset', () => {
    assert.equal(seen(bound({ state: 'checking' }), archived).state, 'reserved');
    const over = seen(bound({ state: 'checking', targetExpiresAtMs: now }), archived);
    assert.deepEqual([over.state, over.assetId], ['renewing', 'asset_1']);
    const refused = transition(over, { type: 'conflict', reason: '409' }, context);
    assert.deepEqual([refused.state, refused.reasonCode], ['checking', 'not_renewable']);
    assert.equal(seen(refused, archived).state, 'checking', 'and where FLORA refuses that, it is only watched');
  });

  it('lets nothing be sent again whose bytes may be there', () => {
    for (const patch of [{ areBytesConfirmed: true }, { isCompleteSent: true }]) {
      assert.equal(seen(bound({ state: 'checking', ...patch }), archived).state, 'checking');
    }
  });

  it('is over when a word is used that the contract has', () => {
    const waiting = seen(sent(), archived, 'complete');
    const next = seen(waiting, ready);
    assert.deepEqual([next.state, next.reasonCode, next.reason], ['ready', null, null]);
    assert.equal(seen(waiting, facts()).reasonCode, 'processing');
  });
});

describe('a ready asset that is called by a word that nobody knows', () => {
  const before = sent({ state: 'ready', url: ready.url });

  it('stays ready, with a finding', () => {
    for (const by of ['get', 'listing'] as const) {
      const next = seen(before, archived, by);
      assert.deepEqual([next.state, next.reasonCode, next.url], ['ready', 'unknown_status', ready.url]);
    }
  });

  it('is not written again while the word stays, and is when it is another', () => {
    const odd = seen(before, archived);
    assert.equal(seen(odd, archived), odd);
    assert.match(seen(odd, { ...archived, statusWord: 'frozen' }).reason ?? '', /"frozen"/);
  });

  it('loses the finding when it is called ready again', () => {
    const again = seen(seen(before, archived), ready);
    assert.deepEqual([again.state, again.reasonCode, again.reason], ['ready', null, null]);
  });

  it('loses it to a listing too: nothing else asks for what is ready', () => {
    const odd = seen(before, archived, 'listing');
    const event = reconcileListed(odd, ready);
    assert.ok(event !== null, 'the listing says something new');
    assert.equal(transition(odd, event, context).reasonCode, null);
  });

  it('keeps what else was odd about it', () => {
    const webp = { ...ready, sizeBytes: 60, contentType: 'image/webp' };
    const converted = seen(sent(), webp);
    assert.equal(converted.reasonCode, 'converted');
    assert.equal(seen(seen(converted, archived), webp).reasonCode, 'converted');
  });

  it('is missing no more, in whatever state FLORA calls it', () => {
    const missing = sent({ state: 'missing', missingSinceMs: now - 1 });
    const next = seen(missing, archived);
    assert.deepEqual([next.state, next.missingSinceMs, next.assetId], ['checking', null, 'asset_1']);
  });
});

describe('a listing', () => {
  it('brings a word that nobody knows to what is ready or missing only', () => {
    const told = contentStates.filter((state: ContentState) => reconcileListed(sent({ state }), archived) !== null);
    assert.deepEqual(told, ['ready', 'missing']);
  });
});
