import { Disk } from './disk.ts';
import { Flora } from './flora.ts';
import { drawKnobs, type Knobs } from './knobs.ts';
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
  /** Chance of the engine's own; and of network and disk; and of people. Apart, so that one does not shift the others. */
  readonly engineRng: Prng;
  readonly faultRng: Prng;
  readonly peopleRng: Prng;
  /** What existed whole: destination and bytes. */
  readonly versions: Set<string>;
  readonly folders: readonly WorldFolder[];
  readonly counters: { tokens: number };
  /** After this FLORA, the network and the machine behave, and nobody touches a file. */
  readonly faultsEndMs: number;
  areFaultsOver(): boolean;
}

export interface WorldFolder {
  readonly root: string;
  readonly destination: { readonly workspaceId: string; readonly folder: string | null; readonly projectId: null };
}

export function createWorld(seed: number, isTold: boolean): World {
  const knobs = drawKnobs(new Prng(seed, 1));
  const timeline = new Timeline(new Prng(seed, 2));
  const trace = new Trace(timeline, isTold);
  const faultRng = new Prng(seed, 3);
  const places = Array.from({ length: knobs.folders }, (_, index) => ({
    root: `/drop${index + 1}`,
    destination: {
      workspaceId: 'ws_1',
      folder: index > 0 && !knobs.isSameDestination ? 'other' : null,
      projectId: null,
    },
  }));
  const disk = new Disk(
    places.map(({ root }) => root),
    () => timeline.wallMs(),
  );
  return {
    seed,
    knobs,
    timeline,
    trace,
    disk,
    flora: new Flora(knobs, timeline, faultRng, trace),
    engineRng: new Prng(seed, 4),
    faultRng,
    peopleRng: new Prng(seed, 5),
    versions: new Set(),
    folders: places,
    counters: { tokens: 0 },
    faultsEndMs: knobs.faultMs,
    areFaultsOver: () => timeline.nowMs >= knobs.faultMs,
  };
}

export function placeOf(world: World, root: string): string {
  const folder = world.folders.find((each) => each.root === root);
  return folder?.destination.folder ?? '';
}

/** Notes every file that nobody is in the middle of writing as a version that existed whole. */
export function noteVersions(world: World): void {
  for (const root of world.disk.roots) {
    const place = placeOf(world, root.path);
    for (const inode of root.files.values()) {
      if (inode.writers === 0 && !inode.isHalf) world.versions.add(`${place}:${inode.blocks.join('')}`);
    }
  }
}
