import { createHash } from 'node:crypto';
import type { Kind } from './place.ts';

/** How much of a choice may be of a kind, where others are left: there are more words than conditions. */
const mostOfKind = 0.12;
const rarer: Partial<Record<Kind, number>> = { text: 0.06, word: 0.06, property: 0.06, element: 0.04, return: 0.08 };

/**
 * So many of them, by chance; the same for the same seed. No kind drowns the others.
 *
 * @param nameOf what one is called; no two are called the same
 */
export function chosen<T extends { readonly kind: Kind }>(
  all: readonly T[],
  seed: number,
  count: number,
  nameOf: (one: T) => string,
  isWanted: (one: T) => boolean = () => true,
): readonly T[] {
  const order = shuffled(all, seed, nameOf);
  const counts = new Map<Kind, number>();
  const taken: T[] = [];
  const spare: T[] = [];
  for (const one of order) {
    if (taken.length === count) return taken;
    const most = Math.ceil(count * (rarer[one.kind] ?? mostOfKind));
    const sofar = counts.get(one.kind) ?? 0;
    if (sofar >= most) spare.push(one);
    else if (isWanted(one)) {
      counts.set(one.kind, sofar + 1);
      taken.push(one);
    }
  }
  for (const one of spare) {
    if (taken.length === count) break;
    if (isWanted(one)) taken.push(one);
  }
  return taken;
}

/** By a hash of what they are: a change of the code elsewhere leaves the choice as it is. */
function shuffled<T>(all: readonly T[], seed: number, nameOf: (one: T) => string): readonly T[] {
  const hashOf = (one: T) =>
    createHash('sha1')
      .update(`${seed} ${nameOf(one)}`)
      .digest('hex');
  return all
    .map((one) => ({ one, hash: hashOf(one) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ one }) => one);
}
