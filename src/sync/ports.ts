// What the engine needs of the world, declared by the code that needs it. Adapters in ledger/, local/ and remote/ fit
// these shapes; the simulation puts models in their place.
import type { Content } from '../core/content.ts';
import type { Creation } from '../core/creation.ts';
import type { KnownName } from '../core/diff.ts';
import type { Destination, DirectoryListing, FilePath, FileStat, Fingerprint, Problem } from '../core/entry.ts';
import type { AssetFacts } from '../core/event.ts';
import type {
  HistoryRecord,
  Learnt,
  ListingOrder,
  MatchingSummary,
  NewContent,
  PlaceListing,
  ReconcileSummary,
  RemoteAsset,
} from '../core/records.ts';

export type { Answer, ListedPage, ListQuery, RemotePort } from './remote-port.ts';

export interface ClockPort {
  now(): number;
  monotonic(): number;
  setTimer(delayMs: number, callback: () => void): { cancel(): void };
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Resolves after one turn of the event loop: what is ready goes first. */
  turn(): Promise<void>;
}

export interface RandomPort {
  fraction(): number;
  token(): string;
}

/** pino's shape: facts first, then the sentence. */
export interface LogPort {
  /** Whether such lines are written at all; absent: they may be. */
  isLevelEnabled?(level: 'debug' | 'info'): boolean;
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

// ---- ledger

export interface KnownFile extends KnownName {
  readonly directoryId: number;
  readonly contentId: number | null;
}

/** A path that has, or had last, a content. */
export type ContentPath = SourcePath & {
  readonly isGone: boolean;
  readonly isSameInode: boolean;
  /** In a folder that is watched now. */
  readonly isWatched: boolean;
  /** As the ledger last saw it. */
  readonly stat: FileStat;
};

/** What is looked for among FLORA's assets. `projectId` null: anywhere in the workspace. */
export interface AssetQuery {
  readonly workspaceId: string;
  readonly projectId: string | null;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** All names that files with these bytes have. */
  readonly names: readonly string[];
  /** FLORA is known to keep files of this type in the size that was sent, and to list it: one of another size is another file. */
  readonly isSizeKept: boolean;
}

/** Contents that wait for an asset, or those whose work has begun. */
export type DueKind = 'queued' | 'begun';

export type SourcePath = FilePath & { readonly directoryId: number };

export interface LedgerTablesPort {
  readonly boundAssets: {
    /** `at` is the place of its asset among those that were asked for. */
    of(assetIds: readonly string[]): readonly (Pick<
      Content,
      'id' | 'assetId' | 'state' | 'url' | 'sizeBytes' | 'remoteSizeBytes' | 'reasonCode'
    > & {
      readonly at: number;
    })[];
    /** Contents that have an asset, in the order of the assets' ids; `last` is null behind the last one. */
    idsAfter(assetId: string, most: number): { readonly ids: readonly number[]; readonly last: string | null };
  };
  readonly contents: {
    get(id: number): Content | undefined;
    withBytes(destinationId: number, sha256: string): readonly Content[];
    findByAsset(assetId: string): Content | undefined;
    stateSinceMs(id: number): number | undefined;
    due(kind: DueKind, nowMs: number, limit: number): readonly { readonly id: number; readonly notBeforeMs: number }[];
    leastTried(nowMs: number): { readonly id: number; readonly notBeforeMs: number } | undefined;
    nextDueAtMs(kind: DueKind, nowMs: number): number | undefined;
    withoutBytes(): readonly number[];
    clampWaits(nowMs: number, longestMs: number): void;
    hasMatching(): boolean;
    unparkMatching(nowMs: number): void;
    controlAssets(contentId: number, limit: number): readonly string[];
    missing(): readonly number[];
    missingCount(): number;
    oldestBoundAtMs(): number | null;
    insert(content: NewContent, nowMs: number): Content;
    save(previous: Content, next: Content, nowMs: number): boolean;
  };
  readonly files: {
    /** In the order of their names: all, or so many that come after one. */
    inDirectory(directoryId: number, after?: string, most?: number): readonly KnownFile[];
    get(directoryId: number, name: string): KnownFile | undefined;
    saveContent(directoryId: number, name: string, stat: FileStat, contentId: number, nowMs: number): void;
    saveProblem(directoryId: number, name: string, stat: FileStat, problem: Problem, nowMs: number): void;
    markGone(directoryId: number, name: string, nowMs: number): void;
    remove(directoryId: number, name: string): void;
    doubt(directoryId: number, name: string, contentId: number): void;
    doubtContent(contentId: number): void;
    sources(contentId: number, most?: number): readonly SourcePath[];
    pathsOf(contentId: number, inode: { readonly inode: number; readonly device: number }): readonly ContentPath[];
  };
  readonly directories: {
    destination(id: number): Destination;
    rootIdentity(folderId: number): string | null;
    saveRootIdentity(folderId: number, identity: string): void;
    forgetRootIdentity(folderId: number): void;
    hasFiles(folderId: number, atLeast?: number): boolean;
    /** On which device a live file with bytes at or below this directory was seen; null when there is no such file. */
    anyDevice(directoryId: number): number | null;
    needsMatching(folderId: number): boolean;
    setNeedsMatching(folderId: number, needsMatching: boolean): void;
    toMatch(): readonly number[];
    /** Whether any file or directory of the folder has one of these problems. */
    hasProblems(folderId: number, codes: ReadonlySet<string>): boolean;
    find(folderId: number, path: string): { readonly id: number; readonly isGone: boolean } | undefined;
    save(folderId: number, path: string): number;
    children(directoryId: number): readonly { readonly id: number; readonly path: string }[];
    markGone(directoryId: number): void;
  };
  readonly history: { append(record: HistoryRecord): void };
  readonly facts: {
    readonly matching: MatchingSummary | null;
    setMatching(summary: MatchingSummary): void;
    isListed(place: string): boolean;
    listing(place: string): PlaceListing;
    setListing(place: string, listing: PlaceListing): void;
    forgetListed(): void;
    setLastReconcile(summary: ReconcileSummary): void;
    readonly creation: Creation | null;
    setCreation(creation: Creation): void;
    learnt(workspaceId: string): Learnt;
    setLearnt(workspaceId: string, learnt: Learnt): void;
    listingOrder(place: string): ListingOrder | null;
    setListingOrder(place: string, order: ListingOrder): void;
  };
  readonly remoteAssets: {
    clear(): void;
    save(asset: Omit<RemoteAsset, 'sha256'>): void;
    saveDigest(assetId: string, sha256: string): void;
    saveTold(facts: Pick<AssetFacts, 'assetId' | 'status' | 'sizeBytes'>): void;
    hasAny(): boolean;
    count(): number;
    candidate(query: AssetQuery, compared?: readonly string[]): RemoteAsset | undefined;
    pending(query: AssetQuery): readonly RemoteAsset[];
  };
}

/** Effects wait for `write`: it resolves when the change is durable. */
export interface LedgerPort extends LedgerTablesPort {
  write<T>(run: (tables: LedgerTablesPort) => T): Promise<T>;
  /** Several reads at the price of one transaction. */
  readTogether<T>(read: () => T): T;
}

// ---- the local file system

/** Bytes for an upload. `chunks` throws `source_changed` before its last piece unless all of them were the right ones. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** All bytes at once, by the same promise, where that waits for nothing; false elsewhere. Either this or `chunks`. */
  readInto?(target: Uint8Array): boolean;
  chunks(): AsyncIterable<Uint8Array>;
  /** Takes a chunk back, to be filled again: nothing reads it any more. */
  recycle?(chunk: Uint8Array): void;
  close(): Promise<void>;
}

export type OpenedSource =
  | (ByteSource & { readonly kind: 'source' })
  | { readonly kind: 'gone' | 'changed' }
  | { readonly kind: 'problem'; readonly problem: Problem };

export type Inspection =
  | { readonly kind: 'fingerprint'; readonly fingerprint: Fingerprint }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** Quiet, but it looks as if it were still being written: to be believed only after so many quiet periods more. */
  | { readonly kind: 'unfinished'; readonly quietPeriods: number }
  | { readonly kind: 'changed' | 'gone' };

/** What stands at a name now. */
export type Look =
  | { readonly kind: 'file'; readonly stat: FileStat }
  | { readonly kind: 'directory' | 'gone' | 'ignored' }
  | { readonly kind: 'problem'; readonly stat: FileStat | null; readonly problem: Problem };

/** A listing with what a watcher wants to know of the directory itself. */
export interface ScannedListing extends DirectoryListing {
  readonly identity: { readonly device: number; readonly inode: number; readonly birthtimeMs: number };
  readonly entryCount: number;
}

export type ReadResult =
  | { readonly kind: 'listing'; readonly listing: ScannedListing }
  | { readonly kind: 'gone' }
  | { readonly kind: 'problem'; readonly problem: Problem };

export interface WalkHandlers {
  /** Awaited before the next directory is read. */
  onDirectory(listing: ScannedListing): Promise<void>;
  onUnreadable(directory: string, problem: Problem): Promise<void>;
}

export interface LocalPort {
  /** Walks from `directory` down, in slices. Throws SyncError of scope `folder` when the root is not there. */
  walk(root: string, directory: string, handlers: WalkHandlers, signal: AbortSignal): Promise<void>;
  /** In slices, too: a directory may have any number of entries. */
  read(root: string, directory: string): Promise<ReadResult>;
  look(path: FilePath): Look;
  /**
   * A directory, read no further than its first entry: whether it has none, and the number of its device (null where the
   * files in it may have another). Null when it is no directory that we can read.
   */
  glance(root: string, directory: string): { readonly isEmpty: boolean; readonly device: number | null } | null;
  /** What tells a folder's root from another in its place; null when it is no directory. Begins with the device. */
  rootIdentity(root: string): string | null;
  /** Of these `device:inode` keys, the ones that some process holds open for writing. */
  openForWriting(keys: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Whether writers on other hosts may exist, so that only the quiet period can be trusted. */
  isRemote(root: string): boolean;
  /** At the last look at what was `unfinished`, it is judged as it is. */
  inspect(path: FilePath, signal: AbortSignal, isLastLook?: boolean): Promise<Inspection>;
  openSource(
    path: FilePath,
    expected: { readonly sizeBytes: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<OpenedSource>;
}
