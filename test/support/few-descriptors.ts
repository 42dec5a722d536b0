// A program for the tests: uses the drop folder that is named while it has no descriptor left, gives them back when it was told
// that something waits for one, and writes down what came of everything. Run it under `ulimit -n`.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '../../src/errors.ts';
import { createLocalFiles } from '../../src/local/local-files.ts';
import { systemClock } from '../../src/runtime/clock.ts';

const [root = '', way = ''] = process.argv.slice(2);
const { signal } = new AbortController();
let shortages = 0;
const local = createLocalFiles({
  now: systemClock.monotonic,
  accept: ['*'],
  onShort: ({ code }) => {
    if (code !== 'too_many_open_files') throw new Error(`Told ${code}`);
    shortages += 1;
  },
});
const path = { root, directory: '', name: 'a' };
const written = openSync(join(root, 'a'), 'r+');
const look = local.look(path);
if (look.kind !== 'file') throw new Error('There is no file');
const key = `${look.stat.device}:${look.stat.inode}`;

// What is short takes one of those that are kept, if there were any to keep.
if (way === 'spare') local.glance(root, '');
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch (error) {
  if (errnoCode(error) !== 'EMFILE') throw error;
}

const done: string[] = [];
const as = async <T>(what: string, doing: Promise<T>): Promise<T> => {
  const value = await doing;
  done.push(what);
  return value;
};
const directories: string[] = [];
const unreadable: string[] = [];
const handlers = {
  onDirectory: async ({ directory }: { directory: string }) => void directories.push(directory),
  onUnreadable: async (directory: string) => void unreadable.push(directory),
};
const all = Promise.all([
  as('walk', local.walk(root, '', handlers, signal)),
  as('read', local.read(root, 'deep', signal)),
  as('writers', local.openForWriting(new Set([key]), signal)),
  as('inspect', local.inspect(path, signal)),
  as('open', local.openSource(path, { sizeBytes: 1, sha256: '' }, signal)),
]);
// Several rounds of those that wait; what does not is done before.
while (way === 'spare' ? done.length < 3 : shortages < 40) await systemClock.sleep(5);
const doneWithout = [...done].sort();
for (const descriptor of taken) closeSync(descriptor);
const [, read, writers, inspection, source] = await all;
if (source.kind === 'source') await source.close();
closeSync(written);
process.stdout.write(
  JSON.stringify({
    doneWithout,
    directories: directories.sort(),
    unreadable,
    read: read.kind,
    writers: [...writers.keys()].map((found) => found === key),
    inspection: inspection.kind,
    source: source.kind,
  }),
);
