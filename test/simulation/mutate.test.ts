import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { mutants } from './mutants.ts';
import { dialectMutants } from './mutants-of-dialects.ts';
import { economyMutants } from './mutants-of-economy.ts';
import { searchMutants } from './mutants-of-search.ts';
import { targetMutants } from './mutants-of-targets.ts';
import { mutate } from './mutate.ts';

describe('a mutant', () => {
  const mutant = { file: 'f', search: 'one', replace: 'two' };

  it('is planted where its piece stands exactly once', () => {
    assert.equal(mutate('there is one', mutant), 'there is two');
    assert.throws(() => mutate('none', { ...mutant, search: 'three' }), /0 times/);
    assert.throws(() => mutate('one one', mutant), /2 times/);
  });
});

describe('the code has the piece that is replaced', () => {
  const compiled = join(import.meta.dirname, '..', '..', 'src');
  for (const mutant of [...mutants, ...dialectMutants, ...economyMutants, ...searchMutants, ...targetMutants]) {
    it(`by the mutant "${mutant.name}"`, () => {
      for (const edit of mutant.also === undefined ? [mutant] : [mutant, mutant.also])
        mutate(readFileSync(join(compiled, edit.file), 'utf8'), edit);
    });
  }
});
