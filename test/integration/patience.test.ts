import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { Patience, type Waits } from '../support/patience.ts';
import { until, untilAsync } from '../support/until.ts';

describe('what a limit counts', () => {
  it('is the time that passed, without what ours waited for a processor, also those that have ended', () => {
    let nowMs = 1_000;
    let waits: Waits = new Map([[1, 50]]);
    const patience = new Patience(
      () => nowMs,
      () => waits,
    );
    const spentAt = (atMs: number, seen: Waits) => {
      [nowMs, waits] = [atMs, seen];
      return patience.spentMs();
    };
    assert.equal(spentAt(1_100, new Map([[1, 60]])), 100, 'so soon nobody looks');
    assert.equal(spentAt(2_000, new Map([[1, 350]])), 700);
    assert.equal(
      spentAt(
        3_000,
        new Map([
          [1, 350],
          [2, 400],
        ]),
      ),
      1_300,
    );
    assert.equal(spentAt(4_000, new Map([[1, 350]])), 2_300);
  });

  it('is never more than what passed, and that where nothing has to wait for long', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600_000)']);
    try {
      const startedMs = performance.now();
      const patience = new Patience();
      await until('a second has passed', () => patience.spentMs() > 1_000);
      assert.ok(performance.now() - startedMs >= 1_000);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends a wait in vain, which names what it waited for', async () => {
    await assert.rejects(
      until('what never comes', () => false, 300),
      /Waited 300 ms in vain: what never comes/,
    );
    await assert.rejects(
      untilAsync(
        'nor this',
        async () => false,
        300,
        () => 'what was there',
      ),
      /nor this\nwhat was there/,
    );
  });
});
