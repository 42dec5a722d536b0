import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { encodeName } from '../core/name.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Reports, type TimelineEntry } from '../ledger/reports.ts';
import { usageError } from './exit.ts';
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
    const { stateDir } = loadConfig({ flags: flagsOf(command), env: process.env, require: [] });
    const found = lookUp(stateDir, path);
    if (found === undefined) {
      const hint = '`flora-sync ls` lists what it knows; hidden and temporary names are never taken.';
      throw usageError(`The ledger has never seen ${showPath(resolve(path))}`, hint);
    }
    const { file, timeline } = found;
    if (options.json === true) {
      await printJson({ ...toJson(file), timeline: timeline.map(entryJson) });
      return;
    }
    const reason = file.reason === null ? '' : ` (${file.reason})`;
    const asset = file.assetId === null ? '' : `\n  asset ${file.assetId}${file.url === null ? '' : `  ${file.url}`}`;
    const digest = file.sha256 === null ? '' : `\n  ${showBytes(file.sizeBytes)}, sha256 ${file.sha256}`;
    await print(`${showPath(file.path)}\n  ${file.state}${reason}${digest}${asset}\n\n`);
    for (const entry of timeline) await print(`  ${describe(entry)}\n`);
  });
}

function lookUp(stateDir: string, path: string) {
  const database = openDatabaseReadOnly(stateDir);
  if (database === undefined) return undefined;
  try {
    const reports = new Reports(database);
    // As typed, and with \xHH as `ls` writes bytes that are not UTF-8.
    for (const absolute of new Set([resolve(path), readEscapes(resolve(path))])) {
      const found = byPath(reports, absolute);
      if (found !== undefined) return found;
    }
    return byLossyName(reports, resolve(path));
  } finally {
    database.close();
  }
}

function byPath(reports: Reports, absolute: string) {
  for (const folder of reports.folders()) {
    const prefix = folder.endsWith('/') ? folder : `${folder}/`;
    if (!absolute.startsWith(prefix)) continue;
    const inside = absolute.slice(prefix.length);
    const directory = dirname(inside) === '.' ? '' : dirname(inside);
    const found = reports.file(folder, directory, basename(inside));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Node hands over arguments that are not UTF-8 with U+FFFD in them: the first file that looks the same then is meant. */
function byLossyName(reports: Reports, absolute: string) {
  if (!absolute.includes('\uFFFD')) return undefined;
  for (const { path } of reports.list(null)) {
    if (Buffer.from(encodeName(path)).toString('utf8') === absolute) return byPath(reports, path);
  }
  return undefined;
}

function readEscapes(path: string): string {
  return path.replaceAll(/\\x([89a-f][0-9a-f])/g, (_, hex: string) =>
    String.fromCharCode(0xdc00 + Number.parseInt(hex, 16)),
  );
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
  if (entry.detail !== null) parts.push(`- ${showPath(entry.detail)}`);
  return parts.join('  ');
}
