import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Line } from '../../../../src/sync/intake/line.ts';

function open(room: number) {
  const passed: number[] = [];
  const state = { room };
  const line = new Line<number>(
    () => passed.length < state.room,
    (item) => passed.push(item),
  );
  return { line, passed, state };
}

describe('Line', () => {
  it('passes on no more than there is room for, and counts the rest', () => {
    const { line, passed } = open(3);
    for (let at = 0; at < 10; at += 1) line.add(at);
    assert.deepEqual(passed, [0, 1, 2]);
    assert.equal(line.size, 7);
  });

  it('passes everything on in the order in which it came, whenever room appears', () => {
    const { line, passed, state } = open(1);
    for (let at = 0; at < 1_000; at += 1) line.add(at);
    while (line.size > 0) {
      state.room += 1 + (state.room % 7);
      line.advance();
    }
    assert.deepEqual(
      passed,
      Array.from({ length: 1_000 }, (_, at) => at),
    );
  });

  it('lists those that wait, in their order, and a list stays as it was', () => {
    const { line, passed, state } = open(1);
    for (let at = 0; at < 4; at += 1) line.add(at);
    const listed = line.list();
    assert.deepEqual(listed, [1, 2, 3]);
    state.room = 3;
    line.advance();
    assert.deepEqual([listed, line.list(), passed], [[1, 2, 3], [3], [0, 1, 2]]);
  });

  it('asks for room only where somebody waits', () => {
    let asked = 0;
    const line = new Line<number>(
      () => {
        asked += 1;
        return true;
      },
      () => {},
    );
    line.advance();
    assert.equal(asked, 0);
  });

  it('is empty once it was cleared', () => {
    const { line, passed, state } = open(0);
    line.add(1);
    line.clear();
    assert.deepEqual([line.size, line.list()], [0, []]);
    state.room = 5;
    line.advance();
    assert.deepEqual(passed, []);
  });
});
