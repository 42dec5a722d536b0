import assert from 'node:assert/strict';
import { it } from 'node:test';
import { IdSet } from '../../../../src/sync/flora/id-set.ts';

it('a set of ids has those that were added, and no others, however far apart they are', () => {
  for (const first of [0, 7, 8, 8_191, 8_192, 16_384, 1_000_000]) {
    const ids = new IdSet();
    assert.equal(ids.has(first), false, `${first}, before`);
    for (const id of [first, 3, first + 9, 2 * first + 70_000]) ids.add(id);
    for (const id of [first, 3, first + 9, 2 * first + 70_000])
      assert.equal(ids.has(id), true, `${id} beside ${first}`);
    for (const id of [first + 1, first + 8, first + 10, 4]) {
      const wasAdded = [first, 3, first + 9].includes(id);
      assert.equal(ids.has(id), wasAdded, `${id} beside ${first}`);
    }
  }
});
