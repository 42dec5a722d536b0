import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLocalFiles } from '../../../src/local/local-files.ts';
import { plantTemporary } from '../../support/tree.ts';

it('a single directory is read with turns for everybody else in between', async (t) => {
  const names = Array.from({ length: 1_000 }, (_, at) => `f${at}`);
  const root = plantTemporary(t, Object.fromEntries(names.map((name) => [name, name])));
  // Each look at the clock finds more than a slice gone.
  let nowMs = 0;
  const local = createLocalFiles({
    now: () => {
      nowMs += 10;
      return nowMs;
    },
    accept: ['*'],
  });
  let turns = 0;
  let isOver = false;
  const tick = () => {
    turns += 1;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  const read = await local.read(root, '', new AbortController().signal);
  isOver = true;
  assert.ok(read.kind === 'listing' && read.listing.files.length === names.length);
  // One after each 128 entries.
  assert.ok(turns >= 7, `${turns} turns`);
});
