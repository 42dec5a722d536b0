import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Polls } from '../../../../src/sync/flora/polls.ts';
import { openGate } from '../../../support/gates.ts';

function openPolls() {
  const { gate, clock } = openGate();
  const polls = new Polls(gate, clock);
  for (let id = 1; id <= 10; id += 1) polls.stepped({ id, state: 'checking', reasonCode: 'processing' });
  return { gate, clock, polls };
}

describe('polls of what FLORA processes', () => {
  it('are as far apart as they like while FLORA shows no limit', () => {
    assert.equal(openPolls().polls.leastMs(), 0);
  });

  it('take a quarter of the rate, all together, and what is done or waits for something else has no part in it', () => {
    const { gate, clock, polls } = openPolls();
    gate.pace.load(
      { kind: 'bucket', perSecond: 2, recoverMs: 30_000, cycleMs: 0, limitedAtMs: 0 },
      clock.monotonic(),
      0,
    );
    clock.pass(30_000);
    assert.equal(polls.leastMs(), (10 / (2 / 4)) * 1_000);
    polls.stepped({ id: 1, state: 'ready', reasonCode: null });
    polls.stepped({ id: 2, state: 'checking', reasonCode: 'asset_missing' });
    polls.stepped({ id: 3, state: 'renewing', reasonCode: 'processing' });
    assert.equal(polls.leastMs(), (7 / (2 / 4)) * 1_000);
  });

  it('go with the rate as it grows where nothing is refused any more', () => {
    const { gate, clock, polls } = openPolls();
    const saved = { kind: 'window', perSecond: 1 / 100, recoverMs: 60_000, cycleMs: 30_000, limitedAtMs: 0 } as const;
    gate.pace.load(saved, clock.monotonic(), 0);
    assert.equal(polls.leastMs(), 600_000, 'ten minutes at most');
    clock.pass(9.9 * 60_000);
    assert.ok(polls.leastMs() < 300_000, `${polls.leastMs()}`);
    clock.pass(10_000);
    assert.equal(polls.leastMs(), 0);
  });
});
