import type { AssetStatus } from './event.ts';

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
  /** `matching` where FLORA may have these bytes without the ledger's knowing it. */
  readonly state: 'matching' | 'queued';
  readonly twin: number;
  readonly notBeforeMs: number;
}

/** What a full walk through a listing showed of its order. */
export interface ListingOrder {
  /** When it began. */
  readonly fullAtMs: number;
  /** Each asset was as old as the one before, or older: the news is in front. */
  readonly isNewestFirst: boolean;
}

/** How far the search for bytes that FLORA has already has come with one listing. */
export interface PlaceListing {
  readonly walks: number;
  readonly isDone: boolean;
}

/** An asset that the listing showed while FLORA is searched for bytes that it has already. */
export interface RemoteAsset {
  readonly assetId: string;
  readonly workspaceId: string;
  readonly projectId: string | null;
  readonly name: string | null;
  readonly sizeBytes: number | null;
  readonly status: AssetStatus;
  readonly url: string | null;
  readonly createdAtMs: number | null;
  /** FLORA says that it made another type of file of it. */
  readonly isConverted: boolean;
  /** FLORA named no id: the one here is made up, and means nothing to it. */
  readonly isAnonymous: boolean;
  /** Of the bytes behind its URL, once they were fetched. Lower-case hex. */
  readonly sha256: string | null;
}

/** How the search for bytes that FLORA has already went: of a ledger that is new, or was restored. */
export interface MatchingSummary {
  readonly sinceMs: number;
  /** When everything was decided; null before. */
  readonly endedMs: number | null;
  /** Different assets listed. */
  readonly assets: number;
  /** Bytes fetched to compare digests. */
  readonly fetchedBytes: number;
  /** Contents whose bytes were found. */
  readonly adopted: number;
  /** Items of the last listing that could not be read. */
  readonly unreadable: number;
  /** Why the listing cannot be read just now; null when it can. */
  readonly trouble: string | null;
}

/** What FLORA was seen to do with files of one type. */
export interface LearntType {
  /** Whether it reports the size that was sent; null where it reports none. */
  readonly isSizeKept: boolean | null;
  /** Whether the bytes behind the asset's URL are those that were sent; null where they could not be compared. */
  readonly areBytesKept: boolean | null;
  /** The type that it reports; null where it reports none. */
  readonly keptAs: string | null;
}

/** What was learnt of how FLORA answers, by workspace: its documents disagree. Everything is null until it was seen. */
export interface Learnt {
  /** The first asset that was looked at whole, and when. */
  readonly assetId: string | null;
  readonly atMs: number | null;
  /** What `complete` and `retry` take as their body. */
  readonly body: 'json' | 'none' | null;
  readonly target: {
    readonly kind: 'form' | 'put';
    readonly host: string;
    /** How long it lives, as far as it is told. */
    readonly livesMs: number | null;
  } | null;
  /** For how long GET did not show what `complete` had called ready; 0 when it did at once. */
  readonly lagMs: number | null;
  /** Whether the listing has shown the sizes that GET tells: one that did not once is not believed any more. */
  readonly areListedSizesRight: boolean | null;
  /** By content type. */
  readonly types: Readonly<Record<string, LearntType>>;
}

export const nothingLearnt: Learnt = {
  assetId: null,
  atMs: null,
  body: null,
  target: null,
  lagMs: null,
  areListedSizesRight: null,
  types: {},
};

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
  /** Whether every page was read, or only those that can hold news. */
  readonly isFull: boolean;
  readonly pages: number;
  /** Different assets listed. */
  readonly assets: number;
  /** Of those, how many are bound to our contents. */
  readonly ours: number;
  /** Of those, how many nothing here is bound to. */
  readonly unknown: number;
  /** Items beside those that name no asset, or could not be read at all. */
  readonly unreadable: number;
  /** How many told us something new. */
  readonly drift: number;
  /** How many of ours a full listing lacked, so that each was asked for by itself. */
  readonly asked: number;
  /** How many of ours are missing at FLORA now. */
  readonly missing: number;
  readonly seconds: number;
  /** Why it ended early; null when it went through. */
  readonly error: string | null;
}

/** What is kept of a learned rate for the next life. */
export interface SavedPace {
  readonly kind: 'doubling' | 'bucket' | 'window';
  /** Calls a second: what was measured. */
  readonly perSecond: number;
  /** Within which the rate comes back to that. */
  readonly recoverMs: number;
  /** From one opening to the next, as the rate was measured. */
  readonly cycleMs: number;
  /** Wall clock of the last refusal. */
  readonly limitedAtMs: number;
}
