import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callFor, openGate, serviceError } from '../../support/gates.ts';
import { settled } from '../../support/hand-clock.ts';

const forbidden = serviceError('forbidden', { disposition: 'wait', status: 403 });
const credits = serviceError('credits', { disposition: 'wait', status: 402 });

describe('a refusal that may be one file’s own affair', () => {
  it('is its own once another file is granted the same after it, and nobody is told of trouble', async () => {
    const { ask, told } = openGate();
    const bad = await ask(callFor(1));
    await bad.refuse(forbidden);
    assert.equal(bad.verdict, undefined, 'nothing is known yet');
    const good = await ask(callFor(2));
    await good.grant();
    assert.equal(bad.verdict, 'own');
    assert.deepEqual(told, []);
  });

  it('is not shown to be its own by another operation, which goes on meanwhile', async () => {
    const { ask } = openGate();
    const bad = await ask(callFor(1));
    await bad.refuse(credits);
    const complete = await ask(callFor(2, 'complete'));
    await complete.grant();
    const get = await ask(callFor(3, 'check'));
    await get.grant();
    assert.equal(bad.verdict, undefined);
  });

  it('lets one other file look at a time, and all of them once that was granted', async () => {
    const { ask } = openGate();
    await (await ask(callFor(1))).refuse(forbidden);
    const others = [await ask(callFor(2)), await ask(callFor(3)), await ask(callFor(4))];
    assert.deepEqual(
      others.map(({ pass }) => pass !== undefined),
      [true, false, false],
    );
    await others[0]?.grant();
    assert.deepEqual(
      others.map(({ pass }) => pass !== undefined),
      [true, true, true],
    );
  });

  it('of eight that were under way together costs twenty good ones one look', async () => {
    const { ask, told } = openGate();
    const bad = await Promise.all(Array.from({ length: 8 }, (_, at) => ask(callFor(at))));
    for (const each of bad) await each.refuse(forbidden);
    const good = await ask(callFor(20));
    await good.grant();
    assert.deepEqual(
      bad.map(({ verdict }) => verdict),
      Array(8).fill('own'),
    );
    assert.deepEqual(told, [], 'they were refused at once, which is one refusal');
  });

  it('is the service’s after three different files in a row, and then people are told', async () => {
    const { ask, told, clock } = openGate();
    const first = await ask(callFor(1));
    await first.refuse(forbidden);
    const second = await ask(callFor(2));
    await second.refuse(forbidden);
    assert.deepEqual(told, []);
    const third = await ask(callFor(3));
    await third.refuse(forbidden);
    assert.deepEqual(told, ['forbidden']);
    const next = await ask(callFor(4));
    assert.equal(next.pass, undefined, 'now it is asked for seldom');
    await clock.advance(60_000);
    await next.grant();
    assert.deepEqual(told, ['forbidden', null]);
    assert.deepEqual(
      [first, second, third].map(({ verdict }) => verdict),
      ['own', 'own', 'own'],
    );
  });

  it('is counted anew after a grant', async () => {
    const { ask, told } = openGate();
    for (let id = 0; id < 20; id += 2) {
      await (await ask(callFor(id))).refuse(forbidden);
      await (await ask(callFor(id + 1))).grant();
    }
    assert.deepEqual(told, []);
  });

  it('of the only file there is lets it ask again, and tells people after the third time', async () => {
    const { ask, told, clock } = openGate();
    for (let times = 1; times <= 3; times += 1) {
      const lone = await ask(callFor(1));
      await clock.advance(10_000);
      await lone.refuse(forbidden);
      assert.equal(told.length, times === 3 ? 1 : 0);
      await clock.advance(60_000);
      assert.equal(lone.verdict, 'again');
    }
    const lone = await ask(callFor(1));
    await clock.advance(60_000);
    await lone.grant();
    assert.deepEqual(told, ['forbidden', null]);
  });

  it('that was found to be its own before changes nothing for others', async () => {
    const { ask, told } = openGate();
    for (let times = 0; times < 5; times += 1) {
      const known = await ask(callFor(1, 'reserve', { reasonCode: 'forbidden' }));
      await known.refuse(forbidden);
      assert.equal(known.verdict, 'own');
    }
    assert.deepEqual(told, []);
    assert.notEqual((await ask(callFor(2))).pass, undefined);
  });

  it('for want of credits is not disproved by a smaller file', async () => {
    const { ask, told, clock } = openGate();
    const small = async (id: number) => {
      const asker = await ask(callFor(id, 'reserve', { sizeBytes: 10 }));
      await clock.advance(60_000);
      await asker.grant();
    };
    for (let round = 1; round <= 3; round += 1) {
      assert.deepEqual(told, []);
      const large = await ask(callFor(round, 'reserve', { sizeBytes: 1_000_000 }));
      await large.refuse(credits);
      if (round < 3) {
        await small(10 + round);
        assert.equal(large.verdict, 'own', 'it tells why it waits all the same');
      }
    }
    assert.deepEqual(told, ['credits'], 'three in a row, and no file as large was granted');
    await small(20);
    assert.deepEqual(told, ['credits', null], 'small ones go on');
  });

  it('is told no longer when nobody asks any more', async () => {
    const { ask, told, clock, gate } = openGate();
    const leaving = new AbortController();
    for (let id = 1; id <= 3; id += 1) await (await ask(callFor(id), leaving.signal)).refuse(forbidden);
    assert.equal(gate.trouble?.code, 'forbidden');
    leaving.abort();
    await clock.advance(11 * 60_000);
    assert.equal(gate.trouble, null);
    await (await ask({ op: 'list', file: null })).grant();
    assert.deepEqual(told, ['forbidden', null]);
  });

  it('keeps none waiting when everything stops', async () => {
    const { ask } = openGate();
    const stopping = new AbortController();
    const held = await ask(callFor(1), stopping.signal);
    await held.refuse(forbidden);
    stopping.abort();
    await settled();
    assert.equal(held.verdict, 'again');
  });

  it('holds no more than may ask at once: who waited longest is told why', async () => {
    const { ask, clock } = openGate({ most: 2 });
    const all = [];
    for (let id = 0; id < 6; id += 1) {
      const asker = await ask(callFor(id));
      await clock.advance(60_000);
      await asker.refuse(forbidden);
      all.push(asker);
    }
    assert.equal(all.filter(({ verdict }) => verdict === undefined).length <= 2, true);
  });
});
