import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { isModule, placesIn, planted } from './mutators.ts';
import type { Place } from './place.ts';

/** A mistake that can be planted in a module. */
export interface Mutant extends Place {
  /** The same for the same code: module, line and column of the compiled code, kind, and the how-manieth of it there. */
  readonly id: string;
  /** Relative to build/src: `sync/intake/hints.js`. */
  readonly module: string;
  /** Where it is in the TypeScript: `src/sync/intake/hints.ts:12`. */
  readonly source: string;
  /** The line of compiled code without it, and with it. */
  readonly before: string;
  readonly after: string;
}

/** All mistakes that can be planted in the module of a tree. */
export function mutantsOf(tree: string, module: string): readonly Mutant[] {
  const path = join(tree, 'build', 'src', module);
  const code = readFileSync(path, 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  const starts = [...code.matchAll(/^/gm)].map(({ index }) => index);
  const seen = new Map<string, number>();
  return placesIn(code).map((place) => {
    const line = starts.findLastIndex((start) => start <= place.start);
    const column = place.start - (starts[line] ?? 0);
    const spot = `${module}:${line + 1}:${column + 1}:${place.kind}`;
    const nth = (seen.get(spot) ?? 0) + 1;
    seen.set(spot, nth);
    const entry = map.findEntry(line, column);
    const sourceLine = 'originalLine' in entry ? entry.originalLine + 1 : line + 1;
    return {
      ...place,
      id: nth === 1 ? spot : `${spot}.${nth}`,
      module,
      source: `src/${module.replace(/\.js$/, '.ts')}:${sourceLine}`,
      ...linesOf(code, place),
    };
  });
}

/** Whether it leaves a module that can be loaded at all. */
export function isSound(tree: string, mutant: Mutant): boolean {
  return isModule(planted(readFileSync(join(tree, 'build', 'src', mutant.module), 'utf8'), mutant));
}

/** The line of the mistake without it and with it; more lines where only they differ. */
export function linesOf(code: string, place: Pick<Place, 'start' | 'end' | 'by'>): Pick<Mutant, 'before' | 'after'> {
  const start = code.lastIndexOf('\n', place.start - 1) + 1;
  const end = `${code}\n`.indexOf('\n', place.end);
  const shown = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ⏎ ').trim();
  return {
    before: shown(code.slice(start, end)),
    after: shown(code.slice(start, place.start) + place.by + code.slice(place.end, end)),
  };
}
