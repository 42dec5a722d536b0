import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catches } from './catching.ts';
import { mutants } from './mutants.ts';
import { mutate } from './mutate.ts';

catches(mutants);

describe('a mutant', () => {
  const mutant = { file: 'f', search: 'one', replace: 'two' };

  it('is planted where its piece stands exactly once', () => {
    assert.equal(mutate('there is one', mutant), 'there is two');
    assert.throws(() => mutate('none', { ...mutant, search: 'three' }), /0 times/);
    assert.throws(() => mutate('one one', mutant), /2 times/);
  });
});
