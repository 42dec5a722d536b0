import type { Fate, Outage } from './knobs.ts';
import type { World } from './world.ts';

/** How long the fate `slow` takes at most. */
export const longestSlowMs = 50_000;

export type Fated = Fate | Exclude<Outage, 'key'> | 'fine';

interface Window {
  readonly outage: Outage;
  readonly fromMs: number;
  readonly untilMs: number;
}

const windows = new WeakMap<World, readonly Window[]>();

/** When FLORA, or the way to it, suffers what. Drawn once for each world. */
function outagesOf(world: World): readonly Window[] {
  const known = windows.get(world);
  if (known !== undefined) return known;
  const { knobs, peopleRng } = world;
  const drawn = knobs.outages.map((outage) => {
    const fromMs = peopleRng.between(0, knobs.faultMs - 1);
    return { outage, fromMs, untilMs: peopleRng.between(fromMs + 1, knobs.faultMs) };
  });
  windows.set(world, drawn);
  return drawn;
}

const storageFates: ReadonlySet<Fate> = new Set([
  'lost-before',
  'lost-after',
  'late',
  'twice',
  'slow',
  'error-before',
  'error-after',
  'rate-limited',
  'unreachable',
  'refused',
  'swallowed',
]);
const apiFates = (fate: Fate) => fate !== 'refused' && fate !== 'swallowed';

/** Says what becomes of the next request. After the faults, nothing does. */
export function createFates(world: World): (op: string) => Fated {
  const { knobs, timeline, faultRng } = world;
  const ofUploads = knobs.fates.filter((fate) => storageFates.has(fate));
  const ofCalls = knobs.fates.filter(apiFates);
  return (op) => {
    if (world.areFaultsOver()) return 'fine';
    const isUpload = op === 'upload' || op === 'fetch';
    for (const { outage, fromMs, untilMs } of outagesOf(world)) {
      if (timeline.nowMs < fromMs || timeline.nowMs >= untilMs || outage === 'key') continue;
      if (isUpload === (outage === 'storage')) return outage;
    }
    const possible = isUpload ? ofUploads : ofCalls;
    return possible.length > 0 && faultRng.chance(knobs.fateRate) ? faultRng.pick(possible) : 'fine';
  };
}

/** When the key is rotated at FLORA: its window's beginning. The daemon's file has the new one from its end on. */
export function keyWindow(world: World): Window | undefined {
  return outagesOf(world).find(({ outage }) => outage === 'key');
}
