/** A watched drop folder as the ledger numbers it, with its rules. */
export interface DropFolder {
  readonly folderId: number;
  readonly destinationId: number;
  /** Absolute. */
  readonly root: string;
  /** Whether files with the same bytes share one asset, or have a separate one each. */
  readonly copies: 'share' | 'separate';
}

/** Whether one of the folders has the rule to upload again what is missing at FLORA. */
export function uploadingMissing(
  folders: readonly { readonly path: string; readonly onMissing: 'report' | 'upload' }[],
): (root: string) => boolean {
  const roots = new Set(folders.filter(({ onMissing }) => onMissing === 'upload').map(({ path }) => path));
  return (root) => roots.has(root);
}
