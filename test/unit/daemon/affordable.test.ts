import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Config } from '../../../src/config/load.ts';
import { affordable } from '../../../src/daemon/affordable.ts';
import { SyncError } from '../../../src/errors.ts';

const config = { concurrency: 16 } as Config;

function told(left: number | null) {
  const lines: string[] = [];
  const { concurrency } = affordable(
    config,
    { warn: (_: object, message: string) => void lines.push(message) } as never,
    left,
  );
  return { concurrency, lines };
}

it('as many uploads go on at once as there are descriptors for, and that is said where it is fewer', () => {
  assert.deepEqual(told(1_000), { concurrency: 16, lines: [] });
  assert.deepEqual(told(null), { concurrency: 16, lines: [] });
  const few = told(66);
  assert.equal(few.concurrency, 14);
  assert.match(few.lines.join(), /^only 66 more files .*: 14 uploads at once instead of 16$/);
  assert.equal(told(12).concurrency, 1);
});

it('a limit that is too low for a single upload ends the start, and says what to do', () => {
  const isClear = (error: unknown) =>
    error instanceof SyncError && error.code === 'too_many_open_files' && /ulimit -n/.test(error.hint ?? '');
  assert.throws(() => told(3), isClear);
});
