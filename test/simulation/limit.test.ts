import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Limit, Limiter } from './limit.ts';

/** When, of requests each 100 ms for ten seconds, those were that were refused; what the first refusal said. */
function asked(limit: Omit<Limit, 'told'>, told: Limit['told'] = 'rest') {
  const limiter = new Limiter({ ...limit, told });
  const refusals = Array.from({ length: 100 }, (_, at) => limiter.refuse(at * 100));
  const first = refusals.find((refusal) => refusal !== null);
  return { granted: refusals.filter((refusal) => refusal === null).length, retryAfter: first?.retryAfter };
}

describe('a limit of requests', () => {
  it('of a bucket grants what it holds, and then its rate', () => {
    // 5 at once, and 2 a second.
    assert.deepEqual(asked({ kind: 'bucket', most: 5, everyMs: 2_500 }), { granted: 5 + 19, retryAfter: '1' });
  });

  it('of a window grants so many in each, and says how long it lasts', () => {
    assert.deepEqual(asked({ kind: 'fixed', most: 7, everyMs: 4_000 }), { granted: 3 * 7, retryAfter: '4' });
    assert.deepEqual(asked({ kind: 'sliding', most: 7, everyMs: 4_000 }), { granted: 3 * 7, retryAfter: '4' });
  });

  it('says what it is told to say', () => {
    assert.equal(asked({ kind: 'fixed', most: 7, everyMs: 4_000 }, 'none').retryAfter, null);
    assert.equal(asked({ kind: 'fixed', most: 7, everyMs: 4_000 }, 'second').retryAfter, '1');
  });
});
