import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import {
  accounted,
  type Creation,
  freshCreation,
  isOwing,
  isWithoutBytes,
  mayCount,
  roomIn,
} from '../../../src/core/creation.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { bound, content, facts, now, reservation, sent } from '../../support/contents.ts';

const most = 64;
const creation = (patch: Partial<Creation> = {}): Creation => ({ ...freshCreation('1'), ...patch });

/** What the budget is after a step, where nothing else is said. */
function after(from: Creation, event: ContentEvent, step: { before?: Content; after?: Content | null; open?: number }) {
  const { before = content(), after: row = before, open = 0 } = step;
  return accounted(from, { before, event, after: row, nowMs: now }, open, most);
}

const reserved: ContentEvent = { type: 'reserved', reservation: reservation(), isReplayed: false };
const spent: ContentEvent = { type: 'key-spent', reason: 'duplicate' };
const accepted: ContentEvent = { type: 'bytes-accepted' };
const unclear: ContentEvent = { type: 'trouble', code: 'not_understood', reason: 'no id in it', retryAfterMs: null };
const lost: ContentEvent = { type: 'source-lost', reason: 'gone' };

describe('room for assets', () => {
  it('is what the budget has beyond those without bytes, those whose answers were lost, and those on their way', () => {
    assert.equal(roomIn(creation({ barren: 1, lost: 2, accepted: 4 }), 3, most), 8 + 4 - 1 - 2 - 3);
  });

  it('is owing only by assets that are certainly there', () => {
    assert.equal(isOwing(creation({ barren: 8 }), 0, most), true);
    assert.equal(isOwing(creation({ barren: 7 }), 0, most), false);
    assert.equal(isOwing(creation({ barren: 7 }), 1, most), true);
    assert.equal(isOwing(creation({ lost: 80 }), 0, most), false);
  });

  it('is taken by a bound asset none of whose bytes was accepted, until it can get none any more', () => {
    assert.equal(isWithoutBytes(content()), false);
    assert.equal(isWithoutBytes(bound()), true);
    assert.equal(isWithoutBytes(sent()), false);
    for (const state of ['ready', 'missing', 'rejected', 'gone'] as const) {
      assert.equal(isWithoutBytes(bound({ state })), false, state);
    }
  });
});

describe('what a step means for the budget', () => {
  it('is nothing where an asset was made and bound, but the end of a row of lost answers', () => {
    const before = creation();
    assert.equal(after(before, reserved, { after: bound() }), before);
    assert.deepEqual(after(creation({ lost: 3, barren: 2 }), reserved, { after: bound() }), creation({ barren: 2 }));
  });

  it('is one asset more where it was made for a row that is another by now, and not where its answer was replayed', () => {
    for (const row of [null, bound({ assetId: 'asset_2' })]) {
      assert.equal(after(creation({ lost: 1 }), reserved, { after: row }).barren, 1);
      const before = creation({ lost: 1 });
      assert.equal(after(before, { ...reserved, isReplayed: true }, { after: row }), before);
    }
  });

  it('is one lost answer more where the key was spent while an asset was asked for', () => {
    assert.equal(after(creation({ lost: 1 }), spent, {}).lost, 2);
    assert.equal(after(creation(), spent, { before: content({ reasonCode: 'server_error' }) }).lost, 1);
    const counted = creation();
    assert.equal(after(counted, spent, { before: content({ reasonCode: 'not_understood' }) }), counted);
    assert.equal(after(counted, spent, { before: bound({ state: 'renewing' }) }), counted);
  });

  it('is one asset more, and a slower pace, where the answer could not be understood; the same answer again counts once', () => {
    const first = after(creation(), unclear, {});
    assert.deepEqual(
      [first.barren, first.isMisunderstood, first.slowSinceMs, first.reason, first.waitMs],
      [1, true, now, 'no id in it', 2_000],
    );
    const again = after(first, unclear, { before: content({ reasonCode: 'not_understood' }) });
    assert.equal(again.barren, 1);
    const other = after(creation(), { ...unclear, code: 'server_error' }, {});
    assert.deepEqual(other, creation());
  });

  it('is ten minutes where that spends the budget', () => {
    assert.equal(after(creation({ barren: 7 }), unclear, {}).waitMs, 600_000);
    assert.equal(after(creation({ barren: 6 }), unclear, {}).waitMs, 2_000);
    assert.equal(after(creation({ barren: 6 }), unclear, { open: 1 }).waitMs, 600_000);
    assert.equal(after(creation({ lost: 60 }), unclear, {}).waitMs, 2_000, 'lost answers alone do not');
  });

  it('is a larger budget where bytes were accepted, up to its bound, and nothing where the row was dropped', () => {
    const before = creation({ barren: 1 });
    assert.deepEqual(after(before, accepted, { before: bound(), after: sent() }).accepted, 1);
    assert.equal(after(before, accepted, { before: bound(), after: null }), before);
  });

  it('is nothing where the budget is at its bound, and nothing is owed or slow', () => {
    const full = creation({ accepted: most });
    const step = { before: bound(), after: sent() };
    assert.equal(after(full, accepted, step), full);
    for (const patch of [{ barren: 1 }, { lost: 1 }, { slowSinceMs: now }, { accepted: most - 1 }]) {
      assert.notEqual(after({ ...full, ...patch }, accepted, step), undefined);
      const from = { ...full, ...patch };
      assert.notDeepEqual(after(from, accepted, step), from, JSON.stringify(patch));
    }
  });

  it('is one asset more where one without bytes was let go, or can get none any more', () => {
    const before = bound();
    const another = content({ generation: 2 });
    assert.equal(after(creation(), spent, { before: bound({ state: 'renewing' }), after: another }).barren, 1);
    assert.equal(after(creation(), lost, { before, after: bound({ state: 'gone' }) }).barren, 1);
    for (const row of [
      bound({ state: 'checking' }),
      bound({ areBytesConfirmed: true, state: 'rejected' }),
      bound({ state: 'ready' }),
      null,
    ]) {
      assert.equal(after(creation(), lost, { before, after: row }).barren, 0, `${row?.state}`);
    }
    assert.equal(after(creation(), lost, { before: sent(), after: content() }).barren, 0, 'it had its bytes');
    const other = bound({ assetId: 'asset_2' });
    assert.equal(after(creation(), lost, { before, after: other }).barren, 1, 'another is bound in its place');
  });
});

describe('a look at the budget', () => {
  it('is spared where a step can mean nothing for it', () => {
    const same = bound();
    const asset: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };
    const told = [reserved, spent, accepted, unclear, lost, asset].map((event) => mayCount(same, event, same));
    assert.deepEqual(told, [true, true, true, true, false, false]);
    assert.equal(mayCount(same, lost, bound({ state: 'gone' })), true);
  });
});
