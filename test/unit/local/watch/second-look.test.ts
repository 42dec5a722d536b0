import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleSecondLooks } from '../../../../src/local/watch/second-look.ts';
import { HandTimers } from '../../../support/timers.ts';

test('a second look comes one to two delays later, with one timer for all', () => {
  const timers = new HandTimers();
  const looked: string[] = [];
  const looks = scheduleSecondLooks(timers, 1000, (directory) => looked.push(directory));
  looks.schedule('a');
  timers.advance(900);
  looks.schedule('b');
  looks.schedule('b');
  assert.equal(timers.waiting, 1);
  timers.advance(1000);
  assert.deepEqual(looked, []);
  timers.advance(100);
  assert.deepEqual(looked, ['a', 'b']);
  assert.equal(timers.waiting, 0);
  looks.schedule('c');
  timers.advance(999);
  looks.cancel();
  timers.advance(5000);
  assert.equal(looked.length, 2);
});

test('each comes once, also alone, and none once they were cancelled', () => {
  const timers = new HandTimers();
  const looked: string[] = [];
  const looks = scheduleSecondLooks(timers, 1000, (directory) => looked.push(directory));
  looks.schedule('a');
  timers.advance(2000);
  assert.deepEqual([looked, timers.waiting], [['a'], 0]);
  looks.schedule('b');
  timers.advance(1000);
  looks.schedule('c');
  looks.cancel();
  timers.advance(5000);
  assert.deepEqual([looked, timers.waiting], [['a'], 0]);
});
