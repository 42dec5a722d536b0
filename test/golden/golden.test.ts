import '../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namesOfTold, play, readTold } from './golden.ts';
import { stories } from './stories.ts';

describe('what flora-sync says', () => {
  for (const told of stories)
    it(`is what was read and approved: ${told.name}`, async () => {
      assert.deepEqual((await play(told)).split('\n'), readTold(told).split('\n'));
    });

  it('is kept for these stories, and for no others', () => {
    assert.deepEqual(namesOfTold(), stories.map(({ name }) => name).sort());
  });
});
