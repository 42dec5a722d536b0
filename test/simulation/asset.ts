import type { Destination } from '../../src/core/entry.ts';

export interface Asset {
  readonly id: string;
  readonly place: string;
  readonly project: string | null;
  readonly name: string;
  readonly url: string;
  readonly createdMs: number;
  /** Somebody else's: no request of ours made it. */
  readonly isForeign: boolean;
  /** Where it stands in a listing without an order. */
  readonly whim: number;
  isRemoved: boolean;
  /** When a listing last lacked it while a ledger looked for its bytes. */
  overlookedMs: number | null;
  /** When it is hidden from our key: from GET, or from the listing too. */
  hidden: { readonly fromMs: number; readonly untilMs: number; readonly isUnlisted: boolean } | null;
  status: 'pending_upload' | 'ready' | 'failed';
  isProcessing: boolean;
  target: Target | null;
  bytes: string | null;
  changedMs: number;
  before: Asset['status'];
}

export interface Target {
  readonly url: string;
  readonly asset: Asset;
  readonly expiresMs: number;
}

/** Where assets lie, as one word. */
export function placeKey({ folder, projectId }: Pick<Destination, 'folder' | 'projectId'>): string {
  return `${folder ?? ''}${projectId === null ? '' : `@${projectId}`}`;
}
