// `npm run bench [-- name…] [--runs 3] [--scale 1] [--json file]`: prints a table; every figure has its reference in the same run.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { backlog } from './backlog.ts';
import { burst } from './burst.ts';
import { large } from './large.ts';
import { latency } from './latency.ts';
import { Bench, type Figure, median, startSink } from './measure.ts';
import { reconcile } from './reconcile.ts';
import { rescan } from './rescan.ts';
import { small } from './small.ts';
import { watch } from './watch.ts';

type Work = (bench: Bench, options: { runs: number; scale: number }) => Promise<readonly Figure[]>;

const works: Readonly<Record<string, Work>> = { small, large, rescan, watch, burst, latency, backlog, reconcile };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
const names = positionals.length === 0 ? Object.keys(works) : positionals;
const unknown = names.find((name) => works[name] === undefined);
const [runs, scale] = [Number(values.runs), Number(values.scale)];
if (unknown !== undefined || !(runs >= 1) || !(scale > 0)) {
  console.error(
    `${unknown ?? `--runs ${values.runs} --scale ${values.scale}`}: choose from ${Object.keys(works).join(', ')}; numbers above 0`,
  );
  process.exit(2);
}

const figures: Figure[] = [];
console.log(`Node ${process.version}, ${cpus().length} cores, ${runs} runs, scale ${scale}`);
for (const name of names) {
  const sink = await startSink();
  const bench = new Bench(sink);
  try {
    for (const figure of (await works[name]?.(bench, { runs, scale })) ?? []) {
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
  return `${name.padEnd(34)} ${show(median(own)).padStart(9)} ${unit.padEnd(8)} (${spread})${compared}${wanted}`;
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
