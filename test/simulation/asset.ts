import type { Destination } from '../../src/core/entry.ts';
import type { Knobs } from './knobs.ts';

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
  /** Some bytes were accepted for it, whatever became of them. */
  hasHadBytes: boolean;
  changedMs: number;
  before: Asset['status'];
}

export interface Target {
  readonly url: string;
  readonly asset: Asset;
  readonly expiresMs: number;
  isUsed: boolean;
}

/** Where assets lie, as one word. */
export function placeKey({ folder, projectId }: Pick<Destination, 'folder' | 'projectId'>): string {
  return `${folder ?? ''}${projectId === null ? '' : `@${projectId}`}`;
}

/** Size and type in which FLORA keeps what was sent. */
export function keptAs(asset: Asset, knobs: Pick<Knobs, 'dialect' | 'nature'>) {
  const kept = keptBytes(asset, knobs);
  const sizeBytes = kept === null ? undefined : kept.length * knobs.nature.scale;
  if (!knobs.dialect.isConverting) return { size_bytes: sizeBytes };
  return { size_bytes: sizeBytes, content_type: 'image/webp', upload_content_type: 'image/png' };
}

/** What lies behind an asset's URL. */
export function keptBytes({ bytes }: Asset, { dialect }: Pick<Knobs, 'dialect'>): string | null {
  return bytes !== null && dialect.isConverting ? `${bytes} as webp` : bytes;
}
