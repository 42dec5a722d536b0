import { drawLimit, type Limit } from './limit.ts';
import { drawOwnTroubles, type OwnTrouble } from './own-trouble.ts';
import type { Prng } from './prng.ts';

/** What may become of one request. `late`: the client gives up, the effect lands minutes later. */
export const fates = [
  'lost-before',
  'lost-after',
  'late',
  'twice',
  'slow',
  'error-before',
  'error-after',
  'garbled',
  'rate-limited',
  'unreachable',
  'unreachable-after',
  'refused',
  'swallowed',
] as const;
export type Fate = (typeof fates)[number];

/** What FLORA as a whole, or the way to it, may suffer for a while. */
export const outages = ['unreachable', 'portal', 'rate-limited', 'unavailable', 'credits', 'key', 'storage'] as const;
export type Outage = (typeof outages)[number];

export const deeds = [
  'drop',
  'write',
  'burst',
  'overwrite',
  'edit',
  'replace',
  'touch',
  'delete',
  'rename',
  'copy',
  'again',
  'mkdir',
  'move-dir',
  'carry-dir',
  'remove-dir',
  'make-way',
  'unmount',
  'empty-mount',
  'text',
  'unreadable',
] as const;
export type Deed = (typeof deeds)[number];

/** What a seed's world is like. Each seed has a random few of the faults, so that each fault is often alone (swarm testing). */
export interface Knobs {
  readonly folders: 1 | 2;
  /** Where the second folder's files go: to the first one's place, to another folder of the workspace, or to a project. */
  readonly destinations: 'same' | 'folder' | 'project';
  /** Of each folder. */
  readonly copies: readonly ('share' | 'separate')[];
  readonly onMissing: 'report' | 'upload';
  readonly isRemoteMount: boolean;
  readonly concurrency: number;
  readonly quietMs: number;
  /** Rows of a directory that are compared before others have a turn. */
  readonly knownPerSlice: number;
  readonly faultMs: number;
  readonly initialFiles: number;
  readonly deeds: readonly Deed[];
  readonly fates: readonly Fate[];
  readonly fateRate: number;
  readonly outages: readonly Outage[];
  readonly crashAtCommit: number;
  readonly crashAtRequest: number;
  readonly crashes: number;
  readonly restarts: number;
  readonly clockJumps: number;
  readonly hintLoss: number;
  /** How likely somebody changes a file in the very moment that the engine looks into it. */
  readonly meddling: number;
  readonly latencyMs: number;
  /** Both documented manners of idempotency keys. */
  readonly keys: 'replay' | 'duplicate';
  /** How long after a request began another with the same key may still run beside it. */
  readonly keyRaceMs: number;
  readonly completeTwice: 'conflict' | 'answer';
  readonly targetKind: 'form' | 'put';
  readonly expiresMs: number | null;
  readonly doOldTargetsLive: boolean;
  readonly processingMs: number;
  readonly failures: number;
  readonly poison: number;
  readonly isSizeTold: boolean;
  readonly hiddenMs: number;
  readonly listLagMs: number;
  /** Assets a page for each hundred that were asked for. */
  readonly pageSize: number;
  readonly order: 'newest' | 'oldest' | 'arbitrary';
  readonly isListedSizeTold: boolean;
  readonly isCreationTold: boolean;
  /** Some items come twice in a page, or without an id. */
  readonly isListingOdd: boolean;
  /** Assets of other people, of the same names and sizes as ours. */
  readonly foreign: number;
  /** Some of them are never completed: for a day a file of the same name may have to wait. */
  readonly isForeignPending: boolean;
  /** How likely others add or remove an asset of theirs just after a page was read. */
  readonly shifting: number;
  /** How often an asset is hidden from us for a while, or removed for good. */
  readonly hides: number;
  readonly removals: number;
  /** What becomes of the ledger between two lives, one after the other. */
  readonly losses: readonly Loss[];
  /** How often a person has the whole listing read meanwhile. */
  readonly fullWalks: number;
  /** After the faults nobody does, so that what is missing comes to light in the daily walk. */
  readonly isDailyWalkAwaited: boolean;
  readonly dialect: Dialect;
  readonly nature: Nature;
}

/** What FLORA is like beyond its documents. */
export interface Nature {
  /** Bytes of a file for each character that the model has of it: with many of them no body leaves in one piece. */
  readonly scale: number;
  /** Bytes that arrived whole make their asset ready within this, whoever asks or does not; null where that takes `complete`. */
  readonly completesWithinMs: number | null;
  readonly limit: Limit | null;
  readonly ownTroubles: readonly OwnTrouble[];
  /** Of the disk's times: ext3 keeps whole seconds, FAT even ones. */
  readonly tickMs: 1 | 1_000 | 2_000;
}

/** Of a stream of its own, too. */
export function drawNature(rng: Prng, names: readonly string[], knobs: Pick<Knobs, 'faultMs'>): Nature {
  const drawn = {
    scale: rng.chance(0.3) ? 200_000 : 1,
    completesWithinMs: rng.chance(0.35) ? rng.pick([1_000, minute, 10 * minute, 30 * minute]) : null,
    limit: rng.chance(0.25) ? drawLimit(rng) : null,
  };
  const ownTroubles = rng.chance(0.3) ? drawOwnTroubles(rng, names, knobs) : [];
  return { ...drawn, ownTroubles, tickMs: rng.pick([1, 1, 1, 1_000, 2_000]) };
}

/** In which of its documented ways FLORA answers. */
export interface Dialect {
  readonly body: 'any' | 'json' | 'none';
  /** What `complete` and `retry` answer where the state does not allow them. */
  readonly refusal: 409 | 400 | 422;
  readonly spelling: 'snake' | 'camel';
  /** A target serves one request only, even one that ends in an error. */
  readonly isOneShot: boolean;
  /** GET and listings report another size and type than were sent; what is behind the URL is as long as they say. */
  readonly isConverting: boolean;
  /** Reservations name no target for a while: nobody could work with them. */
  readonly targetless: { readonly fromMs: number; readonly untilMs: number } | null;
}

/** Of a stream of its own, so that the rest of a seed is what it was before there were dialects. */
export function drawDialect(rng: Prng, { faultMs, expiresMs }: Pick<Knobs, 'faultMs' | 'expiresMs'>): Dialect {
  const fromMs = rng.between(0, faultMs - 1);
  const untilMs = rng.between(fromMs + 1, faultMs);
  return {
    body: rng.pick(['any', 'json', 'none']),
    refusal: rng.pick([409, 409, 400, 422]),
    spelling: rng.pick(['snake', 'camel']),
    isOneShot: rng.chance(0.15),
    isConverting: rng.chance(0.1),
    // A renewal without a target, of a target that never ends, would leave no way on.
    targetless: rng.chance(0.15) && expiresMs !== null ? { fromMs, untilMs } : null,
  };
}

/** Gone altogether, or put back as it was at an earlier commit. */
export type Loss = 'lost' | 'restored';

const minute = 60_000;
const hour = 60 * minute;

export function drawKnobs(rng: Prng): Omit<Knobs, 'dialect' | 'nature'> {
  const isQuietSeed = rng.chance(0.05);
  const seldom = (from: readonly number[]) => (isQuietSeed || rng.chance(0.5) ? 0 : rng.pick(from));
  const clockJumps = rng.chance(0.1) ? rng.between(1, 3) : 0;
  const someDeeds = rng.some(deeds, 0.4).filter((deed) => deed !== 'burst' || clockJumps === 0);
  const keys = rng.pick(['replay', 'duplicate'] as const);
  const keyRaceMs = seldom([100, 2_000, 90_000]);
  const isAnswerKept = keys === 'replay' && keyRaceMs === 0;
  const wanted: readonly Deed[] = ['drop', ...(clockJumps === 0 ? ['burst' as const] : []), ...someDeeds];
  // A question of their own in every fifth seed each, as they cost many hours of virtual time.
  const isLost = rng.chance(0.2);
  const isHidden = rng.chance(0.2);
  const copies = () => (rng.chance(0.15) ? 'separate' : 'share');
  return {
    folders: rng.chance(0.3) ? 2 : 1,
    destinations: rng.pick(['same', 'same', 'folder', 'project']),
    copies: [copies(), copies()],
    onMissing: rng.chance(0.25) ? 'upload' : 'report',
    isRemoteMount: rng.chance(0.15),
    concurrency: rng.between(1, 4),
    quietMs: rng.pick([500, 2_000]),
    faultMs: rng.pick([1, 3, 10, 30]) * minute,
    initialFiles: rng.between(0, 3),
    deeds: Array.from({ length: rng.between(1, 8) }, () => rng.pick(wanted)),
    fates: isQuietSeed ? [] : rng.some(fates, 0.3),
    fateRate: rng.pick([0.05, 0.2, 0.4, 0.6]),
    outages: isQuietSeed ? [] : rng.some(outages, 0.12),
    crashAtCommit: seldom([0.01, 0.05, 0.15]),
    crashAtRequest: seldom([0.02, 0.1, 0.2]),
    crashes: seldom([1, 2, 5]),
    restarts: seldom([1, 2]),
    clockJumps,
    hintLoss: seldom([0.1, 0.5, 1]),
    meddling: seldom([0.05, 0.3]),
    latencyMs: rng.pick([5, 50, 500]),
    keys,
    keyRaceMs,
    completeTwice: rng.pick(['conflict', 'answer']),
    targetKind: rng.pick(['form', 'put']),
    // A target whose answer was lost, that is never told again and never ends, would leave no way on.
    expiresMs: rng.pick([isAnswerKept ? null : hour, 20_000, 2 * minute, 15 * minute, hour]),
    doOldTargetsLive: rng.chance(0.5),
    processingMs: seldom([100, 5_000, 2 * minute]),
    failures: seldom([0.1, 0.5]),
    poison: seldom([0.1, 0.3]),
    isSizeTold: rng.chance(0.7),
    hiddenMs: seldom([50, 1_000, 10_000]),
    listLagMs: seldom([1_000, 5 * minute]),
    pageSize: rng.between(1, 6),
    order: rng.pick(['newest', 'newest', 'oldest', 'arbitrary']),
    isListedSizeTold: rng.chance(0.9),
    isCreationTold: rng.chance(0.9),
    isListingOdd: rng.chance(0.2),
    foreign: isLost && rng.chance(0.7) ? rng.pick([2, 5, 8]) : seldom([2, 5, 8]),
    isForeignPending: rng.chance(isLost ? 0.5 : 0.1),
    shifting: isLost ? rng.pick([0, 0.2, 0.5]) : seldom([0.05, 0.3]),
    hides: isHidden ? rng.between(0, 3) : 0,
    removals: isHidden ? rng.between(0, 2) : 0,
    losses: isLost ? Array.from({ length: rng.pick([1, 1, 2]) }, () => rng.pick(['lost', 'restored'])) : [],
    fullWalks: isHidden ? rng.between(0, 2) : 0,
    isDailyWalkAwaited: rng.chance(0.1),
    knownPerSlice: rng.pick([2, 1_000]),
  };
}
