import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import { SyncError } from '../../../src/errors.ts';
import type { SendProgress } from '../../../src/remote/send-watch.ts';
import { stalledError, withNeededRate } from '../../../src/remote/upload-pace.ts';

const fileError = (code: ErrorCode) =>
  new SyncError('It failed', { code, scope: 'file', disposition: 'retry', op: 'upload', status: 403, requestId: 'r' });

interface Case {
  readonly code?: ErrorCode;
  readonly sizeBytes?: number;
  readonly livesForMs?: number | null;
  readonly elapsedMs?: number | null;
  readonly progress?: SendProgress | null;
}

/** 4 MB at 8 kB/s to a target that lives six minutes. */
function told({ code = 'stalled', sizeBytes = 4_000_000, livesForMs = 360_000, elapsedMs = 400_000, ...more }: Case) {
  const seen = { sentBytes: 3_200_000, seenMs: 400_000, movedMs: 340_000, hasLeft: false };
  const progress = more.progress === undefined ? seen : more.progress;
  const error = withNeededRate(fileError(code), sizeBytes, livesForMs, { elapsedMs: () => elapsedMs, progress });
  assert.ok(error instanceof SyncError);
  return error;
}

describe('the error of an upload that took longer than its target lives', () => {
  it('names size, life, the rate that is needed and the one that was reached, and is else what it was', () => {
    for (const code of ['stalled', 'connection_lost', 'upload_refused'] as const) {
      const error = told({ code });
      const life = 'Its 4.0 MB have to arrive in the 360 s that were left to the target';
      assert.equal(error.message, `It failed. ${life}: that needs at least 12 kB/s, and 8 kB/s were reached`);
      const { scope, disposition, status, requestId } = error;
      assert.deepEqual(
        { code: error.code, scope, disposition, status, requestId },
        { code, scope: 'file', disposition: 'retry', status: 403, requestId: 'r' },
      );
    }
  });

  it('is told before that life is over, when the rate was too low and nothing moved any more', () => {
    assert.match(told({ elapsedMs: 100_000 }).message, /needs at least 12 kB\/s/);
    for (const code of ['connection_lost', 'upload_refused'] as const) {
      assert.equal(told({ code, elapsedMs: 100_000 }).message, 'It failed');
    }
  });

  it('names no rate that was not seen, or that would have been enough', () => {
    const enough = { sentBytes: 4_000_000, seenMs: 300_000, movedMs: 100_000, hasLeft: true };
    const atOnce = { sentBytes: 4_000_000, seenMs: 0, movedMs: 0, hasLeft: true };
    for (const progress of [null, enough, atOnce]) assert.match(told({ progress }).message, /at least 12 kB\/s$/);
  });

  it('says nothing of it where that is not the reason', () => {
    const others: Case[] = [
      { livesForMs: null },
      { livesForMs: 0 },
      { livesForMs: -1 },
      { elapsedMs: null },
      { code: 'bytes_refused' },
      { code: 'unreachable' },
      { livesForMs: 1_000_000 },
    ];
    for (const other of others) assert.equal(told(other).message, 'It failed', JSON.stringify(other));
  });

  it('shows small and large sizes and rates', () => {
    const progress = null;
    const rate = (sizeBytes: number, livesForMs: number) =>
      /Its (.*) have .* least (.*)$/.exec(told({ sizeBytes, livesForMs, progress }).message)?.slice(1);
    assert.deepEqual(rate(900, 300_000), ['900 B', '0.1 kB/s']);
    assert.deepEqual(rate(999_600, 4_000), ['1.0 MB', '250 kB/s']);
    assert.deepEqual(rate(12_300_000, 4_000), ['12 MB', '3.1 MB/s']);
    assert.deepEqual(rate(2_500_000_000, 100_000), ['2.5 GB', '25 MB/s']);
    // What is rounded decides about the unit.
    assert.deepEqual(rate(9_990_000, 9_999), ['10 MB', '1.0 MB/s']);
  });
});

describe('the error of an upload of which nothing moves', () => {
  it('says how much was sent at which rate', () => {
    const progress = { sentBytes: 240_000, seenMs: 90_000, movedMs: 30_000, hasLeft: false };
    const { message } = stalledError('host', 900_000, progress);
    assert.equal(message, 'Nothing more could be sent to host for 60 s: 240 kB of 900 kB were sent in 30 s (8 kB/s)');
  });

  it('says that nothing was sent at all', () => {
    const progress = { sentBytes: 0, seenMs: 60_000, movedMs: 0, hasLeft: false };
    const { message } = stalledError('host', 900_000, progress);
    assert.equal(message, 'Nothing more could be sent to host for 60 s: 0 B of 900 kB were sent');
  });

  it('says that all was sent, and no answer came', () => {
    const progress = { sentBytes: 900_000, seenMs: 187_000, movedMs: 15_000, hasLeft: true };
    const { message } = stalledError('host', 900_000, progress);
    assert.equal(message, 'host gave no answer for 172 s after all 900 kB had left in 15 s (60 kB/s)');
  });
});
