// The hand-made run of ARCHITECTURE.md: `npm run ordeal -- [--files 500] [--seed N] [--concurrency 32] [--minutes 20] [--limit chance|bucket]`.
import { parseArgs } from 'node:util';
import { describeOrdeal, type OrdealOptions, runOrdeal } from '../support/ordeal.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    concurrency: { type: 'string', default: '32' },
    minutes: { type: 'string', default: '20' },
    limit: { type: 'string' },
  },
});
const { limit } = values;
if (limit !== undefined && limit !== 'chance' && limit !== 'bucket') {
  console.error(`--limit ${limit}: write chance or bucket`);
  process.exit(2);
}
const options: OrdealOptions = {
  files: readNumber('files'),
  seed: readNumber('seed'),
  concurrency: readNumber('concurrency'),
  lifeMs: { least: 1_500, most: 6_000 },
  withinMs: readNumber('minutes') * 60_000,
  ...(limit === undefined ? {} : { limit }),
  onProgress: (line) => console.error(line),
};

const undo: (() => void | Promise<void>)[] = [];
try {
  const report = await runOrdeal({ after: (one) => void undo.push(one) }, options);
  process.stdout.write(describeOrdeal(report, options));
  for (const problem of report.problems) console.error(problem);
  if (report.problems.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  // Processes before the directories that they write to.
  for (const one of undo.reverse()) await one();
}

function readNumber(name: 'files' | 'seed' | 'concurrency' | 'minutes'): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0) return number;
  console.error(`--${name} ${values[name]}: write a whole number above 0`);
  process.exit(2);
}
