import { resolve } from 'node:path';
import type { FilePath } from '../core/entry.ts';
import { absolutePath } from '../core/entry.ts';
import { locate } from '../core/locate.ts';
import { encodeName } from '../core/name.ts';
import { showPath } from '../core/show-text.ts';
import type { SyncError } from '../errors.ts';
import { usageError } from '../errors.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import type { Inventory, InventoryFile, InventoryFolder } from '../ledger/inventory.ts';
import type { SqliteDatabase } from '../runtime/sqlite.ts';

/** How many rows are read at a time. */
const batch = 500;

export interface KnownPath {
  readonly folder: InventoryFolder;
  readonly path: FilePath;
  readonly file: InventoryFile;
}

/** The ledger for looking only; a usage error when there is none yet. */
export function openKnownLedger(stateDir: string): SqliteDatabase {
  const database = openDatabaseReadOnly(stateDir);
  if (database !== undefined) return database;
  const hint = 'It begins with the first `run` or `sync`. Is --state-dir (FLORA_SYNC_STATE_DIR) the same as theirs?';
  throw usageError(`There is no ledger in ${stateDir} yet`, hint);
}

/**
 * What a path on the command line may mean: as typed, or with \xHH as `ls` writes bytes that are not UTF-8.
 *
 * @param base what it is relative to, if it is; the working directory by default
 */
export function meanings(typed: string, base = ''): readonly string[] {
  const absolute = resolve(base, typed);
  const escaped = absolute.replaceAll(/\\x([89a-f][0-9a-f])/g, (_, hex: string) =>
    String.fromCharCode(0xdc00 + Number.parseInt(hex, 16)),
  );
  return [...new Set([absolute, escaped])];
}

/** The file of a watched folder that is meant; undefined when the ledger has never seen it. */
export function findKnown(inventory: Inventory, typed: string): KnownPath | undefined {
  const folders = inventory.folders();
  // From here before from its drop folder, which is how `ls` shows it.
  for (const fromRoot of [false, true]) {
    for (const folder of folders) {
      for (const absolute of meanings(typed, fromRoot ? folder.root : '')) {
        const path = locate(folder.root, absolute);
        const file = path === null ? undefined : inventory.file(folder.folderId, path.directory, path.name);
        if (path !== null && file !== undefined) return { folder, path, file };
      }
    }
  }
  return resolve(typed).includes('\uFFFD') ? findLossy(inventory, folders, resolve(typed)) : undefined;
}

/** Node hands over arguments that are not UTF-8 with U+FFFD in them: the first file that looks the same then is meant. */
function findLossy(inventory: Inventory, folders: readonly InventoryFolder[], absolute: string): KnownPath | undefined {
  for (const folder of folders) {
    for (const known of knownFiles(inventory, folder)) {
      if (Buffer.from(encodeName(absolutePath(known.path))).toString('utf8') === absolute) return known;
    }
  }
  return undefined;
}

/** The file that is meant, or a usage error. */
export function requireKnown(inventory: Inventory, typed: string): KnownPath {
  const known = findKnown(inventory, typed);
  if (known !== undefined) return known;
  throw neverSeen(typed);
}

/** @param why what is known of it all the same */
export function neverSeen(typed: string, why: string | null = null): SyncError {
  const hint = why ?? '`flora-sync ls` lists what it knows; hidden and temporary names are never taken.';
  return usageError(`The ledger has never seen ${showPath(resolve(typed))}`, hint);
}

/** Every file of a folder, by path, read in batches; or those in the directories that are asked for. */
export function* knownFiles(
  inventory: Inventory,
  folder: InventoryFolder,
  isWanted: (directory: string) => boolean = () => true,
): Generator<KnownPath> {
  const { root, folderId } = folder;
  for (let after: string | null = null; ; ) {
    const directories = inventory.directories(folderId, after, batch);
    for (const { directoryId, directory } of directories) {
      if (!isWanted(directory)) continue;
      for (let last: string | null = null; ; ) {
        const files: readonly InventoryFile[] = inventory.files(directoryId, last, batch);
        for (const file of files) yield { folder, path: { root, directory, name: file.name }, file };
        last = files.at(-1)?.name ?? null;
        if (last === null) break;
      }
    }
    after = directories.at(-1)?.directory ?? null;
    if (after === null) break;
  }
}
