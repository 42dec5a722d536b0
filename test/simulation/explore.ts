import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { playRange, type Range } from './range.ts';
import { nothing, perSeed, sum, type Totals } from './totals.ts';

// By hand: npm run simulate -- --seeds 1000000 [--from N], or one seed again with all that happens: --seed N --trace
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    /** Processes side by side; a core each by default. */
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

/** A process of its own for so many: what is prepared and compiled is not worth more, and none grows old. */
const seedsOfPiece = 2_000;

const whole: Range = {
  from: Number(values.seed ?? values.from),
  count: values.seed === undefined ? Number(values.seeds) : 1,
  isAll: values['keep-going'],
  isTold: values.trace,
};
const tell = (line: string) => console.log(line);
const startedMs = performance.now();
const isPieceOfAnother = process.send !== undefined;
const jobs = Number(values.jobs);
const totals = jobs > 1 && whole.count > seedsOfPiece ? await playInPieces(whole) : await playRange(whole, tell);

if (isPieceOfAnother) process.send?.(totals, () => process.disconnect());
else report();

function report(): void {
  const seconds = (performance.now() - startedMs) / 1000;
  const { seeds, failed, steps, lives } = totals;
  const rate = Math.round(seeds / seconds);
  tell(`a seed takes ${JSON.stringify(perSeed(totals))}`);
  tell(`${seeds} seeds, ${failed} failed, ${steps} steps, ${lives} lives, ${seconds.toFixed(1)} s, ${rate} seeds/s`);
  if (failed > 0) process.exitCode = 1;
}

async function playInPieces({ from, count, isAll }: Range): Promise<Totals> {
  let nextSeed = from;
  let all = nothing;
  const line = async () => {
    while (nextSeed < from + count && (isAll || all.failed === 0)) {
      const piece = { from: nextSeed, count: Math.min(seedsOfPiece, from + count - nextSeed), isAll };
      nextSeed += piece.count;
      // Not in one expression: what the other line adds meanwhile would be lost.
      const played = await playElsewhere(piece);
      all = sum(all, played);
    }
  };
  await Promise.all(Array.from({ length: jobs }, line));
  return all;
}

function playElsewhere({ from, count, isAll }: Range): Promise<Totals> {
  const seeds = ['--from', String(from), '--seeds', String(count), '--jobs', '1'];
  const child = fork(import.meta.filename, isAll ? [...seeds, '--keep-going'] : seeds, {
    // Most of what is allocated lives for one step.
    execArgv: [...process.execArgv, '--max-semi-space-size=64'],
  });
  return new Promise((resolve, reject) => {
    let totals: Totals | undefined;
    child.on('message', (message) => {
      totals = message as Totals;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (totals !== undefined) resolve(totals);
      else reject(new Error(`The seeds from ${from} on ended with ${signal ?? code} before their end`));
    });
  });
}
