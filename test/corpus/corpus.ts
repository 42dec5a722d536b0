// `npm run corpus [-- --dir build/corpus] [--only words] [--offline] [--judge-only]
// [--names own,png] [--json file]`: gathers files of other projects,
// asks `file`, ExifTool and ffprobe what they are, lets the built program sync them all under several names, and prints where it
// does not agree with them. Ends with 1 where a disagreement is not in the table of expected.ts.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesOfFile } from '../../src/emulator/formats/bytes.ts';
import { sniff } from '../../src/emulator/sniff.ts';
import type { Answers } from './claims.ts';
import { crafted } from './crafted.ts';
import { type Expectation, expectationOf } from './expected.ts';
import { type Finding, findingsOf, groupedBy, type Judged, saidBy } from './findings.ts';
import { gather } from './gather.ts';
import { askJudges, decodingFault, judgeVersions, whyNoJudges } from './judges.ts';
import { make } from './made.ts';
import { filesBelow, Pool, type Sample } from './samples.ts';
import { namings, tryAll } from './trial.ts';
import { variantsOf } from './variants.ts';
import { isDecided, verdictOf } from './verdict.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: join('build', 'corpus') },
    only: { type: 'string', default: '' },
    offline: { type: 'boolean', default: false },
    'judge-only': { type: 'boolean', default: false },
    names: { type: 'string', default: Object.keys(namings).join() },
    json: { type: 'string' },
  },
});
if (whyNoJudges !== false) {
  console.error(`The corpus needs its judges: ${whyNoJudges}`);
  process.exit(2);
}
const directory = resolve(values.dir);
const under = values.names.split(',');
const tell = (line: string) => console.error(line);
const askedAtOnce = 500;
const undo: (() => void | Promise<void>)[] = [];

try {
  await main();
} finally {
  for (const each of undo.reverse()) await each();
}

async function main(): Promise<void> {
  const pool = new Pool(join(directory, 'pool'));
  await addOwn(pool);
  await gather(pool, directory, !values.offline, tell);
  const samples = pool.samples.filter(({ origin }) => origin.includes(values.only));
  console.log(`${await judgeVersions()}\n${samples.length} files`);

  const judged = judge(samples, await answersTo(samples));
  tell(`judged; to be tried under ${under.length} names each`);
  const trial = values['judge-only']
    ? { outcomes: [], sentAs: new Map<string, string>(), code: 0 }
    : await tryAll({ after: (work) => undo.push(work) }, samples, 3_600_000, under);
  const outcomes = groupedBy(trial.outcomes, ({ sha256 }) => sha256);
  const all = judged.flatMap((one) => findingsOf(one, outcomes.get(one.sha256) ?? [], trial.sentAs.get(one.sha256)));
  const findings = await withoutCut(all, samples);
  print(judged, findings, trial.outcomes.length);
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(findings, null, 1));
  if (findings.some((finding) => expectationOf(finding) === undefined)) process.exitCode = 1;
}

/** What code and ffmpeg make. */
async function addOwn(pool: Pool): Promise<void> {
  const made = await make(join(directory, 'made'), tell);
  const craftedIn = join(directory, 'crafted');
  mkdirSync(craftedIn, { recursive: true });
  for (const { name, bytes } of crafted) writeFileSync(join(craftedIn, name), bytes);
  for (const { name, bytes } of crafted) if (bytes.length > 0) pool.add(join(craftedIn, name), `crafted ${name}`);
  for (const path of filesBelow(made)) {
    const name = path.slice(made.length + 1);
    pool.add(path, `made ${name}`);
    for (const variant of variantsOf(name, readFileSync(path))) {
      const place = join(craftedIn, variant.name);
      writeFileSync(place, variant.bytes);
      pool.add(place, `made ${variant.name}`);
    }
  }
}

/** Asked once for each content and version of the judges. */
async function answersTo(samples: readonly Sample[]): Promise<readonly Answers[]> {
  const place = join(directory, 'answers.json');
  const versions = await judgeVersions();
  const kept: { versions: string; answers: Record<string, Answers> } = existsSync(place)
    ? JSON.parse(readFileSync(place, 'utf8'))
    : { versions, answers: {} };
  const answers = kept.versions === versions ? kept.answers : {};
  const unknown = samples.filter(({ sha256 }) => {
    const answer = answers[sha256];
    return answer === undefined || (answer.ffprobe === undefined && !isDecided(answer));
  });
  tell(`asking about ${unknown.length} of ${samples.length} files`);
  for (let at = 0; at < unknown.length; at += askedAtOnce) {
    const some = unknown.slice(at, at + askedAtOnce);
    const told = await askJudges(some.map(({ path }) => path));
    for (const [index, { sha256 }] of some.entries()) answers[sha256] = told[index] as Answers;
    writeFileSync(place, JSON.stringify({ versions, answers }));
  }
  return samples.map(({ sha256 }) => answers[sha256] as Answers);
}

function judge(samples: readonly Sample[], answers: readonly Answers[]): readonly Judged[] {
  return samples.map((sample, index) => {
    const said = answers[index] as Answers;
    const fd = openSync(sample.path, 'r');
    try {
      const { sha256, origin, sizeBytes } = sample;
      return {
        sha256,
        origin,
        sizeBytes,
        answers: said,
        verdict: verdictOf(said),
        emulator: sniff(bytesOfFile(fd, sizeBytes)),
      };
    } finally {
      closeSync(fd);
    }
  });
}

/** The emulator fails what is cut; readers show what there is, but say so: ExifTool warns, and ffmpeg does not decode all of it. */
async function withoutCut(findings: readonly Finding[], samples: readonly Sample[]): Promise<readonly Finding[]> {
  const paths = new Map(samples.map(({ sha256, path }) => [sha256, path]));
  const left: Finding[] = [];
  for (const finding of findings) {
    const { kind, judged } = finding;
    if (kind === 'emulator-fails') {
      if (judged.answers.exiftool.warning !== null && judged.emulator.fault !== null) continue;
      if (await decodingFault(paths.get(judged.sha256) ?? '')) continue;
    }
    left.push(finding);
  }
  return left;
}

function print(judged: readonly Judged[], findings: readonly Finding[], tries: number): void {
  const count = (kind: string) => judged.filter(({ verdict }) => verdict.kind === kind).length;
  console.log(
    `to be sent: ${count('send')}; to be refused: ${count('refuse')}; the judges do not agree: ${count('either')}`,
  );
  const odd = new Set(findings.map(({ judged: { sha256 } }) => sha256));
  console.log(`tried under all names: ${tries}; files on which all agree: ${judged.length - odd.size}\n`);
  for (const [kind, some] of groupedBy(findings, (finding) => finding.kind)) {
    const unexpected = some.filter((finding) => expectationOf(finding) === undefined);
    console.log(`== ${kind}: ${some.length}, ${unexpected.length} of them unexpected`);
    for (const finding of unexpected) console.log(lineOf(finding));
    const met = groupedBy(
      some.filter((finding) => !unexpected.includes(finding)),
      expectationOf,
    );
    for (const [expectation, those] of met) {
      console.log(`  -- expected, ${those.length}: ${(expectation as Expectation).reason}`);
      for (const finding of those) console.log(lineOf(finding));
    }
  }
}

function lineOf({ judged, namings: names, said }: Finding): string {
  const { origin, answers, verdict, sizeBytes } = judged;
  const wanted = verdict.kind === 'send' ? verdict.types.join(' or ') : verdict.because;
  const only = names.length === 0 || names.length === under.length ? '' : ` as ${names.join(', ')}`;
  return `  ${origin} (${sizeBytes} bytes)${only}: ${said}\n      ${saidBy(answers)} -> ${verdict.kind}: ${wanted}`;
}
