import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { partOf } from '../support/part.ts';
import type { Mutant } from './mutants.ts';
import { plantMutant } from './mutate.ts';

const run = promisify(execFile);

/** What the explorer printed over these seeds; it stops at the first that does not hold. */
async function explore(command: string, ...seeds: readonly string[]): Promise<string> {
  const running = run(process.execPath, [command, ...seeds]);
  const { stdout } = await running.catch((error: unknown) => {
    // A seed that does not hold is told; an explorer that could not even begin tells nothing, and has caught nothing.
    if (error instanceof Error && 'code' in error && error.code === 1 && 'stdout' in error && error.stdout !== '')
      return error;
    throw error;
  });
  return String(stdout);
}

function caught(printed: string): { readonly seed: string; readonly violation: string } | null {
  const [, seed, violation] = /^seed (\d+): (?!holds, )(.*)$/m.exec(printed) ?? [];
  return seed === undefined || violation === undefined ? null : { seed, violation };
}

/** A test for each mistake, or for a part of them, where somebody plays another part each day. */
export function catches(mutants: readonly Mutant[]): void {
  describe('the simulation catches', () => {
    for (const mutant of partOf(mutants)) {
      it(`${mutant.name}, within ${mutant.withinSeeds} seeds`, async (t) => {
        const command = plantMutant(mutant);
        t.after(() => rmSync(dirname(dirname(dirname(command))), { recursive: true, force: true }));
        const { caughtBy, withinSeeds } = mutant;
        const quick = caughtBy === undefined ? null : caught(await explore(command, '--seed', String(caughtBy)));
        const printed = quick === null ? await explore(command, '--seeds', String(withinSeeds)) : '';
        const { seed, violation } = quick ?? caught(printed) ?? {};
        assert.ok(seed !== undefined, `no seed of ${mutant.withinSeeds} caught it:\n${printed}`);
        t.diagnostic(`caught by seed ${seed}: ${violation}`);
      });
    }
  });
}
