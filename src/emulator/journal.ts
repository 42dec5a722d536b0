// What was asked of the emulator, in order: a bounded ring, so that a test of any length can count effects and spot leaks
// (a key on the upload host, a repeated POST). Upload tokens never appear in it.

export const apiRoutes = ['create', 'complete', 'retry', 'list', 'get', 'workspaces'] as const;
export const routeNames = [...apiRoutes, 'upload', 'download'] as const;
export type RouteName = (typeof routeNames)[number];

export interface JournalEntry {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  readonly time: number;
  readonly method: string;
  readonly route: RouteName | 'unknown';
  readonly path: string;
  readonly idempotency_key: string | null;
  readonly content_length: number | null;
  /** Whether the request carried an Authorization header, on whatever host. */
  readonly authorization: boolean;
  asset_id: string | null;
  request_id: string | null;
  /** Null while the request is open, and for ever when it was dropped or hung without an answer. */
  status: number | null;
  replayed: boolean;
  /** The kind of the fault that hit this request. */
  fault: string | null;
}

export interface Journal {
  /** Notes a request on arrival; its outcome is written into the entry later. */
  open(entry: Omit<JournalEntry, 'seq' | 'asset_id' | 'request_id' | 'status' | 'replayed' | 'fault'>): JournalEntry;
  /** Entries with a greater seq, oldest first, as far back as the ring reaches. */
  since(seq: number): readonly JournalEntry[];
  counters(): Readonly<Record<string, number>>;
}

const capacity = 200_000;

export function createJournal(): Journal {
  const ring: JournalEntry[] = [];
  const counts = new Map<string, number>();
  let last = 0;
  return {
    open(request) {
      last += 1;
      const entry = {
        ...request,
        seq: last,
        asset_id: null,
        request_id: null,
        status: null,
        replayed: false,
        fault: null,
      };
      ring[(last - 1) % capacity] = entry;
      counts.set(entry.route, (counts.get(entry.route) ?? 0) + 1);
      return entry;
    },
    since(seq) {
      const found: JournalEntry[] = [];
      for (let at = Math.max(seq, last - capacity, 0) + 1; at <= last; at += 1) {
        const entry = ring[(at - 1) % capacity];
        if (entry !== undefined) found.push(entry);
      }
      return found;
    },
    counters: () => Object.fromEntries(counts),
  };
}
