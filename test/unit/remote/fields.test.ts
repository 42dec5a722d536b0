import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  isRecord,
  member,
  readContentType,
  readId,
  readSize,
  readText,
  readTimeMs,
  readTold,
} from '../../../src/remote/fields.ts';

const tables: Record<
  string,
  readonly [read: (value: unknown) => unknown, cases: readonly (readonly [unknown, unknown])[]]
> = {
  'a record': [
    isRecord,
    [
      [{}, true],
      [null, false],
      [[], false],
      ['x', false],
      [undefined, false],
    ],
  ],
  'a text': [
    readText,
    [
      ['x', 'x'],
      [' ', ' '],
      ['', null],
      [1, null],
      [null, null],
    ],
  ],
  'a text for people': [
    readTold,
    [
      ['', ''],
      ['x'.repeat(501), 'x'.repeat(500)],
      [1, null],
    ],
  ],
  'a content type': [
    readContentType,
    [
      ['image/PNG; q=1', 'image/png'],
      [' a/b ', 'a/b'],
      ['png', null],
      ['; a/b', null],
      [1, null],
    ],
  ],
  'a size': [
    readSize,
    [
      [0, 0],
      [1, 1],
      [-1, null],
      [1.5, null],
      ['0', 0],
      ['9007199254740991', 9_007_199_254_740_991],
      ['9'.repeat(16), null],
      ['1'.repeat(17), null],
      ['', null],
      [' 1', null],
      ['1x', null],
      ['x1', null],
      [true, null],
      [2 ** 53, null],
    ],
  ],
  'a time': [
    readTimeMs,
    [
      [0, 0],
      [-1, null],
      [1, 1_000],
      [99_999_999_999, 99_999_999_999_000],
      [100_000_000_000, 100_000_000_000],
      [8.64e15, 8.64e15],
      [8.64e15 + 2, null],
      [200_000_000_000.9, 200_000_000_000],
      ['1970-01-01T00:00:01Z', 1_000],
      ['1970-01-01t00:00:01z', 1_000],
      ['1970-01-01T01:00:01+01:00', 1_000],
      ['1969-12-31T23:00:00-0100', 0],
      ['1969-12-31T23:00:00Z', null],
      ['1970-01-01T00:00:01', null],
      ['x1970-01-01T00:00:01Z', null],
      [null, null],
      [Number.NaN, null],
    ],
  ],
  'an id': [
    readId,
    [
      ['a', 'a'],
      ['~!', '~!'],
      ['.', null],
      ['..', null],
      ['...', '...'],
      ['', null],
      ['a b', null],
      ['ä', 'ä'],
      ['a\u0000', null],
      ['\ud800', null],
      ['\u200b', null],
      [1, null],
    ],
  ],
};

for (const [what, [read, cases]] of Object.entries(tables)) {
  it(`${what} is read for what it is, and nothing is guessed`, () => {
    for (const [value, expected] of cases) assert.equal(read(value), expected, JSON.stringify(value));
  });
}

it('a member has either spelling, the one with a value first', () => {
  for (const [json, value] of [
    [{ form_fields_x: 1, formFieldsX: 2 }, 1],
    [{ form_fields_x: null, formFieldsX: 2 }, 2],
    [{ formFieldsX: 2 }, 2],
    [{ form_fields_x: null }, null],
    [{ form_fields_x: null, formFieldsX: null }, null],
    [{ form_fields_x: 0, formFieldsX: 2 }, 0],
    [{}, undefined],
  ] as const)
    for (const _ of [1, 2]) assert.equal(member(json, 'form_fields_x'), value, JSON.stringify(json));
});
