import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backoffMs, retryBackoff } from '../../src/core/backoff.ts';
import { type Content, contentStates } from '../../src/core/content.ts';
import type { ContentEvent } from '../../src/core/event.ts';
import { nextAction } from '../../src/core/next-action.ts';
import { reconcileListed } from '../../src/core/reconcile.ts';
import { transition } from '../../src/core/transition.ts';
import { frameMultipart } from '../../src/remote/multipart.ts';
import { bound, content, context, facts, now, refusal, reservation, sent } from '../support/contents.ts';

const anyContent: fc.Arbitrary<Content> = fc
  .record({
    state: fc.constantFrom(...contentStates),
    base: fc.constantFrom(content(), bound(), sent()),
    attempts: fc.nat(50),
    strikes: fc.nat(10),
    mayHaveAllBytes: fc.boolean(),
    failures: fc.nat(4),
    isCompleteAccepted: fc.boolean(),
    targetExpiresAtMs: fc.constantFrom(null, 0, now - 1, now + 1),
    reasonCode: fc.constantFrom(null, 'not_renewable', 'processing'),
  })
  .map(({ base, state, ...patch }) => {
    const isBound = base.assetId !== null;
    const possible = { ...base, ...patch, state, mayHaveAllBytes: isBound && patch.mayHaveAllBytes };
    return isPossible(possible) ? possible : { ...possible, state: base.state };
  });

/** As the ledger's own CHECK has it: what is queued has no asset, and what has none is queued or at its end. */
function isPossible({ state, assetId }: Content): boolean {
  if (state === 'matching') return true;
  return assetId === null ? state === 'queued' || state === 'rejected' || state === 'gone' : state !== 'queued';
}

const anyFacts = fc.constantFrom(
  facts(),
  facts({ status: 'ready' }),
  facts({ status: 'ready', sizeBytes: 100 }),
  facts({ status: 'ready', sizeBytes: 1 }),
  facts({ status: 'failed' }),
  facts({ assetId: 'asset_other', status: 'ready' }),
);

const anyEvent: fc.Arbitrary<ContentEvent> = fc.oneof(
  fc.constantFrom<ContentEvent>(
    { type: 'reserved', reservation: reservation(), isReplayed: false },
    { type: 'reserved', reservation: reservation({ target: null, assetId: 'asset_2' }), isReplayed: true },
    { type: 'key-spent', reason: '' },
    { type: 'bytes-accepted' },
    refusal(),
    refusal({ isAboutBytes: true, wasUnclear: true }),
    { type: 'target-expired' },
    { type: 'conflict', reason: '' },
    { type: 'asset-missing', isControlled: false },
    { type: 'asset-missing', isControlled: true },
    { type: 'adopted', facts: facts({ assetId: 'asset_3', status: 'ready' }) },
    { type: 'unmatched' },
    { type: 'renewed', reservation: reservation() },
    { type: 'renewed', reservation: reservation({ target: null }) },
    { type: 'trouble', code: 'x', reason: '', retryAfterMs: null },
    { type: 'refused', code: 'x', reason: '' },
    { type: 'source-lost', reason: '' },
    { type: 'wanted', by: 'scan', needsMatching: false },
    { type: 'wanted', by: 'scan', needsMatching: true },
    { type: 'wanted', by: 'operator', needsMatching: false },
    { type: 'wanted', by: 'policy', needsMatching: false },
  ),
  fc.record({
    type: fc.constant('asset' as const),
    facts: anyFacts,
    by: fc.constantFrom('complete', 'get', 'listing'),
  }),
);

describe('transition, for any content and any sequence of events', () => {
  it('is total, and what it returns always has a next action', () => {
    fc.assert(
      fc.property(anyContent, fc.array(anyEvent, { maxLength: 30 }), (first, events) => {
        let state = first;
        for (const event of events) {
          state = transition(state, event, context);
          assert.ok(isPossible(state));
          nextAction(state, now);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('never lets go of an asset for which complete may have been sent', () => {
    fc.assert(
      fc.property(anyContent, anyEvent, (before, event) => {
        const after = transition(before, event, context);
        // Only for what was certainly missing at FLORA somebody may decide otherwise.
        if (before.state === 'missing' && event.type === 'wanted' && event.by !== 'scan') return;
        // Completed by the ledger that was lost, not by this one.
        if (before.state === 'matching') return;
        if (before.isCompleteSent && before.assetId !== null) assert.equal(after.assetId, before.assetId);
      }),
      { numRuns: 5_000 },
    );
  });

  it('lets go of an asset that may have all bytes only after two 404s with a control, or a day of being pending', () => {
    fc.assert(
      fc.property(anyContent, anyEvent, fc.option(fc.integer({ min: 0, max: 3_600_000 })), (any, event, sinceMs) => {
        const before = { ...any, mayHaveAllBytes: true, missingSinceMs: sinceMs === null ? null : now - sinceMs };
        const after = transition(before, event, context);
        // A search found its bytes, or that it is missing, for certain.
        if (before.state === 'matching' || before.state === 'missing') return;
        if (before.assetId === null || after.assetId === before.assetId) return;
        const isMissing = event.type === 'asset-missing' && event.isControlled && (sinceMs ?? 0) >= 600_000;
        assert.ok(isMissing && !before.isCompleteSent, `${before.state} ${JSON.stringify(event)}`);
      }),
      { numRuns: 20_000 },
    );
  });

  it('never changes the asset without a new generation, nor the generation without a new key', () => {
    fc.assert(
      fc.property(anyContent, anyEvent, (before, event) => {
        const after = transition(before, event, context);
        if (before.assetId !== null && after.assetId !== before.assetId)
          assert.ok(after.generation > before.generation);
        assert.equal(after.generation > before.generation, after.idempotencyKey !== before.idempotencyKey);
      }),
      { numRuns: 5_000 },
    );
  });

  it('reaches ready only from what FLORA said of this asset, and another size is told', () => {
    fc.assert(
      fc.property(anyContent, anyEvent, (before, event) => {
        const after = transition(before, event, context);
        if (after.state !== 'ready' || before.state === 'ready') return;
        // There the digest of its bytes was compared.
        if (before.state === 'matching' && event.type === 'adopted') return;
        assert.ok(event.type === 'asset' && event.facts.status === 'ready');
        assert.equal(event.facts.assetId, before.assetId);
        const isOtherSize = event.facts.sizeBytes !== null && event.facts.sizeBytes !== before.sizeBytes;
        assert.ok(!isOtherSize || after.reasonCode === 'other_size' || after.reasonCode === 'converted');
        assert.ok(!isOtherSize || after.remoteSizeBytes === event.facts.sizeBytes);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a missing asset, for any content and any event', () => {
  it('is concluded only from a controlled 404, at least ten minutes after the first', () => {
    fc.assert(
      fc.property(anyContent, anyEvent, fc.option(fc.integer({ min: 0, max: 3_600_000 })), (any, event, sinceMs) => {
        const before = { ...any, missingSinceMs: sinceMs === null ? null : now - sinceMs };
        const after = transition(before, event, context);
        if (after.state !== 'missing' || before.state === 'missing') return;
        assert.ok(event.type === 'asset-missing' && event.isControlled);
        assert.ok(sinceMs !== null && sinceMs >= 600_000);
        assert.equal(after.assetId, before.assetId);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('reconcileListed, for any content and any listed asset', () => {
  it('does nothing the second time that it hears the same', () => {
    fc.assert(
      fc.property(anyContent, anyFacts, (before, listed) => {
        const event = reconcileListed(before, listed);
        const after = event === null ? before : transition(before, event, context);
        const again = reconcileListed(after, listed);
        if (again !== null) assert.equal(transition(after, again, context), after);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('backoffMs', () => {
  it('stays between a quarter of the base and the cap, for any attempt and chance', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, chance) => {
          const waitMs = backoffMs(attempt, chance);
          assert.ok(waitMs >= retryBackoff.baseMs / 4 && waitMs <= retryBackoff.capMs);
        },
      ),
    );
  });
});

describe('frameMultipart', () => {
  it('round-trips arbitrary fields, names and bytes through a parser that we did not write', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
    // A parser normalises line breaks in names and values; what must survive is everything else.
    const plain = text.map((value) => value.replaceAll(/[\r\n\0]/g, '_'));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          plain.filter((key) => key !== '' && key !== 'file'),
          plain,
          { maxKeys: 5 },
        ),
        plain.filter((name) => name !== ''),
        fc.uint8Array({ maxLength: 300 }),
        async (fields, fileName, bytes) => {
          const frame = frameMultipart(fields, { field: 'file', fileName, contentType: 'image/png' }, 'token');
          const body = Buffer.concat([Buffer.from(frame.head), bytes, Buffer.from(frame.tail)]);
          const form = await new Response(body, { headers: { 'content-type': frame.contentType } }).formData();
          for (const [name, value] of Object.entries(fields))
            assert.equal(form.get(name.replaceAll('"', '%22')) ?? form.get(name), value);
          const file = form.get('file');
          assert.ok(file instanceof File);
          assert.deepEqual(new Uint8Array(await file.arrayBuffer()), Uint8Array.from(bytes));
          assert.equal([...form.keys()].at(-1), 'file');
        },
      ),
      { numRuns: 200 },
    );
  });
});
