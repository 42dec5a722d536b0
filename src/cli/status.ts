import type { Command } from 'commander';
import { askStatus } from '../control/client.ts';
import type { LiveStatus } from '../control/protocol.ts';
import type { MatchingSummary } from '../core/records.ts';
import { showPath, showText } from '../core/show-text.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { findOwner } from '../ledger/recovery/owner-lock.ts';
import { Reports } from '../ledger/reports.ts';
import { WaitReports } from '../ledger/tables/waits.ts';
import { openLedgerOfDaemon } from '../operations/known-files.ts';
import { summaryLine } from '../operations/reconcile.ts';
import { askInHand, describeSettling, settlingLine } from './in-hand.ts';
import { loadSettings } from './loading.ts';
import { isoTime, plural, print, printJson, showBytes } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';
import {
  creationLine,
  describeCreation,
  describeLearnt,
  describePace,
  describeReasons,
  learntLine,
  paceLine,
} from './status-flora.ts';

type Counts = Readonly<Record<string, number>>;

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('what the daemon is doing, and how many files are in which state')
    .option('--json', 'one JSON object');
  addSettings(command, ['state_dir', 'folder']).action(async (options: { json?: boolean }) => {
    const { stateDir } = loadSettings(flagsOf(command), []);
    // For scripts the object is whole, also where there is no ledger to look into.
    if (options.json === true) await printJson(await collect(stateDir));
    openLedgerOfDaemon(stateDir)?.close();
    if (options.json !== true) await print(describe(await collect(stateDir)));
  });
}

async function collect(stateDir: string) {
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
    return {
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
      settling: settlingLine(inHand),
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

function describe(status: Awaited<ReturnType<typeof collect>>): string {
  const { daemon, folders, inflight, last_reconcile: last } = status;
  const lines = [
    daemon.running
      ? `flora-sync is running (pid ${daemon.pid}, ${showText(daemon.state)}) since ${daemon.since}`
      : 'flora-sync is not running on this state directory',
  ];
  if (status.trouble !== null) lines.push(`FLORA: ${showText(status.trouble)}`);
  if (status.pace !== null) lines.push(describePace(status.pace, status.counts));
  for (const { path, counts, trouble, notices = [] } of folders) {
    lines.push('', showPath(path));
    for (const line of trouble === undefined ? notices : [trouble, ...notices]) lines.push(`  ${showText(line)}`);
    lines.push(`  ${describeCounts(counts)}`);
  }
  if (status.creation !== null) lines.push('', describeCreation(status.creation));
  lines.push(...describeReasons('Waiting:', status.waiting), ...describeReasons('Odd in FLORA:', status.findings));
  if (folders.length === 0) lines.push('The ledger knows no folder yet: it begins with the first `run` or `sync`.');
  if (inflight.length > 0) lines.push('', 'On their way:', ...inflight.map(describeUpload));
  lines.push(...describeSettling(status.settling));
  if (last !== null) {
    const outcome = last.error === null ? `${plural(last.drift, 'change')}` : showText(last.error);
    const odd = last.unreadable === 0 ? '' : `, ${last.unreadable} unreadable`;
    lines.push('', `Reconciled ${last.at}: ${plural(last.assets, 'asset')}, ${last.ours} ours${odd}, ${outcome}`);
  }
  if (status.matching !== null) lines.push('', describeMatching(status.matching));
  for (const [workspace, learnt] of Object.entries(status.learnt)) lines.push('', ...describeLearnt(workspace, learnt));
  return `${lines.join('\n')}\n`;
}

function describeMatching(matching: ReturnType<typeof matchingLine>): string {
  const { since, ended, assets, adopted, unreadable, fetched_bytes: fetched } = matching;
  const so = ended === null ? `since ${since}, so far` : `until ${ended}:`;
  const odd = unreadable === 0 ? '' : `${unreadable} unreadable, `;
  return (
    `Looked for files that FLORA has already ${so} ${plural(assets, 'asset')} listed, ${odd}` +
    `${adopted} recognised by their bytes, ${showBytes(fetched)} fetched`
  );
}

function describeCounts(counts: Counts): string {
  const parts = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  return parts.length === 0 ? 'no files yet' : parts.join(', ');
}

function describeUpload(upload: LiveStatus['inflight'][number]): string {
  return `  ${showPath(upload.path)}: ${showText(upload.state)}, ${showBytes(upload.sent_bytes)} of ${showBytes(upload.size)}`;
}
