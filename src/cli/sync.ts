import type { Command } from 'commander';
import { type Config, loadConfig } from '../config/load.ts';
import { isActive } from '../core/content.ts';
import { showText } from '../core/show-text.ts';
import { snapshotIfDue } from '../daemon/daily-snapshot.ts';
import { type Engine, startEngine } from '../daemon/engine.ts';
import { EngineEvents } from '../daemon/engine-events.ts';
import { describeInHand } from '../daemon/status.ts';
import { SyncError } from '../errors.ts';
import type { FileSum, Reports } from '../ledger/reports.ts';
import { patienceMs, reachFlora, withPatience } from '../operations/patience.ts';
import { systemClock } from '../runtime/clock.ts';
import { endOf } from '../sync/flora/ending.ts';
import { nobodyWatches } from '../sync/ports/watch.ts';
import { exitCodes } from './exit.ts';
import { inHandOf, settlingLine } from './in-hand.ts';
import { levelForSync, loggerFor, warnOfLooseFiles } from './logging.ts';
import { printJson, printLines, screenOf, tell } from './output.ts';
import { comparing, type Progress, startProgress } from './progress.ts';
import { addSettings, flagsOf } from './settings.ts';
import { nextStopSignal } from './signals.ts';
import { type Synced, type SyncSummary, summaryLines } from './sync-lines.ts';
import { Run } from './sync-run.ts';

/** How long nothing may advance although FLORA answers (it may be processing) before the rest is left pending. */
const stuckMs = 5 * 60_000;
/** Bytes of an upload that failed more often than this are no step forward. */
const triesThatCount = 5;
/** What no event tells (a writer that stalls, time that passes) is looked at this often. */
const lookAgainMs = 500;

export function addSync(program: Command): void {
  const command = program
    .command('sync')
    .description('one shot: bring everything in the drop folders up to date, then exit')
    .option('--verbose', 'also a log line for each step of each file')
    .option('--json', 'end with the summary as one JSON object');
  addSettings(command).action(async (options: { verbose?: boolean; json?: boolean }) => {
    const flags = flagsOf(command);
    const config = loadConfig({ flags, env: process.env });
    const isVerbose = options.verbose === true;
    const logLevel = levelForSync(config, { isVerbose, flags, env: process.env });
    const { summary, left, troubles, ...more } = await syncOnce({ ...config, logLevel });
    if (options.json === true) {
      const unfinished = left.count === 0 ? {} : { unfinished: settlingLine(left) };
      await printJson({ ...summary, ...unfinished });
    } else {
      const screen = screenOf({}, systemClock.now());
      const folders = config.folders.map(({ path }) => path);
      await printLines(summaryLines({ summary, left, folders, ...more }, screen), screen);
    }
    for (const trouble of troubles) tell(`${showText(trouble)}\n`);
    const isIncomplete = summary.rejected + summary.failed + summary.pending + troubles.length > 0;
    process.exitCode = isIncomplete ? exitCodes.incomplete : exitCodes.ready;
  });
}

/** With why not everything could be done, beyond what each file tells. */
type SyncResult = Omit<Synced, 'folders'> & { readonly troubles: readonly string[] };

async function syncOnce(config: Config): Promise<SyncResult> {
  const progress = startProgress();
  const log = loggerFor(config, progress.logStream);
  warnOfLooseFiles(config, log);
  const run = new Run();
  const events = new EngineEvents()
    .on('content:changed', (before, after) => {
      // What was ready and only looked at again was not uploaded, nor what FLORA had already.
      if (before.state === 'ready') run.doubted.add(after.id);
      else if (before.state !== 'matching' && after.state === 'ready' && !run.doubted.delete(after.id))
        run.uploaded += 1;
      if (before.state === 'reserved' && after.state === 'uploaded') run.bytes += after.sizeBytes;
      progress.changed(before, after);
      // Steps back and repeated tries keep counting their attempts; only a step forward begins at none.
      run.changed(before.state !== after.state && after.attempts === 0);
    })
    .on('content:sent', (content, bytes) => {
      progress.sent(content, bytes);
      run.changed(content.attempts < triesThatCount);
    })
    .on('intake:changed', () => run.changed(true))
    .on('uploads:idle', () => run.changed(false))
    .on('flora:trouble', () => run.changed(true));
  const engine = await startEngine(config, log, { events, watch: () => nobodyWatches });
  const ended = new AbortController();
  try {
    progress.watch(() => backlogOf(engine));
    const all = (cut: AbortSignal) => everythingDone(engine, run, config.settleMs, cut, progress);
    const work = withPatience(engine.flora.gate, ended.signal, all);
    const interruption = interrupted();
    await Promise.race([work, engine.life.failed, interruption]);
    const left = inHandOf((await engine.intake.list(ended.signal)).map(describeInHand));
    const summary = summarise(engine.reports, run, engine);
    const sums = engine.reports.sums(0);
    // All is done: from here on a stop only means not to wait for the snapshot.
    const hurried = new AbortController();
    interruption.catch(() => hurried.abort());
    await snapshotIfDue({ stateDir: config.stateDir, ledger: engine.ledger, log }, hurried.signal);
    return { summary, matching: run.matching, odd: countOdd(sums), sums, left, troubles: troublesOf(engine) };
  } finally {
    ended.abort();
    run.end();
    progress.stop();
    await engine.stop();
  }
}

function backlogOf({ ledger, intake }: Engine) {
  return { ...ledger.contents.backlog(), pendingFiles: intake.pendingFiles, isMatching: ledger.contents.hasMatching() };
}

function troublesOf({ folderTroubles, flora, reports }: Engine): readonly string[] {
  const folders = [...folderTroubles.values()].map(({ message }) => message);
  const search = reports.matching()?.endedMs === null ? reports.matching()?.trouble : null;
  return [...folders, flora.creating.slowReason, search].filter((trouble) => trouble != null);
}

async function interrupted(): Promise<never> {
  const signal = await nextStopSignal();
  throw new SyncError(`Interrupted by ${signal}; the next sync goes on from here`, {
    code: 'interrupted',
    scope: 'process',
    disposition: 'retry',
    op: 'sync',
  });
}

/** Resolves when everything is done that can be, or the signal is aborted. */
async function everythingDone(
  engine: Engine,
  run: Run,
  settleMs: number,
  ended: AbortSignal,
  progress: Pick<Progress, 'begin'>,
): Promise<void> {
  progress.begin('asking FLORA');
  await reachFlora(engine.flora.remote, ended);
  if (ended.aborted) return;
  progress.begin(comparing);
  let isLookedAt = false;
  // Both find work: files that are new here, and assets that are other than they should be there.
  const reconciled = engine.reconcileNow({ isFull: false, isDryRun: false }, ended).then(() => progress.begin(null));
  const looked = Promise.all([reconciled, engine.scanAll()]).then(() => {
    isLookedAt = true;
    run.changed(true);
  });
  const advanced = untilAdvanced(engine, run, settleMs, ended, () => isLookedAt);
  await endOf(Promise.all([looked, advanced]), ended);
  if (ended.aborted) return;
  progress.begin(comparing);
  run.matching = await engine.finishMatching();
  progress.begin(null);
}

/** Resolves when nothing more will advance, or the signal is aborted. */
async function untilAdvanced(
  engine: Engine,
  run: Run,
  settleMs: number,
  ended: AbortSignal,
  areBothLookedAt: () => boolean,
): Promise<void> {
  // Files that others keep open for writing are waited for, but not for ever.
  const patienceForWritersMs = Math.max(10_000, settleMs * 5);
  let heldSinceMs: number | undefined;
  while (!ended.aborted) {
    const nowMs = systemClock.monotonic();
    const isLookedAt = areBothLookedAt();
    const isSent = isLookedAt && engine.claimedCount === 0 && !engine.ledger.contents.hasActive();
    if (isSent && engine.intake.isIdle) break;
    const held = isSent ? engine.intake.heldOpen : 0;
    heldSinceMs = held > 0 && engine.intake.pendingFiles === held ? (heldSinceMs ?? nowMs) : undefined;
    if (heldSinceMs !== undefined && nowMs - heldSinceMs > patienceForWritersMs) break;
    if (engine.flora.gate.trouble === null && isStuck(engine, isLookedAt, nowMs - run.progressedMs)) break;
    await run.nextChange(lookAgainMs);
  }
}

/** Whether nothing will advance before patience ends: that can be known before it has ended. */
function isStuck(engine: Engine, isLookedAt: boolean, idleMs: number): boolean {
  // A listing that cannot be read is read again and again, and holds up every file.
  const search = engine.reports.matching();
  const patience = search?.endedMs === null && search.trouble !== null ? patienceMs : stuckMs;
  if (idleMs > patience) return true;
  const isWaiting = isLookedAt && engine.claimedCount === 0 && engine.intake.isIdle;
  const leftMs = engine.flora.creating.slowReason === null ? stuckMs - idleMs : patienceMs;
  return isWaiting && engine.ledger.contents.hasActive() && engine.quietForMs() > leftMs;
}

function summarise(reports: Reports, run: Run, engine: Engine): SyncSummary {
  const counts = { ready: 0, unchanged: 0, rejected: 0, failed: 0, pending: engine.intake.pendingFiles };
  for (const { state, count, fresh, gone, failed: hasFailed } of reports.sums(engine.startedMs)) {
    if (state === 'ready') {
      counts.ready += count;
      counts.unchanged += count - fresh;
    } else if (hasFailed === 1) {
      counts.failed += count;
    } else if (state === 'rejected') {
      counts.rejected += count;
    } else if (state !== 'excluded' && (isActive(state) || gone === 0)) {
      // A file that is there while its bytes are `gone` is about to be looked at again.
      counts.pending += count;
    }
  }
  const seconds = Math.round(systemClock.monotonic() - run.beganMs) / 1000;
  const { ready, unchanged, rejected, failed, pending } = counts;
  return { ready, uploaded: run.uploaded, unchanged, rejected, failed, pending, bytes: run.bytes, seconds };
}

function countOdd(sums: readonly FileSum[]): number {
  const odd = sums.filter(({ state, code }) => state === 'ready' && code !== null);
  return odd.reduce((sum, { count }) => sum + count, 0);
}
