import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Content,
  type ContentState,
  contentStates,
  isActive,
  mayBecomeReady,
  needsSource,
} from '../../../src/core/content.ts';
import {
  isSecondLookDue,
  isTargetExpired,
  nextAction,
  overByRefusalMs,
  overByTimeMs,
} from '../../../src/core/next-action.ts';
import { bound, content, now, sent, target } from '../../support/contents.ts';

describe('the next thing to do for a content', () => {
  it('is one for each state, and none at its end', () => {
    const actions = contentStates.map((state) => nextAction(sent({ state }), now).type);
    assert.deepEqual(actions, [
      'match',
      'reserve',
      'upload',
      'complete',
      'check',
      'renew',
      'none',
      'none',
      'none',
      'none',
    ]);
  });

  it('names the asset, and keys of its own for completing and renewing', () => {
    const keyed = { revision: 5, renewals: 2 };
    assert.deepEqual(nextAction(bound(), now), { type: 'upload', assetId: 'asset_1', target });
    assert.deepEqual(nextAction(sent(keyed), now), {
      type: 'complete',
      assetId: 'asset_1',
      idempotencyKey: 'key-1-complete-5',
    });
    assert.deepEqual(nextAction(sent({ ...keyed, state: 'renewing' }), now), {
      type: 'renew',
      assetId: 'asset_1',
      idempotencyKey: 'key-1-retry-2',
    });
    assert.deepEqual(nextAction(sent({ state: 'checking' }), now), { type: 'check', assetId: 'asset_1' });
  });

  it('fails where an asset should be bound and is not, and for a state that nobody knows', () => {
    for (const state of ['reserved', 'uploaded', 'checking', 'renewing'] as const) {
      assert.throws(() => nextAction(content({ state }), now), new RegExp(`Content 1 is ${state} without an asset`));
    }
    assert.throws(() => nextAction(content({ state: 'odd' as ContentState }), now), /Unknown content state odd/);
  });
});

describe('a target', () => {
  const actionFor = (patch: Partial<Content>) => nextAction(bound(patch), now).type;

  it('is over from its time on, and never where it has none', () => {
    assert.deepEqual(
      [now - 1, now, now + 1, null].map((targetExpiresAtMs) => isTargetExpired(bound({ targetExpiresAtMs }), now)),
      [true, true, false, false],
    );
    assert.equal(actionFor({ target: null }), 'expire');
  });

  it('is tried once within ten seconds of being handed out, whatever its expiry says', () => {
    const over = { targetExpiresAtMs: now - 5_000_000 };
    assert.equal(actionFor({ ...over, notBeforeMs: now }), 'upload');
    assert.equal(actionFor({ ...over, notBeforeMs: now - 9_999 }), 'upload');
    assert.equal(actionFor({ ...over, notBeforeMs: now - 10_000 }), 'expire');
    assert.equal(actionFor({ ...over, notBeforeMs: now + 1 }), 'expire', 'a clock that was put back');
    assert.equal(actionFor({ ...over, notBeforeMs: now, reasonCode: 'connection_lost' }), 'expire', 'it was tried');
  });

  it('is not tried where it is over for another reason than its time', () => {
    for (const targetExpiresAtMs of [overByTimeMs, overByRefusalMs]) {
      assert.equal(actionFor({ targetExpiresAtMs, notBeforeMs: now }), 'expire', `${targetExpiresAtMs}`);
    }
  });
});

describe('the second look at what answers 404', () => {
  it('is due ten minutes after the first, and never before a first one', () => {
    const isDue = (missingSinceMs: number | null) => isSecondLookDue({ missingSinceMs }, now);
    assert.deepEqual([null, now, now - 599_999, now - 600_000].map(isDue), [false, false, false, true]);
  });
});

describe('a content', () => {
  it('is active until it is ready, missing, rejected or gone', () => {
    assert.deepEqual(
      contentStates.filter((state) => !isActive(state)),
      ['ready', 'missing', 'rejected', 'gone'],
    );
  });

  it('needs its file while bytes are still to be sent', () => {
    assert.deepEqual(
      contentStates.filter((state) => needsSource(content({ state }))),
      ['queued', 'reserved', 'renewing'],
    );
  });

  it('may become ready by itself once complete, or all bytes, may have been sent', () => {
    const flags = [
      { isCompleteSent: false, mayHaveAllBytes: false },
      { isCompleteSent: true, mayHaveAllBytes: false },
      { isCompleteSent: false, mayHaveAllBytes: true },
    ];
    assert.deepEqual(
      flags.map((each) => mayBecomeReady(bound(each))),
      [false, true, true],
    );
  });
});
