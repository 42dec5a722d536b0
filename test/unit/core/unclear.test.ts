import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Content, oneBufferBytes } from '../../../src/core/content.ts';
import { isWithoutBytes } from '../../../src/core/creation.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { nextAction } from '../../../src/core/next-action.ts';
import { seldomMs } from '../../../src/core/steps.ts';
import { transition } from '../../../src/core/transition.ts';
import { bound, content, context, facts, now, refusal, reservation } from '../../support/contents.ts';

const after = (before: Content, event: ContentEvent, nowMs = now) => transition(before, event, { ...context, nowMs });
const trouble = (code: string): ContentEvent => ({ type: 'trouble', code, reason: code, retryAfterMs: null });
const pending: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };
const conflict: ContentEvent = { type: 'conflict', reason: 'FLORA answered 409 conflict' };
const missing = (isControlled: boolean): ContentEvent => ({ type: 'asset-missing', isControlled });

describe('an upload whose answer was lost', () => {
  it('may have brought all bytes of a body that leaves in one piece', () => {
    for (const code of ['connection_lost', 'server_error', 'stalled', 'not_storage', 'unreachable']) {
      assert.equal(after(bound(), trouble(code)).mayHaveAllBytes, true, code);
      assert.equal(after(bound({ sizeBytes: oneBufferBytes }), trouble(code)).mayHaveAllBytes, true, code);
    }
  });

  it('says nothing of a larger body: that is written down while it is sent', () => {
    const large = bound({ sizeBytes: oneBufferBytes + 1 });
    assert.equal(after(large, trouble('connection_lost')).mayHaveAllBytes, false);
    assert.equal(after({ ...large, mayHaveAllBytes: true }, trouble('connection_lost')).mayHaveAllBytes, true);
  });

  it('is not one of which nothing had left, nor a request of another step', () => {
    for (const code of ['folder_away', 'source_changed', 'read_error']) {
      assert.equal(after(bound(), trouble(code)).mayHaveAllBytes, false, code);
    }
    for (const state of ['checking', 'renewing'] as const) {
      assert.equal(after(bound({ state }), trouble('connection_lost')).mayHaveAllBytes, false, state);
    }
  });

  it('leaves the asset without accepted bytes: it counts in their budget until some are', () => {
    assert.equal(isWithoutBytes(after(bound(), trouble('connection_lost'))), true);
  });

  it('is forgotten with its asset, and not when the asset gets another target', () => {
    const unclear = bound({ state: 'renewing', mayHaveAllBytes: true });
    assert.equal(after(unclear, { type: 'renewed', reservation: reservation() }).mayHaveAllBytes, true);
    const lost = content({ state: 'missing', assetId: 'asset_1', isCompleteSent: true, mayHaveAllBytes: true });
    const anew = after(lost, { type: 'wanted', by: 'operator', needsMatching: false });
    assert.deepEqual([anew.assetId, anew.mayHaveAllBytes], [null, false]);
  });
});

describe('an asset that may have all bytes', () => {
  const unclear = bound({ state: 'checking', mayHaveAllBytes: true });

  it('is not let go for one 404, nor for many without a control', () => {
    let next = unclear;
    let nowMs = now;
    for (let looks = 0; looks < 50; looks += 1) {
      next = after(next, missing(false), nowMs);
      assert.deepEqual([next.state, next.assetId], ['checking', 'asset_1']);
      nowMs = next.notBeforeMs;
    }
    assert.ok(nowMs - now > seldomMs, 'and not asked for in a tight loop');
  });

  it('is missing once it was certainly not there for an hour, and no other is made: it may only be hidden', () => {
    const old = { ...unclear, missingSinceMs: now - 60 * 60_000 };
    const next = after(old, missing(true));
    assert.deepEqual([next.state, next.assetId], ['missing', 'asset_1']);
    assert.match(next.reason ?? '', /not in FLORA any more, and no answer told whether it had its bytes/);
    const shown = after(next, { type: 'asset', facts: facts({ status: 'ready' }), by: 'listing' });
    assert.equal(shown.state, 'ready');
    const again = after(next, { type: 'wanted', by: 'operator', needsMatching: false });
    assert.deepEqual([again.state, again.assetId, again.mayHaveAllBytes], ['queued', null, false]);
    assert.equal(after({ ...unclear, missingSinceMs: now - seldomMs }, missing(true)).state, 'checking', 'not before');
  });

  it('that a person may have removed after it became ready by itself is missing', () => {
    const ready = after(unclear, { type: 'asset', facts: facts({ status: 'ready' }), by: 'get' });
    assert.deepEqual([ready.state, ready.isCompleteSent], ['ready', true]);
    const looked = after(after(ready, missing(true)), missing(true), now + seldomMs);
    assert.equal(looked.state, 'missing');
  });

  it('is looked at first when a file with its bytes comes back', () => {
    const gone = after(bound({ mayHaveAllBytes: true }), { type: 'source-lost', reason: '' });
    const back = after(gone, { type: 'wanted', by: 'scan', needsMatching: false });
    assert.deepEqual([back.state, back.assetId], ['checking', 'asset_1']);
    const rejected = bound({ state: 'rejected', mayHaveAllBytes: true });
    assert.equal(after(rejected, { type: 'wanted', by: 'operator', needsMatching: false }).assetId, 'asset_1');
  });

  const spent = after(after(after(bound(), trouble('connection_lost')), refusal({ wasUnclear: true })), pending);

  it('is asked to complete where its target takes no more and there is no other', () => {
    assert.equal(spent.state, 'renewing');
    const next = after(after(spent, conflict), pending);
    assert.deepEqual([next.state, next.assetId, next.reasonCode], ['uploaded', 'asset_1', 'upload_unclear']);
    assert.equal(nextAction(next, now).type, 'complete');
    const ready = after(next, { type: 'asset', facts: facts({ status: 'ready' }), by: 'complete' });
    assert.equal(ready.state, 'ready');
  });

  it('gets another target once FLORA makes one, where it has no bytes: it is asked every ten minutes', () => {
    let next = after(after(spent, conflict), pending);
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const nowMs = next.notBeforeMs;
      const refused = after(next, conflict, nowMs);
      assert.deepEqual([refused.state, refused.notBeforeMs], ['renewing', nowMs + seldomMs]);
      next = after(after(refused, conflict, refused.notBeforeMs), pending, refused.notBeforeMs);
      assert.deepEqual([next.state, next.assetId], ['uploaded', 'asset_1']);
    }
    const renewed = after({ ...next, state: 'renewing' }, { type: 'renewed', reservation: reservation() });
    assert.deepEqual([renewed.state, renewed.assetId], ['reserved', 'asset_1']);
  });

  it('is taken for one without bytes after a day of being called pending: nobody waits for ever', () => {
    let next = after(after(spent, conflict), pending);
    let nowMs = now;
    while (next.assetId === 'asset_1' && nowMs - now < 7 * 86_400_000) {
      const answer = nextAction(next, nowMs).type === 'check' ? pending : conflict;
      next = after(next, answer, nowMs);
      nowMs = Math.max(nowMs, next.notBeforeMs);
    }
    assert.deepEqual([next.state, next.reasonCode], ['queued', 'superseded']);
    assert.ok(nowMs - now > 12 * 3_600_000, `after ${(nowMs - now) / 3_600_000} h`);
  });

  it('counts no failure against its bytes where FLORA fails what it was asked to complete without any', () => {
    const asked = after(after(spent, conflict), pending);
    const failed = after(asked, { type: 'asset', facts: facts({ status: 'failed' }), by: 'complete' });
    assert.deepEqual([failed.state, failed.failures], ['renewing', 0]);
  });
});
