import { Prng } from '../simulation/prng.ts';
import type { Kind } from './place.ts';

/** How much of a choice may be of a kind, where others are left: there are more words than conditions. */
const mostOfKind = 0.12;
const rarer: Partial<Record<Kind, number>> = { text: 0.06, word: 0.06, property: 0.06, element: 0.04, return: 0.08 };

/** So many of them, by chance; the same for the same seed. No kind drowns the others. */
export function chosen<T extends { readonly kind: Kind }>(
  all: readonly T[],
  seed: number,
  count: number,
  isWanted: (one: T) => boolean = () => true,
): readonly T[] {
  const order = shuffled(all, new Prng(seed));
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

function shuffled<T>(all: readonly T[], prng: Prng): T[] {
  const order = [...all];
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = prng.between(0, at);
    const [one, two] = [order[at], order[other]];
    if (one === undefined || two === undefined) continue;
    order[at] = two;
    order[other] = one;
  }
  return order;
}
