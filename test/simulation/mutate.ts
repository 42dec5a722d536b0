import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Edit, Mutant } from './mutants.ts';

/** Where the compiled tests and sources are. */
const build = join(import.meta.dirname, '..', '..');

/** The compiled code with the mistake in it, without it. Throws unless the piece stands there exactly once. */
export function mutate(code: string, { file, search, replace }: Edit): string {
  const pieces = code.split(search);
  if (pieces.length !== 2) throw new Error(`"${search}" stands ${pieces.length - 1} times in ${file}, not once`);
  return pieces.join(replace);
}

/** Makes a copy of the build with the mistake in it; returns the path of its command for exploring. */
export function plantMutant(mutant: Mutant): string {
  const target = join(build, 'mutants', mutant.name.replaceAll(/\W+/g, '-'));
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const isCode = (path: string) => !path.endsWith('.map');
  cpSync(join(build, 'src'), join(target, 'src'), { recursive: true, filter: isCode });
  for (const part of ['simulation', 'support']) {
    cpSync(join(build, 'test', part), join(target, 'test', part), { recursive: true, filter: isCode });
  }
  for (const edit of mutant.also === undefined ? [mutant] : [mutant, mutant.also]) {
    const path = join(target, 'src', edit.file);
    writeFileSync(path, mutate(readFileSync(path, 'utf8'), edit));
  }
  return join(target, 'test', 'simulation', 'explore.js');
}
