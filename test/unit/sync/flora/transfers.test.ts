import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import { floraError, obliging, uploading } from '../../../support/uploading.ts';

const { signal } = new AbortController();

describe('the slots of uploads', () => {
  it('are half as many after each upload that stood still, never none, and grow back as uploads go through', () => {
    const transfers = new Transfers(8);
    const seen = Array.from({ length: 5 }, () => {
      transfers.stalled();
      return transfers.concurrency;
    });
    assert.deepEqual(seen, [4, 2, 1, 1, 1]);
    for (let times = 0; times < 100; times += 1) transfers.succeeded();
    assert.equal(transfers.concurrency, 8);
  });

  it('let no more run at once than there are, and what goes up before what comes down', async () => {
    const transfers = new Transfers(2);
    transfers.stalled();
    const order: string[] = [];
    const open: (() => void)[] = [];
    const effect = (name: string) => () => {
      order.push(name);
      return new Promise<void>((resolve) => open.push(resolve));
    };
    const all = [
      transfers.upload(1, signal, effect('first')),
      transfers.fetch(effect('fetched')),
      transfers.upload(2, signal, effect('second')),
    ];
    for (const wanted of [['first'], ['first', 'second'], ['first', 'second', 'fetched']]) {
      assert.deepEqual(order, wanted);
      open.shift()?.();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    assert.deepEqual([...transfers.uploading], []);
  });

  it('begin nothing whose turn came after the stop', async () => {
    const effect = () => assert.fail('it was to be stopped');
    assert.equal(await new Transfers(1).upload(1, AbortSignal.abort(), effect), null);
  });

  for (const [code, areFewer] of [
    ['stalled', true],
    ['connection_lost', false],
  ] as const) {
    it(`are ${areFewer ? 'fewer' : 'as many'} after uploads that ended with ${code}`, async () => {
      let underWay = 0;
      let most = 0;
      let sent = 0;
      const script = {
        ...obliging(),
        upload: async ({ onSent }: { onSent: (bytes: number) => void }) => {
          sent += 1;
          const isBad = sent <= 4;
          if (!isBad) underWay += 1;
          most = Math.max(most, underWay);
          await new Promise(setImmediate);
          if (isBad) throw floraError(code, { disposition: 'retry' });
          underWay -= 1;
          onSent(3);
        },
      };
      const world = await uploading({ files: 8, script, concurrency: 4 });
      await Promise.all(Array.from({ length: 8 }, (_, at) => world.advance(at)));
      assert.equal(most < 4, areFewer, `${most}`);
    });
  }
});
