import { parseArgs } from 'node:util';
import { runSeed } from './run.ts';

// By hand: npm run simulate -- --seeds 1000000 [--from N], or one seed again with all that happens: --seed N --trace
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const startedMs = performance.now();
let steps = 0;
let failures = 0;
let lives = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const outcome = await runSeed(seed, values.trace);
  steps += outcome.steps;
  lives += outcome.lives;
  for (const line of outcome.lines) console.log(line);
  if (outcome.violation !== null) {
    failures += 1;
    console.log(`seed ${seed}: ${outcome.violation}\n  replay: npm run simulate -- --seed ${seed} --trace`);
    if (!values['keep-going']) break;
  } else if (values.seed !== undefined) {
    console.log(`seed ${seed}: holds, trace ${outcome.hash}, ${(outcome.virtualMs / 60_000).toFixed(1)} min`);
  }
}
const seconds = (performance.now() - startedMs) / 1000;
const rate = Math.round(count / seconds);
console.log(
  `${count} seeds, ${failures} failed, ${steps} steps, ${lives} lives, ${seconds.toFixed(1)} s, ${rate} seeds/s`,
);
if (failures > 0) process.exitCode = 1;
