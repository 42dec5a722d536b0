import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { cases, type End, ends, nameOf, type Outcome, play } from './answers.ts';

// By hand: npm run fuzz [-- --json] [--only words] [--trace], e.g. --only 'create (form): upload dropped' --trace
interface Played extends Outcome {
  readonly scene: string;
  readonly field: string;
  readonly mutation: string;
  readonly end: End;
}

interface Share {
  readonly only: string;
  readonly isTold: boolean;
  readonly first: number;
  readonly step: number;
}

async function* playShare({ only, isTold, first, step }: Share): AsyncGenerator<Played> {
  const wanted = cases.filter((each) => nameOf(each).includes(only));
  for (let at = first; at < wanted.length; at += step) {
    const each = wanted[at];
    if (each === undefined) return;
    for (const end of ends) {
      const outcome = await play(each, end, { isTold });
      yield { scene: each.scene.name, field: each.mutation.field, mutation: each.mutation.name, end, ...outcome };
    }
  }
}

function playAll(only: string, isTold: boolean): Promise<readonly Played[]> {
  const played: Played[] = [];
  const step = Math.min(availableParallelism(), 4);
  const shares = Array.from({ length: step }, (_, first): Promise<void> => {
    return new Promise((resolve, reject) => {
      const workerData: Share = { only, isTold, first, step };
      const worker = new Worker(new URL(import.meta.url), { workerData });
      worker.on('message', (outcome: Played) => played.push(outcome));
      worker.once('error', reject).once('exit', () => resolve());
    });
  });
  return Promise.all(shares).then(() => played);
}

/** `works`, or what became of the two ends where they differ: `works / waits`. */
function wordOf(crash: Played, lost: Played): string {
  const word = ({ verdict, violation }: Played) => (violation === null ? verdict : 'FAILS');
  return word(crash) === word(lost) ? word(crash) : `${word(crash)} / ${word(lost)}`;
}

function print(played: readonly Played[]): void {
  const count = new Map(cases.map((each) => [each.scene.name, each.scene.mutations]));
  for (const [scene, mutations] of count) {
    const here = played.filter((each) => each.scene === scene);
    if (here.length === 0) continue;
    console.log(`\n${scene}`);
    const groups = new Map<string, Map<string, string[]>>();
    for (const crash of here.filter(({ end }) => end === 'crash')) {
      const { field, mutation } = crash;
      const lost = here.find((each) => each.end === 'lost' && each.field === field && each.mutation === mutation);
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
  printWorst(played);
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
      trace: { type: 'boolean', default: false },
    },
  });
  const order = new Map(
    cases.map((each, index) => [`${each.scene.name} ${each.mutation.field} ${each.mutation.name}`, index]),
  );
  const placeOf = ({ scene, field, mutation }: Played) => order.get(`${scene} ${field} ${mutation}`) ?? 0;
  const played = (await playAll(values.only, values.trace)).toSorted((a, b) => placeOf(a) - placeOf(b));
  if (values.trace) for (const { lines } of played) for (const line of lines) console.log(line);
  if (values.json) console.log(JSON.stringify(played.map(({ lines: _, ...each }) => each)));
  else if (played.length > 0) print(played);
  if (played.some(({ violation }) => violation !== null)) process.exitCode = 1;
} else {
  for await (const outcome of playShare(workerData as Share)) parentPort?.postMessage(outcome);
}
