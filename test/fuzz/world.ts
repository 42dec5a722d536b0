import type { Knobs } from '../simulation/knobs.ts';
import type { World } from '../simulation/world.ts';
import type { Scene } from './scenes.ts';

const minute = 60_000;

/** What becomes of the daemon in the middle of its time. */
export const ends = ['crash', 'lost'] as const;
export type End = (typeof ends)[number];

/** Nothing goes wrong in this world but the answers. */
export const quiet: Knobs = {
  folders: 1,
  destinations: 'same',
  copies: ['share', 'share'],
  onMissing: 'report',
  isRemoteMount: false,
  concurrency: 2,
  quietMs: 2_000,
  knownPerSlice: 1_000,
  faultMs: 0,
  initialFiles: 0,
  deeds: [],
  fates: [],
  fateRate: 0,
  outages: [],
  crashAtCommit: 0,
  crashAtRequest: 0,
  crashes: 0,
  restarts: 0,
  clockJumps: 0,
  hintLoss: 0,
  meddling: 0,
  latencyMs: 50,
  keys: 'duplicate',
  keyRaceMs: 0,
  completeTwice: 'conflict',
  targetKind: 'form',
  expiresMs: 15 * minute,
  doOldTargetsLive: false,
  processingMs: 0,
  failures: 0,
  poison: 0,
  isSizeTold: true,
  hiddenMs: 0,
  listLagMs: 0,
  pageSize: 100,
  order: 'newest',
  isListedSizeTold: true,
  isCreationTold: true,
  isListingOdd: false,
  foreign: 0,
  isForeignPending: false,
  shifting: 0,
  hides: 0,
  removals: 0,
  losses: [],
  fullWalks: 0,
  isDailyWalkAwaited: false,
  dialect: { body: 'any', refusal: 409, spelling: 'snake', isOneShot: false, isConverting: false, targetless: null },
  nature: { scale: 1, completesWithinMs: null, limit: null, ownTroubles: [], tickMs: 1 },
};

/** When which files are dropped, two of them of the same size; the last one after the end that comes at `endMs`. */
export function dropsAround(endMs: number): readonly (readonly [number, string, string])[] {
  return [
    [0, 'a.png', 'the bytes of a'],
    [0, 'b.png', 'the bytes of b'],
    [0, 'c.jpg', 'some more bytes, of c'],
    [0, 'd.png', 'd'],
    [10 * minute, 'e.mp4', 'a film of many more bytes'],
    [40 * minute, 'f.pdf', 'a page'],
    [endMs + 30 * minute, 'g.png', 'what comes only after the crash'],
  ];
}

/** Assets of other people: one of the name and size of a file of ours, one of another size, one whose upload failed. */
export function plantForeign({ flora }: World, { foreign }: Scene): void {
  if (foreign === undefined) return;
  const one = { place: '', project: null, isForeign: true } as const;
  flora.add({ ...one, name: 'a.png', status: 'ready', bytes: 'other bytes, a' });
  flora.add({ ...one, name: 'b.png', status: 'ready', bytes: 'theirs' });
  flora.add({ ...one, name: 'c.jpg', status: 'failed' });
  for (let count = 0; foreign === 'pages' && count < 102; count += 1) {
    flora.add({ ...one, name: `theirs-${count}.png`, status: 'ready', bytes: `theirs, ${count}` });
  }
}
