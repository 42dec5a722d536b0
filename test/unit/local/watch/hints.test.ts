import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectHints } from '../../../../src/local/watch/hints.ts';
import { scheduleSecondLooks } from '../../../../src/local/watch/second-look.ts';
import { HandTimers } from '../../../support/timers.ts';

function setUp(): { timers: HandTimers; given: [string, string | null][]; hints: ReturnType<typeof collectHints> } {
  const timers = new HandTimers();
  const given: [string, string | null][] = [];
  const hints = collectHints({ timers, mostNames: 3, onHint: (directory, name) => given.push([directory, name]) });
  return { timers, given, hints };
}

test('a hint comes 20 ms after the first event, once however many events there were', () => {
  const { timers, given, hints } = setUp();
  hints.push('a', 'x');
  timers.advance(19);
  hints.push('a', 'x');
  hints.push('b', 'y');
  assert.deepEqual(given, []);
  timers.advance(1);
  assert.deepEqual(given, [
    ['a', 'x'],
    ['b', 'y'],
  ]);
  timers.advance(100);
  assert.equal(given.length, 2);
});

test('many names, or one unknown name, become one hint for the whole directory', () => {
  const { timers, given, hints } = setUp();
  for (const name of ['1', '2', '3', '4', '5']) hints.push('many', name);
  hints.push('unknown', '1');
  hints.push('unknown', null);
  hints.push('unknown', '2');
  timers.advance(20);
  assert.deepEqual(given, [
    ['many', null],
    ['unknown', null],
  ]);
});

test('an event during the giving out is not lost', () => {
  const timers = new HandTimers();
  const given: (string | null)[] = [];
  const hints = collectHints({
    timers,
    onHint: (_, name) => {
      given.push(name);
      if (name === 'first') hints.push('', 'second');
    },
  });
  hints.push('', 'first');
  timers.advance(40);
  assert.deepEqual(given, ['first', 'second']);
});

test('nothing comes after cancel', () => {
  const { timers, given, hints } = setUp();
  hints.push('a', 'x');
  hints.cancel();
  timers.advance(100);
  assert.deepEqual(given, []);
  assert.equal(timers.waiting, 0);
});

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
