import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chosen } from './choice.ts';
import type { Kind } from './place.ts';

const some = (kind: Kind, count: number) => Array.from({ length: count }, (_, at) => ({ kind, at }));
const all = [...some('property', 800), ...some('condition', 100), ...some('operand', 100), ...some('throw', 5)];
const counts = (kind: Kind, from: readonly { readonly kind: Kind }[]) => from.filter((one) => one.kind === kind).length;

describe('a choice of mistakes', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(chosen(all, 7, 20), chosen(all, 7, 20));
    assert.notDeepEqual(chosen(all, 7, 20), chosen(all, 8, 20));
  });

  it('is not drowned by one kind, as long as there are others', () => {
    const few = chosen(
      [
        ...all,
        ...some('call', 100),
        ...some('equality', 100),
        ...some('boundary', 100),
        ...some('constant', 100),
        ...some('await', 100),
        ...some('assignment', 100),
      ],
      1,
      50,
    );
    assert.equal(few.length, 50);
    assert.ok(counts('property', few) <= 3, String(counts('property', few)));
    assert.ok(counts('condition', few) <= 6);
  });

  it('keeps words, texts, properties, elements and returns rarer', () => {
    const kinds = [
      'word',
      'text',
      'property',
      'element',
      'return',
      'call',
      'await',
      'throw',
      'jump',
      'sql',
      'boundary',
      'not',
    ] as const;
    const few = chosen(
      kinds.flatMap((kind) => some(kind, 200)),
      5,
      100,
    );
    const most = { word: 6, text: 6, property: 6, element: 4, return: 8 };
    for (const [kind, count] of Object.entries(most)) assert.equal(counts(kind as Kind, few), count, kind);
  });

  it('is filled up with what there is', () => {
    assert.equal(chosen(all, 1, 200).length, 200);
    assert.equal(chosen(all, 1, 5_000).length, all.length);
  });

  it('has no mistake twice, and none that is not wanted', () => {
    const wanted = chosen(all, 3, 300, ({ at }) => at % 2 === 0);
    assert.equal(new Set(wanted).size, 300);
    assert.ok(wanted.every(({ at }) => at % 2 === 0));
  });
});
