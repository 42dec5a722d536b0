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

describe('the words for a pace', () => {
  const message = (lengthBytes: number, sentBytes: number, movedMs: number, seenMs = movedMs + 60_000) =>
    stalledError('h', lengthBytes, { sentBytes, seenMs, movedMs, hasLeft: false }).message;

  it('change their unit where rounding does', () => {
    const sizes = [
      0, 999, 999.5, 1_000, 9_949, 9_950, 99_499, 999_499, 999_500, 9_949_999, 9_950_000, 999.4e6, 999.5e6, 9.94e9,
      12e9,
    ];
    assert.deepEqual(
      sizes.map((size) => /: 0 B of (.*) were/.exec(message(size, 0, 0))?.[1]),
      [
        '0 B',
        '999 B',
        '1 kB',
        '1 kB',
        '10 kB',
        '10 kB',
        '99 kB',
        '999 kB',
        '1.0 MB',
        '9.9 MB',
        '10 MB',
        '999 MB',
        '1.0 GB',
        '9.9 GB',
        '12 GB',
      ],
    );
  });

  it('name a rate that is never none, with a decimal below one', () => {
    const rates = [1, 40, 160, 940, 960, 1_000, 1_400, 1_600, 999_400, 999_500, 1_000_000, 12_000_000];
    assert.deepEqual(
      rates.map((sentBytes) => /\((.*)\)$/.exec(message(1e9, sentBytes, 1_000))?.[1]),
      [
        '0.1 kB/s',
        '0.1 kB/s',
        '0.2 kB/s',
        '0.9 kB/s',
        '1 kB/s',
        '1 kB/s',
        '1 kB/s',
        '2 kB/s',
        '999 kB/s',
        '1.0 MB/s',
        '1.0 MB/s',
        '12 MB/s',
      ],
    );
  });

  it('name a second at least, and no time where nothing moved', () => {
    assert.match(message(10, 5, 1), /5 B of 10 B were sent in 1 s \(5 kB\/s\)$/);
    assert.equal(message(10, 0, 0, 0), 'Nothing more could be sent to h for 1 s: 0 B of 10 B were sent');
    assert.equal(
      message(10, 5, 400, 1_900),
      'Nothing more could be sent to h for 2 s: 5 B of 10 B were sent in 1 s (0.1 kB/s)',
    );
    assert.equal(stalledError('h', 10, null).message, 'Nothing more could be sent to h for 1 s: 0 B of 10 B were sent');
    const { code, op, scope, disposition } = stalledError('h', 10, null);
    assert.deepEqual([code, op, scope, disposition], ['stalled', 'upload', 'file', 'retry']);
  });
});

describe('whether a target lived long enough', () => {
  const all = { sentBytes: 4_000_000, seenMs: 400_000, movedMs: 340_000, hasLeft: true };

  it('is a matter of the moment, and of a millisecond', () => {
    assert.match(told({ elapsedMs: 360_000, code: 'connection_lost' }).message, /It failed\. Its 4\.0 MB/);
    assert.equal(told({ elapsedMs: 359_999, code: 'connection_lost' }).message, 'It failed');
    assert.match(told({ livesForMs: 1, code: 'connection_lost' }).message, /at least 4\.0 GB\/s/);
  });

  it('is judged by the time until it moved last where all has left, else until it was seen', () => {
    // 4 MB in 340 s are 11.8 kB/s, in 400 s 10.
    const life = (progress: SendProgress, livesForMs: number) => told({ progress, livesForMs, elapsedMs: 1 }).message;
    assert.equal(life(all, 350_000), 'It failed');
    assert.match(life({ ...all, hasLeft: false }, 350_000), /and 10 kB\/s were reached$/);
    // The very rate that is needed is enough.
    assert.equal(life(all, 340_000), 'It failed');
    assert.equal(told({ progress: all, livesForMs: 340_000, elapsedMs: 340_000 }).message.endsWith('12 kB/s'), true);
    assert.equal(told({ progress: null, elapsedMs: 1 }).message, 'It failed');
    const atOnce = { sentBytes: 0, seenMs: 0, movedMs: 0, hasLeft: false };
    assert.match(told({ progress: atOnce }).message, /at least 12 kB\/s$/, 'no time, no rate');
    assert.match(told({ progress: { ...atOnce, seenMs: 1 } }).message, /and 0\.1 kB\/s were reached$/);
  });

  it('changes nothing else of an error, and of what is no error of ours nothing at all', () => {
    const cause = new Error('why');
    const given = {
      code: 'stalled',
      scope: 'service',
      disposition: 'wait',
      op: 'upload',
      hint: 'Look.',
      retryAfterMs: 7,
      cause,
    } as const;
    const error = withNeededRate(new SyncError('It failed', given), 10, 1, { elapsedMs: () => 1, progress: null });
    assert.ok(error instanceof SyncError && error.message !== 'It failed');
    const { code, scope, disposition, op, hint, retryAfterMs } = error;
    assert.deepEqual({ code, scope, disposition, op, hint, retryAfterMs, cause: error.cause }, given);
    const others = [cause, Object.assign(new Error('of the system'), { code: 'stalled' })];
    for (const other of others)
      assert.equal(withNeededRate(other, 10, 1, { elapsedMs: () => 1, progress: null }), other);
  });
});
