import type { DropFolder } from '../../core/drop-folder.ts';
import { joinPath, splitPath } from '../../core/entry.ts';
import { displayName } from '../../core/name.ts';
import type { LedgerTablesPort } from '../ports/ledger.ts';
import type { WatchPort } from '../ports/watch.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import { type AdmitDeps, fileRecord } from './admit.ts';
import { knownSlices } from './known.ts';

export interface VanishingDeps extends AdmitDeps {
  readonly roots: RootGuard;
  readonly watch: WatchPort;
  readonly signal: AbortSignal;
  /** So many absences are looked at and written down in one turn of the event loop: a few milliseconds by default. */
  readonly vanishedPerWrite?: number | undefined;
  /** Whether what stood at the name does not now. */
  readonly isGone: (folder: DropFolder, directory: string, name: string, wanted: 'file' | 'directory') => boolean;
  /** Nothing is at or below this path any more. */
  readonly onVanished: (path: string) => void;
}

/**
 * Writes down what is not there any more, however much: a slice at a time, each with its own look at root and disk, because what
 * was seen to be missing may be seconds old by then. Whatever a crash leaves of it is missing at the next scan as well.
 */
export class Vanishing {
  readonly #deps: VanishingDeps;
  readonly #perWrite: number;

  constructor(deps: VanishingDeps) {
    this.#deps = deps;
    this.#perWrite = deps.vanishedPerWrite ?? 200;
  }

  /** Those of a directory's names that are gone; all of them, where `above`, which they are below, is. */
  async files(
    folder: DropFolder,
    directory: string,
    directoryId: number,
    names: readonly string[],
    above: string | null = null,
  ): Promise<void> {
    const { roots, signal, isGone } = this.#deps;
    for (let at = 0; at < names.length; at += this.#perWrite) {
      signal.throwIfAborted();
      if (!roots.isThere({ root: folder.root, directory })) return;
      const slice = names.slice(at, at + this.#perWrite);
      await admitVanished(
        this.#deps,
        folder,
        directory,
        directoryId,
        slice,
        (name) => this.#isTreeGone(folder, above) || isGone(folder, directory, name, 'file'),
      );
    }
  }

  /** A directory that is not there, with all that was in and below it; itself last, so that what is left is looked for again. */
  async tree(folder: DropFolder, directory: string, directoryId: number, top = directory): Promise<void> {
    const { ledger, roots } = this.#deps;
    if (!roots.isThere({ root: folder.root, directory })) return;
    this.#deps.onVanished(joinPath(folder.root, directory));
    this.#deps.watch.remove(folder, directory);
    for (const slice of knownSlices(ledger, directoryId, this.#perWrite)) {
      const names = slice.filter((file) => !file.isGone).map(({ name }) => name);
      await this.files(folder, directory, directoryId, names, top);
    }
    for (const child of ledger.directories.children(directoryId)) await this.tree(folder, child.path, child.id, top);
    if (!roots.isThere({ root: folder.root, directory })) return;
    await ledger.write((tables) => {
      // It may have come back while its names were written down.
      const isGone = this.#isTreeGone(folder, top) || this.#isTreeGone(folder, directory);
      if (isGone) tables.directories.markGone(directoryId);
    });
  }

  /** Its names may stand there all the same, below a directory that is skipped, or was only spelled otherwise. */
  #isTreeGone(folder: DropFolder, path: string | null): boolean {
    if (path === null) return false;
    const { directory, name } = splitPath(path);
    return this.#deps.isGone(folder, directory, name, 'directory');
  }
}

/**
 * Notes that files are not there any more: the ledger keeps them as gone. In one write, so that callers bound their number.
 *
 * @param isGone asked of each inside the write
 */
async function admitVanished(
  deps: AdmitDeps,
  folder: { readonly folderId: number; readonly root: string },
  directory: string,
  directoryId: number,
  names: readonly string[],
  isGone: (name: string) => boolean,
): Promise<void> {
  const nowMs = deps.clock.now();
  const gone = await deps.ledger.write((tables) =>
    names.filter((name) => isGone(name) && vanish(tables, directoryId, name, nowMs)),
  );
  for (const name of gone) {
    const path = displayName(joinPath(joinPath(folder.root, directory), name));
    deps.log.info({ path, to: 'gone' }, 'the file is not there any more -> gone');
  }
}

function vanish(tables: LedgerTablesPort, directoryId: number, name: string, nowMs: number): boolean {
  const known = tables.files.get(directoryId, name);
  if (known === undefined || known.isGone) return false;
  if (known.contentId === null) {
    tables.files.remove(directoryId, name);
    return false;
  }
  tables.files.markGone(directoryId, name, nowMs);
  const record = fileRecord(directoryId, name, nowMs);
  tables.history.append({ ...record, contentId: known.contentId, event: 'vanished', to: 'gone' });
  return true;
}
