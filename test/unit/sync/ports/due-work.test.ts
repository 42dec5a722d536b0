import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Content } from '../../../../src/core/content.ts';
import { DueWork } from '../../../../src/sync/ports/due-work.ts';
import { content } from '../../../support/contents.ts';

const admitted = (id: number, patch: Partial<Content> = {}) => ({
  content: content({ id, ...patch }),
  path: undefined,
});

describe('what was written a moment ago', () => {
  it('is at hand for four thousand contents, and no more', () => {
    const due = new DueWork();
    for (let id = 1; id <= 4_097; id += 1) due.announce(admitted(id));
    assert.notEqual(due.atHand(1), undefined);
    assert.notEqual(due.atHand(4_096), undefined);
    assert.equal(due.atHand(4_097), undefined);
    due.letGo(1);
    due.announce(admitted(4_098));
    assert.deepEqual([due.atHand(1), due.atHand(4_098)?.content.id], [undefined, 4_098]);
    due.letAllGo();
    assert.equal(due.atHand(2), undefined);
  });

  it('is at hand only as it was written first', () => {
    const due = new DueWork();
    due.announce(admitted(1, { revision: 2 }));
    due.announce(admitted(2, { state: 'matching' }));
    due.announce();
    assert.deepEqual([due.atHand(1), due.atHand(2)], [undefined, undefined]);
  });

  it('rings for whoever waits, each time', async () => {
    const due = new DueWork();
    due.announce();
    for (const known of [undefined, admitted(1), admitted(2, { revision: 2 })]) {
      const rung = due.next();
      due.announce(known);
      const first = await Promise.race([rung.then(() => 'it rang'), turn('silence')]);
      assert.equal(first, 'it rang');
    }
  });
});
