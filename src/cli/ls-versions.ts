import { absolutePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import type { LedgerDatabase } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { type KnownPath, knownFiles } from '../operations/known-files.ts';
import { isoTime, print, printJson, showBytes } from './output.ts';

/** Every content that each path has held, path by path, the newest first. */
export async function listVersions(database: LedgerDatabase, isJson: boolean): Promise<void> {
  const inventory = new Inventory(database);
  for (const folder of inventory.folders()) {
    for (const known of knownFiles(inventory, folder)) {
      const lines = versionsOf(inventory, known);
      if (isJson) for (const line of lines) await printJson(line);
      else if (lines.length > 0) await print(describe(lines));
    }
  }
}

type VersionLine = ReturnType<typeof versionsOf>[number];

function versionsOf(inventory: Inventory, { folder, path, file }: KnownPath) {
  const versions = inventory.versions(file.directoryId, file.name);
  const latest = versions.at(-1);
  return versions
    .map((version) => ({
      path: displayName(absolutePath(path)),
      folder: displayName(folder.root),
      version: version.number,
      is_current: version === latest && !file.isGone && file.content?.contentId === version.contentId,
      state: version.state,
      asset_id: version.assetId,
      url: version.state === 'ready' ? version.url : null,
      size: version.sizeBytes,
      sha256: version.sha256,
      time: isoTime(version.atMs),
    }))
    .reverse();
}

function describe(lines: readonly VersionLine[]): string {
  const path = showPath(lines[0]?.path ?? '');
  const rows = lines.map(({ version, is_current: isCurrent, state, size, time, asset_id: assetId, sha256 }) => {
    const mark = isCurrent ? '*' : ' ';
    const tail = `${showText(assetId ?? 'no asset')}  sha256 ${sha256.slice(0, 12)}`;
    return `${mark} ${String(version).padStart(4)}  ${time}  ${state.padEnd(9)} ${showBytes(size).padStart(9)}  ${tail}\n`;
  });
  return `${path}\n${rows.join('')}`;
}
