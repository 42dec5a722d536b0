import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { Gate } from '../../../src/sync/gate.ts';
import { HandClock, settled } from '../../support/hand-clock.ts';

function error(code: string, patch: { disposition?: 'retry' | 'wait'; retryAfterMs?: number } = {}): SyncError {
  return new SyncError(code, { code, scope: 'service', disposition: 'retry', op: 'test', ...patch });
}

function open() {
  const clock = new HandClock();
  const told: (string | null)[] = [];
  const random = { fraction: () => 0.5, token: () => 'token' };
  const gate = new Gate({ clock, random, onChange: (trouble) => told.push(trouble?.code ?? null) });
  return { clock, gate, told };
}

const signal = new AbortController().signal;

describe('Gate', () => {
  it('lets everybody through while all is well', async () => {
    const { gate } = open();
    assert.equal(await gate.enter(signal), true);
    assert.equal(await gate.enter(signal), true);
  });

  it('closes for everybody for as long as FLORA asks, and then lets a single probe through', async () => {
    const { gate, clock } = open();
    gate.failed(error('rate_limited', { retryAfterMs: 60_000 }));
    let entered = 0;
    for (let index = 0; index < 3; index += 1) void gate.enter(signal).then(() => (entered += 1));
    await clock.advance(59_999);
    assert.equal(entered, 0);
    await clock.advance(2_000);
    assert.equal(entered, 1);
    gate.succeeded();
    await settled();
    assert.equal(entered, 3);
  });

  it('waits longer each time its probe fails, but never longer than the cap', async () => {
    const { gate, clock } = open();
    gate.failed(error('unreachable'));
    let longestMs = 0;
    for (let probes = 0; probes < 20; probes += 1) {
      const before = clock.monotonic();
      const entered = gate.enter(signal);
      await clock.advanceUntil(entered);
      longestMs = Math.max(longestMs, clock.monotonic() - before);
      gate.failed(error('unreachable'));
    }
    assert.ok(longestMs > 5_000 && longestMs <= 30_000, `${longestMs}`);
  });

  it('says once that it closed and once that it opened, whatever happens between', async () => {
    const { gate, clock, told } = open();
    for (let times = 0; times < 5; times += 1) gate.failed(error('unreachable'));
    await clock.advanceUntil(gate.enter(signal));
    gate.failed(error('unreachable'));
    await clock.advanceUntil(gate.enter(signal));
    gate.succeeded();
    gate.succeeded();
    assert.deepEqual(told, ['unreachable', null]);
  });

  it('lets the next one probe when a probe was cancelled', async () => {
    const { gate, clock } = open();
    gate.failed(error('unreachable'));
    await clock.advanceUntil(gate.enter(signal));
    const next = gate.enter(signal);
    gate.cancelled();
    assert.equal(await next, true);
  });

  it('turns back whoever waits when the signal comes', async () => {
    const { gate } = open();
    const stopping = new AbortController();
    gate.failed(error('key_refused', { disposition: 'wait' }));
    const waiting = gate.enter(stopping.signal);
    stopping.abort();
    assert.equal(await waiting, false);
  });
});
