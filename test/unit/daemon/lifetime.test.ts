import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lifetime } from '../../../src/daemon/lifetime.ts';

describe('a lifetime', () => {
  it('releases what was acquired last first, and waits for each', async () => {
    const life = new Lifetime();
    const released: string[] = [];
    life.onEnd(() => void released.push('ledger'));
    life.onEnd(async () => {
      await new Promise(setImmediate);
      released.push('client');
    });
    life.onEnd(() => void released.push('watchers'));
    await life.end(1_000);
    assert.deepEqual(released, ['watchers', 'client', 'ledger']);
  });

  it('releases each once, also where another cannot be, and says why', async () => {
    const life = new Lifetime();
    const released: string[] = [];
    life.onEnd(() => void released.push('ledger'));
    life.onEnd(() => Promise.reject(new Error('the client is stuck')));
    life.onEnd(() => {
      throw new Error('the watchers are gone');
    });
    await assert.rejects(life.end(1_000), { message: 'the watchers are gone' });
    await life.end(1_000);
    assert.deepEqual(released, ['ledger']);
  });

  it('tells at once that nothing new may begin, and cuts short what takes longer than it has', async () => {
    const life = new Lifetime();
    const { stopping, abort } = life.signals;
    const seen: boolean[] = [];
    let cuts = 0;
    life.onEnd(async () => {
      seen.push(stopping.aborted, abort.aborted);
      await new Promise<void>((resolve) => abort.addEventListener('abort', () => resolve()));
    });
    await life.end(1, () => {
      cuts += 1;
    });
    assert.deepEqual(seen, [true, false]);
    assert.deepEqual([abort.aborted, cuts], [true, 1]);
  });

  it('cuts nothing short that ends by itself', async () => {
    const life = new Lifetime();
    await life.end(60_000, () => assert.fail('nothing was under way'));
    assert.equal(life.signals.abort.aborted, false);
  });

  it('ends with the first error that it failed with, whoever waits for it and when', async () => {
    const life = new Lifetime();
    life.fail(new Error('first'));
    life.fail(new Error('second'));
    await new Promise(setImmediate);
    await assert.rejects(life.failed, { message: 'first' });
  });
});
