import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { nextAction } from '../../../src/core/next-action.ts';
import { laggingMs, maxRefusals, seldomMs } from '../../../src/core/steps.ts';
import { transition } from '../../../src/core/transition.ts';
import { bound, content, context, facts, now, refusal, reservation, sent } from '../../support/contents.ts';

const after = (before: Content, event: ContentEvent, nowMs = now) => transition(before, event, { ...context, nowMs });

const pending: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };
const conflict: ContentEvent = { type: 'conflict', reason: 'FLORA answered 409 conflict' };
const renewed: ContentEvent = { type: 'renewed', reservation: reservation() };

/** A FLORA whose target refuses every request, until the content is at its end; the answer to `retry` is the test's. */
function refusedAlways(onRenew: ContentEvent) {
  let next = content();
  let reservations = 0;
  let sendings = 0;
  for (let steps = 0; steps < 500; steps += 1) {
    switch (nextAction(next, now).type) {
      case 'reserve': {
        reservations += 1;
        const assetId = `asset_${reservations}`;
        next = after(next, { type: 'reserved', reservation: reservation({ assetId }), isReplayed: false });
        break;
      }
      case 'upload':
        sendings += 1;
        next = after(next, refusal());
        break;
      case 'expire':
        next = after(next, { type: 'target-expired' });
        break;
      case 'check':
        next = after(next, { type: 'asset', facts: facts({ assetId: next.assetId ?? '' }), by: 'get' });
        break;
      case 'renew':
        next = after(next, onRenew);
        break;
      default:
        return { content: next, reservations, sendings };
    }
  }
  return { content: next, reservations, sendings };
}

describe('a target that refuses', () => {
  it('is renewed on the same asset, until the bytes themselves are to blame', () => {
    const { content: end, reservations, sendings } = refusedAlways(renewed);
    assert.deepEqual([end.state, end.reasonCode], ['rejected', 'upload_refused']);
    assert.deepEqual([reservations, sendings], [1, maxRefusals]);
  });

  it('leads to another reservation where FLORA does not renew it: it may have served its one request', () => {
    const refused = after(bound(), refusal());
    const renewing = after(refused, pending);
    assert.equal(renewing.state, 'renewing');
    const next = after(after(renewing, conflict), pending);
    assert.deepEqual([next.state, next.reasonCode, next.assetId], ['queued', 'superseded', null]);
    assert.deepEqual([next.generation, next.idempotencyKey, next.strikes], [2, 'key-2', 1]);
    assert.ok(next.notBeforeMs > now, 'but not at once');
  });

  it('leads to one other reservation at most, each of which leaves an asset behind; then FLORA is asked to renew it, seldom', () => {
    const { content: end, reservations, sendings } = refusedAlways(conflict);
    assert.deepEqual([reservations, sendings], [2, 2]);
    assert.equal(end.reasonCode, 'not_renewable');
    const shown = facts({ assetId: end.assetId ?? '' });
    const waiting = after({ ...end, state: 'checking' }, { type: 'asset', facts: shown, by: 'get' });
    assert.deepEqual([waiting.state, waiting.notBeforeMs], ['renewing', now + seldomMs]);
    // Once it is over for FLORA too, the bytes go to a new target of the same asset.
    assert.deepEqual([after(waiting, renewed).state, after(waiting, renewed).assetId], ['reserved', end.assetId]);
  });

  it('makes no other asset where complete may have been sent', () => {
    const stuck = bound({
      state: 'checking',
      target: null,
      reasonCode: 'not_renewable',
      isCompleteSent: true,
      strikes: 1,
    });
    assert.equal(after(stuck, pending).assetId, 'asset_1');
  });
});

describe('a refusal that is about the bytes', () => {
  const tooLarge =
    'The upload target answered 413 EntityTooLarge: Your proposed upload exceeds the maximum allowed size';
  const ofBytes = refusal({ isAboutBytes: true, reason: tooLarge });

  it('has them sent once more to the same target, and is the end of it then', () => {
    const once = after(bound(), ofBytes);
    assert.deepEqual([once.state, once.assetId, once.target], ['reserved', 'asset_1', bound().target]);
    assert.ok(once.notBeforeMs > now);
    const twice = after(once, ofBytes);
    assert.deepEqual([twice.state, twice.reasonCode, twice.reason], ['rejected', 'upload_refused', tooLarge]);
  });

  it('is the end of it too where the answer to the second sending was lost, or the target served one request only', () => {
    const lost: ContentEvent = { type: 'trouble', code: 'connection_lost', reason: 'lost', retryAfterMs: null };
    assert.equal(after(after(after(bound(), ofBytes), lost), ofBytes).state, 'rejected');
    const used = after(after(bound(), ofBytes), refusal({ reason: 'The upload target answered 400' }));
    assert.deepEqual([used.state, used.reason], ['rejected', tooLarge]);
    const untold = after(bound({ reasonCode: 'bytes_refused', reason: null }), refusal({ reason: 'no' }));
    assert.deepEqual([untold.state, untold.reason], ['rejected', 'no'], 'where nobody knows why it refused the first');
  });

  it('says so of a target that is over as well', () => {
    const over = bound({ targetExpiresAtMs: now - 1 });
    assert.equal(after({ ...over, strikes: 1 }, ofBytes).state, 'rejected');
  });
});

describe('a refusal that is not about the bytes', () => {
  it('is told by its own words, while it is waited for another target too', () => {
    const reason = 'The upload target answered 403 AccessDenied: not today';
    const refused = after(bound(), refusal({ reason }));
    assert.deepEqual([refused.state, refused.reasonCode, refused.reason], ['checking', 'upload_refused', reason]);
    const waiting = after(after(refused, pending), conflict);
    assert.equal(waiting.reason, `${reason}, and there is no other target: FLORA answered 409 conflict`);
    const last = after(bound({ strikes: maxRefusals - 1 }), refusal({ reason }));
    assert.deepEqual([last.state, last.reason], ['rejected', reason]);
  });

  it('of a target whose time ran out meanwhile does not count', () => {
    const short = after(bound({ state: 'renewing' }), {
      type: 'renewed',
      reservation: reservation({ expiresInMs: 1_000 }),
    });
    assert.equal(after(short, refusal(), now + 999).strikes, 1);
    assert.equal(after(short, refusal(), now + 1_000).strikes, 0);
  });
});

describe('a target that was in hand before', () => {
  const over = bound({ state: 'checking', targetExpiresAtMs: now - 1 });

  it('is kept until there is another, and used where FLORA makes none: it is open, whatever our clock says', () => {
    const renewing = after(over, pending);
    assert.deepEqual([renewing.state, renewing.target], ['renewing', over.target]);
    const again = after(after(renewing, conflict), pending);
    assert.deepEqual([again.state, again.assetId, again.target], ['reserved', 'asset_1', over.target]);
    assert.equal(nextAction(again, now + 86_400_000).type, 'upload');
  });

  it('is not used again where it has refused', () => {
    const refused = after(bound({ isCompleteSent: true }), refusal());
    const next = after(after(after(refused, pending), conflict), pending);
    assert.deepEqual([next.state, next.notBeforeMs], ['renewing', now + seldomMs]);
  });
});

describe('a target that was just handed out', () => {
  const grant = (expiresInMs: number): ContentEvent => {
    return { type: 'reserved', reservation: reservation({ expiresInMs }), isReplayed: expiresInMs <= 0 };
  };

  it('is tried once whatever its expiry says', () => {
    const next = after(content(), grant(1));
    assert.equal(nextAction(next, now + 2).type, 'upload');
  });

  it('is not tried again after it is over, nor when it has been waiting for long', () => {
    const next = after(content(), grant(1));
    const lost = after(next, { type: 'trouble', code: 'connection_lost', reason: 'lost', retryAfterMs: null }, now + 2);
    assert.equal(nextAction(lost, now + 3).type, 'expire');
    assert.equal(nextAction(next, now + 60_000).type, 'expire');
    const expired = after(next, { type: 'target-expired' }, now + 2);
    assert.equal(after(expired, pending, now + 2).state, 'renewing');
  });

  it('is none where an old answer was replayed: FLORA is asked what is there, and for another under another key', () => {
    assert.equal(after(content(), grant(-1)).state, 'checking');
    for (const patch of [{ expiresInMs: -1 }, { expiresInMs: 0 }, { target: null }]) {
      const before = bound({ state: 'renewing', targetExpiresAtMs: now + 60_000 });
      const next = after(before, { type: 'renewed', reservation: reservation(patch) });
      assert.deepEqual([next.state, next.renewals, next.attempts], ['checking', 1, before.attempts + 1]);
      assert.equal(after(next, pending, next.notBeforeMs).state, 'renewing', 'nothing is sent to the target before');
    }
  });
});

describe('a body that FLORA does not take', () => {
  const refused: ContentEvent = { type: 'body-refused', reason: 'FLORA answered 400 invalid_json' };

  it('has its other form tried at once, by the same step', () => {
    for (const before of [sent(), bound({ state: 'renewing' })]) {
      const next = after(before, refused);
      assert.deepEqual(
        [next.state, next.notBeforeMs, next.reasonCode, next.reason],
        [before.state, now, 'body_refused', 'FLORA answered 400 invalid_json'],
      );
      assert.equal(next.attempts, before.attempts + 1);
    }
  });

  it('was not to blame where the other form is refused too: that is a conflict', () => {
    const again = (before: Content) => after(after(before, refused), refused);
    const completing = again(sent());
    assert.deepEqual([completing.state, completing.reasonCode], ['checking', 'complete_refused']);
    assert.deepEqual([completing.assetId, completing.isCompleteAccepted], ['asset_1', true]);
    const renewing = again(bound({ state: 'renewing', target: null }));
    assert.deepEqual([renewing.state, renewing.reasonCode, renewing.renewals], ['checking', 'not_renewable', 1]);
  });

  it('is tried in both forms again after something else came in between', () => {
    const waited = after(after(bound({ state: 'renewing' }), refused), {
      type: 'trouble',
      code: 'server_error',
      reason: '503',
      retryAfterMs: null,
    });
    assert.equal(after(waited, refused).reasonCode, 'body_refused');
  });

  it('is of no interest to any other step', () => {
    for (const state of ['queued', 'reserved', 'checking', 'ready', 'missing', 'rejected', 'gone'] as const) {
      const before = state === 'queued' ? content() : sent({ state });
      assert.equal(after(before, refused), before, state);
    }
  });
});

describe('a GET that answers 404', () => {
  const missing: ContentEvent = { type: 'asset-missing', isControlled: false };

  /** 404 at each look, from the given row on; each look as soon as it is due. */
  function lookedAtUntil(from: Content, untilMs: number, event: ContentEvent = missing) {
    let next = from;
    const looksMs: number[] = [];
    let nowMs = now;
    while (nowMs <= untilMs && next.state !== 'queued' && next.state !== 'missing') {
      looksMs.push(nowMs - now);
      next = after(next, event, nowMs);
      nowMs = next.notBeforeMs;
    }
    return { content: next, looksMs };
  }

  it('soon after complete is asked again within seconds: GET may lag behind', () => {
    const { content: next, looksMs } = lookedAtUntil(sent({ state: 'checking' }), now + laggingMs - 1);
    assert.ok(looksMs.length >= 6, `${looksMs}`);
    for (const [at, lookMs] of looksMs.entries()) assert.ok(lookMs - (looksMs[at - 1] ?? 0) <= 30_000, `${looksMs}`);
    assert.ok((looksMs[1] ?? 0) <= 2_000, `the second look is after ${looksMs[1]} ms`);
    assert.deepEqual([next.state, next.assetId, next.missingSinceMs], ['checking', 'asset_1', now]);
  });

  it('begins nothing anew before two minutes, for what never got a byte either', () => {
    const early = lookedAtUntil(bound({ state: 'checking' }), now + laggingMs - 1).content;
    assert.deepEqual([early.state, early.assetId, early.generation], ['checking', 'asset_1', 1]);
    const { content: late, looksMs } = lookedAtUntil(bound({ state: 'checking' }), now + 2 * laggingMs);
    assert.deepEqual([late.state, late.generation, late.reasonCode], ['queued', 2, 'asset_missing']);
    assert.ok((looksMs.at(-1) ?? 0) >= laggingMs);
  });

  it('is asked for every ten minutes after that, where complete was sent, and never begun anew', () => {
    const { content: next, looksMs } = lookedAtUntil(sent({ state: 'checking' }), now + 6 * seldomMs);
    assert.deepEqual([next.state, next.assetId], ['checking', 'asset_1']);
    const seldom = looksMs.filter((lookMs) => lookMs >= laggingMs);
    for (const [at, lookMs] of seldom.entries()) if (at > 0) assert.equal(lookMs - (seldom[at - 1] ?? 0), seldomMs);
  });

  it('of a complete or a retry begins the same count', () => {
    for (const state of ['uploaded', 'renewing'] as const) {
      const next = after(sent({ state }), missing);
      assert.deepEqual([next.state, next.missingSinceMs, next.reasonCode], ['checking', now, 'asset_missing']);
      assert.ok(next.notBeforeMs - now <= 1_000);
    }
  });

  it('is forgotten when the asset is seen, so that a later one begins its two minutes anew', () => {
    const first = after(bound({ state: 'checking' }), missing);
    const odd = facts({ status: 'unknown', statusWord: 'new' });
    const shown = after(first, { type: 'asset', facts: odd, by: 'get' }, now + 1_000);
    assert.equal(shown.missingSinceMs, null);
    const again = after({ ...shown, state: 'checking' }, missing, now + 2 * laggingMs);
    assert.deepEqual([again.state, again.missingSinceMs], ['checking', now + 2 * laggingMs]);
  });

  it('of what was ready is not looked at again within seconds: nothing was just written', () => {
    const next = after(sent({ state: 'ready' }), missing);
    assert.deepEqual([next.state, next.notBeforeMs], ['checking', now + seldomMs]);
  });
});
