import type { Command } from 'commander';
import { absolutePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { showText } from '../core/show-text.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { Reports, type TimelineEntry } from '../ledger/reports.ts';
import { neverSeen, requireKnown } from './known.ts';
import { loadSettings } from './loading.ts';
import { toJson } from './ls.ts';
import { isoTime, print, printJson, showBytes, showPath } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

export function addWhy(program: Command): void {
  const command = program
    .command('why')
    .description('the timeline of one file, with each request-id')
    .argument('<path>', 'the file, as `ls` shows it or relative to here')
    .option('--json', 'one JSON object');
  addSettings(command, ['state_dir', 'folder']).action(async (path: string, options: { json?: boolean }) => {
    const { stateDir } = loadSettings(flagsOf(command), []);
    const { file, timeline } = lookUp(stateDir, path);
    if (options.json === true) {
      await printJson({ ...toJson(file), timeline: timeline.map(entryJson) });
      return;
    }
    const reason = file.reason === null ? '' : ` (${showText(file.reason)})`;
    const url = file.url === null ? '' : `  ${showText(file.url)}`;
    const asset = file.assetId === null ? '' : `\n  asset ${showText(file.assetId)}${url}`;
    const digest = file.sha256 === null ? '' : `\n  ${showBytes(file.sizeBytes)}, sha256 ${file.sha256}`;
    await print(`${showPath(file.path)}\n  ${file.state}${reason}${digest}${asset}\n\n`);
    for (const entry of timeline) await print(`  ${describe(entry)}\n`);
  });
}

function lookUp(stateDir: string, typed: string) {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined) throw neverSeen(typed);
  try {
    const { path } = requireKnown(new Inventory(database), typed);
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
