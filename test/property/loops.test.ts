import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backoffMs } from '../../src/core/backoff.ts';
import { type Content, oneBufferBytes } from '../../src/core/content.ts';
import type { ContentEvent, Reservation } from '../../src/core/event.ts';
import { nextAction } from '../../src/core/next-action.ts';
import { maxRefusals, maxRefusalsOfBytes } from '../../src/core/steps.ts';
import { transition } from '../../src/core/transition.ts';
import { content, facts, now, refusal, reservation } from '../support/contents.ts';

/** What may be answered to a request, or be found, whatever the content is doing. Assets are those that it is bound to. */
type Draw = (assetId: string, nextAssetId: string) => ContentEvent;

const lives = fc.constantFrom<Partial<Reservation>>(
  {},
  { expiresInMs: null },
  { expiresInMs: 1 },
  { expiresInMs: -1 },
  { expiresInMs: 4_000 },
  { target: null },
);
const trouble: ContentEvent = { type: 'trouble', code: 'connection_lost', reason: 'lost', retryAfterMs: null };
const conflict: ContentEvent = { type: 'conflict', reason: 'FLORA answered 409 conflict' };

const granted = fc
  .record({ life: lives, isReplayed: fc.boolean() })
  .map<Draw>(({ life, isReplayed }) => (_, assetId) => ({
    type: 'reserved',
    reservation: reservation({ ...life, assetId }),
    isReplayed,
  }));
const renewed = lives.map<Draw>((life) => (assetId) => ({
  type: 'renewed',
  reservation: reservation({ ...life, assetId }),
}));
const shown = fc
  .constantFrom('pending_upload' as const, 'failed' as const)
  .map<Draw>((status) => (assetId) => ({ type: 'asset', facts: facts({ assetId, status }), by: 'get' }));
const always = (event: ContentEvent) => fc.constant<Draw>(() => event);

const anyDraw = fc.oneof(
  granted,
  renewed,
  shown,
  always(trouble),
  always(conflict),
  always(refusal()),
  always(refusal({ isAboutBytes: true })),
  always({ type: 'target-expired' }),
  always({ type: 'key-spent', reason: 'spent' }),
  always({ type: 'bytes-accepted' }),
  always({ type: 'asset-missing', isControlled: false }),
  always({ type: 'asset-missing', isControlled: true }),
  always({ type: 'source-lost', reason: 'gone' }),
  always({ type: 'body-refused', reason: '400' }),
  always({ type: 'unmatched' }),
  always({ type: 'wanted', by: 'scan', needsMatching: false }),
  always({ type: 'wanted', by: 'scan', needsMatching: true }),
);

const step = fc.record({ draw: anyDraw, random: fc.double({ min: 0, max: 0.999, noNaN: true }) });

describe('between two times that a target is in hand, with no accepted bytes in between', () => {
  it('the wait grows, for any sequence of events', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(100, 2 * oneBufferBytes), (steps, sizeBytes) => {
        let row: Content = content({ sizeBytes });
        let nowMs = now;
        let visit: { readonly attempts: number; readonly atMs: number } | null = null;
        for (const [at, { draw, random }] of steps.entries()) {
          nowMs = Math.max(nowMs, row.notBeforeMs);
          const before = row;
          const event = draw(before.assetId ?? '', `asset_${at}`);
          row = transition(before, event, { nowMs, random, freshKey: `key-${at}` });
          // Its bytes are there, or were; or it was looked for in vain for ten minutes and more.
          if (row.areBytesConfirmed || row.state === 'ready' || row.state === 'missing') visit = null;
          if (row.state !== 'reserved' || before.state === 'reserved') continue;
          if (visit !== null) {
            assert.ok(row.attempts > visit.attempts, `${visit.attempts} attempts, and then ${row.attempts}`);
            const waitedMs = nowMs - visit.atMs;
            assert.ok(visit.attempts === 0 || waitedMs >= backoffMs(visit.attempts, 0), `${waitedMs} ms`);
          }
          visit = { attempts: row.attempts, atMs: nowMs };
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('each reservation that gives way to another waits longer, up to minutes: they stay in FLORA', () => {
    const next = (row: Content, event: ContentEvent, atMs: number) =>
      transition(row, event, { nowMs: Math.max(atMs, row.notBeforeMs), random: 0, freshKey: `key-${atMs}` });
    let row = content({ sizeBytes: 2 * oneBufferBytes });
    const waits: number[] = [];
    let nowMs = now;
    for (let lap = 0; lap < 8; lap += 1) {
      const began = nowMs;
      const assetId = `asset_${lap}`;
      const pending: ContentEvent = { type: 'asset', facts: facts({ assetId }), by: 'get' };
      const lost = reservation({ assetId, target: null });
      for (const event of [
        { type: 'reserved', reservation: lost, isReplayed: true },
        pending,
        conflict,
        pending,
      ] as const) {
        row = next(row, event, nowMs);
        nowMs = Math.max(nowMs, row.notBeforeMs);
      }
      assert.equal(row.state, 'queued');
      waits.push(nowMs - began);
    }
    for (const [at, waitMs] of waits.entries()) assert.ok(waitMs >= (waits[at - 1] ?? 0), waits.join(', '));
    assert.ok((waits.at(-1) ?? 0) > 60_000, waits.join(', '));
  });
});

describe('a target that refuses everything, whatever FLORA answers to the rest', () => {
  const answers = {
    reserve: granted,
    check: fc.constant<Draw>((assetId) => ({ type: 'asset', facts: facts({ assetId }), by: 'get' })),
    renew: fc.oneof(renewed, always(conflict), always(trouble), always({ type: 'key-spent', reason: 'spent' })),
    complete: fc.oneof(always(conflict), always(trouble)),
  };
  const round = fc.record({ ...answers, isLost: fc.boolean(), isAboutBytes: fc.boolean() });

  for (const { isAboutBytes, mostSends } of [
    { isAboutBytes: true, mostSends: maxRefusalsOfBytes },
    { isAboutBytes: false, mostSends: maxRefusals },
  ]) {
    const what = isAboutBytes ? 'the bytes' : 'anything else';
    it(`because of ${what} is sent to ${mostSends} times, and leaves two assets behind at most`, () => {
      fc.assert(
        fc.property(fc.array(round, { minLength: 1, maxLength: 80 }), fc.boolean(), (rounds, isLossy) => {
          let row: Content = content({ sizeBytes: 100 });
          let nowMs = now;
          let refused = 0;
          let reservations = 0;
          for (const [at, answer] of rounds.entries()) {
            nowMs = Math.max(nowMs, row.notBeforeMs);
            const { assetId } = row;
            const answered = (draw: Draw) => draw(assetId ?? '', `asset_${at}`);
            const event = ((): ContentEvent | null => {
              switch (nextAction(row, nowMs).type) {
                case 'reserve':
                  return answered(answer.reserve);
                case 'upload':
                  if (isLossy && answer.isLost) return trouble;
                  refused += 1;
                  return refusal({ isAboutBytes, wasUnclear: row.mayHaveAllBytes });
                case 'expire':
                  return { type: 'target-expired' };
                case 'check':
                  return answered(answer.check);
                case 'renew':
                  return answered(answer.renew);
                case 'complete':
                  return answered(answer.complete);
                default:
                  return null;
              }
            })();
            if (event === null) break;
            // A reservation without a target is another story: nothing was ever refused.
            if (event.type === 'reserved' && event.reservation.target === null) continue;
            if (event.type === 'reserved') reservations += 1;
            row = transition(row, event, { nowMs, random: 0.5, freshKey: `key-${at}` });
          }
          assert.ok(refused <= mostSends, `${refused} refusals`);
          assert.ok(reservations <= 2, `${reservations} reservations`);
          if (row.state === 'rejected') assert.equal(row.reasonCode, 'upload_refused');
        }),
        { numRuns: 5_000 },
      );
    });
  }
});
