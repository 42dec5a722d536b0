import type { Command } from 'commander';
import { commandDaemon } from '../control/client.ts';
import { absolutePath } from '../core/entry.ts';
import { showPath, showText } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { Inventory } from '../ledger/inventory.ts';
import { openKnownLedger, requireKnown } from '../operations/known-files.ts';
import type { RetryWish } from '../operations/operations.ts';
import { retryAlone } from '../operations/standalone.ts';
import type { Retried } from '../sync/upload/retry.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { loggerFor, quieter } from './logging.ts';
import { plural, print, printJson } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

/** Paths in one request to the daemon. */
const pathsAtOnce = 100;

export function addRetry(program: Command): void {
  const command = program
    .command('retry')
    .description('try files again that were rejected, are missing at FLORA, or wait to be compared with it')
    .argument('[path...]', 'files, as `ls` shows them or relative to here')
    .option('--failed', 'every file that was acceptable and did not get there, or is not there any more')
    .option('--json', 'one JSON object a line');
  addSettings(command, ['state_dir', 'folder']);
  command.action(async (typed: readonly string[], options: { failed?: boolean; json?: boolean }) => {
    if ((options.failed === true) === typed.length > 0) {
      throw usageError('Nothing says which files to try again', 'Name files, or give --failed: one of the two.');
    }
    const { stateDir, logLevel } = loadSettings(flagsOf(command), []);
    const wishes = readWishes(stateDir, typed);
    const log = loggerFor({ logLevel: quieter(logLevel) });
    const counts: Counts = { retried: 0, looked_at: 0, unchanged: 0, unknown: 0 };
    const show = async (item: unknown) => {
      // Written by `retryFiles`, at whichever end of the socket.
      const line = item as Retried;
      counts[line.outcome] += 1;
      await (options.json === true ? printJson(line) : print(`${showPath(line.path)}: ${showText(line.message)}\n`));
    };
    const isAlone = await interruptible('retry', (signal) => carryOut(wishes, stateDir, log, show, signal));
    if (options.json !== true) await print(`${describe(counts, isAlone)}\n`);
    // Gone from the ledger since it was looked up: as if it had never been there.
    process.exitCode = counts.unknown > 0 ? exitCodes.usage : exitCodes.ready;
  });
}

type Counts = Record<Retried['outcome'], number>;

/** Looks every path up before anything is done, so that a slip of the pen does nothing by halves. */
function readWishes(stateDir: string, typed: readonly string[]): readonly RetryWish[] {
  const database = openKnownLedger(stateDir);
  try {
    if (typed.length === 0) return [{ failed: true }];
    const inventory = new Inventory(database);
    const paths = [...new Set(typed.map((path) => absolutePath(requireKnown(inventory, path).path)))];
    const wishes: RetryWish[] = [];
    for (let at = 0; at < paths.length; at += pathsAtOnce) wishes.push({ paths: paths.slice(at, at + pathsAtOnce) });
    return wishes;
  } finally {
    database.close();
  }
}

/** Returns whether no daemon was there to do it. */
async function carryOut(
  wishes: readonly RetryWish[],
  stateDir: string,
  log: ReturnType<typeof loggerFor>,
  onItem: (item: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const [at, fields] of wishes.entries()) {
    const done = await commandDaemon(stateDir, { path: '/retry', fields, onItem, signal });
    if (done !== null) continue;
    // The ledger is opened once for all that are left.
    await retryAlone(stateDir, log, joined(wishes.slice(at)), onItem, signal);
    return true;
  }
  return false;
}

function joined(wishes: readonly RetryWish[]): RetryWish {
  return wishes.some((wish) => 'failed' in wish)
    ? { failed: true }
    : { paths: wishes.flatMap((wish) => ('paths' in wish ? wish.paths : [])) };
}

function describe({ retried, looked_at: lookedAt, unchanged }: Counts, isAlone: boolean): string {
  const work = retried + lookedAt;
  const parts = [
    `${plural(retried, 'file')} tried again`,
    ...(lookedAt === 0 ? [] : [`${lookedAt} looked at anew`]),
    ...(unchanged === 0 ? [] : [`${unchanged} left as they are`]),
  ];
  return `${parts.join(', ')}${isAlone && work > 0 ? '; the next `run` or `sync` carries on' : ''}`;
}
