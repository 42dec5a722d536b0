import { isAbsolute, resolve } from 'node:path';
import type { FilePath } from '../core/entry.ts';
import { absolutePath, joinPath } from '../core/entry.ts';
import { locate } from '../core/locate.ts';
import { encodeName } from '../core/name.ts';
import { showPath } from '../core/show-text.ts';
import type { SyncError } from '../errors.ts';
import { usageError } from '../errors.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory, type InventoryFile, type InventoryFolder } from '../ledger/inventory.ts';
import { findOwner } from '../ledger/recovery/owner-lock.ts';
import type { SqliteDatabase } from '../runtime/sqlite.ts';

/** How many rows are read at a time. */
const batch = 500;

export interface KnownPath {
  readonly folder: InventoryFolder;
  readonly path: FilePath;
  readonly file: InventoryFile;
}

/** The ledger for looking only; a usage error where there is none. */
export function openKnownLedger(stateDir: string): SqliteDatabase {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined) throw noLedger(stateDir);
  return database;
}

/**
 * The same, but null where a daemon is there that is just beginning it: there is nothing to see yet.
 *
 * @param sought the file that somebody looks for in it
 */
export function openLedgerOfDaemon(stateDir: string, sought: string | null = null): SqliteDatabase | null {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined && findOwner(stateDir) === undefined) throw noLedger(stateDir, sought);
  return database ?? null;
}

/** What every command says where there is no ledger to look into: exit code 2. */
function noLedger(stateDir: string, sought: string | null = null): SyncError {
  const begins = 'It begins with the first `run` or `sync`. Is --state-dir (FLORA_SYNC_STATE_DIR) the same as theirs?';
  const hint = sought === null ? begins : `It has never seen ${showPath(resolve(sought))}. ${begins}`;
  return usageError(`There is no ledger in ${showPath(stateDir)} yet`, hint);
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

/** Throws what `openKnownLedger` throws. For whoever opens it later, by other means. */
export function requireLedger(stateDir: string): void {
  openKnownLedger(stateDir).close();
}

/**
 * The file of a watched folder that is meant by a path; undefined when the ledger has never seen it. A look for each spelling
 * and folder, no more.
 */
export function findKnown(
  inventory: Inventory,
  typed: string,
  folders: readonly InventoryFolder[] = inventory.folders(),
): KnownPath | undefined {
  for (const absolute of meanings(typed)) {
    for (const folder of folders) {
      const path = locate(folder.root, absolute);
      const file = path === null ? undefined : inventory.file(folder.folderId, path.directory, path.name);
      if (path !== null && file !== undefined) return { folder, path, file };
    }
  }
  return undefined;
}

/**
 * The same for a path as it stands on a command line: relative to here, or to its drop folder, as `ls` shows it. Node hands over
 * arguments that are not UTF-8 with U+FFFD in them: the first file that looks the same then is meant, which may take a look at
 * every one.
 */
export function findTyped(inventory: Inventory, typed: string): KnownPath | undefined {
  const folders = inventory.folders();
  const places = [...new Set([resolve(typed), ...folders.map(({ root }) => resolve(root, typed))])];
  for (const absolute of places) {
    const known = findKnown(inventory, absolute, folders);
    if (known !== undefined) return known;
  }
  if (!places.some(isLossy)) return undefined;
  for (const folder of folders) {
    for (const each of knownFiles(inventory, folder)) {
      if (places.includes(Buffer.from(encodeName(absolutePath(each.path))).toString('utf8'))) return each;
    }
  }
  return undefined;
}

function isLossy(path: string): boolean {
  return path.includes('\uFFFD');
}

/** The file that is meant, or a usage error that says what the path is instead. */
export function requireKnown(inventory: Inventory, typed: string, folders: readonly InventoryFolder[]): KnownPath {
  const known = findKnown(inventory, typed, folders);
  if (known !== undefined) return known;
  const place = placeOf(inventory, typed, folders);
  if (place === 'directory') {
    throw usageError(`${showPath(resolve(typed))} is a directory`, 'Name the files in it that are meant.');
  }
  throw neverSeen(typed, place === 'outside' ? `It is in no drop folder. ${knownRoots(folders)}` : null);
}

/** Throws what `requireKnown` throws for the first path that is no known file. */
export function requireAllKnown(stateDir: string, paths: readonly string[]): void {
  lookInto(stateDir, (inventory) => {
    const folders = inventory.folders();
    for (const path of paths) requireKnown(inventory, path, folders);
  });
}

/** The absolute paths that words of a command line mean (`findTyped`); what is no known file is taken as relative to here. */
export function pathsMeant(stateDir: string, typed: readonly string[]): readonly string[] {
  const isPlain = (word: string) => isAbsolute(word) && !isLossy(word);
  if (typed.every(isPlain)) return typed.map((word) => resolve(word));
  return lookInto(stateDir, (inventory) =>
    typed.map((word) => {
      const known = isPlain(word) ? undefined : findTyped(inventory, word);
      return known === undefined ? resolve(word) : absolutePath(known.path);
    }),
  );
}

function lookInto<T>(stateDir: string, look: (inventory: Inventory) => T): T {
  const database = openKnownLedger(stateDir);
  try {
    return look(new Inventory(database));
  } finally {
    database.close();
  }
}

/** Where a path lies that is no file that the ledger knows. */
function placeOf(
  inventory: Inventory,
  typed: string,
  folders: readonly InventoryFolder[],
): 'directory' | 'inside' | 'outside' {
  let place: 'inside' | 'outside' = 'outside';
  for (const absolute of meanings(typed)) {
    for (const { root, folderId } of folders) {
      if (absolute === root) return 'directory';
      const path = locate(root, absolute);
      if (path === null) continue;
      if (inventory.hasDirectory(folderId, joinPath(path.directory, path.name))) return 'directory';
      place = 'inside';
    }
  }
  return place;
}

export function knownRoots(folders: readonly { readonly root: string }[]): string {
  if (folders.length === 0) return 'It knows none: it begins with the first `run` or `sync`.';
  return `It knows ${folders.map(({ root }) => showPath(root)).join(', ')}.`;
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
