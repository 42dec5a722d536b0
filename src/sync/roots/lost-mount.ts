import type { DropFolder } from '../../core/drop-folder.ts';
import { type Problem, splitPath } from '../../core/entry.ts';
import type { LedgerPort } from '../ports/ledger.ts';
import type { LocalPort } from '../ports/local.ts';

/**
 * The directory, at or above this one but below the root, on which a drive with files that we know was mounted and is not
 * now; null when there is none. Told by the empty directory that it left: the files were on another device than that one
 * is on, and on none that the root has been on (a root that was mounted again may have another number).
 *
 * A mount of the root's own file system is not told from a directory, and where the mount point went away with the drive,
 * or something was put into it, its files count as gone.
 */
export function findLostMount(
  { ledger, local }: { readonly ledger: LedgerPort; readonly local: LocalPort },
  folder: Pick<DropFolder, 'folderId' | 'root'>,
  directory: string,
  rootDevices: ReadonlySet<number>,
): string | null {
  for (let at = directory; at !== ''; at = splitPath(at).directory) {
    const found = local.glance(folder.root, at);
    if (found === null) continue;
    const known = found.isEmpty ? ledger.directories.find(folder.folderId, at) : undefined;
    if (known === undefined || known.isGone || found.device === null) return null;
    const device = ledger.directories.anyDevice(known.id);
    return device === null || device === found.device || rootDevices.has(device) ? null : at;
  }
  return null;
}

export const mountMissing: Problem = {
  code: 'mount_missing',
  reason:
    'The drive that was mounted here is not: its files are left as they were until it is back, or something else is here.',
};
