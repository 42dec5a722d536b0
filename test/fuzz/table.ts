import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Case, cases, nameOf, type Outcome, play } from './answers.ts';
import { type Scene, scenes } from './scenes.ts';
import { type End, ends } from './world.ts';

// By hand: npm run fuzz [-- --json] [--only words] [--hours 6] [--trace], e.g. --only 'create (form): upload dropped' --trace
interface Played extends Outcome {
  readonly scene: string;
  readonly field: string;
  readonly mutation: string;
  readonly end: End;
}

interface Share {
  readonly scene: string;
  readonly only: string;
  readonly isTold: boolean;
  readonly hours: number;
  readonly first: number;
  readonly step: number;
}

function casesOf(scene: string, only: string): readonly Case[] {
  return cases.filter((each) => each.scene.name === scene && nameOf(each).includes(only));
}

async function* playShare({ scene, only, isTold, hours, first, step }: Share): AsyncGenerator<Played> {
  const wanted = casesOf(scene, only);
  for (let at = first; at < wanted.length; at += step) {
    const each = wanted[at];
    if (each === undefined) return;
    for (const end of ends) {
      const outcome = await play(each, end, { isTold, hours });
      yield { scene: each.scene.name, field: each.mutation.field, mutation: each.mutation.name, end, ...outcome };
    }
  }
}

/** All of a scene, on as many cores as there are. */
async function playScene(wished: Omit<Share, 'first' | 'step'>): Promise<readonly Played[]> {
  const wanted = casesOf(wished.scene, wished.only);
  const played: Played[] = [];
  const step = Math.min(availableParallelism(), 4, wanted.length);
  const shares = Array.from({ length: step }, (_, first): Promise<void> => {
    return new Promise((resolve, reject) => {
      const workerData: Share = { ...wished, first, step };
      const worker = new Worker(new URL(import.meta.url), { workerData });
      worker.on('message', (outcome: Played) => played.push(outcome));
      worker.once('error', reject).once('exit', () => resolve());
    });
  });
  await Promise.all(shares);
  const order = new Map(wanted.map(({ mutation }, index) => [`${mutation.field} ${mutation.name}`, index]));
  const placeOf = ({ field, mutation }: Played) => order.get(`${field} ${mutation}`) ?? 0;
  return played.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** `works`, or what became of the two ends where they differ: `works / waits`. */
function wordOf(crash: Played, lost: Played): string {
  const word = ({ verdict, violation }: Played) => (violation === null ? verdict : 'FAILS');
  return word(crash) === word(lost) ? word(crash) : `${word(crash)} / ${word(lost)}`;
}

function printScene({ name, mutations }: Scene, played: readonly Played[]): void {
  console.log(`\n${name}`);
  const groups = new Map<string, Map<string, string[]>>();
  for (const crash of played.filter(({ end }) => end === 'crash')) {
    const { field, mutation } = crash;
    const lost = played.find((each) => each.end === 'lost' && each.field === field && each.mutation === mutation);
    if (lost === undefined) continue;
    const word = wordOf(crash, lost);
    const fields = groups.get(word) ?? new Map<string, string[]>();
    groups.set(word, fields.set(field, [...(fields.get(field) ?? []), mutation]));
  }
  for (const [word, fields] of groups) {
    const told = [...fields].map(([field, names]) => {
      const all = mutations.filter((each) => each.field === field);
      return names.length === all.length ? `${field} *` : `${field} {${names.join(', ')}}`;
    });
    console.log(`  ${word}: ${told.join('; ')}`);
  }
}

function printWorst(played: readonly Played[]): void {
  const nameOfPlayed = ({ scene, field, mutation, end }: Played) => `${scene}: ${field} ${mutation} (${end})`;
  const worst = (of: (each: Played) => number) => played.reduce((a, b) => (of(b) > of(a) ? b : a));
  const told = (title: string, of: (each: Played) => number) => {
    const each = worst(of);
    console.log(`${title}: ${of(each)} in ${nameOfPlayed(each)}`);
  };
  const verdicts = ['works', 'waits', 'stops'].map(
    (word) => `${played.filter((each) => each.verdict === word).length} ${word}`,
  );
  console.log(`\n${played.length} runs: ${verdicts.join(', ')}`);
  told('most orphans', ({ orphans }) => orphans);
  told('nearest to the bound', ({ leastLeft }) => -leastLeft);
  told('most requests for a file in an hour', ({ mostRequestsAnHour }) => mostRequestsAnHour);
  told("most minutes with only others' reasons", ({ vagueMinutes }) => vagueMinutes);
  told('most steps', ({ steps }) => steps);
  for (const each of played) if (each.violation !== null) console.log(`FAILS ${nameOfPlayed(each)}: ${each.violation}`);
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      hours: { type: 'string', default: '6' },
      trace: { type: 'boolean', default: false },
    },
  });
  const { json, only, trace } = values;
  const all: Played[] = [];
  for (const scene of scenes) {
    const played = await playScene({ scene: scene.name, only, isTold: trace, hours: Number(values.hours) });
    if (played.length === 0) continue;
    for (const line of played.flatMap(({ lines }) => lines)) console.log(line);
    if (json) for (const { lines: _, ...each } of played) console.log(JSON.stringify(each));
    else printScene(scene, played);
    all.push(...played);
  }
  if (!json && all.length > 0) printWorst(all);
  if (all.some(({ violation }) => violation !== null)) process.exitCode = 1;
} else {
  for await (const outcome of playShare(workerData as Share)) parentPort?.postMessage(outcome);
}
