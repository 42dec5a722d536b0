import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import type { AssetFacts, ContentEvent } from '../../../src/core/event.ts';
import { isConverted, isNewSize, isOtherSize } from '../../../src/core/finding.ts';
import { reconcileListed } from '../../../src/core/reconcile.ts';
import { transition } from '../../../src/core/transition.ts';
import { content, context, facts, sent } from '../../support/contents.ts';

const ready = (patch: Partial<AssetFacts>) => facts({ status: 'ready', ...patch });

function seen(
  before: Content,
  said: AssetFacts,
  more: { by?: 'listing'; compared?: 'same' | 'other' | 'unknown' } = {},
) {
  const event: ContentEvent = { type: 'asset', facts: said, by: 'get', ...more };
  return transition(before, event, context);
}

const finding = ({ state, reasonCode, reason, remoteSizeBytes }: Content) => ({
  state,
  reasonCode,
  reason,
  remoteSizeBytes,
});

describe('what FLORA made another type of', () => {
  const webp = ready({ sizeBytes: 60, contentType: 'image/webp' });

  it('is ready, with a finding that names both types and both sizes', () => {
    assert.deepEqual(finding(seen(sent(), webp)), {
      state: 'ready',
      reasonCode: 'converted',
      reason: 'Converted by FLORA: sent as image/png (100 bytes), kept as image/webp (60 bytes)',
      remoteSizeBytes: 60,
    });
  });

  it('is no drift when the next listing shows it so', () => {
    const converted = seen(sent(), webp);
    assert.equal(reconcileListed(converted, webp), null);
    assert.equal(seen(converted, webp, { by: 'listing' }), converted);
    assert.equal(seen(converted, webp), converted);
  });

  it('is drift when it is shown in yet another size: a GET tells more', () => {
    const converted = seen(sent(), webp);
    const smaller = { ...webp, sizeBytes: 50 };
    assert.notEqual(reconcileListed(converted, smaller), null);
    assert.equal(seen(converted, smaller, { by: 'listing' }).state, 'checking');
  });

  it('has nothing odd about it where its size is ours, or is not told', () => {
    for (const sizeBytes of [100, null]) {
      const next = seen(sent(), { ...webp, sizeBytes });
      assert.deepEqual([next.state, next.reasonCode, next.remoteSizeBytes], ['ready', null, null]);
    }
  });

  it('is not another type for its letters', () => {
    assert.equal(isConverted({ contentType: 'Image/PNG' }, ready({ contentType: 'image/png' })), false);
    assert.equal(isConverted({ contentType: 'image/png' }, ready({ contentType: null })), false);
    assert.equal(isConverted({ contentType: 'image/png' }, ready({ contentType: 'image/webp' })), true);
  });

  it('was looked at because of a listing that called it otherwise, and is not taken for bad', () => {
    const drifted = seen(sent({ state: 'ready', url: 'https://cdn.example/a' }), webp, { by: 'listing' });
    assert.deepEqual([drifted.state, drifted.assetId], ['checking', 'asset_1']);
    assert.equal(seen(drifted, webp).reasonCode, 'converted');
  });

  it('keeps the size that it is known to have when an answer without one calls it ready again', () => {
    const converted = seen(sent(), webp);
    const again = seen({ ...converted, state: 'checking' }, ready({ sizeBytes: null }));
    assert.equal(again.remoteSizeBytes, 60);
    assert.equal(reconcileListed(again, webp), null);
  });
});

describe('an asset of another size under the type that was sent', () => {
  const larger = ready({ sizeBytes: 110, contentType: 'image/png' });

  it('has nothing odd about it when the bytes behind its URL are ours, and is no drift in the next listing', () => {
    const next = seen(sent(), larger, { compared: 'same' });
    assert.deepEqual(finding(next), { state: 'ready', reasonCode: null, reason: null, remoteSizeBytes: 110 });
    assert.equal(reconcileListed(next, larger), null);
  });

  it('is ready with a finding when they are others', () => {
    const next = seen(sent(), larger, { compared: 'other' });
    const reason = 'FLORA reports 110 bytes, the file has 100; the bytes behind its URL are others';
    assert.deepEqual(finding(next), { state: 'ready', reasonCode: 'other_size', reason, remoteSizeBytes: 110 });
  });

  it('is ready with a finding when they cannot be compared, or were not', () => {
    const reason = 'FLORA reports 110 bytes, the file has 100; its bytes could not be compared';
    for (const more of [{ compared: 'unknown' as const }, {}]) {
      const next = seen(sent(), larger, more);
      assert.deepEqual(finding(next), { state: 'ready', reasonCode: 'other_size', reason, remoteSizeBytes: 110 });
    }
  });

  it('is never ready by the word of a listing: a GET decides what is odd about it', () => {
    const before = sent({ state: 'checking' });
    assert.equal(seen(before, larger, { by: 'listing' }), before);
    assert.equal(seen(before, ready({ sizeBytes: 100 }), { by: 'listing' }).state, 'ready');
  });

  it('is not sent again, and no other asset is made for it', () => {
    const next = seen(sent(), larger, { compared: 'other' });
    assert.deepEqual([next.assetId, next.generation, next.strikes, next.failures], ['asset_1', 1, 0, 0]);
  });

  it('is adopted with the size that FLORA reports, so that the next listing is no drift', () => {
    const adopted = transition(content({ state: 'matching' }), { type: 'adopted', facts: larger }, context);
    assert.deepEqual([adopted.state, adopted.remoteSizeBytes], ['ready', 110]);
    assert.equal(reconcileListed(adopted, larger), null);
  });
});

describe('a size', () => {
  it('that FLORA does not tell is no other one', () => {
    assert.equal(isOtherSize({ sizeBytes: 100 }, { sizeBytes: null }), false);
    assert.equal(isNewSize({ sizeBytes: 100, remoteSizeBytes: 60 }, { sizeBytes: null }), false);
  });

  it('is new where it is neither the file’s nor the one that is known', () => {
    const sizes = { sizeBytes: 100, remoteSizeBytes: 60 };
    const isNew = [100, 60, 61].map((sizeBytes) => isNewSize(sizes, { sizeBytes }));
    assert.deepEqual(isNew, [false, false, true]);
  });
});
