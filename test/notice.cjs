// Loaded into each process that a test file starts, and into that of the file itself (NODE_OPTIONS, by test/run.mjs): writes
// down what a process only mentions and no test looks at. The runner reads it when the file has ended, and fails the file.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { threadId } = require('node:worker_threads');

/** Warnings that say nothing of us, each with the reason. */
const expected = [
  // Node 20 and 22 say it of modules and of parts of Node that later ones have for good; what we use of them is tested on all.
  ({ name }) => name === 'ExperimentalWarning',
];

const directory = process.env.FLORA_TEST_NOTES;
let count = 0;

/** A file of its own: several processes may write in the same moment, and one may be killed at it. */
function note(title, text) {
  count += 1;
  const words = [process.argv0, ...process.execArgv, ...process.argv.slice(1)].join(' ');
  const name = `${process.pid}-${threadId}-${count}.json`;
  writeFileSync(join(directory, name), JSON.stringify({ title, text, pid: process.pid, words }));
}

if (directory !== undefined) {
  process.on('warning', (warning) => {
    if (!expected.some((isIt) => isIt(warning))) note(`a warning: ${warning.name}`, warning.stack ?? String(warning));
  });
  // What ends a process, a promise that nobody waits for as well. It only watches: the process ends as it would.
  process.on('uncaughtExceptionMonitor', (error, origin) =>
    note(
      `an ${origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception'}`,
      error?.stack ?? String(error),
    ),
  );
}
