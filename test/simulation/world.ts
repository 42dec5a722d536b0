import type { Destination } from '../../src/core/entry.ts';
import { placeKey } from './asset.ts';
import { Copies } from './copies.ts';
import { bytesOf, Disk, type Inode } from './disk.ts';
import { Economy } from './economy.ts';
import { Flora } from './flora.ts';
import { IgnoreFiles } from './ignore-files.ts';
import { drawDialect, drawKnobs, drawNature, type Knobs } from './knobs.ts';
import { Prng } from './prng.ts';
import { Timeline } from './timeline.ts';
import { Trace } from './trace.ts';

/** A whole world from one seed: its chance, its time, its disk, its FLORA, and what was seen of it. */
export interface World {
  readonly seed: number;
  readonly knobs: Knobs;
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly disk: Disk;
  readonly flora: Flora;
  /** Null where nobody writes any. */
  readonly ignoreFiles: IgnoreFiles | null;
  /** What the engine spent. */
  readonly economy: Economy;
  /** Chance of the engine's own; and of network and disk; and of people. Apart, so that one does not shift the others. */
  readonly engineRng: Prng;
  readonly faultRng: Prng;
  readonly peopleRng: Prng;
  /** What existed whole: destination and bytes. */
  readonly versions: Set<string>;
  readonly copies: Copies;
  readonly folders: readonly WorldFolder[];
  readonly counters: { tokens: number };
  /** After this FLORA, the network and the machine behave, and nobody touches a file. */
  readonly faultsEndMs: number;
  areFaultsOver(): boolean;
  /** What was hidden at FLORA is shown again too. */
  calmMs: number;
  isCalm(): boolean;
  /** Somebody goes on working when all is well again: the kernel's word is not lost, and each second counts. */
  isWorking: boolean;
  /** Aborted when that begins. */
  readonly calmOver: AbortController;
}

/** All files have one of these names. */
export const fileNames = ['a.png', 'b.png', 'c.png', 'd.png'];

export interface WorldFolder {
  readonly root: string;
  readonly destination: Destination;
  readonly copies: 'share' | 'separate';
}

export function createWorld(seed: number, isTold: boolean, knobs: Knobs = knobsOf(seed)): World {
  const timeline = new Timeline(new Prng(seed, 2));
  const trace = new Trace(timeline, isTold);
  const faultRng = new Prng(seed, 3);
  const places = Array.from({ length: knobs.folders }, (_, index) => ({
    root: `/drop${index + 1}`,
    destination: {
      workspaceId: 'ws_1',
      folder: index > 0 && knobs.destinations === 'folder' ? 'other' : null,
      projectId: index > 0 && knobs.destinations === 'project' ? 'prj_1' : null,
    },
    copies: knobs.copies[index] ?? 'share',
  }));
  const disk = new Disk(
    places.map(({ root }) => root),
    timeline,
    knobs.nature.tickMs,
  );
  const world: World & { ignoreFiles: IgnoreFiles | null } = {
    ignoreFiles: null,
    seed,
    knobs,
    timeline,
    trace,
    disk,
    flora: new Flora(knobs, timeline, faultRng, trace),
    economy: new Economy(timeline, trace),
    engineRng: new Prng(seed, 4),
    faultRng,
    peopleRng: new Prng(seed, 5),
    versions: new Set(),
    copies: new Copies(),
    folders: places,
    counters: { tokens: 0 },
    faultsEndMs: knobs.faultMs,
    areFaultsOver: () => timeline.nowMs >= knobs.faultMs,
    calmMs: knobs.faultMs,
    isCalm: () => timeline.nowMs >= world.calmMs && !world.isWorking,
    isWorking: false,
    calmOver: new AbortController(),
  };
  if (seed % 6 === 5) world.ignoreFiles = new IgnoreFiles(world);
  return world;
}

function knobsOf(seed: number): Knobs {
  const drawn = drawKnobs(new Prng(seed, 1));
  const dialect = drawDialect(new Prng(seed, 6), drawn);
  return { ...drawn, dialect, nature: drawNature(new Prng(seed, 7), fileNames, drawn) };
}

export function placeOf(world: World, root: string): string {
  const folder = world.folders.find((each) => each.root === root);
  return folder === undefined ? '' : placeKey(folder.destination);
}

/** Notes every file that nobody is in the middle of writing as a version that existed whole. */
export function noteVersions(world: World): void {
  const counts = new Map<string, number>();
  for (const root of world.disk.roots) {
    const place = placeOf(world, root.path);
    for (const inode of root.files.values()) {
      const version = `${place}:${bytesOf(inode)}`;
      counts.set(version, (counts.get(version) ?? 0) + 1);
      if (inode.writers === 0 && !inode.isHalf) world.versions.add(version);
    }
  }
  world.copies.noteCounts(counts);
}

/** Notes that a file is no more what it was, though its name and inode say nothing of it. */
export function noteOverwritten(world: World, inode: Inode): void {
  const place = world.disk.find(inode);
  if (place !== undefined) world.copies.noteOverwritten(`${placeOf(world, place.root.path)}:${bytesOf(inode)}`);
}
