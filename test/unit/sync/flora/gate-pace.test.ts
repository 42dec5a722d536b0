import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Asker, callFor, openGate, serviceError } from '../../../support/gates.ts';
import { settled } from '../../../support/hand-clock.ts';

const limited = (retryAfterMs?: number) => serviceError('rate_limited', { status: 429, retryAfterMs });

/** Refused once, and let in again: from then on there is a rate. */
async function paced(patch: Parameters<typeof openGate>[0] = {}) {
  const world = openGate(patch);
  for (let id = 0; id < 20; id += 1) {
    await (await world.ask(callFor(id, 'check'))).grant();
    await world.clock.advance(100);
  }
  const refused = await world.ask(callFor(100, 'check'));
  world.gate.failed(refused.pass ?? assert.fail(), limited(1_000));
  const probe = await world.ask(callFor(101, 'check'));
  await world.clock.advance(2_000);
  await probe.grant();
  return world;
}

describe('the wait that FLORA asks for', () => {
  it('is kept although an older request fails otherwise, and although a person hurries', async () => {
    const { ask, gate, clock, told } = openGate();
    const older = await ask(callFor(1, 'check'));
    const refused = await ask(callFor(2, 'check'));
    gate.failed(refused.pass ?? assert.fail(), limited(60_000));
    gate.failed(older.pass ?? assert.fail(), serviceError('unreachable'));
    assert.deepEqual(told, ['rate_limited'], 'the reason is kept too');
    const waiting = await ask(callFor(3, 'check'));
    gate.hurry();
    await clock.advance(59_000);
    assert.equal(waiting.pass, undefined);
    await clock.advance(2_100);
    assert.notEqual(waiting.pass, undefined);
  });

  it('is kept for a day', async () => {
    const { ask, gate, clock } = openGate();
    gate.failed((await ask(callFor(1))).pass ?? assert.fail(), limited(24 * 3_600_000));
    const waiting = await ask(callFor(2));
    await clock.advance(24 * 3_600_000 - 1);
    assert.equal(waiting.pass, undefined);
    assert.ok(gate.closedForMs() > 0);
    await clock.advance(2_000);
    assert.notEqual(waiting.pass, undefined);
  });

  it('is heeded in a 503 too', async () => {
    const { ask, gate, clock } = openGate();
    const busy = serviceError('server_error', { scope: 'file', status: 503, retryAfterMs: 40_000 });
    for (let id = 0; id < 8; id += 1) gate.stumbled((await ask(callFor(id, 'check'))).pass ?? assert.fail(), busy);
    const waiting = await ask(callFor(9, 'check'));
    await clock.advance(39_999);
    assert.equal(waiting.pass, undefined);
    await clock.advance(1_001);
    assert.notEqual(waiting.pass, undefined);
  });

  it('grows by itself where a probe is refused and no time is named, to a minute', async () => {
    const { ask, gate, clock } = openGate();
    gate.failed((await ask(callFor(1))).pass ?? assert.fail(), limited());
    const waits: number[] = [];
    for (let probes = 0; probes < 6; probes += 1) {
      const sinceMs = clock.monotonic();
      const probe = await ask(callFor(2 + probes));
      while (probe.pass === undefined) await clock.advance(100);
      waits.push(Math.round((clock.monotonic() - sinceMs) / 1_000));
      gate.failed(probe.pass ?? assert.fail(), limited());
    }
    assert.deepEqual(
      waits,
      [6, 11, 21, 41, 61, 61].map((each) => each - 0),
    );
  });
});

describe('a network that is away', () => {
  it('is looked at every ten seconds at least', async () => {
    const { ask, gate, clock } = openGate();
    gate.failed((await ask(callFor(1))).pass ?? assert.fail(), serviceError('unreachable'));
    for (let probes = 0; probes < 12; probes += 1) {
      const sinceMs = clock.monotonic();
      const probe = await ask(callFor(2));
      while (probe.pass === undefined) await clock.advance(100);
      assert.ok(clock.monotonic() - sinceMs <= 10_100);
      gate.failed(probe.pass ?? assert.fail(), serviceError('unreachable'));
    }
  });

  it('is looked at by another file than the one that found it so', async () => {
    const { ask, gate, clock } = openGate();
    const first = await ask(callFor(1, 'complete'));
    gate.failed(first.pass ?? assert.fail(), serviceError('unreachable'));
    const again = await ask(callFor(1, 'complete'));
    const other = await ask(callFor(2, 'reserve'));
    await clock.advance(10_000);
    assert.deepEqual([again.pass !== undefined, other.pass !== undefined], [false, true]);
  });
});

describe('a gate that has learned a rate', () => {
  it('spreads the calls', async () => {
    const { ask, clock } = await paced();
    const askers: Asker[] = [];
    for (let id = 0; id < 8; id += 1) askers.push(await ask(callFor(id, 'check')));
    const within = () => askers.filter(({ pass }) => pass !== undefined).length;
    assert.ok(within() <= 2, `${within()} at once`);
    await clock.advance(60_000);
    assert.equal(within(), 8);
  });

  it('lets complete go first, then looks and renewals, then new reservations, and listings last', async () => {
    const { ask, clock } = await paced();
    for (let id = 10; id < 13; id += 1) void ask(callFor(id, 'complete'));
    const order: string[] = [];
    const calls = [{ op: 'list', file: null } as const, callFor(2), callFor(3, 'renew'), callFor(4, 'complete')];
    const askers = await Promise.all(calls.map((call) => ask(call)));
    for (let turn = 0; turn < 100 && order.length < 4; turn += 1) {
      await clock.advance(50);
      for (const [at, asker] of askers.entries()) {
        const op = calls[at]?.op ?? '';
        if (asker.pass == null || order.includes(op)) continue;
        order.push(op);
        await asker.grant();
      }
    }
    assert.deepEqual(order, ['complete', 'renew', 'reserve', 'list']);
  });

  it('reserves only as many as may be uploaded at once, until what is reserved is uploaded', async () => {
    const { ask, clock, gate } = await paced({ most: 2 });
    const askers: Asker[] = [];
    for (let id = 1; id <= 3; id += 1) {
      askers.push(await ask(callFor(id)));
      await clock.advance(10_000);
      if (id < 3) await askers.at(-1)?.grant();
    }
    assert.deepEqual(
      askers.map(({ pass }) => pass !== undefined),
      [true, true, false],
    );
    await clock.advance(60_000);
    assert.equal(askers[2]?.pass, undefined);
    gate.unreserved(1);
    await clock.advance(1_000);
    assert.notEqual(askers[2]?.pass, undefined);
  });

  it('counts no reservation that was not made', async () => {
    const { ask, clock, gate } = await paced({ most: 1 });
    const refused = await ask(callFor(1));
    await clock.advance(10_000);
    gate.failed(refused.pass ?? assert.fail(), limited(1_000));
    const again = await ask(callFor(1));
    await clock.advance(60_000);
    assert.notEqual(again.pass, undefined);
  });

  it('does not let a listing wait for ever behind files', async () => {
    const { ask, clock } = await paced();
    const listing = await ask({ op: 'list', file: null });
    let files = 0;
    for (let id = 0; listing.pass === undefined && id < 2_000; id += 1) {
      const asker = await ask(callFor(id, 'check'));
      const next = await ask(callFor(id + 5_000, 'check'));
      while (asker.pass === undefined) await clock.advance(100);
      await asker.grant();
      while (next.pass === undefined) await clock.advance(100);
      await next.grant();
      files += 2;
    }
    assert.notEqual(listing.pass, undefined, `after ${files} files`);
  });

  it('tells what it learned, to be kept', async () => {
    const saved: unknown[] = [];
    await paced({ onPace: (pace) => saved.push(pace) });
    await settled();
    assert.equal(saved.length, 1);
  });
});
