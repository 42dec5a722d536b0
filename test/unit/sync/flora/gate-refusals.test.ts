import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callFor, openGate, serviceError } from '../../../support/gates.ts';

const forbidden = serviceError('forbidden', { disposition: 'wait', status: 403 });
const credits = serviceError('credits', { disposition: 'wait', status: 402 });

describe('a refusal that may be one file’s own affair', () => {
  it('stops no other operation', async () => {
    const { ask, told } = openGate();
    for (let id = 0; id < 3; id += 1) await (await ask(callFor(id))).refuse(credits);
    assert.notEqual((await ask(callFor(20, 'complete'))).pass, undefined);
    assert.notEqual((await ask(callFor(21, 'check'))).pass, undefined);
    assert.deepEqual(told, ['credits']);
  });

  it('lets one other file look at a time, and all of them once that was granted; nobody is told of trouble', async () => {
    const { ask, told } = openGate();
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
    assert.deepEqual(told, []);
  });

  it('lets those go first that were not refused', async () => {
    const { ask, clock } = openGate();
    await (await ask(callFor(1))).refuse(forbidden);
    const probe = await ask(callFor(2));
    const [again, other] = [await ask(callFor(1)), await ask(callFor(3))];
    await probe.refuse(forbidden);
    await clock.advance(0);
    assert.deepEqual([again.pass, other.pass !== undefined], [undefined, true]);
  });

  it('asks a file that was not refused also when all have to wait as long, and the refused one came first', async () => {
    const { ask, clock, told } = openGate();
    for (let id = 1; id <= 3; id += 1) await (await ask(callFor(id))).refuse(forbidden);
    assert.deepEqual(told, ['forbidden']);
    const [again, other] = [await ask(callFor(1)), await ask(callFor(4))];
    await clock.advance(2_000);
    assert.deepEqual([again.pass, other.pass !== undefined], [undefined, true]);
    await other.refuse(forbidden);
    await clock.advance(60_000);
    assert.notEqual(again.pass, undefined, 'but where nobody else is left it looks itself');
  });

  it('of eight that were under way together counts once, and costs twenty good ones one look', async () => {
    const { ask, told } = openGate();
    const bad = await Promise.all(Array.from({ length: 8 }, (_, at) => ask(callFor(at))));
    for (const each of bad) await each.refuse(forbidden);
    const good = await Promise.all(Array.from({ length: 8 }, (_, at) => ask(callFor(20 + at))));
    await good[0]?.grant();
    assert.ok(good.every(({ pass }) => pass !== undefined));
    assert.deepEqual(told, []);
  });

  it('is the service’s after three different files in a row, and then people are told', async () => {
    const { ask, told, clock } = openGate();
    for (let id = 1; id <= 3; id += 1) {
      assert.deepEqual(told, []);
      await (await ask(callFor(id))).refuse(forbidden);
    }
    assert.deepEqual(told, ['forbidden']);
    const next = await ask(callFor(4));
    assert.equal(next.pass, undefined, 'now it is asked for seldom');
    await clock.advance(2_000);
    await next.grant();
    assert.deepEqual(told, ['forbidden', null]);
  });

  it('is counted anew after a grant', async () => {
    const { ask, told } = openGate();
    for (let id = 0; id < 20; id += 2) {
      await (await ask(callFor(id))).refuse(forbidden);
      await (await ask(callFor(id + 1))).grant();
    }
    assert.deepEqual(told, []);
  });

  it('of the only file there is, is told after the third time, and over when that is granted', async () => {
    const { ask, told, clock } = openGate();
    for (let times = 1; times <= 3; times += 1) {
      const lone = await ask(callFor(1));
      await clock.advance(60_000);
      await lone.refuse(forbidden);
      assert.equal(told.length, times === 3 ? 1 : 0);
    }
    const lone = await ask(callFor(1));
    await clock.advance(60_000);
    await lone.grant();
    assert.deepEqual(told, ['forbidden', null]);
  });

  it('that others have shown to be its own is never told again, however often it is met', async () => {
    const { ask, told, clock } = openGate();
    await (await ask(callFor(1))).refuse(forbidden);
    await (await ask(callFor(2))).grant();
    for (let times = 0; times < 10; times += 1) {
      const known = await ask(callFor(1));
      await clock.advance(60_000);
      await known.refuse(forbidden);
    }
    assert.deepEqual(told, []);
    const [one, other] = [await ask(callFor(3)), await ask(callFor(4))];
    assert.ok(one.pass !== undefined && other.pass !== undefined, 'nobody is stopped for it');
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
      await (await ask(callFor(round, 'reserve', { sizeBytes: 1_000_000 }))).refuse(credits);
      if (round < 3) await small(10 + round);
    }
    assert.deepEqual(told, ['credits'], 'three in a row, and no file as large was granted');
    await small(20);
    assert.deepEqual(told, ['credits', null], 'small ones go on');
  });

  it('of a listing keeps it waiting, and is told as others are', async () => {
    const { ask, told, clock } = openGate();
    for (let times = 1; times <= 3; times += 1) {
      const listing = await ask({ op: 'list', file: null });
      if (times > 1) assert.equal(listing.pass, undefined);
      await clock.advance(60_000);
      await listing.refuse(forbidden);
    }
    assert.deepEqual(told, ['forbidden']);
    assert.notEqual((await ask(callFor(1))).pass, undefined);
  });

  it('is told no longer when nobody asks any more', async () => {
    const { ask, told, clock, gate } = openGate();
    for (let id = 1; id <= 3; id += 1) await (await ask(callFor(id))).refuse(forbidden);
    assert.equal(gate.trouble?.code, 'forbidden');
    await clock.advance(11 * 60_000);
    assert.equal(gate.trouble, null);
    await (await ask({ op: 'list', file: null })).grant();
    assert.deepEqual(told, ['forbidden', null]);
  });
});
