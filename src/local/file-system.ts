import { statfsSync } from 'node:fs';
import { absolutePath, type FilePath } from '../core/entry.ts';
import { fsPath } from './fs-path.ts';

// statfs(2), linux/magic.h and the file systems' own sources.
const remoteMagics: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xfe534d42, 'smb2'],
  [0xff534d42, 'cifs'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'afs'],
  [0x73757245, 'coda'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
  [0x47504653, 'gpfs'],
  [0x19830326, 'beegfs'],
  [0x786f4256, 'vboxsf'],
  [0xbacbacbc, 'vmhgfs'],
]);

/**
 * Whether other hosts may write to the file system of `path` unseen (FUSE counts, since sshfs and cloud mounts are FUSE):
 * there inotify and the open-writer check miss things, and synchronous calls may block. Unknown counts as local; always
 * false outside Linux. Throws Node's system errors.
 */
export function isRemoteFileSystem(path: string): boolean {
  return process.platform === 'linux' && remoteFileSystemName(statfsSync(fsPath(path)).type) !== null;
}

/** How long a device is what it was: its number may be another file system's as soon as it is unmounted. */
const knownForMs = 1_000;

/**
 * The same by device, which needs to be asked once a second only. What cannot be asked counts as remote: the careful answer.
 *
 * @param now a monotonic clock in milliseconds
 */
export function remoteDevices(now: () => number): (path: FilePath, device: number) => boolean {
  const known = new Map<number, { readonly isRemote: boolean; readonly untilMs: number }>();
  return (path, device) => {
    const nowMs = now();
    const found = known.get(device);
    if (found !== undefined && nowMs < found.untilMs) return found.isRemote;
    try {
      const isRemote = isRemoteFileSystem(absolutePath(path));
      known.set(device, { isRemote, untilMs: nowMs + knownForMs });
      return isRemote;
    } catch {
      return true;
    }
  };
}

/** The name of a remote file system by its statfs magic, or null. */
export function remoteFileSystemName(magic: number): string | null {
  return remoteMagics.get(magic >>> 0) ?? null;
}
