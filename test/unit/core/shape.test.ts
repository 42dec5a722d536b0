import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  absolute,
  dictionaryOf,
  flag,
  list,
  nothing,
  nullable,
  number,
  objectWith,
  oneOf,
  optional,
  requestOneOf,
  requestWith,
  text,
  yes,
} from '../../../src/core/shape.ts';

const values: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -1,
  Number.NaN,
  '',
  '/a',
  'a',
  [],
  ['/a'],
  {},
  { a: 1 },
];

describe('a shape', () => {
  it('fits what it says, and nothing else', () => {
    const cases = [
      [text, ['', '/a', 'a']],
      [number, [0, -1]],
      [flag, [true, false]],
      [yes, [true]],
      [absolute, ['/a']],
      [oneOf('a', 'b'), ['a']],
      [nullable(number), [null, 0, -1]],
      [list(text, 'texts'), [[], ['/a']]],
      [list(absolute, 'paths', 1), [['/a']]],
      [dictionaryOf(number, 'numbers'), [{}, { a: 1 }]],
      [objectWith({ a: number }), [{ a: 1 }]],
      [objectWith({ b: optional(number) }), [{}, { a: 1 }]],
      [nothing, []],
    ] as const;
    for (const [shape, fitting] of cases) {
      assert.deepEqual(
        values.filter((value) => shape.fits(value)),
        fitting,
        shape.words,
      );
    }
  });

  it('of an answer takes more fields than it knows, and none that only its prototype has', () => {
    const shape = objectWith({ a: number });
    assert.ok(shape.fits({ a: 1, later: 'field' }));
    assert.ok(!shape.fits(Object.create({ a: 1 })));
    assert.ok(!objectWith({ toString: text }).fits({}));
  });
});

describe('a request', () => {
  const request = requestWith({ path: absolute, full: optional(flag) });

  it('says what is wrong with it: a field that is missing, of another type, or unknown', () => {
    const cases: readonly (readonly [unknown, string | null])[] = [
      [{ path: '/a' }, null],
      [{ path: '/a', full: false }, null],
      [{}, '`path` is missing: an absolute path'],
      [{ path: 'a' }, '`path` is not an absolute path'],
      [{ path: null }, '`path` is not an absolute path'],
      [{ path: '/a', full: 1 }, '`full` is not true or false'],
      [{ path: '/a', full: null }, '`full` is not true or false'],
      [{ path: '/a', other: 1 }, 'There is no field `other`, only path, full'],
      [JSON.parse('{"path": "/a", "__proto__": 1}'), 'There is no field `__proto__`, only path, full'],
      [[], 'It is not an object'],
      [null, 'It is not an object'],
    ];
    for (const [value, problem] of cases) {
      assert.equal(request.problem(value), problem);
      assert.equal(request.fits(value), problem === null);
    }
    assert.equal(requestWith({}).problem({ a: 1 }), 'There is no field `a`');
  });

  it('that may be one of several is none of them in a sentence, and names every field there is', () => {
    const either = requestOneOf('Give one of two', requestWith({ a: yes }), requestWith({ b: list(text, 'texts', 1) }));
    assert.equal(either.problem({ a: true }), null);
    assert.equal(either.problem({ b: ['x'] }), null);
    for (const value of [{}, { a: false }, { b: [] }, { a: true, b: ['x'] }, null, 7]) {
      assert.equal(either.problem(value), 'Give one of two');
    }
    assert.equal(either.problem({ c: 1 }), 'There is no field `c`, only a, b');
  });
});
