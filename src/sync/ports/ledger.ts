// What the engine needs of the ledger. Ports are declared by the code that needs them: the rooms ledger, local and remote fit them by
// shape, and the simulation puts models in their place.
import type { Content } from '../../core/content.ts';
import type { Creation } from '../../core/creation.ts';
import type { KnownName } from '../../core/diff.ts';
import type { Destination, FilePath, FileStat, Problem } from '../../core/entry.ts';
import type { AssetFacts } from '../../core/event.ts';
import type {
  HistoryRecord,
  Learnt,
  ListingOrder,
  MatchingSummary,
  NewContent,
  PlaceListing,
  ReconcileSummary,
  RemoteAsset,
} from '../../core/records.ts';

export interface KnownFile extends KnownName {
  readonly directoryId: number;
  readonly contentId: number | null;
  /** The rule that leaves it alone, in words. */
  readonly excludedBy: string | null;
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

/** A content as it has just been written, or read, and a file that should have its bytes. */
export interface Admitted {
  readonly content: Content;
  readonly path: SourcePath | undefined;
}

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
    nextInTurn(nowMs: number): { readonly id: number; readonly notBeforeMs: number } | undefined;
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
    inDirectory(directoryId: number, after?: string, most?: number): readonly KnownFile[];
    get(directoryId: number, name: string): KnownFile | undefined;
    saveContent(directoryId: number, name: string, stat: FileStat, contentId: number, nowMs: number): void;
    saveProblem(directoryId: number, name: string, stat: FileStat, problem: Problem, nowMs: number): void;
    markGone(directoryId: number, name: string, nowMs: number): void;
    remove(directoryId: number, name: string): void;
    doubt(directoryId: number, name: string, contentId: number): void;
    doubtContent(contentId: number): void;
    sources(contentId: number, most?: number): readonly SourcePath[];
    /** The last file to which this content was given, whatever lies there now. */
    lastPathOf(contentId: number): FilePath | undefined;
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
  readonly racyFiles: RacyFilesPort;
  /** By which rules the files of a folder were judged last, and which rule leaves a file alone. */
  readonly rules: {
    isJudgedBy(folderId: number, text: string): boolean;
    ignoreFile(folderId: number): string | null;
    /** Whether the folder's bytes were last looked for in FLORA under these rules, or nobody knows under which. */
    wasSearchedBy(folderId: number, text: string): boolean;
    saveJudged(folderId: number, text: string, ignoreFile: string | null): void;
    exclude(directoryId: number, name: string, by: string | null): void;
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

/** A file that is to be read once more although it may look the same; see `racyUntilMs` in core/settle. */
export interface RacyFile {
  readonly directoryId: number;
  readonly directory: string;
  readonly name: string;
}

interface RacyFilesPort {
  has(directoryId: number, name: string): boolean;
  /** Those of a folder that are due by now (wall clock), the longest due first. */
  due(folderId: number, nowMs: number, most: number): readonly RacyFile[];
  /** Until the file's row is written anew it is racy, and due from then on. */
  note(directoryId: number, name: string, untilMs: number): void;
}
