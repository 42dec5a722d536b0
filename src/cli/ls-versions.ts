import { absolutePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import type { LedgerDatabase } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { type KnownPath, knownFiles } from '../operations/known-files.ts';
import { printJson, printLines } from './output.ts';
import { showBytes } from './show/bytes.ts';
import { type Line, line, type Screen, span } from './show/lines.ts';
import { momentOf } from './show/moment.ts';
import { showBelow } from './show/path.ts';
import { styleOf } from './show/states.ts';
import { isoTime } from './show/time.ts';
import { cutMiddle, padEnd, padStart } from './show/width.ts';

/**
 * Every content that each path has held, path by path, the newest first.
 *
 * @param screen null for JSON
 */
export async function listVersions(database: LedgerDatabase, screen: Screen | null): Promise<void> {
  const inventory = new Inventory(database);
  const folders = inventory.folders();
  for (const folder of folders) {
    if (screen?.isTerminal === true) await printLines([line(span(showPath(folder.root), 'bold'))], screen);
    for (const known of knownFiles(inventory, folder)) {
      const lines = versionsOf(inventory, known);
      if (screen === null) for (const each of lines) await printJson(each);
      else if (lines.length > 0) {
        const whole = showPath(lines[0]?.path ?? '');
        const path =
          screen.isTerminal || folders.length === 1 ? showBelow(folder.root, absolutePath(known.path)) : whole;
        await printLines(describe(lines, path, screen), screen);
      }
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

/** Where there is less room, the digest gives way, and then the time. */
const columnsForDigest = 96;
const columnsForTimes = 64;

function describe(lines: readonly VersionLine[], path: string, screen: Screen): readonly Line[] {
  const { columns, isTerminal } = screen;
  const has = (needed: number) => columns === null || columns >= needed;
  const rows = lines.map(({ version, is_current: isCurrent, state, size, time, asset_id: assetId, sha256 }) => {
    const when = has(columnsForTimes) ? `${padEnd(momentOf(time, screen), isTerminal ? 11 : 0)}  ` : '';
    const head = `${isCurrent ? '*' : ' '} ${String(version).padStart(4)}  ${when}`;
    const tail = `  ${padStart(showBytes(size), 9)}  `;
    const asset = showText(assetId ?? 'no asset');
    const shown = columns === null ? asset : cutMiddle(asset, columns - head.length - 8 - tail.length);
    const digest = has(columnsForDigest) ? `  sha256 ${sha256.slice(0, 12)}` : '';
    return line(head, span(padEnd(state, 8), styleOf(state)), `${tail}${shown}${digest}`);
  });
  return [line(columns === null ? path : cutMiddle(path, columns)), ...rows];
}
