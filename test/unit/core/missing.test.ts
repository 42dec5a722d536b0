import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reconcileListed } from '../../../src/core/reconcile.ts';
import { seldomMs } from '../../../src/core/steps.ts';
import { transition } from '../../../src/core/transition.ts';
import { content, context, facts, now, sent } from '../../support/contents.ts';

describe('an asset that FLORA did not show', () => {
  it('goes on when it is shown again before it is ready', () => {
    const missing = content({ state: 'missing', assetId: 'asset_1', isCompleteSent: true, missingSinceMs: now - 1 });
    const event = reconcileListed(missing, facts({ status: 'pending_upload' }));
    assert.ok(event !== null, 'the listing says something new');
    const after = transition(missing, event, context);
    assert.equal(after.state, 'checking');
    assert.equal(after.missingSinceMs, null);
    assert.equal(after.assetId, 'asset_1');
  });

  it('is looked at with a GET when it is shown again in another size', () => {
    const missing = content({ state: 'missing', assetId: 'asset_1', isCompleteSent: true, missingSinceMs: now - 1 });
    const event = reconcileListed(missing, facts({ status: 'ready', sizeBytes: missing.sizeBytes + 1 }));
    assert.ok(event !== null);
    assert.equal(transition(missing, event, context).state, 'checking');
  });

  it('is missing ten minutes after the first look, also where that was written while the clock was ahead', () => {
    const asked = sent({ state: 'checking', missingSinceMs: now + 24 * 3_600_000 });
    const first = transition(asked, { type: 'asset-missing', isControlled: true }, context);
    assert.equal(first.state, 'checking');
    assert.equal(first.missingSinceMs, now);
    const later = { ...context, nowMs: now + seldomMs };
    assert.equal(transition(first, { type: 'asset-missing', isControlled: true }, later).state, 'missing');
  });
});
