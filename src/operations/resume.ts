import { displayName, encodeName } from '../core/name.ts';
import { absolute, nothing, objectWith, oneOf, requestWith, type Shaped, text } from '../core/shape.ts';
import { showPath } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { knownRoots, meanings } from './known-files.ts';

/** Takes a folder's root as it is that is halted because another directory is in its place. */
export const resume = {
  path: '/resume',
  request: requestWith({ folder: absolute }),
  item: nothing,
  result: objectWith({ folder: text, outcome: oneOf('accepted', 'unchanged', 'halted'), message: text }),
} as const;

export type ResumeRequest = Shaped<typeof resume.request>;
/** What came of accepting a folder's root as it is. */
export type Accepted = Shaped<typeof resume.result>;

export interface ResumeWork<F> {
  readonly folders: readonly F[];
  readonly isHalted: (folder: F) => boolean;
  /** Returns why the folder stays halted; null when it does not. */
  readonly accept: (folder: F) => Promise<{ readonly message: string } | null>;
}

/** @throws SyncError `usage` where the path is none of the folders */
export async function resumeFolder<F extends { readonly root: string }>(
  { folders, isHalted, accept }: ResumeWork<F>,
  request: ResumeRequest,
): Promise<Accepted> {
  const found = folderAt(folders, request.folder);
  const folder = displayName(found.root);
  if (!isHalted(found)) return { folder, outcome: 'unchanged', message: 'is not halted' };
  const trouble = await accept(found);
  if (trouble !== null) return { folder, outcome: 'halted', message: trouble.message };
  return { folder, outcome: 'accepted', message: 'is taken as it is from now on' };
}

/** The folder that is meant. Throws a usage error that names the others, if it is none of them. */
export function folderAt<F extends { readonly root: string }>(folders: readonly F[], path: string): F {
  const meant = meanings(path);
  // Node hands over arguments that are not UTF-8 with U+FFFD in them.
  const shown = ({ root }: F) => Buffer.from(encodeName(root)).toString('utf8');
  const folder =
    folders.find(({ root }) => meant.includes(root)) ?? folders.find((each) => meant.includes(shown(each)));
  if (folder !== undefined) return folder;
  throw usageError(`${showPath(path)} is not a drop folder that the ledger knows`, knownRoots(folders));
}
