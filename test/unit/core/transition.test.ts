import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { nextAction } from '../../../src/core/next-action.ts';
import { maxStrikes } from '../../../src/core/steps.ts';
import { transition } from '../../../src/core/transition.ts';
import { bound, content, context, facts, now, refusal, reservation, sent, target } from '../../support/contents.ts';

const after = (before: Content, event: ContentEvent) => transition(before, event, context);
const trouble: ContentEvent = { type: 'trouble', code: 'server_error', reason: '500', retryAfterMs: null };

describe('reserving', () => {
  it('binds the asset and its target before anything else can happen', () => {
    const next = after(content(), { type: 'reserved', reservation: reservation(), isReplayed: false });
    assert.equal(next.state, 'reserved');
    assert.equal(next.assetId, 'asset_1');
    assert.deepEqual(next.target, target);
    assert.equal(next.targetExpiresAtMs, now + 60_000);
    assert.equal(next.isCompleteSent, false);
  });

  it('checks the asset when a replayed answer brings no target', () => {
    const replayed = reservation({ target: null });
    assert.equal(after(content(), { type: 'reserved', reservation: replayed, isReplayed: true }).state, 'checking');
  });

  it('keeps its key after trouble, so that a repeated request is the same request', () => {
    const next = after(content(), trouble);
    assert.equal(next.state, 'queued');
    assert.equal(next.idempotencyKey, 'key-1');
    assert.equal(next.attempts, 1);
    assert.ok(next.notBeforeMs > now);
  });

  it('takes a new key and generation once the old key is spent', () => {
    const next = after(content(), { type: 'key-spent', reason: 'duplicate' });
    assert.equal(next.state, 'queued');
    assert.equal(next.idempotencyKey, 'key-2');
    assert.equal(next.generation, 2);
    assert.equal(next.notBeforeMs, now, 'the first fresh key is tried at once');
    assert.ok(after(next, { type: 'key-spent', reason: 'again' }).notBeforeMs > now, 'the second waits');
  });

  it('ignores a second reservation for what is bound already', () => {
    const before = bound();
    const late = reservation({ assetId: 'asset_2' });
    assert.equal(after(before, { type: 'reserved', reservation: late, isReplayed: false }), before);
  });

  it('rejects for good what FLORA refuses', () => {
    const next = after(content(), { type: 'refused', code: 'input_validation_error', reason: 'no' });
    assert.equal(next.state, 'rejected');
    assert.equal(next.reason, 'no');
  });

  it('waits at least as long as FLORA asks', () => {
    const next = after(content(), { ...trouble, retryAfterMs: 90_000 });
    assert.equal(next.notBeforeMs, now + 90_000);
  });

  it('looks at a row again after a quarter of an hour: what is asked for beyond it is kept at the gate', () => {
    const next = after(content(), { ...trouble, retryAfterMs: 40_000_000 });
    assert.equal(next.notBeforeMs, now + 900_000);
  });
});

describe('uploading', () => {
  it('tries a target again while it lives, however many attempts there were', () => {
    const short = bound({ attempts: 20, targetExpiresAtMs: now + 3_000 });
    assert.equal(after(short, trouble).notBeforeMs, now + 1_500);
    assert.equal(
      after({ ...short, targetExpiresAtMs: now + 100 }, trouble).notBeforeMs,
      now + 250,
      'but no tighter loop',
    );
    assert.equal(after(short, { ...trouble, retryAfterMs: 9_000 }).notBeforeMs, now + 9_000, 'FLORA asks for more');
    const long = { ...short, targetExpiresAtMs: now + 3_600_000 };
    assert.equal(after(long, trouble).notBeforeMs, after({ ...short, targetExpiresAtMs: null }, trouble).notBeforeMs);
  });

  it('counts complete as sent from the moment it may be', () => {
    const next = after(bound(), { type: 'bytes-accepted' });
    assert.equal(next.state, 'uploaded');
    assert.equal(next.areBytesConfirmed, true);
    assert.equal(next.isCompleteSent, true);
  });

  it('sends again to the same asset when the outcome is unknown', () => {
    const next = after(bound(), trouble);
    assert.equal(next.state, 'reserved');
    assert.equal(next.assetId, 'asset_1');
  });

  it('asks for the state of the asset when the target refuses, and counts a strike', () => {
    const next = after(bound(), refusal());
    assert.equal(next.state, 'checking');
    assert.equal(next.strikes, 1);
  });

  it('sends nothing to a target that was over when a replayed answer told of it', () => {
    const old = reservation({ expiresInMs: -1 });
    const next = after(content(), { type: 'reserved', reservation: old, isReplayed: true });
    assert.equal(nextAction(next, now).type, 'check');
  });

  it('slows down when every target is over as soon as it is handed out', () => {
    const next = after(bound({ attempts: 5, targetExpiresAtMs: now - 1 }), { type: 'target-expired' });
    assert.equal(next.state, 'checking');
    assert.equal(next.attempts, 5);
  });

  it('counts no strike against the bytes when the target had expired', () => {
    const next = after(bound({ targetExpiresAtMs: now - 1 }), refusal());
    assert.equal(next.strikes, 0);
  });

  it('rejects what every target refuses, in the end', () => {
    const next = after(bound({ strikes: maxStrikes - 1 }), refusal());
    assert.equal(next.state, 'rejected');
    assert.equal(next.reasonCode, 'upload_refused');
  });

  it('never rejects because of trouble, however often it happens', () => {
    let next = bound();
    for (let times = 0; times < 10_000; times += 1) {
      next = after(next, trouble);
      assert.ok(next.state === 'reserved' || next.state === 'checking', next.state);
    }
    assert.ok(next.notBeforeMs <= now + 30_000);
  });

  it('has FLORA asked, once an answer was lost a second time, whether the bytes arrived', () => {
    const once = after(bound(), trouble);
    assert.equal(once.state, 'reserved');
    assert.equal(after(once, trouble).state, 'checking');
    const strange = { ...trouble, code: 'wire_trouble' } as const;
    assert.equal(after(after(bound(), strange), strange).state, 'checking', 'what is no HTTP may stand for a success');
    const refused = { ...trouble, code: 'target_rate_limited' } as const;
    assert.equal(after(bound(), refused).mayHaveAllBytes, false, 'a storage that refused has taken nothing');
    const away = { ...trouble, code: 'folder_away' } as const;
    assert.equal(after(after(bound(), away), away).state, 'reserved', 'nothing was sent');
  });

  it('is gone, not failed, when no file holds the bytes any more', () => {
    assert.equal(after(bound(), { type: 'source-lost', reason: 'changed' }).state, 'gone');
  });

  it('still completes bytes that are up there when the file goes away', () => {
    const before = sent();
    assert.equal(after(before, { type: 'source-lost', reason: 'changed' }), before);
  });
});

describe('completing', () => {
  const ready: ContentEvent = { type: 'asset', facts: facts({ status: 'ready' }), by: 'complete' };

  it('is ready when FLORA says so', () => {
    const next = after(sent(), ready);
    assert.equal(next.state, 'ready');
    assert.equal(next.url, 'https://cdn.example/a');
    assert.equal(next.target, null);
  });

  it('lets a GET decide after an ambiguous answer, and keeps the asset', () => {
    const next = after(sent(), trouble);
    assert.equal(next.state, 'checking');
    assert.equal(next.assetId, 'asset_1');
  });

  it('lets a GET decide after a conflict', () => {
    assert.equal(after(sent(), { type: 'conflict', reason: '409' }).state, 'checking');
  });

  it('polls while FLORA is processing', () => {
    const pending = after(sent(), { type: 'asset', facts: facts(), by: 'complete' });
    assert.equal(pending.state, 'checking');
    const polled = after(pending, { type: 'asset', facts: facts(), by: 'get' });
    assert.equal(polled.state, 'checking');
    assert.ok(polled.attempts > pending.attempts);
  });

  it('asks to complete again after many polls', () => {
    let next = after(sent(), { type: 'asset', facts: facts(), by: 'complete' });
    for (let polls = 0; polls < 30 && next.state === 'checking'; polls += 1) {
      next = after(next, { type: 'asset', facts: facts(), by: 'get' });
    }
    assert.equal(next.state, 'uploaded');
  });

  it('finds an asset of another size than the file odd, and keeps it', () => {
    const next = after(sent(), { ...ready, facts: facts({ status: 'ready', sizeBytes: 99 }) });
    assert.deepEqual([next.state, next.reasonCode, next.remoteSizeBytes], ['ready', 'other_size', 99]);
  });

  it('does not take the word of an answer about another asset', () => {
    const before = sent();
    assert.equal(after(before, { ...ready, facts: facts({ assetId: 'asset_9', status: 'ready' }) }), before);
  });
});

describe('checking', () => {
  const pending: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };

  it('completes again when the bytes were confirmed for this target', () => {
    assert.equal(after(sent({ state: 'checking' }), pending).state, 'uploaded');
  });

  it('uploads again when they were not', () => {
    assert.equal(after(bound({ state: 'checking' }), pending).state, 'reserved');
  });

  it('renews an expired target, on the same asset, and keeps the old one until there is another', () => {
    const next = after(bound({ state: 'checking', targetExpiresAtMs: now - 1 }), pending);
    assert.equal(next.state, 'renewing');
    assert.equal(next.assetId, 'asset_1');
    assert.deepEqual(next.target, target);
  });

  it('renews what failed, a bounded number of times', () => {
    const failed: ContentEvent = {
      type: 'asset',
      facts: facts({ status: 'failed', failureMessage: 'bad' }),
      by: 'get',
    };
    let next = sent({ state: 'checking' });
    let renewals = 0;
    for (; next.state === 'checking' && renewals < 100; renewals += 1) {
      next = after(next, failed);
      if (next.state !== 'renewing') break;
      next = after(next, { type: 'renewed', reservation: reservation() });
      next = { ...after(next, { type: 'bytes-accepted' }), state: 'checking' };
    }
    assert.equal(next.state, 'rejected');
    assert.equal(next.reason, 'bad');
    assert.ok(renewals < maxStrikes);
  });

  it('counts one failure once, however often a lost renewal leaves it to be seen again', () => {
    const failed: ContentEvent = { type: 'asset', facts: facts({ status: 'failed' }), by: 'get' };
    const once = after(sent({ state: 'checking' }), failed);
    const again = after({ ...once, state: 'checking' }, failed);
    assert.equal(once.failures, 1);
    assert.equal(again.failures, 1);
    assert.equal(again.state, 'renewing');
    const kept = { ...again, state: 'checking', reasonCode: 'not_renewable' } as const;
    assert.equal(after(kept, failed).failures, 2, 'but what FLORA will not renew comes to an end');
  });

  it('renews under a fresh key when the last one is spent', () => {
    const renewing = sent({ state: 'renewing', renewals: 3, target: null });
    const next = after(renewing, { type: 'key-spent', reason: 'replayed 500' });
    assert.equal(next.state, 'renewing');
    assert.equal(next.renewals, 4);
    assert.ok(next.notBeforeMs > now);
  });

  it('goes on with the target in hand when lost bytes come back and the asset has to be kept', () => {
    const lost = after(bound({ isCompleteSent: true }), { type: 'source-lost', reason: '' });
    const back = after(lost, { type: 'wanted', by: 'scan', needsMatching: false });
    assert.equal(lost.state, 'gone');
    assert.equal(back.state, 'checking');
    assert.equal(after(back, pending).state, 'reserved');
  });

  it('gives a reservation up only if complete was never sent for it', () => {
    const stuck = bound({ state: 'checking', target: null, reasonCode: 'not_renewable' });
    const fresh = after(stuck, pending);
    assert.equal(fresh.state, 'queued');
    assert.equal(fresh.assetId, null);
    assert.equal(fresh.idempotencyKey, 'key-2');
    const kept = after({ ...stuck, isCompleteSent: true }, pending);
    assert.equal(kept.assetId, 'asset_1');
  });

  it('concludes nothing from one 404 when complete may have been sent', () => {
    const next = after(sent({ state: 'checking' }), { type: 'asset-missing', isControlled: false });
    assert.equal(next.state, 'checking');
    assert.equal(next.assetId, 'asset_1');
  });

  it('reserves anew after a 404 for what can never become ready', () => {
    const long = bound({ state: 'checking', missingSinceMs: now - 120_000 });
    const next = after(long, { type: 'asset-missing', isControlled: false });
    assert.equal(next.state, 'queued');
    assert.equal(next.generation, 2);
  });
});

describe('an answer that nobody can read', () => {
  const unreadable = (code: string): ContentEvent => ({
    type: 'trouble',
    code,
    reason: 'is no asset',
    retryAfterMs: null,
  });

  for (const state of ['uploaded', 'checking', 'renewing'] as const) {
    it(`is asked for again soon, and the seldomer the longer it stays so, where the content is ${state}`, () => {
      for (const code of ['bad_answer', 'not_understood']) {
        let next = sent({ state });
        const waits: number[] = [];
        for (let times = 0; times < 20; times += 1) {
          next = after(next, unreadable(code));
          waits.push(next.notBeforeMs - now);
        }
        assert.ok((waits[3] ?? 0) < 5_000, waits.join(', '));
        const last = waits.at(-1) ?? 0;
        assert.ok(last >= 5 * 60_000 && last <= 15 * 60_000, waits.join(', '));
      }
    });
  }

  it('is waited for no longer than anything else where something else came in between', () => {
    const between = after(sent({ state: 'checking', attempts: 20 }), trouble);
    assert.ok(after(between, unreadable('bad_answer')).notBeforeMs - now <= 30_000);
  });

  it('to a reservation has a pace of its own', () => {
    const asked = content({ attempts: 20, reasonCode: 'not_understood' });
    assert.ok(after(asked, unreadable('not_understood')).notBeforeMs - now <= 30_000);
  });
});

describe('renewing', () => {
  it('goes on with the new target on the same asset', () => {
    const next = after(bound({ state: 'renewing', target: null }), { type: 'renewed', reservation: reservation() });
    assert.equal(next.state, 'reserved');
    assert.equal(next.renewals, 1);
    assert.equal(next.areBytesConfirmed, false);
  });

  it('looks at the asset when the renewal is refused, and uses another key next time', () => {
    const next = after(bound({ state: 'renewing', target: null }), { type: 'conflict', reason: '409' });
    assert.equal(next.state, 'checking');
    assert.equal(next.renewals, 1);
  });
});

describe('at an end', () => {
  it('nothing but drift moves what is ready', () => {
    const ready = sent({ state: 'ready', url: 'https://cdn.example/a' });
    for (const event of [trouble, { type: 'bytes-accepted' }, { type: 'conflict', reason: '' }] as const) {
      assert.equal(after(ready, event), ready);
    }
    const moved = after(ready, { type: 'asset', facts: facts({ status: 'ready', url: 'https://new' }), by: 'listing' });
    assert.equal(moved.state, 'ready');
    assert.equal(moved.url, 'https://new');
  });

  it('what was ready and is reported otherwise is looked at, not uploaded', () => {
    const next = after(sent({ state: 'ready' }), { type: 'asset', facts: facts({ status: 'failed' }), by: 'listing' });
    assert.equal(next.state, 'checking');
    assert.equal(next.assetId, 'asset_1');
  });

  it('bytes that come back are wanted again under a new key', () => {
    const next = after(bound({ state: 'gone' }), { type: 'wanted', by: 'scan', needsMatching: false });
    assert.equal(next.state, 'queued');
    assert.equal(next.assetId, null);
    assert.equal(next.idempotencyKey, 'key-2');
  });

  it('bytes that come back after complete was sent are checked first: they may be ready', () => {
    const next = after(sent({ state: 'gone' }), { type: 'wanted', by: 'scan', needsMatching: false });
    assert.equal(next.state, 'checking');
    assert.equal(next.assetId, 'asset_1');
  });

  it('what was rejected waits for a person', () => {
    const rejected = content({ state: 'rejected' });
    assert.equal(after(rejected, { type: 'wanted', by: 'scan', needsMatching: false }), rejected);
    assert.equal(after(rejected, { type: 'wanted', by: 'operator', needsMatching: false }).state, 'queued');
  });
});
