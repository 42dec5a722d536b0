import type { Command } from 'commander';
import { commandDaemon } from '../control/client.ts';
import { openKnownLedger } from '../operations/known-files.ts';
import type { reconcileAsked } from '../operations/operations.ts';
import { reconcileAlone } from '../operations/standalone.ts';
import { systemClock } from '../runtime/clock.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { loggerFor, quieter } from './logging.ts';
import { printJson, printLines, screenOf } from './output.ts';
import { type DriftLine, driftLines, reconcileLines } from './reconcile-lines.ts';
import { addSettings, flagsOf } from './settings.ts';
import type { Screen } from './show/lines.ts';

type Summary = Awaited<ReturnType<typeof reconcileAsked>>;

interface Options {
  readonly full?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addReconcile(program: Command): void {
  const command = program
    .command('reconcile')
    .description("compare the ledger with FLORA's listing now; uploads nothing by itself")
    .option('--full', 'read every page, also where fewer would do')
    .option('--dry-run', 'only say what would change')
    .option('--json', 'the summary as one JSON object; with --dry-run, a line for each change before it');
  addSettings(command).action(async (options: Options) => {
    const summary = await interruptible('reconcile', (signal) => reconcile(command, options, signal));
    await (options.json === true
      ? printJson(summary)
      : printLines(reconcileLines(summary, options.dryRun === true, screenNow()), screenNow()));
    process.exitCode = summary.error === null ? exitCodes.ready : exitCodes.unexpected;
  });
}

async function reconcile(command: Command, options: Options, signal: AbortSignal): Promise<Summary> {
  const flags = flagsOf(command);
  // The daemon has settings of its own: here is only needed where it is, and what to call its files.
  const { stateDir, folders } = loadSettings(flags, []);
  const roots = folders.map(({ path }) => path);
  const wish = { isFull: options.full === true, isDryRun: options.dryRun === true };
  const onItem = async (item: unknown) => {
    // Written by `reconcileAsked`, at whichever end of the socket.
    const line = item as DriftLine;
    await (options.json === true ? printJson(line) : printLines(driftLines(line, roots, screenNow()), screenNow()));
  };
  const fields = { full: wish.isFull, dry_run: wish.isDryRun };
  const answer = await commandDaemon(stateDir, { path: '/reconcile', fields, onItem, signal });
  if (answer !== null) return answer as Summary;
  openKnownLedger(stateDir).close();
  const config = loadSettings(flags);
  return await reconcileAlone(config, loggerFor({ logLevel: quieter(config.logLevel) }), wish, onItem, signal);
}

function screenNow(): Screen {
  return screenOf({}, systemClock.now());
}
