import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import type { AssetFacts, ContentEvent } from '../../../src/core/event.ts';
import { overByRefusalMs } from '../../../src/core/next-action.ts';
import { transition } from '../../../src/core/transition.ts';
import { bound, contextAt, facts, now, sent } from '../../support/contents.ts';

type By = Extract<ContentEvent, { type: 'asset' }>['by'];

/** The content after FLORA said so, at its time. */
function seen(before: Content, said: AssetFacts, by: By = 'get', nowMs = now): Content {
  return transition(before, { type: 'asset', facts: said, by }, contextAt(nowMs));
}

const tenMinutes = 600_000;
const pending = facts();
const ready = facts({ status: 'ready' });
const failed = facts({ status: 'failed', failureMessage: 'corrupt image' });
/** FLORA has taken `complete` for these. */
const accepted = (patch: Partial<Content> = {}) => sent({ state: 'checking', isCompleteAccepted: true, ...patch });
const waitMs = ({ notBeforeMs }: Content) => notBeforeMs - now;

describe('an asset that FLORA processes', () => {
  it('is asked for again soon, then less and less often, up to ten seconds', () => {
    let next = seen(sent(), pending, 'complete');
    const waits = Array.from({ length: 9 }, () => {
      const waited = waitMs(next);
      next = seen(next, pending);
      return waited;
    });
    // Half way between a quarter and all of 250 ms, 500 ms and so on.
    assert.deepEqual(waits, [156, 313, 625, 1_250, 2_500, 5_000, 6_250, 6_250, 6_250]);
  });

  it('is asked for no sooner than the limit of requests has room for, spread by a quarter to both sides', () => {
    const poll = (random: number) =>
      transition(
        accepted({ attempts: 1 }),
        { type: 'asset', facts: pending, by: 'get' },
        {
          ...contextAt(now),
          random,
          pollLeastMs: 40_000,
        },
      );
    assert.deepEqual(
      [0, 0.5, 1].map((random) => waitMs(poll(random))),
      [30_000, 40_000, 50_000],
    );
  });

  it('says why it waits, and that FLORA has it', () => {
    const next = seen(sent(), pending, 'complete');
    assert.deepEqual(
      [next.state, next.reasonCode, next.reason, next.isCompleteAccepted],
      ['checking', 'processing', 'FLORA is processing the upload', true],
    );
  });

  it('is counted anew from the first answer to complete on, and on from there at the others', () => {
    assert.equal(seen(sent({ attempts: 7 }), pending, 'complete').attempts, 1);
    assert.equal(seen(sent({ attempts: 7, isCompleteAccepted: true }), pending, 'complete').attempts, 8);
    assert.equal(seen(sent({ attempts: 7, areBytesConfirmed: false }), pending, 'complete').attempts, 8);
  });

  it('is completed again at each twelfth poll, for four rounds; then its bytes are sent again', () => {
    for (const attempts of [1, 11, 13, 23, 47]) assert.equal(seen(accepted({ attempts }), pending).state, 'checking');
    for (const attempts of [12, 24, 36]) {
      const again = seen(accepted({ attempts }), pending);
      assert.deepEqual([again.state, again.strikes, again.areBytesConfirmed], ['uploaded', 0, true], `${attempts}`);
    }
    const resent = seen(accepted({ attempts: 48 }), pending);
    assert.deepEqual(
      [resent.state, resent.strikes, resent.areBytesConfirmed, resent.isCompleteAccepted, resent.attempts],
      ['reserved', 1, false, false, 0],
    );
  });

  it('gets another target first where its own is over or lost, and nothing of it is forgotten', () => {
    for (const patch of [{ targetExpiresAtMs: now }, { target: null }]) {
      const renewing = seen(accepted({ attempts: 48, ...patch }), pending);
      assert.deepEqual(
        [renewing.state, renewing.strikes, renewing.areBytesConfirmed, renewing.isCompleteAccepted],
        ['renewing', 1, true, false],
      );
    }
    assert.equal(seen(accepted({ attempts: 48, targetExpiresAtMs: now + 1 }), pending).state, 'reserved');
  });

  it('is only asked to complete every ten minutes, once its bytes were sent eight times in vain', () => {
    assert.equal(seen(accepted({ attempts: 48, strikes: 6 }), pending).state, 'reserved');
    const slow = seen(accepted({ attempts: 48, strikes: 7 }), pending);
    assert.deepEqual([slow.state, waitMs(slow), slow.areBytesConfirmed], ['uploaded', tenMinutes, true]);
  });

  it('is completed where no answer of FLORA’s to complete is known', () => {
    const next = seen(sent({ state: 'checking', attempts: 3 }), pending);
    assert.deepEqual([next.state, next.attempts], ['uploaded', 4]);
  });
});

describe('an asset without bytes', () => {
  it('gets them while its target is open, and another target otherwise', () => {
    assert.equal(seen(bound({ state: 'checking' }), pending).state, 'reserved');
    assert.equal(seen(bound({ state: 'checking', targetExpiresAtMs: null }), pending).state, 'reserved');
    assert.equal(seen(bound({ state: 'checking', targetExpiresAtMs: now }), pending).state, 'renewing');
    assert.equal(seen(bound({ state: 'checking', target: null }), pending).state, 'renewing');
  });

  const stuck = (patch: Partial<Content> = {}) =>
    bound({
      state: 'checking',
      reasonCode: 'not_renewable',
      target: null,
      targetExpiresAtMs: null,
      attempts: 3,
      ...patch,
    });

  it('gives way to another where there is no target and none can be had, and slower each time', () => {
    const next = seen(stuck(), pending);
    assert.deepEqual(
      [next.state, next.assetId, next.generation, next.idempotencyKey, next.reasonCode],
      ['queued', null, 2, 'key-2', 'superseded'],
    );
    assert.match(next.reason ?? '', /no usable target and cannot be renewed/);
    // The fourth attempt: 4 s, of which the chance of the test takes five eighths.
    assert.equal(waitMs(next), 2_500);
    assert.equal(waitMs(seen(stuck({ attempts: 20 }), pending)), 562_500, 'a quarter of an hour at most');
  });

  it('gives way also where its target is there, and has refused the bytes', () => {
    const { target } = bound();
    assert.equal(seen(stuck({ target, targetExpiresAtMs: overByRefusalMs }), pending).state, 'queued');
    assert.equal(seen(stuck({ target, targetExpiresAtMs: null }), pending).state, 'reserved', 'an open one is used');
  });

  it('gives way once only for refusals', () => {
    const { target } = bound();
    const refused = { target, targetExpiresAtMs: overByRefusalMs };
    assert.equal(seen(stuck({ ...refused, strikes: 1 }), pending).state, 'queued');
    const second = seen(stuck({ ...refused, strikes: 2 }), pending);
    assert.deepEqual([second.state, waitMs(second)], ['renewing', tenMinutes]);
    const lost = seen(stuck({ strikes: 2 }), pending);
    assert.equal(lost.state, 'renewing');
    assert.ok(waitMs(lost) < 30_000, 'where no target is there, FLORA is asked for one soon');
  });

  it('does not give way where complete may have been sent', () => {
    assert.equal(seen(stuck({ isCompleteSent: true }), pending).assetId, 'asset_1');
  });

  it('is asked to complete where all bytes may have arrived, for about a day; then it has none', () => {
    const unclear = seen(stuck({ mayHaveAllBytes: true, attempts: 575 }), pending);
    assert.deepEqual([unclear.state, unclear.reasonCode], ['uploaded', 'upload_unclear']);
    assert.match(unclear.reason ?? '', /No answer told whether the bytes arrived/);
    assert.equal(seen(stuck({ mayHaveAllBytes: true, attempts: 576 }), pending).state, 'queued');
    const another = stuck({ mayHaveAllBytes: true, attempts: 576, strikes: 2 });
    assert.equal(seen(another, pending).state, 'uploaded', 'but not in place of a second one');
  });
});

describe('an asset that FLORA failed to process', () => {
  it('gets its bytes again through another target, with FLORA’s words, whether complete or GET says so', () => {
    for (const [state, by] of [
      ['uploaded', 'complete'],
      ['checking', 'get'],
    ] as const) {
      const next = seen(sent({ state }), failed, by);
      assert.deepEqual(
        [next.state, next.failures, next.reasonCode, next.reason, next.areBytesConfirmed, next.isCompleteAccepted],
        ['renewing', 1, 'asset_failed', 'corrupt image', false, false],
      );
    }
    const silent = seen(sent(), { ...failed, failureMessage: null }, 'complete');
    assert.equal(silent.reason, 'FLORA failed to process the upload');
  });

  it('is rejected at the fourth failure', () => {
    assert.equal(seen(sent({ failures: 2 }), failed, 'complete').state, 'renewing');
    const last = seen(sent({ failures: 3 }), failed, 'complete');
    assert.deepEqual([last.state, last.failures, last.reasonCode], ['rejected', 4, 'asset_failed']);
  });

  it('counts a failure that is seen again once, and one more where FLORA does not renew it', () => {
    const again = sent({ state: 'checking', areBytesConfirmed: false, failures: 1 });
    assert.equal(seen(again, failed).failures, 1);
    assert.equal(seen({ ...again, reasonCode: 'not_renewable' }, failed).failures, 2);
  });
});

describe('what is said of an asset', () => {
  it('changes nothing where it is about another one', () => {
    for (const state of ['uploaded', 'checking', 'ready', 'missing'] as const) {
      const before = sent({ state });
      assert.equal(seen(before, { ...ready, assetId: 'asset_2' }), before);
    }
  });

  it('makes it ready in each state in which it may be, with what GET alone can tell kept', () => {
    for (const state of ['uploaded', 'checking', 'renewing'] as const) {
      const before = sent({ state, isCompleteSent: false, remoteSizeBytes: 60, url: 'https://cdn.example/old' });
      const next = seen(before, { ...ready, url: null }, 'complete');
      assert.deepEqual(
        [next.state, next.target, next.targetExpiresAtMs, next.isCompleteSent, next.url, next.remoteSizeBytes],
        ['ready', null, null, true, 'https://cdn.example/old', 60],
        state,
      );
    }
    const next = seen(accepted({ remoteSizeBytes: 60 }), { ...ready, sizeBytes: 100 });
    assert.deepEqual([next.url, next.remoteSizeBytes], [ready.url, null], 'and what it does tell taken over');
    assert.equal(seen(accepted(), { ...ready, sizeBytes: 60 }).remoteSizeBytes, 60);
  });

  it('makes nothing ready that was not sent, or is at its end', () => {
    for (const state of ['queued', 'reserved', 'matching', 'rejected', 'gone'] as const) {
      const before = sent({ state });
      assert.equal(seen(before, ready), before, state);
    }
  });

  it('ends an earlier 404', () => {
    const before = accepted({ missingSinceMs: now - 1 });
    assert.equal(seen(before, pending).missingSinceMs, null);
    const found = seen({ ...before, state: 'missing' }, ready);
    assert.deepEqual([found.state, found.missingSinceMs], ['ready', null]);
  });

  it('by a listing is good news only: what is wrong or odd, GET decides', () => {
    for (const state of ['uploaded', 'checking', 'renewing'] as const) {
      const before = sent({ state });
      assert.equal(seen(before, ready, 'listing').state, 'ready', state);
      for (const said of [pending, failed, { ...ready, sizeBytes: 60 }, facts({ status: 'unknown' })]) {
        assert.equal(seen(before, said, 'listing'), before, `${state}, ${said.status}`);
      }
    }
    const reserved = sent({ state: 'reserved' });
    assert.equal(seen(reserved, ready, 'listing'), reserved);
  });

  const known = sent({ state: 'ready', url: ready.url });

  it('gives a ready asset its new URL, and takes none away', () => {
    assert.equal(seen(known, { ...ready, url: 'https://cdn.example/b' }, 'listing').url, 'https://cdn.example/b');
    assert.equal(seen(known, { ...ready, url: null }), known);
    assert.equal(seen(known, ready), known);
  });

  it('has a ready asset looked at that is ready no more, or of another size', () => {
    for (const said of [pending, failed, { ...ready, sizeBytes: 60 }]) {
      const next = seen(known, said, 'listing');
      assert.deepEqual([next.state, next.notBeforeMs, next.attempts], ['checking', now, 0]);
    }
    assert.equal(seen({ ...known, remoteSizeBytes: 60 }, { ...ready, sizeBytes: 60 }).state, 'ready');
  });
});
