// A program for the tests: begins to watch a directory while it has no descriptor left, gives them back, and writes down what
// came of that. Run it under `ulimit -n`.
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '../../src/errors.ts';
import { createLocalFiles } from '../../src/local/local-files.ts';
import { openWatcher } from '../../src/local/watch/watcher.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { until } from './until.ts';

const [root = '', entryCount = ''] = process.argv.slice(2);
const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
const read = await local.read(root, '', new AbortController().signal);
if (read.kind !== 'listing') throw new Error('There is no directory');

const hints: (string | null)[] = [];
const troubles: string[] = [];
const watcher = openWatcher({
  root,
  // What is waited for is who goes first, not for how long.
  timers: {
    setTimer: (delayMs, callback) => systemClock.setTimer(Math.min(delayMs, 200), callback),
    afterTurn: (callback) => void setImmediate(callback),
  },
  onHint: (_, name) => void hints.push(name),
  onTrouble: ({ code }) => void troubles.push(code),
  onOverflow: () => {},
});
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch (error) {
  if (errnoCode(error) !== 'EMFILE') throw error;
}
await watcher.add([{ directory: '', identity: read.listing.identity, entryCount: Number(entryCount) }]);
const unwatched = watcher.unwatchedCount();
for (const descriptor of taken) closeSync(descriptor);
await until('it is watched', () => watcher.watchedCount() === 1, 20_000);
await until('all of it is hinted', () => hints.includes(null), 20_000);
writeFileSync(join(root, 'new'), 'x');
await until('the new file is hinted', () => hints.includes('new'), 20_000);
await watcher.close();
process.stdout.write(JSON.stringify({ unwatched, troubles }));
