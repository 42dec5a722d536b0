import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SyncError } from '../../../../src/errors.ts';
import type { Pass } from '../../../../src/sync/flora/call.ts';
import { Outage } from '../../../../src/sync/flora/outage.ts';
import { callFor, serviceError } from '../../../support/gates.ts';
import { floraError } from '../../../support/uploading.ts';

const passOf = (id: number): Pass => ({ call: callFor(id) });
const background: Pass = { call: { op: 'list', file: null } };
const down = serviceError('unreachable');
const failed = floraError('server_error', {
  disposition: 'retry',
  op: 'reserve',
  status: 503,
  requestId: 'req_1',
  retryAfterMs: 4_000,
});

function outageAt(suspect: (error: SyncError) => string | null = () => null) {
  return new Outage({ fraction: () => 0.5, token: () => '' }, suspect);
}

/** Eight that fail together, the last of them closing it. */
function closedByStumbles(outage: Outage) {
  for (let id = 1; id <= 7; id += 1) assert.equal(outage.stumbled(passOf(id), failed, 1_000), null);
  const trouble = outage.stumbled(passOf(8), failed, 1_000);
  assert.ok(trouble !== null);
  assert.equal(outage.failed(passOf(8), trouble, 1_000), true);
  return trouble;
}

describe('an outage', () => {
  it('begins with evidence, is told by its error, and opens for a probe some time later', () => {
    const outage = outageAt();
    assert.deepEqual([outage.trouble, outage.waitMs(0)], [null, 0]);
    assert.equal(outage.failed(passOf(1), down, 1_000), true);
    const waitMs = outage.waitMs(1_000);
    assert.ok(waitMs > 0 && waitMs <= 500, String(waitMs));
    assert.deepEqual([outage.trouble, outage.opensAtMs], [down, 1_000 + waitMs]);
    assert.equal(outage.waitMs(outage.opensAtMs + 9), 0);
  });

  it('learns nothing from what was under way, but how long FLORA wants to be left alone, and that it is a limit', () => {
    const outage = outageAt();
    outage.failed(passOf(1), down, 1_000);
    const { opensAtMs } = outage;
    assert.equal(outage.failed(passOf(2), serviceError('key_refused', { disposition: 'wait' }), 1_000), false);
    assert.deepEqual([outage.trouble, outage.opensAtMs, outage.isCloser(2)], [down, opensAtMs, false]);
    const limit = serviceError('rate_limited', { retryAfterMs: 30_000 });
    assert.equal(outage.failed(passOf(3), limit, 1_000), false);
    assert.equal(outage.trouble, limit);
    assert.ok(outage.opensAtMs >= 31_000);
  });

  it('is waited out for as long as it was said, whatever else is named meanwhile', () => {
    const outage = outageAt();
    outage.failed(passOf(1), down, 1_000, 60_000);
    assert.equal(outage.opensAtMs, 61_000);
    outage.failed(passOf(2), serviceError('unreachable', { retryAfterMs: 5 }), 1_000, 10);
    assert.equal(outage.opensAtMs, 61_000, 'never sooner');
  });

  it('has one probe at a time; its failure is evidence, and makes the next wait longer', () => {
    const outage = outageAt();
    outage.failed(passOf(1), down, 0);
    const waits = [outage.opensAtMs];
    for (let round = 0; round < 3; round += 1) {
      const probe = passOf(2);
      outage.probe = probe;
      assert.equal(outage.waitMs(9e9), Number.POSITIVE_INFINITY);
      const nowMs = outage.opensAtMs;
      assert.equal(outage.failed(probe, down, nowMs), true);
      assert.equal(outage.probe, null);
      waits.push(outage.opensAtMs - nowMs);
    }
    assert.deepEqual(
      waits.map((waitMs, at) => at === 0 || waitMs > (waits[at - 1] ?? 0)),
      [true, true, true, true],
    );
  });

  it('whose probe was lost goes on, a little later each time', () => {
    const outage = outageAt();
    outage.failed(passOf(1), down, 0);
    outage.probe = passOf(2);
    outage.lost(10_000);
    const first = outage.opensAtMs - 10_000;
    assert.deepEqual([outage.probe, outage.trouble], [null, down]);
    outage.lost(20_000);
    assert.ok(outage.opensAtMs - 20_000 > first && first > 0);
  });

  it('is over with an answer to its probe, and not with one from before', () => {
    const outage = outageAt();
    const probe = passOf(2);
    assert.equal(outage.answered(probe), false, 'there was none');
    outage.failed(passOf(1), down, 0);
    outage.probe = probe;
    assert.equal(outage.answered(passOf(1)), false);
    assert.deepEqual([outage.trouble, outage.probe], [down, probe]);
    assert.equal(outage.answered(probe), true);
    assert.deepEqual([outage.trouble, outage.probe], [null, null]);
    const first = outageAt();
    first.failed(passOf(1), down, 0);
    outage.failed(passOf(1), down, 50_000);
    assert.equal(outage.opensAtMs - 50_000, first.opensAtMs, 'the next one begins anew');
  });

  it('begins anew also after single failures, once anything was answered', () => {
    const outage = outageAt();
    for (let round = 0; round < 3; round += 1) {
      outage.trouble = null;
      outage.failed(passOf(1), down, 0);
    }
    const late = outage.opensAtMs;
    outage.trouble = null;
    outage.answered(passOf(9));
    outage.failed(passOf(1), down, 100_000);
    assert.ok(outage.opensAtMs - 100_000 < late);
  });

  it('is asked at once where a person says that it is mended, but not before FLORA said', () => {
    const outage = outageAt();
    outage.failed(passOf(1), serviceError('key_refused', { disposition: 'wait' }), 0, 60_000);
    outage.hurry(1_000);
    assert.equal(outage.waitMs(1_000), 0);
    outage.hurry(2_000);
    assert.equal(outage.opensAtMs, 1_000, 'and no later');
    const first = outageAt();
    first.failed(passOf(1), down, 0, 60_000);
    first.hurry(0);
    assert.equal(first.opensAtMs, 0);
    const asked = outageAt();
    asked.failed(passOf(1), serviceError('rate_limited', { retryAfterMs: 8_000 }), 0, 60_000);
    asked.failed(passOf(2), serviceError('rate_limited', { retryAfterMs: 3_000 }), 0, 1);
    asked.hurry(1_000);
    assert.equal(asked.opensAtMs, 8_000);
  });
});

describe('whose requests closed it', () => {
  it('is the one that failed, and of server errors all of those that failed together', () => {
    const outage = outageAt();
    outage.failed(passOf(1), down, 0);
    assert.deepEqual([outage.isCloser(1), outage.isCloser(2)], [true, false]);
    const stumbled = outageAt();
    closedByStumbles(stumbled);
    for (let id = 1; id <= 8; id += 1) assert.ok(stumbled.isCloser(id));
    const mixed = outageAt();
    for (let id = 1; id <= 7; id += 1) mixed.stumbled(passOf(id), failed, 0);
    mixed.failed(passOf(9), down, 0);
    assert.deepEqual([mixed.isCloser(1), mixed.isCloser(9)], [false, true], 'of another trouble they tell nothing');
  });

  it('grows by each probe that fails, and is forgotten when it closes again', () => {
    const outage = outageAt();
    outage.failed(passOf(1), down, 0);
    const probe = passOf(2);
    outage.probe = probe;
    outage.failed(probe, down, 0);
    assert.deepEqual([outage.isCloser(1), outage.isCloser(2)], [true, true]);
    const good = passOf(3);
    outage.probe = good;
    outage.answered(good);
    outage.failed(background, down, 0);
    assert.deepEqual([outage.isCloser(1), outage.isCloser(2)], [false, false]);
  });
});

describe('server errors', () => {
  it('in a row are an outage, told with the last of them', () => {
    const trouble = closedByStumbles(outageAt());
    const { code, scope, disposition, op, status, requestId, retryAfterMs, hint, message, cause } = trouble;
    assert.deepEqual(
      { code, scope, disposition, op, status, requestId, retryAfterMs, hint, message, cause },
      {
        code: 'unavailable',
        scope: 'service',
        disposition: 'retry',
        op: 'reserve',
        status: 503,
        requestId: 'req_1',
        retryAfterMs: 4_000,
        hint: 'Nothing is wrong here: it goes on by itself as soon as FLORA does.',
        message: 'FLORA answers nothing but errors now (server_error)',
        cause: failed,
      },
    );
  });

  it('in a row are told with what is behind them, where that is suspected', () => {
    const { message, hint } = closedByStumbles(
      outageAt(({ op }) => (op === 'reserve' ? 'the ids may be wrong' : null)),
    );
    assert.equal(message, 'FLORA answers nothing but errors now (server_error); the ids may be wrong');
    assert.equal(hint, undefined);
  });

  it('are no row where one was answered, where they are ten seconds apart, or where it is closed already', () => {
    const answered = outageAt();
    for (let id = 1; id <= 7; id += 1) answered.stumbled(passOf(id), failed, 0);
    answered.noStumble();
    assert.equal(answered.stumbled(passOf(8), failed, 0), null);
    const slow = outageAt();
    for (let id = 1; id <= 7; id += 1) slow.stumbled(passOf(id), failed, 0);
    assert.equal(slow.stumbled(passOf(8), failed, 10_001), null);
    for (let id = 1; id <= 6; id += 1) slow.stumbled(passOf(10 + id), failed, 10_001);
    const trouble = slow.stumbled(passOf(17), failed, 20_001);
    assert.ok(trouble !== null, 'the eighth within ten seconds');
    slow.failed(passOf(17), trouble, 20_001);
    assert.deepEqual([slow.isCloser(1), slow.isCloser(8)], [false, true], 'the first seven were another row');
    const closed = outageAt();
    closed.failed(passOf(1), down, 0);
    for (let id = 1; id <= 9; id += 1) assert.equal(closed.stumbled(passOf(id), failed, 0), null);
  });

  it('are a row from the first after an answer on', () => {
    const outage = outageAt();
    outage.stumbled(passOf(1), failed, 0);
    outage.noStumble();
    assert.equal(outage.stumbled(passOf(2), failed, 5_000), null);
    for (let id = 3; id <= 8; id += 1) assert.equal(outage.stumbled(passOf(id), failed, 14_000), null);
    const trouble = outage.stumbled(passOf(9), failed, 15_000);
    assert.ok(trouble !== null, 'the eighth within ten seconds');
    outage.failed(passOf(9), trouble, 15_000);
    assert.deepEqual([outage.isCloser(1), outage.isCloser(2)], [false, true]);
  });

  it('at its probe go on with an outage of theirs, and end another', () => {
    const outage = outageAt();
    closedByStumbles(outage);
    const probe = passOf(20);
    outage.probe = probe;
    assert.equal(outage.stumbled(probe, failed, 5_000)?.code, 'unavailable');
    assert.equal(outage.stumbled(passOf(21), failed, 5_000), null, 'who is no probe tells nothing');
    const other = outageAt();
    other.failed(passOf(1), down, 0);
    other.probe = probe;
    assert.equal(other.stumbled(probe, failed, 5_000), null);
  });
});
