import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { lineOf, rowsOf, staleText, survivorText, tableOf } from './report.ts';
import { pick, session, staleEquivalents } from './session.ts';
import { root } from './tree.ts';

const usage = `npm run mutate [-- room…]   plants mistakes in the compiled code, and says which of them no test notices
  room               a directory below src/, or a file: sync, sync/intake, core/pace.ts; all without any
  --seed N           which mistakes (1)
  --count N          how many (100)
  --only FILE[:LINE] all those of a source file, or of a line of it
  --id ID            one again
  --all              by all tests of the quick suite: also contract, e2e, fault, hostile, corpus
  --thorough         each by all tests that reach it; else by those of 20 seconds that are worth most
  --list             only print them
  --verbose          a line for each
  --json FILE        the result, for scripts
  --slots N          how many at once (as many as there are processors, 4 at most)
  --fail-below N     end with 1 when the score is less`;

const { values, positionals: rooms } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    only: { type: 'string' },
    id: { type: 'string' },
    all: { type: 'boolean', default: false },
    thorough: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    json: { type: 'string' },
    slots: { type: 'string' },
    'fail-below': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else await main();

async function main(): Promise<void> {
  const startedMs = performance.now();
  const seed = Number(values.seed);
  const { only, id } = values;
  const mutants = pick(root, { rooms, seed, count: Number(values.count), only, id });
  if (values.list) {
    for (const { id, source, before, after } of mutants) console.log(`${id}  ${source}\n  - ${before}\n  + ${after}`);
    return;
  }
  const verdicts = await session(root, mutants, {
    isAll: values.all,
    isThorough: values.thorough,
    ...(values.slots === undefined ? {} : { slots: Number(values.slots) }),
    onProgress: (line) => console.log(line),
    onVerdict: (verdict, done) => {
      if (values.verbose) console.log(`${String(done).padStart(4)}/${mutants.length}  ${lineOf(verdict)}`);
      else if (done % 25 === 0) console.log(`${done} of ${mutants.length}`);
    },
  });
  const rows = rowsOf(verdicts);
  const seconds = (performance.now() - startedMs) / 1_000;
  const survivors = verdicts.filter(({ outcome }) => outcome === 'survived' || outcome === 'unreached');
  console.log(`\n${tableOf(rows)}\n\nseed ${seed}, ${mutants.length} mistakes, ${seconds.toFixed(0)} s`);
  if (survivors.length > 0) console.log(`\nNoticed by nothing:\n\n${survivors.map(survivorText).join('\n\n')}`);
  for (const entry of staleEquivalents(root)) console.log(`\n${staleText(entry)}`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ seed, seconds, rows, verdicts }, null, 1)}\n`);
  const score = rows.at(-1)?.score ?? 100;
  if (values['fail-below'] !== undefined && score < Number(values['fail-below'])) process.exitCode = 1;
}
