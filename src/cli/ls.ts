import type { Command } from 'commander';
import { loadConfig } from '../config.ts';
import { type ContentState, contentStates } from '../core/content.ts';
import { displayName } from '../core/name.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { type FileReport, Reports } from '../ledger/reports.ts';
import { usageError } from './exit.ts';
import { isoTime, print, printJson, showBytes, showPath } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .description('every file that the ledger knows, with its state and asset')
    .option('--state <state>', `only files in this state: ${contentStates.join(', ')}`)
    .option('--json', 'one JSON object a line');
  addSettings(command, ['state_dir', 'folder']).action(async (options: { state?: string; json?: boolean }) => {
    const state = options.state === undefined ? null : readState(options.state);
    const { stateDir } = loadConfig({ flags: flagsOf(command), env: process.env, require: [] });
    const database = openDatabaseReadOnly(stateDir);
    if (database === undefined) return;
    try {
      for (const file of new Reports(database).list(state)) {
        await (options.json === true ? printJson(toJson(file)) : print(`${describe(file)}\n`));
      }
    } finally {
      database.close();
    }
  });
}

/** One file in the contract's JSON. */
export function toJson(file: FileReport) {
  return {
    path: displayName(file.path),
    folder: displayName(file.folder),
    state: file.state,
    asset_id: file.assetId,
    url: file.url,
    size: file.sizeBytes,
    sha256: file.sha256,
    attempts: file.attempts,
    reason: file.reason,
    updated_at: isoTime(file.updatedAtMs),
  };
}

function describe(file: FileReport): string {
  const tail = file.state === 'ready' ? (file.url ?? file.assetId) : file.reason;
  return `${file.state.padEnd(9)} ${showBytes(file.sizeBytes).padStart(9)}  ${showPath(file.path)}${tail === null ? '' : `  ${tail}`}`;
}

function readState(text: string): ContentState {
  const state = contentStates.find((each) => each === text);
  if (state === undefined) throw usageError(`There is no state "${text}"`, `Use one of ${contentStates.join(', ')}.`);
  return state;
}
