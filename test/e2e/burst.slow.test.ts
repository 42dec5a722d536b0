import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takesBurst } from '../support/watching.ts';

describe('run', () => {
  it('loses none of 2,000 files that are copied in at once', async (t) => {
    await assert.doesNotReject(takesBurst(t, 20));
  });
});
