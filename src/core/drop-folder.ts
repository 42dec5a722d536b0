/** A watched drop folder as the ledger numbers it. */
export interface DropFolder {
  readonly folderId: number;
  readonly destinationId: number;
  readonly root: string;
  /** Whether files with the same bytes share one asset, or have a separate one each. */
  readonly copies: 'share' | 'separate';
}
