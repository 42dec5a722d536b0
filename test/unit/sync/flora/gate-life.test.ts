import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SyncError } from '../../../../src/errors.ts';
import type { Call, Pass } from '../../../../src/sync/flora/call.ts';
import { Gate, type GateDeps } from '../../../../src/sync/flora/gate.ts';
import { CountingClock } from '../../../support/counting-clock.ts';
import { callFor, serviceError } from '../../../support/gates.ts';
import { settled } from '../../../support/hand-clock.ts';
import { floraError } from '../../../support/uploading.ts';

const background: Call = { op: 'list', file: null };
const down = serviceError('unreachable');
const limited = serviceError('rate_limited', { status: 429, retryAfterMs: 5_000 });

function gateOf(patch: Partial<GateDeps> = {}) {
  const clock = new CountingClock();
  const told: (SyncError | null)[] = [];
  const failures: SyncError[] = [];
  const gate = new Gate({
    clock,
    random: { fraction: () => 0.5, token: () => '' },
    most: 2,
    onChange: (trouble) => told.push(trouble),
    onFailure: (error) => failures.push(error),
    ...patch,
  });
  const never = new AbortController().signal;
  const enter = async (call: Call, signal = never) => {
    const asker: { pass: Pass | null | undefined } = { pass: undefined };
    void gate.enter(call, signal).then((pass) => {
      asker.pass = pass;
    });
    await settled();
    return asker;
  };
  const inside = async (call: Call) => (await enter(call)).pass ?? assert.fail('It has not been let in');
  return { clock, gate, told, failures, enter, inside };
}

describe('who is let in', () => {
  it('is as many files as may be at once, and what no file waits for beside them', async () => {
    const { gate, enter, inside } = gateOf();
    const first = await inside(callFor(1));
    await inside(callFor(2));
    const third = await enter(callFor(3));
    const listing = await enter(background);
    assert.deepEqual([third.pass, listing.pass === undefined], [undefined, false]);
    gate.succeeded(first);
    await settled();
    assert.ok(third.pass);
    gate.cancelled(first);
  });

  it('frees its place however it ends', async () => {
    for (const end of ['succeeded', 'cancelled', 'unclear', 'failed', 'stumbled', 'refused'] as const) {
      const { gate, enter, inside, clock } = gateOf({ most: 1 });
      const pass = await inside(callFor(1));
      const next = await enter(callFor(2, 'check'));
      assert.equal(next.pass, undefined, end);
      const error = end === 'refused' ? serviceError('forbidden', { status: 403 }) : down;
      gate[end](pass, error as never);
      await clock.advance(60_000);
      assert.ok(next.pass, end);
      assert.equal(clock.live.size, 0, 'and nobody is waited for any more');
    }
  });

  it('is nobody whose signal came first, who leaves no one waiting behind', async () => {
    const { gate, enter, inside } = gateOf({ most: 1 });
    const stop = new AbortController();
    stop.abort();
    assert.equal(await gate.enter(callFor(1), stop.signal), null);
    const pass = await inside(callFor(1));
    const leaving = new AbortController();
    const left = await enter(callFor(2), leaving.signal);
    const next = await enter(callFor(3));
    leaving.abort();
    await settled();
    assert.equal(left.pass, null);
    gate.succeeded(pass);
    await settled();
    assert.ok(next.pass);
  });

  it('is let in once: a signal that comes later takes nobody else’s place in the line', async () => {
    const { gate, enter, inside } = gateOf({ most: 1 });
    const first = await inside(callFor(1));
    const leaving = new AbortController();
    const second = await enter(callFor(2), leaving.signal);
    gate.succeeded(first);
    await settled();
    const third = await enter(callFor(3));
    leaving.abort();
    gate.succeeded(second.pass ?? assert.fail());
    await settled();
    assert.ok(third.pass);
  });

  it('is whoever may go, though another of its rank has to wait for something else', async () => {
    const { gate, enter, inside, clock } = gateOf({ most: 9 });
    gate.refused(await inside(callFor(1, 'complete')), serviceError('forbidden', { status: 403 }));
    const again = await enter(callFor(1, 'complete'));
    const other = await enter(callFor(2, 'check'));
    assert.deepEqual([again.pass === undefined, other.pass === undefined], [true, false]);
    await clock.advance(60_000);
    assert.ok(again.pass);
  });

  it('may be asked whether it is still good', async () => {
    const { gate, inside, enter, clock } = gateOf();
    const [early, other] = [await inside(callFor(1)), await inside(callFor(2))];
    assert.equal(gate.isGood(early), true);
    gate.failed(other, down);
    assert.equal(gate.isGood(early), false);
    const probe = await enter(callFor(3));
    await clock.advance(10_000);
    assert.equal(gate.isGood(probe.pass ?? assert.fail()), true);
  });
});

describe('trouble with FLORA as a whole', () => {
  it('is told to everybody who listens, once, and each failure to whoever counts them', async () => {
    const { gate, told, failures, inside, enter, clock } = gateOf();
    const heard: (string | null)[] = [];
    gate.listeners.add((trouble) => heard.push(trouble?.code ?? null));
    const [one, other] = [await inside(callFor(1)), await inside(callFor(2))];
    gate.failed(one, down);
    gate.failed(other, down);
    assert.deepEqual([told, heard, failures], [[down], ['unreachable'], [down]]);
    const probe = await enter(callFor(3));
    await clock.advance(10_000);
    gate.failed(probe.pass ?? assert.fail(), down);
    assert.equal(failures.length, 2);
    const last = await enter(callFor(3));
    await clock.advance(10_000);
    gate.succeeded(last.pass ?? assert.fail());
    assert.deepEqual(
      [told, heard],
      [
        [down, null],
        ['unreachable', null],
      ],
    );
  });

  it('says for how long it is waited', async () => {
    const { gate, inside, clock } = gateOf();
    assert.equal(gate.closedForMs(), 0);
    gate.failed(await inside(callFor(1)), down);
    const closedMs = gate.closedForMs();
    assert.ok(closedMs > 0);
    clock.pass(closedMs - 1);
    assert.equal(gate.closedForMs(), 1);
    clock.pass(500);
    assert.equal(gate.closedForMs(), 0);
  });

  it('is looked at when its time has come, and not a part of a millisecond sooner', async () => {
    const { gate, inside, enter, clock } = gateOf({ random: { fraction: () => 0.0005, token: () => '' } });
    gate.failed(await inside(callFor(1)), limited);
    assert.equal(gate.closedForMs(), 5_000.5, 'it is spread by chance');
    clock.pass(5_000);
    const probe = await enter(callFor(2));
    assert.equal(probe.pass, undefined);
    await clock.advance(1);
    assert.ok(probe.pass);
  });

  it('is a limit that grows only where a probe ran into it', async () => {
    const { gate, inside, enter, clock } = gateOf();
    const refused: number[] = [];
    const probeRefused = gate.pace.probeRefused.bind(gate.pace);
    gate.pace.probeRefused = (nowMs) => {
      refused.push(nowMs);
      probeRefused(nowMs);
    };
    const probe = async () => {
      const asker = await enter(callFor(2, 'check'));
      await clock.advance(60_000);
      return asker.pass ?? assert.fail();
    };
    gate.failed(await inside(callFor(1, 'check')), limited);
    assert.deepEqual(refused, [], 'this one was none');
    gate.failed(await probe(), down);
    assert.deepEqual(refused, [], 'nor did this one meet the limit');
    gate.failed(await probe(), limited);
    assert.deepEqual(refused, [clock.now()]);
  });

  it('goes on where its probe was lost or cancelled: the next one looks', async () => {
    const { gate, inside, enter, clock, told } = gateOf();
    gate.failed(await inside(callFor(1)), down);
    const lost = await enter(callFor(2));
    await clock.advance(10_000);
    const next = await enter(callFor(3));
    gate.unclear(lost.pass ?? assert.fail());
    await settled();
    assert.equal(next.pass, undefined, 'a little later');
    await clock.advance(10_000);
    gate.cancelled(next.pass ?? assert.fail());
    const last = await enter(callFor(4));
    gate.unclear({ call: callFor(9) });
    assert.ok(last.pass, 'at once');
    assert.deepEqual(told, [down]);
  });

  it('of one operation is told as a failure once it is everybody’s', async () => {
    const { gate, failures, enter, clock } = gateOf();
    const forbidden = serviceError('forbidden', { status: 403, disposition: 'wait' });
    for (let id = 1; id <= 3; id += 1) {
      const asker = await enter(callFor(id));
      await clock.advance(60_000);
      assert.deepEqual(failures, []);
      gate.refused(asker.pass ?? assert.fail(), forbidden);
    }
    assert.deepEqual(failures, [forbidden]);
  });

  it('is looked at by a file that did not meet it, else by the first, else by what no file waits for', async () => {
    for (const [waiting, first] of [
      [[background, callFor(1), callFor(2)], 2],
      [[background, callFor(1)], 1],
      [[background], 0],
    ] as const) {
      const { gate, inside, enter, clock } = gateOf();
      gate.failed(await inside(callFor(1)), down);
      const askers = [];
      for (const call of waiting) askers.push(await enter(call));
      await clock.advance(10_000);
      assert.deepEqual(
        askers.map(({ pass }) => pass !== undefined),
        waiting.map((_, at) => at === first),
      );
    }
  });
});

describe('new reservations', () => {
  it('come one by one while anything is in the way of them', async () => {
    const { gate, inside, enter, clock } = gateOf();
    assert.equal(gate.isNarrow, false);
    gate.failed(await inside(callFor(1)), down);
    assert.equal(gate.isNarrow, true);
    const probe = await enter(callFor(2));
    await clock.advance(10_000);
    gate.succeeded(probe.pass ?? assert.fail());
    assert.equal(gate.isNarrow, false);
    gate.refused(await inside(callFor(3)), serviceError('forbidden', { status: 403 }));
    assert.equal(gate.isNarrow, true);
    gate.succeeded(await inside(callFor(4)));
    assert.equal(gate.isNarrow, false);
    gate.refused(await inside(callFor(5, 'complete')), serviceError('forbidden', { status: 403 }));
    assert.equal(gate.isNarrow, false, 'only reservations');
    gate.failed(await inside(callFor(6, 'check')), limited);
    assert.equal(gate.isNarrow, true);
  });

  it('are as many as may be uploaded, where the rate is limited, and wait until one of them is sent', async () => {
    const { gate, inside, enter, clock } = gateOf({ most: 1 });
    gate.failed(await inside(callFor(9, 'check')), serviceError('rate_limited', { status: 429, retryAfterMs: 1_000 }));
    const first = await enter(callFor(1));
    await clock.advance(60_000);
    gate.succeeded(first.pass ?? assert.fail());
    const second = await enter(callFor(2));
    await clock.advance(60_000);
    assert.equal(second.pass, undefined);
    gate.unreserved(77);
    gate.unreserved(1);
    await clock.advance(10_000);
    assert.ok(second.pass);
    gate.succeeded(second.pass, false);
    const third = await enter(callFor(3));
    await clock.advance(60_000);
    assert.ok(third.pass, 'the second was not made');
  });
});

describe('what is learned of the rate', () => {
  it('is told to be kept, once an answer came after it', async () => {
    const kept: unknown[] = [];
    const { gate, enter, inside, clock } = gateOf({ onPace: (saved) => kept.push(saved) });
    gate.succeeded(await inside(callFor(1, 'check')));
    assert.deepEqual(kept, []);
    gate.failed(await inside(callFor(1, 'check')), limited);
    gate.stumbled({ call: callFor(9, 'check') }, floraError('server_error', { status: 500 }));
    assert.deepEqual(kept, [], 'an answer from before the limit tells nothing');
    const probe = await enter(callFor(2, 'check'));
    await clock.advance(10_000);
    gate.succeeded(probe.pass ?? assert.fail());
    assert.ok(kept.length > 0);
  });
});
