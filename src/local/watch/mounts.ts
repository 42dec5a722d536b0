import { isAtOrBelow } from '../../core/entry.ts';
import { isSkippedName } from '../../core/skip.ts';
import { errnoCode } from '../../errors.ts';
import { realPath } from '../fs-path.ts';
import { mountsIn, readMountInfo } from '../mount-info.ts';

/** Where something was mounted or unmounted: a directory (or file) below a root, relative to it. */
export interface MountChange {
  readonly root: string;
  readonly path: string;
}

export interface MountWatch {
  /** What has changed since the last call, or since the beginning; each place once, those above before those below. */
  changes(): readonly MountChange[];
}

/** What is mounted at each mount point, all that is stacked there, as one string that is only compared. */
type Mounts = ReadonlyMap<string, string>;

const nothing: readonly MountChange[] = [];

/**
 * Sees what is mounted and unmounted below these roots, from the kernel's list of mounts (proc_pid_mountinfo(5)): no event
 * tells. Where there is no such list (macOS) nothing is ever seen.
 *
 * @param read the list, or null where there is none; anything else that goes wrong is thrown
 */
export function watchMounts(roots: readonly string[], read: () => Buffer | null = readMountInfo): MountWatch {
  let list = read();
  let before: Mounts = list === null ? new Map() : byPoint(list);
  return {
    changes() {
      const now = read();
      // Mostly it is the same, and then it is not even taken apart.
      if (now === null || list?.equals(now) === true) return nothing;
      list = now;
      const after = byPoint(now);
      const points = [...new Set([...before.keys(), ...after.keys()])]
        .filter((point) => before.get(point) !== after.get(point))
        .sort((a, b) => a.length - b.length);
      before = after;
      return roots.flatMap((root) => changesBelow(root, points));
    },
  };
}

function changesBelow(root: string, points: readonly string[]): readonly MountChange[] {
  let real: string;
  try {
    real = realPath(root);
  } catch (error) {
    // A root that is not there is scanned whole when it is back.
    if (errnoCode(error) === undefined) throw error;
    return nothing;
  }
  const above = real === '/' ? real : `${real}/`;
  return points
    .filter((point) => point !== real && isAtOrBelow(point, real))
    .map((point) => ({ root, path: point.slice(above.length) }))
    .filter(({ path }) => !path.split('/').some((name) => isSkippedName(name, 'directory')));
}

/** Mount points with what tells each mount from another: its id, its device, and what of that is mounted, from where. */
function byPoint(list: Buffer): Mounts {
  const mounts = new Map<string, string>();
  for (const { id, device, root, mountPoint, source } of mountsIn(list)) {
    mounts.set(mountPoint, `${mounts.get(mountPoint) ?? ''}${id} ${device} ${root}${source}\n`);
  }
  return mounts;
}
