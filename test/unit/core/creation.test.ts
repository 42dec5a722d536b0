import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  afterAccepted,
  budgetOf,
  type Creation,
  freshCreation,
  isProbeDue,
  isSpent,
  probed,
  slowed,
} from '../../../src/core/creation.ts';
import { now } from '../../support/contents.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const most = 64;

function creation(patch: Partial<Creation> = {}): Creation {
  return { ...freshCreation('1'), ...patch };
}

function accepted(times: number, from: Creation = creation()): Creation {
  let next = from;
  for (let time = 0; time < times; time += 1) next = afterAccepted(next, 0, most);
  return next;
}

/** How long each of so many assets, asked for as soon as they may be, is waited for. */
function waits(count: number, isSpentNow: boolean): readonly number[] {
  let next = slowed(creation(), now, 'why', isSpentNow);
  let nowMs = now;
  return Array.from({ length: count }, () => {
    const waitMs = next.nextProbeMs - nowMs;
    nowMs = next.nextProbeMs;
    next = probed(next, nowMs, isSpentNow);
    return waitMs;
  });
}

describe('the budget of assets without bytes', () => {
  it('begins at eight, and grows by one with each accepted upload to what may be on its way at once', () => {
    assert.equal(budgetOf(creation(), most), 8);
    for (const count of [1, 2, 55, 56]) assert.equal(budgetOf(accepted(count), most), 8 + count);
    assert.equal(budgetOf(accepted(57), most), most);
    assert.equal(budgetOf(accepted(1_000), most), most);
  });

  it('is eight also where fewer may be on their way at once', () => {
    assert.equal(budgetOf(creation(), 1), 8);
    assert.equal(budgetOf(accepted(5, creation()), 1), 8);
  });

  it('remembers no more accepted uploads than it grows with, so that it means the same with other settings', () => {
    assert.equal(accepted(1_000).accepted, most);
  });

  it('is spent by assets that stayed without bytes and by those on their way together', () => {
    assert.equal(isSpent(creation({ barren: 4 }), 3, most), false);
    assert.equal(isSpent(creation({ barren: 4 }), 4, most), true);
    assert.equal(isSpent(creation({ barren: 4, accepted: 1 }), 4, most), false);
  });

  it('is spent by answers in a row that were lost like by assets without bytes', () => {
    assert.equal(isSpent(creation({ lost: 7 }), 0, most), false);
    assert.equal(isSpent(creation({ lost: 8 }), 0, most), true);
    assert.equal(isSpent(creation({ lost: 8, accepted: 1 }), 0, most), false);
    assert.equal(isSpent(accepted(1, creation({ lost: 8 })), 0, most), false, 'accepted bytes end the row');
  });

  it('forgives one barren asset for eight accepted uploads, and none in advance', () => {
    const one = creation({ barren: 1 });
    assert.ok(accepted(7, one).barren > 0);
    assert.equal(accepted(8, one).barren, 0);
    assert.equal(accepted(100, one).barren, 0);
  });
});

describe('what is remembered', () => {
  it('is nothing at first', () => {
    const nothing = { barren: 0, accepted: 0, lost: 0, slowSinceMs: null, probes: 0, nextProbeMs: 0, waitMs: 0 };
    assert.deepEqual(freshCreation('1'), { ...nothing, reason: null, version: '1' });
  });

  it('is what was accepted, and nothing of the wait, once an upload was', () => {
    const slow = { ...probed(slowed(creation({ barren: 3 }), now, 'why', true), now, true), isMisunderstood: true };
    const expected = { ...freshCreation('1'), barren: 3 - 1 / 8, accepted: 1, isMisunderstood: false };
    assert.deepEqual(afterAccepted({ ...slow, lost: 2 }, 0, most), expected);
  });
});

describe('assets asked for one at a time', () => {
  it('are two seconds apart, then twice as long each time, up to ten minutes, while the budget is not spent', () => {
    const doubling = Array.from({ length: 9 }, (_, at) => 2 ** (at + 1) * second);
    assert.deepEqual(waits(12, false), [...doubling, 10 * minute, 10 * minute, 10 * minute]);
  });

  it('are soon twice after the budget was spent, then ten minutes apart, then an hour', () => {
    const [first, ...others] = waits(11, true);
    assert.equal(first, 5 * second, 'and the first is not at once');
    assert.deepEqual(
      others.map((waitMs) => waitMs / minute),
      [1, 10, 10, 10, 10, 10, 10, 10, 60, 60],
    );
  });

  it('are ten minutes apart from the first on where an answer could not be understood, whatever file is next', () => {
    let misunderstood = slowed(creation({ isMisunderstood: true }), now, 'why', true);
    const waitsMinutes = Array.from({ length: 9 }, () => {
      const { waitMs } = misunderstood;
      misunderstood = probed(misunderstood, now, true);
      return waitMs / minute;
    });
    assert.deepEqual(waitsMinutes, [10, 10, 10, 10, 10, 10, 10, 60, 60]);
  });

  it('keep the time since when, and tell the latest reason', () => {
    const first = slowed(creation(), now, 'first', false);
    const second = slowed(first, now + minute, 'second', false);
    assert.deepEqual([second.slowSinceMs, second.reason], [now, 'second']);
  });

  it('are not asked for before their time', () => {
    const slow = slowed(creation({ probes: 2 }), now, 'why', true);
    assert.equal(isProbeDue(slow, now + 10 * minute - 1), false);
    assert.equal(isProbeDue(slow, now + 10 * minute), true);
  });

  it('wait an hour at most when the clock is put back, however far', () => {
    const slow = slowed(creation(), now, 'why', true);
    for (const backMs of [51 * minute, 24 * hour, 10_000 * hour]) assert.equal(isProbeDue(slow, now - backMs), true);
    const seldom = probed(creation({ slowSinceMs: now, probes: 9 }), now, true);
    assert.equal(isProbeDue(seldom, now + 1), false, 'the longest wait itself is kept');
  });
});

describe('an accepted upload', () => {
  const slow = slowed(creation({ barren: 8, probes: 5, lost: 3 }), now, 'why', true);

  it('lets assets be asked for as needed again', () => {
    const open = afterAccepted(slow, 0, most);
    assert.deepEqual(
      [open.slowSinceMs, open.reason, open.probes, open.nextProbeMs, open.lost],
      [null, null, 0, 0, 0],
      'and the next slow time begins anew',
    );
    assert.equal(afterAccepted({ ...slow, isMisunderstood: true }, 0, most).isMisunderstood, false);
  });

  it('leaves room for one more than are on their way, and for no more than was earned', () => {
    for (const open of [0, 3]) {
      const next = afterAccepted({ ...slow, barren: 100 }, open, most);
      assert.equal(isSpent(next, open, most), false);
      assert.equal(isSpent(next, open + 1, most), true);
    }
    assert.equal(afterAccepted({ ...slow, barren: 2 }, 0, most).barren, 2 - 1 / 8, 'fewer are not made more');
  });

  it('makes nothing negative of it where more are on their way than the budget has', () => {
    assert.equal(afterAccepted(slow, 100, most).barren, 0);
  });

  it('changes nothing but the counts while assets are asked for as needed', () => {
    const before = creation({ barren: 3 });
    assert.deepEqual(afterAccepted(before, 0, most), { ...before, accepted: 1, barren: 3 - 1 / 8 });
  });
});
