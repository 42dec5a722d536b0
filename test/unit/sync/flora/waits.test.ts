import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import type { CallOp } from '../../../../src/sync/flora/call.ts';
import { askFlora } from '../../../../src/sync/flora/request.ts';
import { Suspicion } from '../../../../src/sync/flora/suspicion.ts';
import { WaitingLine } from '../../../../src/sync/flora/waiting-line.ts';
import { type Asker, callFor, openGate, serviceError } from '../../../support/gates.ts';
import type { HandClock } from '../../../support/hand-clock.ts';

const { signal } = new AbortController();
const signals = { stopping: signal, abort: signal };
const credits = serviceError('credits', { disposition: 'wait', status: 402 });

/** Whether somebody is let in after so long, and not a millisecond sooner. */
async function isLetInAfter(asker: Asker, clock: HandClock, waitMs: number): Promise<boolean> {
  await clock.advance(waitMs - 1);
  const isEarly = asker.pass !== undefined;
  await clock.advance(1);
  return !isEarly && asker.pass !== undefined;
}

describe('credits that are spent (402)', () => {
  it('are asked for again two seconds after the third file, then half as often each time, up to a minute', async () => {
    const { ask, clock } = openGate();
    for (let id = 1; id <= 3; id += 1) await (await ask(callFor(id))).refuse(credits);
    // Of 2 s, 4 s and so on the chance of the test takes five eighths.
    for (const [at, waitMs] of [1_250, 2_500, 5_000, 10_000, 20_000, 37_500, 37_500, 37_500].entries()) {
      const probe = await ask(callFor(4 + at));
      assert.ok(await isLetInAfter(probe, clock, waitMs), `${at}: ${waitMs} ms`);
      await probe.refuse(credits);
    }
  });

  it('keep one file waiting longer each time while others go through, up to five minutes', async () => {
    const { gate } = openGate();
    const waits: (number | undefined)[] = [];
    for (const attempts of [0, 1, 2, 3, 7, 8, 20]) {
      const call = callFor(1, 'complete', { attempts });
      const asked = await askFlora(gate, signals, call, () => Promise.reject(credits));
      assert.ok(asked?.kind === 'error');
      waits.push(asked.error.retryAfterMs);
      assert.deepEqual([asked.error.scope, asked.error.disposition], ['file', 'retry']);
      gate.hurry();
    }
    assert.deepEqual(waits, [1_250, 2_500, 5_000, 10_000, 160_000, 187_500, 187_500]);
  });
});

describe('trouble with FLORA as a whole', () => {
  /** Holds the waits before the probes of so many failures in a row. */
  async function hasWaits(error: SyncError, waits: readonly number[]): Promise<void> {
    const { ask, gate, clock } = openGate();
    gate.failed((await ask(callFor(0))).pass ?? assert.fail(), error);
    for (const [at, waitMs] of waits.entries()) {
      const probe = await ask(callFor(1 + at));
      assert.ok(await isLetInAfter(probe, clock, waitMs), `${at}: ${waitMs} ms`);
      gate.failed(probe.pass ?? assert.fail(), error);
    }
  }

  it('is looked at every ten seconds at most where FLORA cannot be reached, from half a second on', async () => {
    await hasWaits(serviceError('unreachable'), [313, 625, 1_250, 2_500, 5_000, 6_250, 6_250]);
  });

  it('is looked at a minute apart at most where a person has to act, from two seconds on', async () => {
    await hasWaits(
      serviceError('key_refused', { disposition: 'wait', status: 401 }),
      [1_250, 2_500, 5_000, 10_000, 20_000, 37_500, 37_500],
    );
  });

  it('is looked at ten seconds apart at most where FLORA answers nothing but errors, from one second on', async () => {
    await hasWaits(serviceError('unavailable', { status: 500 }), [625, 1_250, 2_500, 5_000, 6_250, 6_250]);
  });

  it('is looked at later than FLORA asked by a second at most', async () => {
    await hasWaits(serviceError('unavailable', { status: 503, retryAfterMs: 30_000 }), [30_625, 31_000, 31_000]);
  });

  it('is eight server errors within ten seconds, and no seven, and not spread over more', async () => {
    const error = new SyncError('500', { code: 'server_error', op: 'test', status: 500 });
    const stumble = async (times: number, apartMs: number) => {
      const { gate, ask, clock } = openGate();
      for (let id = 0; id < times; id += 1) {
        const { pass } = await ask(callFor(id));
        gate.stumbled(pass ?? assert.fail(), error);
        clock.pass(apartMs);
      }
      return gate.trouble?.code ?? null;
    };
    assert.equal(await stumble(7, 0), null);
    assert.equal(await stumble(8, 0), 'unavailable');
    assert.equal(await stumble(8, 1_428), 'unavailable', 'the eighth comes 9,996 ms after the first');
    assert.equal(await stumble(8, 1_430), null, 'the eighth comes 10,010 ms after the first');
  });

  it('ends a row of server errors with one answer', async () => {
    const error = new SyncError('500', { code: 'server_error', op: 'test', status: 500 });
    const { gate, ask } = openGate();
    for (let id = 0; id < 14; id += 1) {
      const { pass } = await ask(callFor(id));
      if (id === 7) gate.succeeded(pass ?? assert.fail());
      else gate.stumbled(pass ?? assert.fail(), error);
    }
    assert.equal(gate.trouble, null);
  });
});

describe('a refusal that people are told of', () => {
  it('is told after three files in a row, and ten minutes after the last no more', async () => {
    const { ask, gate, clock } = openGate();
    for (let id = 1; id <= 3; id += 1) {
      assert.equal(gate.trouble, null);
      await (await ask(callFor(id))).refuse(credits);
    }
    assert.equal(gate.trouble?.code, 'credits');
    clock.pass(600_000);
    assert.equal(gate.trouble?.code, 'credits');
    clock.pass(1);
    assert.equal(gate.trouble, null);
  });
});

describe('files that alone were refused', () => {
  it('are remembered, ten thousand of them', () => {
    const suspicion = new Suspicion(credits, { fraction: () => 0.5, token: () => '' });
    for (let id = 1; id <= 10_001; id += 1) suspicion.refused({ call: callFor(id) }, credits, 0);
    suspicion.probe = { call: callFor(20_000) };
    suspicion.granted(suspicion.probe);
    const isSuspect = [1, 10_000, 10_001, 20_000].map((id) => suspicion.isSuspect(callFor(id)));
    assert.deepEqual(isSuspect, [true, true, false, false]);
  });
});

describe('the line at the gate', () => {
  const waiter = (op: CallOp, sinceMs: number, file = true) => ({
    call: file ? callFor(1, op) : { op, file: null },
    sinceMs,
    enter: () => {},
  });

  it('has what no file waits for last, and after half a minute first', () => {
    const line = new WaitingLine();
    const waiting = [waiter('list', 1_000, false), waiter('reserve', 0), waiter('check', 0), waiter('complete', 0)];
    for (const each of waiting) line.add(each);
    const order = (nowMs: number) => [...line.inOrder(nowMs)].map(({ call }) => call.op);
    assert.deepEqual(order(30_999), ['complete', 'check', 'reserve', 'list']);
    assert.deepEqual(order(31_000).slice(0, 4), ['list', 'complete', 'check', 'reserve']);
  });
});
