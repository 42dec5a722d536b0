import type { Content } from '../../core/content.ts';
import type { ContentEvent, ListedAsset } from '../../core/event.ts';

/** What a walk through FLORA's listing is to do. */
export interface ReconcileOptions {
  /** Every page, also where fewer would do. */
  readonly isFull: boolean;
  /** Only counts what it would do. */
  readonly isDryRun: boolean;
  /** Told each change that a dry run would make; the walk waits for it. */
  readonly onDrift?: (drift: Drift) => Promise<void>;
}

/** What a listing says that the ledger does not know. */
export interface News {
  readonly listed: ListedAsset;
  readonly event: ContentEvent;
}

/** What the listing would change. */
export interface Drift {
  readonly content: Content;
  readonly after: Content;
  readonly listed: ListedAsset;
}
