// `npm run bench [-- name…] [--runs 3] [--scale 1] [--json file]`: prints a table; every figure has its reference in the same run.
// `vanish` and `ratelimit` (an hour and more) run only by their names: `-- ratelimit [--only "bucket 20/20"] [--secs 120] [--warm 60]
// [--at-once 1]`.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { backlog } from './backlog.ts';
import { burst } from './burst.ts';
import { large } from './large.ts';
import { latency } from './latency.ts';
import { Bench, type Figure, median, startSink } from './measure.ts';
import { type RateLimitOptions, rateLimit } from './ratelimit.ts';
import { reconcile } from './reconcile.ts';
import { rescan } from './rescan.ts';
import { small } from './small.ts';
import { vanish } from './vanish.ts';
import { watch } from './watch.ts';

type Options = RateLimitOptions & { readonly runs: number; readonly scale: number };
type Work = (bench: Bench, options: Options) => Promise<readonly Figure[]> | AsyncIterable<Figure>;

const usual: Readonly<Record<string, Work>> = { small, large, rescan, watch, burst, latency, backlog, reconcile };
const works: Readonly<Record<string, Work>> = { ...usual, vanish, ratelimit: rateLimit };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    secs: { type: 'string', default: '120' },
    warm: { type: 'string' },
    'at-once': { type: 'string', default: '1' },
  },
});
const names = positionals.length === 0 ? Object.keys(usual) : positionals;
const unknown = names.find((name) => works[name] === undefined);
const [runs, scale] = [Number(values.runs), Number(values.scale)];
const options: Options = {
  ...{ runs, scale, only: values.only, secs: Number(values.secs), atOnce: Number(values['at-once']) },
  warmSecs: values.warm === undefined ? undefined : Number(values.warm),
};
const areUsable = runs >= 1 && scale > 0 && [options.secs, options.atOnce, options.warmSecs ?? 1].every(isCount);
if (unknown !== undefined || !areUsable) {
  const what = unknown ?? 'not a number that can be used';
  console.error(
    `${what}: choose from ${Object.keys(works).join(', ')}; numbers above 0, whole ones for seconds and rows`,
  );
  process.exit(2);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

const figures: Figure[] = [];
console.log(`Node ${process.version}, ${cpus().length} cores, ${runs} runs, scale ${scale}`);
for (const name of names) {
  const sink = await startSink();
  const bench = new Bench(sink);
  try {
    for await (const figure of (await works[name]?.(bench, options)) ?? []) {
      figures.push(figure);
      console.log(describe(figure));
    }
  } finally {
    await sink.close();
    bench.close();
  }
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, runs, scale, figures }, null, 1)}\n`);
if (figures.some((figure) => isMet(figure) === false)) process.exitCode = 1;

function ratioOf({ values: own, reference, fixedMs }: Figure): number | undefined {
  if (reference === undefined) return undefined;
  const [measured, compared] = [median(own) - (fixedMs ?? 0), median(reference.values)];
  // A start that took longer than all of it tells nothing: what is no number meets no reach.
  return measured > 0 && compared > 0 ? measured / compared : Number.NaN;
}

/** Undefined where nothing is to be reached. */
function isMet(figure: Figure): boolean | undefined {
  const { reach } = figure;
  if (reach === undefined) return undefined;
  const measured = ratioOf(figure) ?? median(figure.values);
  return measured >= (reach.least ?? Number.NEGATIVE_INFINITY) && measured <= (reach.most ?? Number.POSITIVE_INFINITY);
}

function describe(figure: Figure): string {
  const { name, unit, values: own, reference, reach } = figure;
  const spread = `${show(Math.min(...own))}..${show(Math.max(...own))}`;
  const ratio = ratioOf(figure);
  const compared =
    reference === undefined || ratio === undefined
      ? ''
      : ` | ${reference.name} ${show(median(reference.values))} | ratio ${ratio.toFixed(2)}`;
  const wanted =
    reach === undefined
      ? ''
      : ` | wanted ${reach.least === undefined ? `≤ ${reach.most}` : `≥ ${reach.least}`}: ${isMet(figure) === true ? 'met' : 'NOT met'}`;
  return `${name.padEnd(36)} ${show(median(own)).padStart(9)} ${unit.padEnd(8)} (${spread})${compared}${wanted}`;
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
