import { joinPath, splitPath } from '../../src/core/entry.ts';
import type { Inode, Root } from './disk.ts';
import type { Deed } from './knobs.ts';
import { fileNames as names, noteOverwritten, noteVersions, type World } from './world.ts';

const directories = ['sub', 'old'];

/** What people and their programs do in the drop folders while the faults last, all of it over by their end. */
export function planDeeds(world: World): void {
  const { knobs, timeline, peopleRng } = world;
  const lastMs = Math.max(0, knobs.faultMs - longestDeedMs);
  for (const deed of knobs.deeds) {
    timeline.after(peopleRng.between(0, lastMs), () => {
      world.trace.add(`people: ${deed}`);
      doDeed(world, deed);
      noteVersions(world);
    });
  }
}

/** Lets somebody meddle with a file just when the engine looks into it: that is where the races are. */
export function meddle(world: World): void {
  const { disk, knobs, timeline, peopleRng } = world;
  let left = 4;
  disk.onLook = (root, path) => {
    if (left === 0 || world.areFaultsOver() || !peopleRng.chance(knobs.meddling)) return;
    left -= 1;
    timeline.after(peopleRng.between(0, 60), () => {
      const inode = root.files.get(path);
      if (inode === undefined || inode.writers > 0 || inode.isHalf || root.mount !== 'there') return;
      const how = peopleRng.pick(['edit', 'overwrite', 'replace', 'delete', 'rename'] as const);
      world.trace.add(`people: ${how} ${path}, of all moments now`);
      if (how === 'edit') editSlowly(world, inode);
      else if (how === 'overwrite') overwrite(world, inode);
      else if (how === 'replace') disk.create(root, path, newBlocks(world, inode.blocks.length));
      else if (how === 'delete') disk.remove(root, path);
      else disk.rename(root, path, root, freshPath(world, root));
      noteVersions(world);
    });
  };
}

function overwrite(world: World, inode: Inode): void {
  noteOverwritten(world, inode);
  inode.blocks = [];
  inode.isHalf = true;
  world.disk.changed(inode);
  writeSlowly(world, inode, newBlocks(world), true);
}

/** A slow writer with pauses takes no longer. */
const longestDeedMs = 45_000;

export function plantFiles(world: World): void {
  const { disk, peopleRng } = world;
  for (let count = 0; count < world.knobs.initialFiles; count += 1) {
    disk.create(peopleRng.pick(disk.roots), peopleRng.pick(names), newBlocks(world));
  }
  noteVersions(world);
}

/** Contents of a few lengths, so that sizes often agree where bytes do not. */
function newBlocks(world: World, length = world.peopleRng.between(1, 4)): string[] {
  world.counters.tokens += 1;
  const version = String(world.counters.tokens).padStart(4, '0');
  return Array.from({ length }, (_, index) => `${version}.${index} `);
}

function doDeed(world: World, deed: Deed): void {
  const { disk, peopleRng, timeline, knobs } = world;
  const root = peopleRng.pick(disk.roots);
  if (root.mount !== 'there') return;
  const other = peopleRng.pick(disk.roots.filter(({ mount }) => mount === 'there'));
  const fresh = freshPath(world, root);
  const [path, inode] = pickFile(world, root) ?? [undefined, undefined];
  switch (deed) {
    case 'drop':
      disk.create(root, fresh, newBlocks(world));
      return;
    case 'text':
      disk.create(root, 'notes.txt', newBlocks(world));
      return;
    case 'write':
      writeSlowly(world, disk.create(root, fresh, [], true), newBlocks(world), true);
      return;
    case 'burst':
      writeSlowly(world, disk.create(root, fresh, [], true), newBlocks(world), false);
      return;
    case 'overwrite':
      if (inode !== undefined) overwrite(world, inode);
      return;
    case 'edit':
      if (inode !== undefined) editSlowly(world, inode);
      return;
    case 'replace':
      if (path !== undefined) disk.create(root, path, newBlocks(world, inode.blocks.length));
      return;
    case 'touch':
      if (inode !== undefined) disk.changed(inode);
      return;
    case 'delete':
      if (path !== undefined) disk.remove(root, path);
      return;
    case 'rename':
      if (path !== undefined) disk.rename(root, path, other, freshPath(world, other));
      return;
    case 'copy':
      if (inode !== undefined) disk.create(other, freshPath(world, other), inode.blocks);
      return;
    case 'again': {
      if (path === undefined) return;
      const { blocks } = inode;
      disk.remove(root, path);
      timeline.after(peopleRng.between(1, 30_000), () => {
        disk.create(root, splitPath(path).name, blocks);
        noteVersions(world);
      });
      return;
    }
    case 'mkdir': {
      const made = peopleRng.pick(directories);
      disk.mkdir(root, made);
      disk.create(root, joinPath(made, peopleRng.pick(names)), newBlocks(world));
      return;
    }
    case 'move-dir':
      disk.moveDirectory(root, 'sub', { root, path: 'old' });
      return;
    case 'carry-dir':
      disk.moveDirectory(root, peopleRng.pick(directories), { root: other, path: peopleRng.pick(directories) });
      return;
    case 'make-way': {
      // As editors do: the old version steps aside for a new one.
      if (path === undefined) return;
      const { length } = inode.blocks;
      disk.rename(root, path, root, freshPath(world, root));
      disk.create(root, path, newBlocks(world, length));
      return;
    }
    case 'remove-dir':
      disk.moveDirectory(root, peopleRng.pick(directories), null);
      return;
    case 'unmount':
    case 'empty-mount': {
      disk.mount(root, deed === 'unmount' ? 'away' : 'empty');
      timeline.after(peopleRng.between(100, Math.max(100, knobs.faultMs - timeline.nowMs)), () => {
        world.trace.add(`${root.path} is back`);
        disk.mount(root, 'there');
      });
      return;
    }
    case 'unreadable': {
      if (inode === undefined) return;
      inode.isUnreadable = true;
      disk.changed(inode, false);
      timeline.after(peopleRng.between(1, 60_000), () => {
        inode.isUnreadable = false;
        inode.sinceMs = timeline.nowMs;
      });
      return;
    }
    default: {
      const never: never = deed;
      throw new Error(`Unknown deed ${String(never)}`);
    }
  }
}

function freshPath({ peopleRng }: World, root: Root): string {
  const directory = peopleRng.chance(0.3) ? peopleRng.pick(['', ...root.directories.keys()]) : '';
  return joinPath(directory, peopleRng.pick(names));
}

/** A file that nobody is in the middle of. */
function pickFile(world: World, root: Root): readonly [string, Inode] | undefined {
  const free = [...root.files].filter(([, inode]) => inode.writers === 0 && !inode.isHalf);
  return free.length === 0 ? undefined : world.peopleRng.pick(free);
}

/**
 * Writes a file piece by piece: with the file held open and pauses as long as it likes, or opened for each piece, and then
 * with pauses shorter than the quiet period, as nobody could tell a longer one from the end.
 */
function writeSlowly(world: World, inode: Inode, blocks: readonly string[], isHeld: boolean): void {
  const { disk, timeline, peopleRng, knobs } = world;
  const canBeSeen = isHeld && !knobs.isRemoteMount;
  const longestMs = canBeSeen ? 10_000 : knobs.quietMs - 50;
  inode.isHalf = true;
  if (isHeld) inode.writers += 1;
  const next = (at: number): void => {
    const block = blocks[at];
    if (block === undefined) {
      if (isHeld) inode.writers -= 1;
      inode.isHalf = false;
      noteVersions(world);
      // The kernel tells of a close as well.
      const place = disk.find(inode);
      if (place !== undefined) disk.onEvent(place.root, place.path);
      return;
    }
    inode.blocks.push(block);
    disk.changed(inode);
    const isLast = at === blocks.length - 1 && !canBeSeen;
    if (isLast) next(at + 1);
    else timeline.after(peopleRng.between(1, longestMs), () => next(at + 1));
  };
  timeline.after(peopleRng.between(0, longestMs), () => next(0));
}

/** Changes a file in place, block by block, without its length changing: half of it is the old version meanwhile. */
function editSlowly(world: World, inode: Inode): void {
  noteOverwritten(world, inode);
  const { disk, timeline, peopleRng, knobs } = world;
  const blocks = newBlocks(world, inode.blocks.length);
  const longestMs = knobs.isRemoteMount ? knobs.quietMs - 50 : 10_000;
  inode.writers += 1;
  inode.isHalf = true;
  const next = (at: number): void => {
    const block = blocks[at];
    if (block !== undefined) {
      inode.blocks[at] = block;
      disk.changed(inode);
    }
    if (at >= blocks.length - 1) {
      inode.writers -= 1;
      inode.isHalf = false;
      noteVersions(world);
      return;
    }
    timeline.after(peopleRng.between(1, longestMs), () => next(at + 1));
  };
  next(0);
}
