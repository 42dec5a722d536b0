import type { DropFolder } from '../../core/drop-folder.ts';
import type { KnownFile, LedgerTablesPort } from '../ports/ledger.ts';
import type { FolderFile } from './admit.ts';

/** What the ledger knows of a directory, a slice at a time: all of a huge one would be several times its listing. */
export function* knownSlices(
  { files }: Pick<LedgerTablesPort, 'files'>,
  directoryId: number,
  perSlice: number,
): Generator<readonly KnownFile[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const slice: readonly KnownFile[] = files.inDirectory(directoryId, after, perSlice);
    yield slice;
    // Where the slice is full, there may be more.
    after = slice[perSlice - 1]?.name;
  }
}

export function knownFile(
  { directories, files }: Pick<LedgerTablesPort, 'directories' | 'files'>,
  { folderId }: DropFolder,
  directory: string,
  name: string,
): KnownFile | undefined {
  const parent = directories.find(folderId, directory);
  return parent === undefined ? undefined : files.get(parent.id, name);
}

export function fileOf(folder: DropFolder, directory: string, name: string): FolderFile {
  return { ...folder, directory, name };
}
