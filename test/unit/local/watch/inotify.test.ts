import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyncError } from '../../../../src/errors.ts';
import { guardBursts } from '../../../../src/local/watch/burst-guard.ts';
import { readInotifyLimits, watchLimitError } from '../../../../src/local/watch/inotify.ts';
import { collectTroubles } from '../../../../src/local/watch/watch-trouble.ts';
import { HandTimers } from '../../../support/timers.ts';

const limits = { maxUserWatches: 8192, maxUserInstances: 128, maxQueuedEvents: 16384 };

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test('the hint for ENOSPC has a sysctl that would do for all directories', () => {
  const error = watchLimitError('/drop', 'ENOSPC', limits, 50_000, null);
  assert.equal(error.code, 'watch_limit');
  assert.match(error.hint ?? '', /`sudo sysctl fs\.inotify\.max_user_watches=131072` \(now 8192\)/);
  const small = watchLimitError('/drop', 'ENOSPC', limits, 3, null);
  assert.match(small.hint ?? '', /max_user_watches=16384`/);
  const exact = watchLimitError('/drop', 'ENOSPC', { ...limits, maxUserWatches: 1 }, 2048, null);
  assert.match(exact.hint ?? '', /max_user_watches=4096` \(now 1\)/);
});

test('the limit is told of the whole folder, waits, and has its cause', () => {
  const cause = systemError('ENOSPC');
  const unknown = { maxUserWatches: null, maxUserInstances: null, maxQueuedEvents: null };
  const error = watchLimitError('/drop', 'ENOSPC', unknown, 0, cause);
  const { message, code, scope, disposition, op, path } = error;
  assert.deepEqual(
    [message, code, scope, disposition, op, path, error.cause],
    [
      '/drop: some directories cannot be watched, the system has no more watches (ENOSPC)',
      ...['watch_limit', 'folder', 'wait', 'watch', '/drop', cause],
    ],
  );
  assert.equal(
    error.hint,
    'Run `sudo sysctl fs.inotify.max_user_watches=1024`, and write that setting to /etc/sysctl.d/60-flora-sync.conf to keep it. Until then new files there are found by the periodic scan only.',
  );
});

test('EMFILE names the limit on instances and the one on open files', () => {
  const { hint } = watchLimitError('/drop', 'EMFILE', limits, 1, null);
  assert.match(hint ?? '', /max_user_instances=1024` \(now 128\).*ulimit -n/);
  const mac = watchLimitError('/drop', 'EMFILE', { ...limits, maxUserInstances: null }, 1, null);
  assert.doesNotMatch(mac.hint ?? '', /sysctl/);
});

test('the limit is reported once, when the walk had time to count the directories', () => {
  const timers = new HandTimers();
  const told: SyncError[] = [];
  let wanted = 10;
  const troubles = collectTroubles({
    root: '/drop',
    timers,
    limits,
    wantedWatches: () => wanted,
    onTrouble: (error) => told.push(error),
  });
  for (let n = 0; n < 100; n += 1) assert.equal(troubles.judge('/drop/a', systemError('ENOSPC')), 'limit');
  assert.equal(told.length, 0);
  wanted = 100_000;
  timers.advance(60_000);
  troubles.judge('/drop/b', systemError('ENOSPC'));
  timers.advance(60_000);
  assert.equal(told.length, 1);
  assert.match(told[0]?.hint ?? '', /max_user_watches=262144/);
});

test('what the scanner reports is not reported twice, other trouble once', () => {
  const told: SyncError[] = [];
  const timers = new HandTimers();
  const onTrouble = (error: SyncError): number => told.push(error);
  const troubles = collectTroubles({ root: '/drop', timers, limits, wantedWatches: () => 1, onTrouble });
  for (const code of ['ENOENT', 'EACCES', 'EIO', 'EIO'])
    assert.equal(troubles.judge('/drop/a', systemError(code)), 'other');
  assert.deepEqual(
    told.map(({ code, message }) => [code, message]),
    [['watch_failed', '/drop/a cannot be watched (EIO)']],
  );
});

test('nearly a full queue in one turn is an overflow, the same number over several turns is not', (t) => {
  const timers = new HandTimers();
  let overflows = 0;
  const guard = guardBursts(timers, 100, () => {
    overflows += 1;
  });
  t.after(() => guard.close());
  const turn = (events: number): void => {
    for (let n = 0; n < events; n += 1) guard.count();
    timers.endTurn();
  };
  for (const events of [74, 74, 74]) turn(events);
  assert.equal(overflows, 0);
  turn(75);
  turn(0);
  assert.equal(overflows, 1);
});

test('the watchers of a process share one queue: together they overflow it, and each is told', () => {
  const timers = new HandTimers();
  const told: string[] = [];
  const guards = ['a', 'b', 'c'].map((name) => guardBursts(timers, 100, () => told.push(name)));
  for (const guard of guards) for (let n = 0; n < 30; n += 1) guard.count();
  guards[2]?.close();
  timers.endTurn();
  assert.deepEqual(told, ['a', 'b']);
  for (const guard of guards) guard.close();
});

test('the limits of this machine are read where there are any', () => {
  const read = readInotifyLimits();
  if (process.platform === 'linux') assert.ok((read.maxQueuedEvents ?? 0) > 0);
  else assert.equal(read.maxQueuedEvents, null);
});
