import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** How many descriptors of this process are open on something below `root` (always 0 outside Linux). */
export function openDescriptors(root: string): number {
  if (process.platform !== 'linux') return 0;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
    } catch {
      return false;
    }
  }).length;
}

/** How many directories this process watches, by the kernel's account. */
export function inotifyWatches(): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== 'anon_inode:inotify') continue;
      count += readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1').match(/^inotify /gm)?.length ?? 0;
    } catch {
      // Closed meanwhile.
    }
  }
  return count;
}
