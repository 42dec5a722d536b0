import type { Command } from 'commander';
import { askStatus } from '../control/client.ts';
import type { LiveStatus } from '../control/protocol.ts';
import { isActive } from '../core/content.ts';
import { absolutePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { Inventory } from '../ledger/inventory.ts';
import { type FileReport, Reports, type TimelineEntry } from '../ledger/reports.ts';
import type { FileInHand } from '../operations/in-hand.ts';
import { findTyped, meanings, neverSeen, openLedgerOfDaemon } from '../operations/known-files.ts';
import { systemClock } from '../runtime/clock.ts';
import { askInHand, inHandJson, reasonOn, settlingJson, whoHolds } from './in-hand.ts';
import { loadSettings } from './loading.ts';
import { toJson } from './ls.ts';
import { printJson, printLines, screenOf } from './output.ts';
import { addLong, addSettings, flagsOf } from './settings.ts';
import { isoTime } from './show/time.ts';
import { type ShownTimeline, timelineLines } from './show/timeline.ts';

export function addWhy(program: Command): void {
  const command = program
    .command('why')
    .description('the timeline of one file, with each request-id')
    .argument('<path>', 'the file, as `ls` shows it or relative to here')
    .option('--json', 'one JSON object');
  addSettings(addLong(command, 'also the URL and the whole digest, and exact times'), ['state_dir', 'folder']);
  command.action(async (typed: string, options: { json?: boolean; long?: boolean }) => {
    const settings = loadSettings(flagsOf(command), []);
    const { stateDir } = settings;
    const inHand = await askInHand(stateDir);
    const found = lookUp(stateDir, typed);
    const pending = inHand.find(({ path, folder }) =>
      found === undefined ? isMeant(typed, path, folder) : path === found.file.path,
    );
    if (options.json === true) {
      if (found !== undefined) {
        const settling = pending === undefined ? {} : { settling: settlingJson(pending) };
        return await printJson({ ...toJson(found.file), ...settling, timeline: found.timeline.map(entryJson) });
      }
      if (pending !== undefined) return await printJson({ ...inHandJson(pending), timeline: [] });
    }
    if (found === undefined && pending === undefined) throw neverSeen(typed, await whoHolds(settings, typed));
    const screen = screenOf(options, systemClock.now());
    const settling = pending === undefined ? null : reasonOn(screen, pending);
    const waits = found === undefined ? null : whatHoldsUp(found.file, await askStatus(stateDir));
    await printLines(timelineLines(shownOf(found, pending), settling, screen, waits), screen);
  });
}

/** Trouble with FLORA or the drop folder as a whole, for which nothing is held against the file; null where there is none. */
export function whatHoldsUp(
  { state, folder, reason }: Pick<FileReport, 'state' | 'folder' | 'reason'>,
  live: Pick<LiveStatus, 'folders' | 'trouble'> | undefined,
): string | null {
  if (!isActive(state)) return null;
  const trouble = live?.folders[displayName(folder)] ?? live?.trouble ?? null;
  return trouble === reason ? null : trouble;
}

function isMeant(typed: string, path: string, folder: string): boolean {
  return meanings(typed).includes(path) || meanings(typed, folder).includes(path);
}

function shownOf(found: ReturnType<typeof lookUp>, pending: FileInHand | undefined): ShownTimeline {
  if (found !== undefined) return { ...found.file, entries: found.timeline };
  return { path: pending?.path ?? '', folder: pending?.folder ?? '', entries: null };
}

/** Undefined where the ledger has never seen the file. */
function lookUp(stateDir: string, typed: string) {
  const database = openLedgerOfDaemon(stateDir, typed);
  if (database === null) return undefined;
  try {
    const path = findTyped(new Inventory(database), typed)?.path;
    if (path === undefined) return undefined;
    const found = new Reports(database).file(path.root, path.directory, path.name);
    if (found === undefined) throw new Error(`${absolutePath(path)} vanished from the ledger`);
    return found;
  } finally {
    database.close();
  }
}

function entryJson(entry: TimelineEntry) {
  const { atMs, assetId, requestId, ...rest } = entry;
  return { at: isoTime(atMs), ...rest, asset_id: assetId, request_id: requestId };
}
