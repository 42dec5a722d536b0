import type { Command } from 'commander';
import { type ContentState, contentStates } from '../core/content.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import type { LedgerDatabase } from '../ledger/database.ts';
import { type FileReport, Reports } from '../ledger/reports.ts';
import type { FileInHand } from '../operations/in-hand.ts';
import { openLedgerOfDaemon } from '../operations/known-files.ts';
import { systemClock } from '../runtime/clock.ts';
import { askInHand, describeInHandLine, inHandJson, reasonOf, settlingJson } from './in-hand.ts';
import { loadSettings } from './loading.ts';
import { listRemote } from './ls-remote.ts';
import { listVersions } from './ls-versions.ts';
import { isoTime, print, printJson, showBytes } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

interface Options {
  readonly state?: string;
  readonly versions?: boolean;
  readonly remote?: boolean;
  readonly unknown?: boolean;
  readonly json?: boolean;
}

/** Of files that no row of the ledger has: they are seen, and not finished. */
const settling = 'settling' as const;

type State = ContentState | typeof settling;

const states: readonly State[] = [...contentStates, settling];

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .description('every file that the ledger knows, with its state and asset, and those that settle')
    .option('--state <state>', `only files in this state: ${states.join(', ')}`)
    .option('--versions', 'everything that each path has held, the newest first')
    .option('--remote', "FLORA's assets instead, with the path that each belongs to; needs the key")
    .option('--unknown', 'with --remote: only assets that belong to nothing here')
    .option('--json', 'one JSON object a line');
  addSettings(command).action(async (options: Options) => {
    requireOneView(options);
    const isJson = options.json === true;
    const state = options.state === undefined ? null : readState(options.state);
    const flags = flagsOf(command);
    if (options.remote === true) return await listRemote(flags, options);
    const { stateDir } = loadSettings(flags, []);
    const database = openLedgerOfDaemon(stateDir);
    if (database === null) return;
    try {
      if (options.versions === true) return await listVersions(database, isJson);
      const askedMs = systemClock.now();
      await list(database, { askedMs, inHand: await askInHand(stateDir) }, state, isJson);
    } finally {
      database.close();
    }
  });
}

/** What the ledger has, then what it has not seen yet. Asked for before: what is taken in meanwhile is in the ledger. */
async function list(
  database: LedgerDatabase,
  { askedMs, inHand }: { readonly askedMs: number; readonly inHand: readonly FileInHand[] },
  state: State | null,
  isJson: boolean,
): Promise<void> {
  const unseen = new Map(inHand.map((file) => [file.path, file]));
  for (const file of new Reports(database).list(state === settling ? null : state)) {
    const pending = unseen.get(file.path);
    unseen.delete(file.path);
    const isTakenIn = pending === undefined || file.updatedAtMs >= askedMs;
    if (state === settling && isTakenIn) continue;
    if (isJson) await printJson(isTakenIn ? toJson(file) : { ...toJson(file), settling: settlingJson(pending) });
    else await print(`${describe(file)}${isTakenIn ? '' : `  (settling: ${reasonOf(pending)})`}\n`);
  }
  if (state !== null && state !== settling) return;
  for (const file of unseen.values())
    await (isJson ? printJson(inHandJson(file)) : print(`${describeInHandLine(file)}\n`));
}

function requireOneView({ state, versions, remote, unknown }: Options): void {
  const views = [state !== undefined, versions === true, remote === true].filter(Boolean).length;
  if (views > 1) throw usageError('--state, --versions and --remote exclude each other', 'Give one of them.');
  if (unknown === true && remote !== true) {
    throw usageError("--unknown is about FLORA's assets", 'Give --remote with it.');
  }
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
  const where = file.state === 'ready' ? (file.url ?? file.assetId) : null;
  const parts = [where, file.reason].filter((part) => part !== null);
  const tail = parts.map(showText).join('  ') || null;
  return `${file.state.padEnd(9)} ${showBytes(file.sizeBytes).padStart(9)}  ${showPath(file.path)}${tail === null ? '' : `  ${tail}`}`;
}

function readState(text: string): State {
  const state = states.find((each) => each === text);
  if (state === undefined)
    throw usageError(`There is no state "${showText(text)}"`, `Use one of ${states.join(', ')}.`);
  return state;
}
