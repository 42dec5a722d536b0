import assert from 'node:assert/strict';
import { it } from 'node:test';
import { partOf } from '../support/part.ts';

it('the parts of a table are the table, each row in one of them', () => {
  const rows = Array.from({ length: 10 }, (_, at) => at);
  assert.deepEqual(partOf(rows, undefined), rows);
  assert.deepEqual(partOf(rows, '1/1'), rows);
  assert.deepEqual(partOf(rows, '2/3'), [1, 4, 7]);
  const all = ['1/3', '2/3', '3/3'].flatMap((wish) => partOf(rows, wish));
  assert.deepEqual(all.sort(), rows);
  for (const wish of ['', '0/3', '4/3', '1', 'a/b', '1/3/5'])
    assert.throws(() => partOf(rows, wish), /FLORA_SYNC_TEST_PART/);
});
