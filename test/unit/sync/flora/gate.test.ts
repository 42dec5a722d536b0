import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { SyncError } from '../../../../src/errors.ts';
import type { Call, Pass } from '../../../../src/sync/flora/call.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { HandClock } from '../../../support/hand-clock.ts';

function error(code: ErrorCode, patch: { disposition?: 'retry' | 'wait'; retryAfterMs?: number } = {}): SyncError {
  return new SyncError(code, { code, scope: 'service', disposition: 'retry', op: 'test', ...patch });
}

const serverError = new SyncError('503', { code: 'server_error', scope: 'file', disposition: 'retry', op: 'test' });

function open() {
  const clock = new HandClock();
  const told: (string | null)[] = [];
  const random = { fraction: () => 0.5, token: () => 'token' };
  const gate = new Gate({ most: 8, clock, random, onChange: (trouble) => told.push(trouble?.code ?? null) });
  return { clock, gate, told };
}

const signal = new AbortController().signal;
const call: Call = { op: 'check', file: { id: 1, sizeBytes: 1, attempts: 0 } };
const listing: Call = { op: 'list', file: null };
/** Of a request that entered while all was well. */
const other: Pass = { call };

describe('Gate', () => {
  it('lets everybody through while all is well', async () => {
    const { gate } = open();
    assert.notEqual(await gate.enter(call, signal), null);
    assert.notEqual(await gate.enter(call, signal), null);
  });

  it('closes for everybody for as long as FLORA asks, and then lets a single probe through', async () => {
    const { gate, clock } = open();
    const refused = (await gate.enter(call, signal)) ?? other;
    gate.failed(refused, error('rate_limited', { retryAfterMs: 60_000 }));
    const entered: Pass[] = [];
    for (let index = 0; index < 3; index += 1) {
      void gate.enter(call, signal).then((pass) => {
        if (pass !== null) entered.push(pass);
      });
    }
    await clock.advance(59_999);
    assert.equal(entered.length, 0);
    await clock.advance(2_000);
    assert.equal(entered.length, 1);
    gate.succeeded(entered[0] ?? other);
    // One after the other: the rate that was learned spreads them.
    await clock.advance(600_000);
    assert.equal(entered.length, 3);
  });

  it('lets no request of the background be the probe while a file waits, and forgets a file that gave up', async () => {
    const { gate, clock } = open();
    gate.failed(other, error('unreachable'));
    const entered: string[] = [];
    const background = gate.enter(listing, signal).then(() => entered.push('background'));
    const file = new AbortController();
    let probe: Pass = other;
    const first = gate.enter(call, file.signal).then((pass) => {
      probe = pass ?? other;
      entered.push('file');
    });
    await clock.advance(60_000);
    await first;
    assert.deepEqual(entered, ['file'], 'the file is the probe, although the background came first');
    await first.then(() => gate.failed(probe, error('unreachable')));
    const given = gate.enter(call, file.signal);
    file.abort();
    assert.equal(await given, null);
    await clock.advance(60_000);
    await background;
    assert.deepEqual(entered, ['file', 'background']);
  });

  it('waits longer each time its probe fails, but never longer than the cap', async () => {
    const { gate, clock } = open();
    gate.failed(other, error('unreachable'));
    let longestMs = 0;
    for (let probes = 0; probes < 20; probes += 1) {
      const before = clock.monotonic();
      const pass = await clock.advanceUntil(gate.enter(call, signal));
      longestMs = Math.max(longestMs, clock.monotonic() - before);
      gate.failed(pass ?? other, error('unreachable'));
    }
    assert.ok(longestMs > 5_000 && longestMs <= 30_000, `${longestMs}`);
  });

  it('says once that it closed and once that it opened, whatever happens between', async () => {
    const { gate, clock, told } = open();
    for (let times = 0; times < 5; times += 1) gate.failed(other, error('unreachable'));
    gate.failed((await clock.advanceUntil(gate.enter(call, signal))) ?? other, error('unreachable'));
    const probe = (await clock.advanceUntil(gate.enter(call, signal))) ?? other;
    gate.succeeded(probe);
    gate.succeeded(probe);
    assert.deepEqual(told, ['unreachable', null]);
  });

  it('lets the next one probe when a probe was cancelled', async () => {
    const { gate, clock } = open();
    gate.failed(other, error('unreachable'));
    const probe = await clock.advanceUntil(gate.enter(call, signal));
    const next = gate.enter(call, signal);
    gate.cancelled(probe ?? other);
    assert.notEqual(await next, null);
  });

  it('is not opened by answers to requests that were under way when it closed', async () => {
    const { gate, clock, told } = open();
    const early = (await gate.enter(call, signal)) ?? other;
    gate.failed(other, error('rate_limited', { retryAfterMs: 30_000 }));
    gate.succeeded(early);
    gate.cancelled(early);
    assert.deepEqual(told, ['rate_limited']);
    const before = clock.monotonic();
    await clock.advanceUntil(gate.enter(call, signal));
    assert.ok(clock.monotonic() - before >= 30_000);
  });

  it('asks again at once when it is told to hurry, but not before FLORA said', async () => {
    const { gate, clock } = open();
    gate.failed(other, error('key_refused', { disposition: 'wait' }));
    const before = clock.monotonic();
    const entered = gate.enter(call, signal);
    gate.hurry();
    assert.notEqual(await entered, null);
    assert.equal(clock.monotonic(), before);
    gate.failed(other, error('rate_limited', { retryAfterMs: 10_000 }));
    gate.cancelled((await entered) ?? other);
    gate.hurry();
    await clock.advanceUntil(gate.enter(call, signal));
    assert.ok(clock.monotonic() - before >= 10_000);
  });

  it('is closed by server errors in a row, and by nothing less', () => {
    const { gate, told } = open();
    for (let round = 0; round < 5; round += 1) {
      for (let index = 0; index < 7; index += 1) gate.stumbled(other, serverError);
      gate.succeeded(other);
    }
    assert.deepEqual(told, []);
    for (let index = 0; index < 8; index += 1) gate.stumbled(other, serverError);
    assert.deepEqual(told, ['unavailable']);
  });

  it('says of errors in a row what they are, and that nothing is wrong here', () => {
    const clock = new HandClock();
    let trouble: SyncError | null = null;
    const random = { fraction: () => 0.5, token: () => 'token' };
    const gate = new Gate({
      most: 8,
      clock,
      random,
      onChange: (told) => {
        trouble = told;
      },
    });
    for (let index = 0; index < 8; index += 1) gate.stumbled(other, serverError);
    assert.ok((trouble as unknown) instanceof SyncError);
    const { message, hint } = trouble as unknown as SyncError;
    assert.deepEqual(
      [message, hint],
      [
        'FLORA answers nothing but errors now (503)',
        'Nothing is wrong here: it goes on by itself as soon as FLORA does.',
      ],
    );
  });

  it('stays open for others while one file alone meets server errors for ever', async () => {
    const { gate, clock, told } = open();
    for (let waitMs = 500; waitMs < 3_600_000; waitMs = Math.min(waitMs * 2, 30_000) + 1_000) {
      if (clock.monotonic() > 3_600_000) break;
      gate.stumbled(other, serverError);
      await clock.advance(waitMs);
    }
    assert.deepEqual(told, []);
  });

  it('stays closed while its probe meets another server error, and opens with the first answer', async () => {
    const { gate, clock, told } = open();
    for (let index = 0; index < 8; index += 1) gate.stumbled(other, serverError);
    for (let round = 0; round < 10; round += 1) {
      const entered = gate.enter(call, signal);
      // Never longer, however often: who comes next may be another file, and a healthy one.
      await clock.advance(10_000);
      gate.stumbled((await entered) ?? other, serverError);
      assert.deepEqual(told, ['unavailable']);
    }
    const entered = gate.enter(call, signal);
    await clock.advance(10_000);
    gate.succeeded((await entered) ?? other);
    assert.deepEqual(told, ['unavailable', null]);
  });

  it('closed for another reason, is opened by a server error too: FLORA is there', async () => {
    const { gate, clock, told } = open();
    gate.failed(other, error('unreachable'));
    const entered = gate.enter(call, signal);
    await clock.advance(30_000);
    gate.stumbled((await entered) ?? other, serverError);
    assert.deepEqual(told, ['unreachable', null]);
  });

  it('turns back whoever waits when the signal comes', async () => {
    const { gate } = open();
    const stopping = new AbortController();
    gate.failed(other, error('key_refused', { disposition: 'wait' }));
    const waiting = gate.enter(call, stopping.signal);
    stopping.abort();
    assert.equal(await waiting, null);
  });
});
