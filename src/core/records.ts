// The rows that the engine writes and the ledger keeps. Times are milliseconds since the epoch.

/** What a new content begins with; the rest is its zero. */
export interface NewContent {
  readonly destinationId: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly fileName: string;
  readonly idempotencyKey: string;
}

/** One line of the append-only history. Never holds keys, signed URLs or form fields. */
export interface HistoryRecord {
  readonly atMs: number;
  readonly contentId: number | null;
  /** The file it is about, where it is about one. */
  readonly file: { readonly directoryId: number; readonly name: string } | null;
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly assetId: string | null;
  readonly requestId: string | null;
  readonly attempt: number | null;
  readonly detail: string | null;
}

/** What the last walk through FLORA's listing found. */
export interface ReconcileSummary {
  readonly atMs: number;
  readonly pages: number;
  readonly assets: number;
  /** Of those, how many are bound to our contents. */
  readonly ours: number;
  /** How many told us something new. */
  readonly drift: number;
  readonly seconds: number;
  /** Why it ended early; null when it went through. */
  readonly error: string | null;
}
