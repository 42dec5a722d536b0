import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askFlora } from '../../../../src/sync/flora/request.ts';
import { callFor, openGate, serviceError } from '../../../support/gates.ts';
import { settled } from '../../../support/hand-clock.ts';

const { signal } = new AbortController();
const signals = { stopping: signal, abort: signal };

describe('a request through the gate', () => {
  it('is not made where the gate closed while something was looked at, but waits again and looks again', async () => {
    const { gate, clock, ask } = openGate();
    const other = await ask(callFor(2, 'check'));
    let looks = 0;
    let requests = 0;
    let look = () => {};
    const asked = askFlora(
      gate,
      signals,
      callFor(1),
      async () => (requests += 1),
      async () => {
        looks += 1;
        if (looks === 1) await new Promise<void>((resolve) => (look = resolve));
        return null;
      },
    );
    await settled();
    gate.failed(other.pass ?? assert.fail(), serviceError('unreachable'));
    look();
    await settled();
    assert.deepEqual([looks, requests], [1, 0]);
    await clock.advance(60_000);
    assert.deepEqual(await asked, { kind: 'answer', value: 1 });
    assert.deepEqual([looks, requests], [2, 1]);
  });

  it('gives way to what was found instead, and its pass back', async () => {
    const { gate, clock, ask } = openGate({ most: 1 });
    const never = () => assert.fail('something else was to be done');
    const found = async () => 'found';
    assert.deepEqual(await askFlora(gate, signals, callFor(1), never, found), { kind: 'instead', value: 'found' });
    const next = await ask(callFor(2));
    await clock.advance(0);
    assert.notEqual(next.pass, undefined);
  });
});
