import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Mutant } from './mutants.ts';
import { plantMutant } from './mutate.ts';

const run = promisify(execFile);

/** What the explorer printed over the seeds; it stops at the first that does not hold. */
async function explore(command: string, seeds: number): Promise<string> {
  const running = run(process.execPath, [command, '--seeds', String(seeds)]);
  const { stdout } = await running.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 1 && 'stdout' in error) return error;
    throw error;
  });
  return String(stdout);
}

/** A test for each mistake. */
export function catches(mutants: readonly Mutant[]): void {
  describe('the simulation catches', () => {
    for (const mutant of mutants) {
      it(`${mutant.name}, within ${mutant.withinSeeds} seeds`, async (t) => {
        const command = plantMutant(mutant);
        t.after(() => rmSync(dirname(dirname(dirname(command))), { recursive: true, force: true }));
        const printed = await explore(command, mutant.withinSeeds);
        const [, seed, violation] = /^seed (\d+): (.*)$/m.exec(printed) ?? [];
        assert.ok(seed !== undefined, `no seed of ${mutant.withinSeeds} caught it:\n${printed}`);
        t.diagnostic(`caught by seed ${seed}: ${violation}`);
      });
    }
  });
}
