import type { Command } from 'commander';
import { askDaemon } from '../control/client.ts';
import { requireLedger } from '../operations/known-files.ts';
import { type ReconcileItem, type ReconcileResult, reconcile } from '../operations/reconcile.ts';
import { reconcileAlone } from '../operations/standalone.ts';
import { systemClock } from '../runtime/clock.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { loggerFor, quieter } from './logging.ts';
import { printJson, printLines, screenOf } from './output.ts';
import { driftLines, reconcileLines } from './reconcile-lines.ts';
import { addSettings, flagsOf } from './settings.ts';
import type { Screen } from './show/lines.ts';

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
    const summary = await interruptible('reconcile', (signal) => compare(command, options, signal));
    await (options.json === true
      ? printJson(summary)
      : printLines(reconcileLines(summary, options.dryRun === true, screenNow()), screenNow()));
    process.exitCode = summary.error === null ? exitCodes.ready : exitCodes.unexpected;
  });
}

async function compare(command: Command, options: Options, signal: AbortSignal): Promise<ReconcileResult> {
  const flags = flagsOf(command);
  // The daemon has settings of its own: here is only needed where it is, and what to call its files.
  const { stateDir, folders } = loadSettings(flags, []);
  const roots = folders.map(({ path }) => path);
  const request = { full: options.full === true, dry_run: options.dryRun === true };
  const onItem = async (item: ReconcileItem) => {
    await (options.json === true ? printJson(item) : printLines(driftLines(item, roots, screenNow()), screenNow()));
  };
  const answer = await askDaemon(stateDir, reconcile, { request, onItem, signal });
  if (answer !== null) return answer;
  requireLedger(stateDir);
  const config = loadSettings(flags);
  return await reconcileAlone(config, loggerFor({ logLevel: quieter(config.logLevel) }), request, onItem, signal);
}

function screenNow(): Screen {
  return screenOf({}, systemClock.now());
}
