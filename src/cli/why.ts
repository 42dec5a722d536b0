import type { Command } from 'commander';
import { absolutePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import { Inventory } from '../ledger/inventory.ts';
import { Reports, type TimelineEntry } from '../ledger/reports.ts';
import { findTyped, meanings, neverSeen, openLedgerOfDaemon } from '../operations/known-files.ts';
import { askInHand, inHandJson, reasonOf, settlingJson, whoHolds } from './in-hand.ts';
import { loadSettings } from './loading.ts';
import { toJson } from './ls.ts';
import { isoTime, print, printJson, showBytes } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

export function addWhy(program: Command): void {
  const command = program
    .command('why')
    .description('the timeline of one file, with each request-id')
    .argument('<path>', 'the file, as `ls` shows it or relative to here')
    .option('--json', 'one JSON object');
  addSettings(command, ['state_dir', 'folder']).action(async (path: string, options: { json?: boolean }) => {
    const { stateDir } = loadSettings(flagsOf(command), []);
    const inHand = await askInHand(stateDir);
    const places = new Set(meanings(path));
    const pending = inHand.find((each) => places.has(each.path));
    const found = lookUp(stateDir, path);
    if (found === undefined) {
      if (pending === undefined) throw neverSeen(path, await whoHolds(stateDir, path));
      const line = `${showPath(pending.path)}\n  settling (${reasonOf(pending)})\n`;
      return await (options.json === true ? printJson({ ...inHandJson(pending), timeline: [] }) : print(line));
    }
    const { file, timeline } = found;
    if (options.json === true) {
      const settling = pending === undefined ? {} : { settling: settlingJson(pending) };
      await printJson({ ...toJson(file), ...settling, timeline: timeline.map(entryJson) });
      return;
    }
    const reason = file.reason === null ? '' : ` (${showText(file.reason)})`;
    const url = file.url === null ? '' : `  ${showText(file.url)}`;
    const asset = file.assetId === null ? '' : `\n  asset ${showText(file.assetId)}${url}`;
    const digest = file.sha256 === null ? '' : `\n  ${showBytes(file.sizeBytes)}, sha256 ${file.sha256}`;
    await print(`${showPath(file.path)}\n  ${file.state}${reason}${digest}${asset}\n\n`);
    if (pending !== undefined) await print(`  settling: ${reasonOf(pending)}\n\n`);
    for (const entry of timeline) await print(`  ${describe(entry)}\n`);
  });
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

function describe(entry: TimelineEntry): string {
  const step = entry.from === null ? (entry.to ?? '') : `${entry.from} -> ${entry.to}`;
  const parts = [isoTime(entry.atMs), entry.event, step];
  if (entry.attempt !== null && entry.attempt > 1) parts.push(`attempt ${entry.attempt}`);
  if (entry.assetId !== null) parts.push(entry.assetId);
  if (entry.requestId !== null) parts.push(entry.requestId);
  if (entry.detail !== null) parts.push(`- ${displayName(entry.detail)}`);
  return parts.map(showText).join('  ');
}
