import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { chosen } from './choice.ts';
import { collect } from './collect.ts';
import { type Equivalent, equivalents, isEquivalent } from './equivalent.ts';
import { CoverageMap } from './map.ts';
import { isSound, type Mutant, mutantsOf } from './mutants.ts';
import { shared, withSlots } from './slots.ts';
import { testsOf } from './suite.ts';
import { Imports, isOf, modulesOf } from './tree.ts';
import { tried, type Verdict } from './trial.ts';

export interface Wanted {
  /** Rooms, parts of them, or files; none for all. */
  readonly rooms: readonly string[];
  readonly seed: number;
  readonly count: number;
  /** A file with a line of its source, or a mutant's id. */
  readonly only?: string | undefined;
  readonly id?: string | undefined;
}

/** The mistakes that are meant, of a tree. */
export function pick(tree: string, { rooms, seed, count, only, id }: Wanted): readonly Mutant[] {
  const [file, line] = only?.split(/:(?=\d+$)/) ?? id?.split(/:(?=\d)/) ?? [];
  const words = file === undefined ? rooms : [file];
  const modules = modulesOf(tree);
  const strange = words.filter((word) => !modules.some((module) => isOf(module, word)));
  if (strange.length > 0) throw new Error(`Nothing below src/ is called ${strange.join(', ')}`);
  const meant = modules.filter((module) => words.length === 0 || words.some((word) => isOf(module, word)));
  const all = meant.flatMap((module) => mutantsOf(tree, module));
  const sound = (mutant: Mutant) => isSound(tree, mutant);
  if (id !== undefined) return all.filter((mutant) => mutant.id === id);
  if (only !== undefined)
    return all.filter(({ source }) => line === undefined || source.endsWith(`:${line}`)).filter(sound);
  return chosen(all, seed, count, sound);
}

export interface Options {
  readonly isAll: boolean;
  /** Whether all tests that reach a mistake may run, however long that takes. */
  readonly isThorough?: boolean;
  readonly slots?: number;
  /** How long a test may take in excess of five times as long as usual. */
  readonly graceMs?: number;
  readonly equivalents?: readonly Equivalent[];
  readonly onProgress: (line: string) => void;
  readonly onVerdict: (verdict: Verdict, done: number) => void;
}

/** Plants each of them in a copy of the tree, and tells what notices it. */
export async function session(tree: string, mutants: readonly Mutant[], options: Options): Promise<readonly Verdict[]> {
  const map = new CoverageMap(
    join(tree, 'build', 'mutation', 'coverage.json'),
    new Imports(join(tree, 'build')),
    modulesOf(tree),
  );
  const tests = testsOf(tree, options.isAll);
  const planted = mutants.filter(
    (mutant) => !(options.equivalents ?? equivalents).some((each) => isEquivalent(each, mutant)),
  );
  const verdicts: Verdict[] = mutants
    .filter((mutant) => !planted.includes(mutant))
    .map((mutant) => ({ mutant, outcome: 'equivalent', by: '', said: '', ran: 0, left: 0, ms: 0 }));
  const means = {
    map,
    tests,
    budgetMs: options.isThorough ? Number.POSITIVE_INFINITY : 20_000,
    graceMs: options.graceMs ?? 20_000,
  };
  await withSlots(tree, options.slots ?? Math.min(4, availableParallelism()), async (slots) => {
    const modules = [...new Set(planted.map(({ module }) => module))];
    const unknown = tests.filter((test) =>
      modules.some((module) => map.mayReach(test, module) && map.known(test, module) === undefined),
    );
    if (unknown.length > 0) options.onProgress(`${unknown.length} test files run first, to learn what they reach`);
    let learnt = 0;
    await collect(map, slots, unknown, (test, passes) => {
      learnt += 1;
      if (learnt % 25 === 0) options.onProgress(`${learnt} of ${unknown.length} have run`);
      if (!passes) options.onProgress(`not used, because it fails without any mistake: ${test}`);
    });
    await shared(slots, planted, async (slot, mutant) => {
      const verdict = await tried(slot, mutant, means);
      verdicts.push(verdict);
      options.onVerdict(verdict, verdicts.length);
    });
  });
  return verdicts.sort((a, b) => (a.mutant.id < b.mutant.id ? -1 : 1));
}

/** Entries of the list that no piece of the code fits any more. */
export function staleEquivalents(tree: string, list: readonly Equivalent[] = equivalents): readonly Equivalent[] {
  const modules = modulesOf(tree);
  return list.filter((entry) => {
    const module = modules.find((each) => isOf(each, entry.file));
    return module === undefined || !mutantsOf(tree, module).some((mutant) => isEquivalent(entry, mutant));
  });
}
