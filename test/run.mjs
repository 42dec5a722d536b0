// Runs the compiled tests (build/test), each file in a process of its own. test/README.md tells how to use it.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { mark } from './event-lines.mjs';
import { Noticed } from './noticed.mjs';

const usage = `node test/run.mjs [word…]     the test files whose path has one of the words; without words those of \`npm test\`
  --slow          only those of \`npm run test:slow\`: their names end in .slow.test.ts
  --name PATTERN  only tests whose name matches
  --verbose       each test with its time, and what it has to say
  --list          only print which files would run
  --silent-minutes N  how long a file may give no sign before it is ended (30)
  --idle-seconds N    how long it may go on after its last test (30)
  --root DIR      tests in JavaScript from somewhere else`;

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    slow: { type: 'boolean', default: false },
    name: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'silent-minutes': { type: 'string', default: '30' },
    'idle-seconds': { type: 'string', default: '30' },
    root: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const root = options.root ?? join(import.meta.dirname, '..', 'build', 'test');
const isSlow = (name) => name.endsWith('.slow.test.js');
/** What computes without waiting; all else mostly waits, for timers, processes and disks. */
const isComputing = (name) => /^(simulation|fuzz)\//.test(name);
// What takes long begins first: short files fill the gaps at the end.
const order = [
  'mutation',
  'simulation',
  'fuzz',
  'hostile',
  'fault',
  'e2e',
  'corpus',
  'golden',
  'integration',
  'contract',
  'property',
  'unit',
];
const kindOf = (name) => name.split('/')[0];
const isWanted = (name) => {
  if (options.slow && !isSlow(name)) return false;
  if (words.length > 0) return words.some((word) => name.includes(word));
  return options.slow || !isSlow(name);
};
// By their sources: what is compiled of one that was moved or removed since stays where it was.
const [home, ending] = options.root === undefined ? [import.meta.dirname, '.ts'] : [options.root, '.js'];
const names = readdirSync(home, { recursive: true })
  .filter((name) => name.endsWith(`.test${ending}`))
  .map((name) => name.replace(/\.ts$/, '.js'))
  .filter(isWanted)
  .sort((a, b) => order.indexOf(kindOf(a)) - order.indexOf(kindOf(b)) || (a < b ? -1 : 1));
if (names.length === 0) {
  console.error(`No test file matches: ${words.join(' ')}\n${usage}`);
  process.exit(2);
}
if (options.list) {
  // A pipe takes it in pieces, and `exit` does not wait for them.
  const list = names.map((name) => `${name.replace(/\.js$/, '.ts')}\n`).join('');
  await new Promise((resolve) => process.stdout.write(list, resolve));
  process.exit(0);
}

const silentMs = Number(options['silent-minutes']) * 60_000;
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    for (const child of running) killGroup(child);
    process.kill(process.pid, signal);
  });

/** Ends a test file with all that it has started. */
function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Runs one file: what its tests came to, and what it wrote besides. */
function runFile(name) {
  const startedMs = performance.now();
  const words = ['--enable-source-maps', `--test-reporter=${join(import.meta.dirname, 'event-lines.mjs')}`];
  if (options.name !== undefined) words.push(`--test-name-pattern=${options.name}`);
  const { NODE_TEST_CONTEXT: _, ...given } = process.env;
  const noticed = new Noticed();
  const env = { ...noticed.environment(given), FLORA_TEST_IDLE_SECONDS: options['idle-seconds'] };
  const child = spawn(process.execPath, [...words, join(root, name)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env,
  });
  running.add(child);
  const events = [];
  const begun = new Set();
  let said = '';
  let hung;
  let open;
  const watchdog = setTimeout(() => {
    hung = `gave no sign for ${options['silent-minutes']} minutes; under way: ${[...begun].join(', ') || 'no test'}`;
    killGroup(child);
  }, silentMs);
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith(mark)) {
      said += `${line}\n`;
      return;
    }
    watchdog.refresh();
    const event = JSON.parse(line.slice(mark.length));
    if (event.type === 'test:dequeue') begun.add(event.name);
    else if (event.type !== 'test:diagnostic') begun.delete(event.name);
    if (event.type === 'still open') open = event.message;
    if (event.type === 'test:diagnostic' || event.path !== undefined) events.push(event);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not at its close: what it left running may hold its pipes.
    const leftOver = new Promise((done, fail) => {
      child.once('exit', () => {
        clearTimeout(watchdog);
        noticed.endLeftOver(child.pid).then(done, fail);
      });
    });
    leftOver.catch(reject);
    child.once('close', async (code, signal) => {
      running.delete(child);
      const left = await leftOver;
      const idle = open && `goes on ${options['idle-seconds']} s after its last test; open: ${open}`;
      // What a file that is ended by force had started is no fault of its own.
      const judged = judge(events, hung ?? idle, code, signal, noticed.takeNotes(), hung === undefined ? left : []);
      resolve({ name, ...judged, said, seconds: (performance.now() - startedMs) / 1_000 });
    });
  });
}

/** Which tests passed, which did not, and why the file itself is to blame where none of them is. */
function judge(events, hung, code, signal, notes, left) {
  const isLeftOut = ({ skip }) => options.name !== undefined && skip === 'test name does not match pattern';
  const ends = events.filter((event) => /^test:(pass|fail)$/.test(event.type) && !isLeftOut(event));
  const tests = ends.filter(({ isSuite }) => !isSuite);
  const failed = ends.filter(({ type, isTodo, isOfSubtests }) => type === 'test:fail' && !isTodo && !isOfSubtests);
  const failures = failed.map(({ path, error }) => ({ title: path.join(' > '), error }));
  for (const { title, text, pid, words } of notes) failures.push({ title, error: `${text}\nin ${pid}: ${words}` });
  for (const { type, message } of events)
    if (type === 'test:diagnostic' && isOfLateWork(message)) failures.push({ title: 'after a test', error: message });
  if (left.length > 0) failures.push({ title: 'left running', error: left.join('\n') });
  if (hung !== undefined) failures.push({ title: 'the file', error: hung });
  else if (code !== 0 && failures.length === 0)
    failures.push({ title: 'the file', error: `ended with ${signal ?? `code ${code}`}` });
  else if (ends.length === 0 && options.name === undefined) failures.push({ title: 'the file', error: 'has no test' });
  // A suite that is skipped says nothing of its tests.
  const skips = ends.filter(({ skip }) => skip !== undefined).map(({ skip }) => skip);
  return {
    shown: events.filter((event) => !isLeftOut(event)),
    tests: tests.length,
    passed: tests.filter(({ type, skip }) => type === 'test:pass' && skip === undefined).length,
    failures,
    skips,
  };
}

/** Node only mentions what fails when its test is over. */
function isOfLateWork(message) {
  return message.includes('asynchronous activity after the test ended');
}

function showFile({ name, tests, failures, said, seconds, shown }) {
  console.log(`${failures.length === 0 ? 'ok' : 'FAILED'} ${seconds.toFixed(1).padStart(6)} s  ${name} (${tests})`);
  if (options.verbose)
    for (const { type, nesting, name, ms, message, skip } of shown)
      if (type === 'test:diagnostic') console.log(`${' '.repeat(14 + 2 * nesting)}# ${message}`);
      else
        console.log(
          `${' '.repeat(12 + 2 * nesting)}${type === 'test:pass' ? '+' : '-'} ${name} (${Math.round(ms)} ms)${skip === undefined ? '' : ` skipped: ${skip}`}`,
        );
  showFailures(name, failures);
  if (said !== '' && failures.length > 0) console.log(`  it wrote:\n${indented(said.slice(-8_000))}`);
  else if (said !== '') console.log(indented(said.slice(-2_000)));
}

function showFailures(name, failures) {
  for (const { title, error } of failures) console.log(`not ok - ${name} > ${title}\n${indented(error)}`);
}

function indented(text) {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}

const results = [];
const [computing, waiting] = [names.filter(isComputing), names.filter((name) => !isComputing(name))];

/** Takes one file after the other, from the first line that has any. */
async function lane(...lines) {
  for (;;) {
    const name = lines.find((line) => line.length > 0)?.shift();
    if (name === undefined) return;
    const result = await runFile(name);
    results.push(result);
    showFile(result);
  }
}

const startedMs = performance.now();
const cores = availableParallelism();
const lanes = [];
for (let at = 0; at < Math.max(1, cores - 1); at += 1) lanes.push(lane(computing, waiting));
for (let at = 0; at < 2 * cores; at += 1) lanes.push(at === 0 ? lane(waiting, computing) : lane(waiting));
await Promise.all(lanes);

const failing = results.filter(({ failures }) => failures.length > 0);
if (failing.length > 0) console.log(`\n${failing.length} of ${results.length} files failed:\n`);
for (const { name, failures } of failing) showFailures(name, failures);

const sum = (some, of) => some.reduce((total, each) => total + of(each), 0);
console.log('\nkind         files  tests  seconds  slowest file');
for (const kind of [...new Set(names.map(kindOf))]) {
  const some = results.filter(({ name }) => kindOf(name) === kind);
  const { name, seconds } = some.reduce((slowest, each) => (each.seconds > slowest.seconds ? each : slowest));
  const counts = [some.length, sum(some, ({ tests }) => tests), sum(some, (each) => each.seconds).toFixed(0)];
  const [files, tests, total] = counts.map((count, at) => String(count).padStart([6, 7, 9][at]));
  console.log(`${kind.padEnd(12)}${files}${tests}${total}  ${name} ${seconds.toFixed(0)} s`);
}
console.log(`seconds add up what runs side by side: ${lanes.length} files at once, on ${cores} cores\n`);

const skips = results.flatMap((each) => each.skips);
for (const reason of new Set(skips))
  console.log(`# skipped ${skips.filter((each) => each === reason).length}: ${reason}`);
console.log(`# files ${results.length}`);
console.log(`# tests ${sum(results, ({ tests }) => tests)}`);
console.log(`# pass ${sum(results, ({ passed }) => passed)}`);
console.log(`# fail ${sum(results, ({ failures }) => failures.length)}`);
console.log(`# skipped ${skips.length}`);
console.log(`# seconds ${((performance.now() - startedMs) / 1_000).toFixed(0)}`);
if (failing.length > 0) process.exitCode = 1;
