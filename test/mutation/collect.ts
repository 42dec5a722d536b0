import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { joined, type Ranges, ranOf, type ScriptCoverage } from './coverage.ts';
import type { CoverageMap } from './map.ts';
import { type Slot, shared } from './slots.ts';
import { argsOf, usualMs } from './suite.ts';

/** Runs the tests without any mistake, to learn what each of them reaches, how long it takes, and whether it passes. */
export async function collect(
  map: CoverageMap,
  slots: readonly Slot[],
  tests: readonly string[],
  onDone: (test: string, passes: boolean) => void,
): Promise<void> {
  await shared(slots, tests, async (slot, test) => {
    const directory = mkdtempSync(join(slot.path, 'coverage-'));
    chmodSync(directory, 0o1777);
    try {
      const { how, ms, said } = await slot.run(test, argsOf(test, 'learn'), { ms: 600_000, cpuMs: 600_000 }, directory);
      const reached = readCoverage(directory, slot.path);
      map.learn(test, { passes: how === 'passed', said, ms: Math.round(usualMs(test, ms)) }, reached);
      // Whoever interrupts a first run has not waited in vain.
      map.save();
      onDone(test, how === 'passed');
    } finally {
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}

/** What ran of each module, in all processes, of either build. */
function readCoverage(directory: string, tree: string): ReadonlyMap<string, Ranges> {
  const homes = ['build/src', 'dist'].map((build) => `${pathToFileURL(join(tree, build)).href}/`);
  const reached = new Map<string, Ranges>();
  for (const name of readdirSync(directory)) {
    const scripts = readScripts(join(directory, name));
    for (const script of scripts) {
      const home = homes.find((each) => script.url.startsWith(each));
      if (home === undefined) continue;
      const module = script.url.slice(home.length).replace(/[?#].*/, '');
      reached.set(module, joined(reached.get(module) ?? [], ranOf(script)));
    }
  }
  return reached;
}

/** None of a process that was killed while it wrote. */
function readScripts(path: string): readonly ScriptCoverage[] {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text).result;
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
