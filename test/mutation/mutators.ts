import { type AnyNode, parse } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { changedExpressions } from './expressions.ts';
import { changedLiterals } from './literals.ts';
import type { Place } from './place.ts';
import { changedStatements } from './statements.ts';

/** All that could be changed in a module's compiled code, in the order of the code. */
export function placesIn(code: string): readonly Place[] {
  const places: Place[] = [];
  fullAncestor(parsed(code), (node, _, ancestors) => {
    const seen = { node, parent: ancestors.at(-2), isInTry: isInTry(ancestors), code };
    places.push(...changedStatements(seen), ...changedExpressions(seen), ...changedLiterals(seen));
  });
  return places.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** Whether a `try` stands between the node and its function. */
function isInTry(ancestors: readonly AnyNode[]): boolean {
  const from = ancestors.findLastIndex(({ type }) => type.includes('Function'));
  return ancestors.slice(from + 1).some(({ type }) => type === 'TryStatement');
}

export function planted(code: string, { start, end, by }: Pick<Place, 'start' | 'end' | 'by'>): string {
  return code.slice(0, start) + by + code.slice(end);
}

/** Whether it is still a module: an `await` that is left out may leave something that is none. */
export function isModule(code: string): boolean {
  try {
    parsed(code);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function parsed(code: string) {
  return parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
}
