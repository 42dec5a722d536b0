import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemRandom, uuidV7 } from '../../../src/runtime/random.ts';

describe('tokens', () => {
  it('are UUIDs of version 7: the time in front, chance behind', () => {
    // The time of RFC 9562's own example.
    assert.match(uuidV7(0x017f22e279b0), /^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(uuidV7(0), /^00000000-0000-7/);
    assert.match(systemRandom.token(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('never come twice, within a millisecond neither, and sort by their time', () => {
    const tokens = Array.from({ length: 10_000 }, (_, index) => uuidV7(Math.floor(index / 5_000)));
    assert.equal(new Set(tokens).size, tokens.length);
    assert.ok(tokens.slice(0, 5_000).every((token) => token < (tokens[5_000] ?? '').slice(0, 14)));
  });
});
