// Hidden files, editor and office locks, and the names under which browsers and copy tools keep what is not finished yet.
const temporaryName = /^\.|^~\$|~$|\.(?:tmp|part|partial|crdownload)$/i;
const ownFolders: ReadonlySet<string> = new Set(['_done', '_failed']);

/** Whether a name is skipped by default. `_done` and `_failed` (where the after-upload action moves files) only as directories. */
export function isIgnoredName(name: string, kind: 'file' | 'directory'): boolean {
  return temporaryName.test(name) || (kind === 'directory' && ownFolders.has(name));
}
