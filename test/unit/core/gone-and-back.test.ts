import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Content, type ContentState, contentStates } from '../../../src/core/content.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { transition } from '../../../src/core/transition.ts';
import { bound, content, context, contextAt, facts, now, reservation, sent } from '../../support/contents.ts';

const minute = 60_000;
const after = (before: Content, event: ContentEvent, nowMs = now) => transition(before, event, contextAt(nowMs));
const missing = (isControlled: boolean): ContentEvent => ({ type: 'asset-missing', isControlled });
const waitMs = ({ notBeforeMs }: Content) => notBeforeMs - now;

describe('an asset that answers 404', () => {
  const asked = (sinceMs: number, patch: Partial<Content> = {}) =>
    sent({ state: 'checking', missingSinceMs: now - sinceMs, ...patch });

  it('is asked for again ten minutes later where it was ready, and not given up, whatever else FLORA shows', () => {
    for (const isControlled of [false, true]) {
      const next = after(sent({ state: 'ready' }), missing(isControlled));
      assert.deepEqual(
        [next.state, next.assetId, waitMs(next), next.missingSinceMs, next.reasonCode, next.reason],
        ['checking', 'asset_1', 10 * minute, now, 'asset_missing', 'FLORA answers 404 for this asset'],
      );
    }
  });

  it('is asked for again soon for two minutes where it was just written, then every ten minutes', () => {
    for (const state of ['uploaded', 'checking', 'renewing'] as const) {
      const first = after(sent({ state, attempts: 2 }), missing(true));
      assert.deepEqual([first.state, first.attempts, waitMs(first), first.missingSinceMs], ['checking', 3, 1_250, now]);
    }
    assert.equal(waitMs(after(asked(2 * minute - 1), missing(true))), 313);
    assert.equal(waitMs(after(asked(2 * minute), missing(true))), 10 * minute);
  });

  it('is missing after ten minutes where another was shown in the same moment, and never otherwise', () => {
    assert.equal(after(asked(10 * minute - 1), missing(true)).state, 'checking');
    const gone = after(asked(10 * minute), missing(true));
    assert.deepEqual(
      [gone.state, gone.reasonCode, gone.reason, gone.missingSinceMs],
      ['missing', 'asset_missing', 'The asset is not in FLORA any more', now - 10 * minute],
    );
    assert.equal(after(asked(900 * minute), missing(false)).state, 'checking');
    assert.equal(after(asked(10 * minute, { state: 'ready', isCompleteSent: false }), missing(true)).state, 'missing');
  });

  it('is missing after an hour where only bytes are in doubt', () => {
    const unclear = (sinceMs: number) => asked(sinceMs, { isCompleteSent: false, mayHaveAllBytes: true });
    assert.equal(after(unclear(60 * minute - 1), missing(true)).state, 'checking');
    const gone = after(unclear(60 * minute), missing(true));
    assert.equal(gone.state, 'missing');
    assert.match(gone.reason ?? '', /not in FLORA any more, and no answer told whether it had its bytes$/);
  });

  it('gives way to another after two minutes where nothing can have been sent to it', () => {
    const empty = (sinceMs: number) => bound({ state: 'checking', missingSinceMs: now - sinceMs });
    assert.equal(after(empty(2 * minute - 1), missing(true)).state, 'checking');
    const anew = after(empty(2 * minute), missing(false));
    assert.deepEqual([anew.state, anew.assetId, anew.generation], ['queued', null, 2]);
  });

  it('means nothing to what is not bound, not asked for, or at its end', () => {
    for (const state of ['matching', 'queued', 'reserved', 'missing', 'rejected', 'gone'] as const) {
      const before = bound({ state });
      assert.equal(after(before, missing(true)), before, state);
    }
  });
});

describe('a key', () => {
  it('is never used again for another asset', () => {
    const wanted = (by: 'scan' | 'operator' | 'policy'): ContentEvent => ({ type: 'wanted', by, needsMatching: false });
    const letGo: readonly (readonly [Content, ContentEvent])[] = [
      [content(), { type: 'key-spent', reason: 'duplicate' }],
      [bound({ state: 'checking', missingSinceMs: now - 2 * minute }), missing(true)],
      [
        bound({ state: 'checking', target: null, reasonCode: 'not_renewable' }),
        { type: 'asset', facts: facts(), by: 'get' },
      ],
      [content({ state: 'gone' }), wanted('scan')],
      [content({ state: 'rejected' }), wanted('operator')],
      [sent({ state: 'missing' }), wanted('policy')],
      [bound({ state: 'matching' }), { type: 'adopted', facts: facts({ assetId: 'asset_2', status: 'ready' }) }],
    ];
    for (const [before, event] of letGo) {
      const next = after(before, event);
      assert.deepEqual([next.idempotencyKey, next.generation], ['key-2', 2], `${before.state}, ${event.type}`);
      assert.notEqual(next.assetId, 'asset_1');
      assert.deepEqual([next.renewals, next.target, next.targetExpiresAtMs], [0, null, null]);
    }
  });

  it('stays where its asset does', () => {
    const own = facts({ status: 'ready' });
    for (const before of [content({ state: 'matching' }), bound({ state: 'matching' })]) {
      const next = after(before, { type: 'adopted', facts: own });
      assert.deepEqual([next.state, next.idempotencyKey, next.generation], ['ready', 'key-1', 1]);
    }
  });

  it('is spent for a renewal by that of the next one', () => {
    const next = after(bound({ state: 'renewing', renewals: 2 }), { type: 'key-spent', reason: 'duplicate' });
    assert.deepEqual(
      [next.state, next.renewals, next.idempotencyKey, next.reasonCode, next.assetId],
      ['renewing', 3, 'key-1', 'key_spent', 'asset_1'],
    );
  });

  it('is spent only while an asset or a target is asked for', () => {
    for (const state of contentStates.filter((each) => each !== 'queued' && each !== 'renewing')) {
      const before = bound({ state });
      assert.equal(after(before, { type: 'key-spent', reason: '' }), before, state);
    }
  });
});

describe('a content that is wanted', () => {
  const statesThatHear = (by: 'scan' | 'operator' | 'policy') =>
    contentStates.filter((state) => {
      const before = sent({ state });
      return after(before, { type: 'wanted', by, needsMatching: false }) !== before;
    });

  it('begins again by a scan only where its bytes were gone, by a person also where it was refused, missing or searched for', () => {
    assert.deepEqual(statesThatHear('scan'), ['gone']);
    assert.deepEqual(statesThatHear('policy'), ['missing', 'gone']);
    assert.deepEqual(statesThatHear('operator'), ['matching', 'missing', 'rejected', 'gone']);
  });

  const wanted = (before: Content, by: 'scan' | 'operator' | 'policy' = 'scan', needsMatching = false) =>
    after(before, { type: 'wanted', by, needsMatching });

  it('goes on where its asset may be complete, but for one that is certainly not in FLORA any more', () => {
    for (const patch of [{ isCompleteSent: true }, { mayHaveAllBytes: true }]) {
      const back = wanted(bound({ state: 'gone', ...patch }));
      assert.deepEqual([back.state, back.assetId, back.generation], ['checking', 'asset_1', 1]);
    }
    const missed = wanted(sent({ state: 'missing', missingSinceMs: now - 1 }), 'policy');
    assert.deepEqual(
      [missed.state, missed.assetId, missed.isCompleteSent, missed.areBytesConfirmed, missed.missingSinceMs],
      ['queued', null, false, false, null],
    );
  });

  it('is looked for first where FLORA may have it', () => {
    assert.equal(wanted(content({ state: 'gone' }), 'scan', true).state, 'matching');
    assert.equal(wanted(content({ state: 'gone' }), 'scan', false).state, 'queued');
  });

  it('is due at once, and slower each time where it comes and goes again and again', () => {
    const waits = [0, 1, 2, 3].map((attempts) => {
      const next = wanted(content({ state: 'gone', attempts }));
      assert.equal(next.attempts, attempts + 1);
      return waitMs(next);
    });
    assert.deepEqual(waits, [0, 625, 1_250, 2_500]);
    const byPerson = wanted(content({ state: 'gone', attempts: 9 }), 'operator');
    assert.deepEqual([byPerson.attempts, waitMs(byPerson)], [0, 0], 'a person is not made to wait');
  });

  it('forgets what was held against it', () => {
    const next = wanted(
      content({ state: 'rejected', strikes: 4, failures: 4, reasonCode: 'x', reason: 'y' }),
      'operator',
    );
    assert.deepEqual([next.strikes, next.failures, next.reasonCode, next.reason], [0, 0, null, null]);
  });
});

describe('the end of a search', () => {
  it('queues what has no asset, and asks for that of what has one', () => {
    assert.equal(after(content({ state: 'matching' }), { type: 'unmatched' }).state, 'queued');
    assert.equal(after(bound({ state: 'matching' }), { type: 'unmatched' }).state, 'checking');
    const ready = sent({ state: 'ready' });
    assert.equal(after(ready, { type: 'unmatched' }), ready);
    assert.equal(after(ready, { type: 'adopted', facts: facts() }), ready);
  });

  it('keeps the pace of what has got nowhere with the asset before', () => {
    const again = content({ state: 'matching', attempts: 5, generation: 2 });
    assert.equal(after(again, { type: 'unmatched' }).attempts, 5);
    assert.equal(after({ ...again, generation: 1 }, { type: 'unmatched' }).attempts, 0);
    const queued = content({ attempts: 5, generation: 2 });
    const reserved: ContentEvent = { type: 'reserved', reservation: reservation(), isReplayed: false };
    assert.equal(after(queued, reserved).attempts, 5);
    assert.equal(after({ ...queued, generation: 1 }, reserved).attempts, 0);
  });

  it('takes an asset over as one that has all of it', () => {
    const said = facts({ assetId: 'asset_2', status: 'ready', sizeBytes: 60 });
    const before = bound({ state: 'matching', mayHaveAllBytes: true, missingSinceMs: now - 1, renewals: 3 });
    const next = after(before, { type: 'adopted', facts: said });
    assert.deepEqual(
      [next.assetId, next.url, next.remoteSizeBytes, next.areBytesConfirmed, next.isCompleteSent, next.target],
      ['asset_2', said.url, 60, true, true, null],
    );
    assert.deepEqual(
      [next.isCompleteAccepted, next.mayHaveAllBytes, next.missingSinceMs, next.renewals],
      [true, false, null, 0],
    );
    assert.equal(after(before, { type: 'adopted', facts: { ...said, sizeBytes: 100 } }).remoteSizeBytes, null);
  });
});

describe('a target that is handed out', () => {
  const old = [{ target: null }, { expiresInMs: 0 }, { expiresInMs: -1 }];

  it('is used, and its time counted from now on; one without an expiry has none', () => {
    const reserved = (patch: object) =>
      after(content(), { type: 'reserved', reservation: reservation(patch), isReplayed: false });
    assert.equal(reserved({ expiresInMs: 1 }).state, 'reserved');
    assert.equal(reserved({ expiresInMs: 1 }).targetExpiresAtMs, now + 1);
    assert.equal(reserved({ expiresInMs: null }).targetExpiresAtMs, null);
    assert.equal(reserved({ expiresInMs: null }).state, 'reserved');
    for (const patch of old) assert.equal(reserved(patch).state, 'checking');
  });

  it('in place of another is used at once, its attempts kept and its reason forgotten', () => {
    const before = bound({
      state: 'renewing',
      attempts: 4,
      renewals: 1,
      areBytesConfirmed: true,
      isCompleteAccepted: true,
      reasonCode: 'asset_failed',
      reason: 'corrupt',
    });
    const next = after(before, { type: 'renewed', reservation: reservation() });
    assert.deepEqual(
      [next.state, next.attempts, next.renewals, next.notBeforeMs, next.reasonCode, next.reason],
      ['reserved', 4, 2, now, null, null],
    );
    assert.deepEqual([next.areBytesConfirmed, next.isCompleteAccepted], [false, false]);
  });

  it('in place of another is asked about where it is over already', () => {
    for (const patch of old) {
      const next = after(bound({ state: 'renewing', attempts: 4 }), {
        type: 'renewed',
        reservation: reservation(patch),
      });
      assert.deepEqual([next.state, next.renewals, next.targetExpiresAtMs, next.attempts], ['checking', 1, 1, 5]);
    }
  });

  it('means nothing to what did not ask for it', () => {
    for (const state of contentStates) {
      const before = bound({ state });
      if (state !== 'queued') {
        assert.equal(after(before, { type: 'reserved', reservation: reservation(), isReplayed: false }), before, state);
      }
      if (state !== 'renewing')
        assert.equal(after(before, { type: 'renewed', reservation: reservation() }), before, state);
    }
  });
});

describe('trouble', () => {
  const trouble = (code: string, retryAfterMs: number | null = null): ContentEvent => {
    return { type: 'trouble', code, reason: 'why', retryAfterMs };
  };

  it('means nothing to what is at its end', () => {
    for (const state of ['ready', 'missing', 'rejected', 'gone'] as const) {
      const before = sent({ state });
      assert.equal(after(before, trouble('server_error')), before, state);
      assert.equal(after(before, { type: 'refused', code: 'x', reason: 'y' }), before, state);
    }
  });

  it('keeps the state, but where FLORA knows better: after complete, and where bytes may have arrived twice', () => {
    const stateAfter = (before: Content, code = 'server_error') => after(before, trouble(code)).state;
    for (const state of ['matching', 'queued', 'reserved', 'checking', 'renewing'] as const) {
      assert.equal(stateAfter(bound({ state })), state);
    }
    assert.equal(stateAfter(sent()), 'checking');
    const twice = bound({ mayHaveAllBytes: true });
    for (const code of ['connection_lost', 'wire_trouble', 'stalled', 'server_error']) {
      assert.equal(stateAfter(twice, code), 'checking', code);
    }
    assert.equal(stateAfter(twice, 'too_many_open_files'), 'reserved');
    assert.equal(stateAfter({ ...twice, state: 'renewing' }), 'renewing');
  });

  it('leaves it in doubt whether all bytes of a small file arrived, unless they certainly did not', () => {
    const isUnclear = (patch: Partial<Content>, code = 'connection_lost') =>
      after(bound(patch), trouble(code)).mayHaveAllBytes;
    assert.equal(isUnclear({}), true);
    assert.equal(isUnclear({ sizeBytes: 1 << 20 }), true);
    assert.equal(isUnclear({ sizeBytes: (1 << 20) + 1 }), false);
    assert.equal(isUnclear({ sizeBytes: (1 << 20) + 1, mayHaveAllBytes: true }), true, 'what is in doubt stays so');
    assert.equal(isUnclear({ state: 'renewing' }), false);
    const unsent = ['folder_away', 'source_changed', 'read_error', 'target_rate_limited', 'too_many_open_files'];
    for (const code of unsent) assert.equal(isUnclear({}, code), false, code);
  });

  it('is waited out longer each time, as long as FLORA asks, and not longer than a quarter of an hour', () => {
    const waits = [0, 1, 2].map((attempts) => waitMs(after(content({ attempts }), trouble('server_error'))));
    assert.deepEqual(waits, [313, 625, 1_250]);
    assert.equal(waitMs(after(content(), trouble('server_error', 5_000))), 5_000);
    assert.equal(waitMs(after(content(), trouble('server_error', 900_001))), 900_000);
    assert.equal(waitMs(after(content({ attempts: 5 }), trouble('server_error', 1))), 10_000, 'and no sooner');
  });

  it('is waited out far longer where the same answer cannot be read again and again, and it makes no asset', () => {
    const again = (state: ContentState, code: string, before = code) =>
      waitMs(after(bound({ state, attempts: 9, reasonCode: before }), trouble(code)));
    for (const code of ['not_understood', 'bad_answer']) {
      assert.equal(again('checking', code), 160_000, code);
      assert.equal(again('checking', code, 'server_error'), 18_750, 'once may be an accident');
      for (const state of ['queued', 'matching'] as const) assert.equal(again(state, code), 18_750, state);
    }
    assert.equal(again('checking', 'server_error'), 18_750);
    assert.equal(
      waitMs(after(bound({ state: 'checking', attempts: 40, reasonCode: 'bad_answer' }), trouble('bad_answer'))),
      562_500,
    );
  });

  it('with a target that lives is over within half of that time', () => {
    const soon = bound({ attempts: 20, targetExpiresAtMs: now + 4_000 });
    assert.equal(waitMs(after(soon, trouble('server_error'))), 2_000);
    assert.equal(waitMs(after({ ...soon, targetExpiresAtMs: now - 1 }, trouble('server_error'))), 250);
    assert.equal(waitMs(after({ ...soon, targetExpiresAtMs: null }, trouble('server_error'))), 18_750);
    assert.equal(waitMs(after({ ...soon, state: 'renewing' }, trouble('server_error'))), 18_750);
  });
});

describe('bytes that nobody has any more', () => {
  it('end what needs them, with its target and its pace kept', () => {
    for (const state of ['queued', 'reserved', 'renewing'] as const) {
      const before = bound({ state, attempts: 3 });
      const next = after(before, { type: 'source-lost', reason: 'deleted' });
      assert.deepEqual(
        [next.state, next.target, next.targetExpiresAtMs, next.attempts, next.reasonCode, next.reason],
        ['gone', before.target, before.targetExpiresAtMs, 3, 'source_lost', 'deleted'],
      );
    }
  });

  it('end nothing that has been sent', () => {
    for (const state of ['matching', 'uploaded', 'checking', 'ready', 'missing', 'rejected', 'gone'] as const) {
      const before = sent({ state });
      assert.equal(after(before, { type: 'source-lost', reason: '' }), before, state);
    }
  });
});

describe('what a target did', () => {
  it('means something only while bytes are sent to it', () => {
    const events: readonly ContentEvent[] = [
      { type: 'bytes-accepted' },
      { type: 'bytes-refused', reason: '', isAboutBytes: false, wasUnclear: false },
      { type: 'target-expired' },
    ];
    for (const state of contentStates.filter((each) => each !== 'reserved')) {
      for (const event of events) {
        const before = bound({ state });
        assert.equal(after(before, event), before, `${state}, ${event.type}`);
      }
    }
  });

  it('is noted as over by its time when that is found, with the pace kept', () => {
    const next = after(bound({ attempts: 5 }), { type: 'target-expired' });
    assert.deepEqual([next.state, next.targetExpiresAtMs, next.attempts, waitMs(next)], ['checking', 1, 5, 0]);
  });

  it('is an error where nobody knows the event', () => {
    const odd = { type: 'odd' } as unknown as ContentEvent;
    assert.throws(() => transition(content(), odd, context), /Unknown event \{"type":"odd"\}/);
  });
});
