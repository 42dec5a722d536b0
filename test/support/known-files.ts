import type { FileStat } from '../../src/core/entry.ts';
import { splitPath } from '../../src/core/entry.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';

const nowMs = 1_800_000_000_000;

/** Writes files that were taken in into the ledger, each with bytes of its own, last seen on this device. */
export async function knowFiles(
  ledger: Ledger,
  { folderId, destinationId }: { readonly folderId: number; readonly destinationId: number },
  paths: readonly string[],
  device = 1,
): Promise<void> {
  await ledger.write((tables) => {
    for (const path of paths) {
      const { directory, name } = splitPath(path);
      const content = tables.contents.insert(
        {
          destinationId,
          sha256: `digest of ${path}`,
          sizeBytes: 3,
          contentType: 'image/png',
          fileName: name,
          idempotencyKey: `key of ${path}`,
          state: 'queued',
          twin: 0,
          notBeforeMs: 0,
        },
        nowMs,
      );
      const directoryId = tables.directories.save(folderId, directory);
      tables.files.saveContent(directoryId, name, statOn(device), content.id, nowMs);
    }
  });
}

export function statOn(device: number): FileStat {
  return { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device };
}
