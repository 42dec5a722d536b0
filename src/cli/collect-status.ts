import { askStatus } from '../control/client.ts';
import type { MatchingSummary } from '../core/records.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { findOwner } from '../ledger/recovery/owner-lock.ts';
import { Reports } from '../ledger/reports.ts';
import { WaitReports } from '../ledger/tables/waits.ts';
import { summaryLine } from '../operations/reconcile.ts';
import { askInHand, inHandOf, settlingLine } from './in-hand.ts';
import { isoTime } from './show/time.ts';
import { creationLine, learntLine, paceLine } from './status-flora.ts';

type Counts = Readonly<Record<string, number>>;

/** The contract's object, which `status --json` prints. */
export type Status = Awaited<ReturnType<typeof collectStatus>>['status'];

/** What `status --json` is, and what people get beyond it. */
export async function collectStatus(stateDir: string) {
  const owner = findOwner(stateDir);
  const live = owner === undefined ? undefined : await askStatus(stateDir);
  const inHand = live === undefined ? [] : await askInHand(stateDir);
  const database = openDatabaseReadOnly(stateDir);
  try {
    const reports = database === undefined ? undefined : new Reports(database);
    const folders = reports?.counts() ?? [];
    const last = reports?.lastReconcile() ?? null;
    const matching = reports?.matching() ?? null;
    const waits = database === undefined ? undefined : new WaitReports(database);
    const creation = creationLine(reports?.creation() ?? null);
    const search = matching?.endedMs === null ? matching.trouble : null;
    const status = {
      daemon:
        owner === undefined
          ? { running: false, pid: null, state: 'stopped', since: null }
          : {
              running: true,
              pid: owner.pid,
              state: live?.state ?? 'running',
              since: owner.since === null ? null : isoTime(owner.since),
            },
      folders: folders.map(({ path, counts }) => {
        const trouble = live?.folders[path];
        const notices = live?.notices?.[path];
        return {
          path,
          counts,
          ...(trouble === undefined ? {} : { trouble }),
          ...(notices === undefined ? {} : { notices }),
        };
      }),
      counts: total(folders.map((folder) => folder.counts)),
      inflight: live?.inflight ?? [],
      settling: settlingLine(inHandOf(inHand)),
      last_reconcile: last === null ? null : summaryLine(last),
      matching: matching === null ? null : matchingLine(matching),
      creation,
      pace: paceLine(live?.pace ?? null),
      waiting: waits?.waiting() ?? [],
      findings: waits?.findings() ?? [],
      learnt: Object.fromEntries(Object.entries(reports?.learnt() ?? {}).map(([id, each]) => [id, learntLine(each)])),
      // Of several, what keeps the most from going on.
      trouble: live?.trouble ?? creation?.reason ?? search ?? null,
    };
    return { status, more: { inHand: inHandOf(inHand), sums: reports?.sums(0) ?? [] } };
  } finally {
    database?.close();
  }
}

function matchingLine({ sinceMs, endedMs, assets, fetchedBytes, adopted, unreadable, trouble }: MatchingSummary) {
  const ended = endedMs === null ? null : isoTime(endedMs);
  return { since: isoTime(sinceMs), ended, assets, unreadable, fetched_bytes: fetchedBytes, adopted, trouble };
}

function total(all: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const counts of all) for (const [state, count] of Object.entries(counts)) sum[state] = (sum[state] ?? 0) + count;
  return sum;
}
