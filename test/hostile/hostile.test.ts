import assert from 'node:assert/strict';
import { it } from 'node:test';
import { cases } from './cases.ts';
import { firstRows, kinds } from './kinds.ts';
import { playRows } from './rows.ts';

it('each row of the table is of one kind', () => {
  for (const { title } of cases) assert.equal(kinds.filter((kind) => kind.test(title)).length, 1, title);
});

playRows(firstRows);
