import type { Command } from 'commander';
import { type FileState, fileStates } from '../core/content.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { type FileReport, Reports } from '../ledger/reports.ts';
import type { FileInHand } from '../operations/in-hand.ts';
import { openLedgerOfDaemon } from '../operations/known-files.ts';
import { systemClock } from '../runtime/clock.ts';
import { askInHand, inHandJson, inHandLines, reasonOn, settlingJson } from './in-hand.ts';
import { loadSettings } from './loading.ts';
import { listVersions } from './ls-versions.ts';
import { printJson, printLines, screenOf } from './output.ts';
import { addLong, addSettings, flagsOf } from './settings.ts';
import { fileLines } from './show/file-lines.ts';
import { type Line, line, type Screen, span } from './show/lines.ts';
import { showBelow } from './show/path.ts';
import { reasonWithCode } from './show/states.ts';
import { isoTime } from './show/time.ts';
import { cutMiddle } from './show/width.ts';

interface Options {
  readonly state?: string;
  readonly versions?: boolean;
  readonly remote?: boolean;
  readonly unknown?: boolean;
  readonly long?: boolean;
  readonly json?: boolean;
}

/** Of files that no row of the ledger has: they are seen, and not finished. */
const settling = 'settling' as const;

type State = FileState | typeof settling;

const states: readonly State[] = [...fileStates, settling];

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .description('every file that the ledger knows, with its state and asset, and those that settle')
    .option('--state <state>', `only files in this state: ${states.join(', ')}`)
    .option('--versions', 'everything that each path has held, the newest first')
    .option('--remote', "FLORA's assets instead, with the path that each belongs to; needs the key")
    .option('--unknown', 'with --remote: only assets that belong to nothing here')
    .option('--json', 'one JSON object a line');
  addSettings(addLong(command, 'also the URL of each asset, the exact time, and every text whole'));
  command.action(async (options: Options) => {
    requireOneView(options);
    const isJson = options.json === true;
    const state = options.state === undefined ? null : readState(options.state);
    const flags = flagsOf(command);
    // With all that asks FLORA; the ledger alone is looked at far more often.
    if (options.remote === true) return await (await import('./ls-remote.ts')).listRemote(flags, options);
    const { stateDir } = loadSettings(flags, []);
    const database = openLedgerOfDaemon(stateDir);
    if (database === null) return;
    try {
      const askedMs = systemClock.now();
      const screen = screenOf(options, askedMs);
      if (options.versions === true) return await listVersions(database, isJson ? null : screen);
      const inHand = await askInHand(stateDir);
      await list(new Reports(database), inHand, { askedMs, state, screen: isJson ? null : screen });
    } finally {
      database.close();
    }
  });
}

interface Wish {
  /** What is taken in from then on is in the ledger. */
  readonly askedMs: number;
  readonly state: State | null;
  /** Null for JSON. */
  readonly screen: Screen | null;
}

/** What the ledger has, then what it has not seen yet, which was asked for before. */
async function list(reports: Reports, inHand: readonly FileInHand[], { askedMs, state, screen }: Wish): Promise<void> {
  const unseen = new Map(inHand.map((file) => [file.path, file]));
  const listing = new Listing(reports.folders());
  for (const file of reports.list(state === settling ? null : state)) {
    const pending = unseen.get(file.path);
    unseen.delete(file.path);
    const isTakenIn = pending === undefined || file.updatedAtMs >= askedMs;
    if (state === settling && isTakenIn) continue;
    if (screen === null)
      await printJson(isTakenIn ? toJson(file) : { ...toJson(file), settling: settlingJson(pending) });
    else {
      const said = isTakenIn ? null : `settling: ${reasonOn(screen, pending)}`;
      await printLines(
        [...listing.heading(file, screen), ...describe(file, listing.nameOf(file, screen), said, screen)],
        screen,
      );
    }
  }
  if (state !== null && state !== settling) return;
  for (const file of unseen.values()) {
    if (screen === null) await printJson(inHandJson(file));
    else
      await printLines(
        [...listing.heading(file, screen), ...inHandLines(file, listing.nameOf(file, screen), screen)],
        screen,
      );
  }
}

type Placed = Pick<FileReport, 'path' | 'folder'>;

/** What files are called in a list: on a terminal below a line with their drop folder, elsewhere each on its own. */
class Listing {
  readonly #isOnly: boolean;
  #folder: string | undefined;

  constructor(folders: readonly string[]) {
    this.#isOnly = folders.length === 1;
  }

  heading({ folder }: Placed, { isTerminal, columns }: Screen): readonly Line[] {
    const before = this.#folder;
    if (!isTerminal || folder === before) return [];
    this.#folder = folder;
    const shown = showPath(folder);
    const heading = line(span(columns === null ? shown : cutMiddle(shown, columns), 'bold'));
    return before === undefined ? [heading] : [line(), heading];
  }

  nameOf({ folder, path }: Placed, { isTerminal }: Screen): string {
    return isTerminal || this.#isOnly ? showBelow(folder, path) : showPath(path);
  }
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

/** @param said of a file that is not as the ledger has it */
function describe(file: FileReport, path: string, said: string | null, screen: Screen): readonly Line[] {
  const { state, sizeBytes, updatedAtMs } = file;
  const url = state === 'ready' ? (file.url ?? file.assetId) : null;
  const reason = reasonWithCode(file.reasonCode, file.reason);
  const parts = [reason === null ? null : showText(reason), said].filter((part) => part !== null);
  const reasons = parts.length === 0 ? null : parts.join('  ');
  return fileLines(
    { state, sizeBytes, updatedAtMs, path, url: url === null ? null : showText(url), reason: reasons },
    screen,
  );
}

function readState(text: string): State {
  const state = states.find((each) => each === text);
  if (state === undefined)
    throw usageError(`There is no state "${showText(text)}"`, `Use one of ${states.join(', ')}.`);
  return state;
}
