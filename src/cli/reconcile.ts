import type { Command } from 'commander';
import { askDaemon } from '../control/client.ts';
import { showPath, showText } from '../core/show-text.ts';
import { requireLedger } from '../operations/known-files.ts';
import { type ReconcileItem, type ReconcileResult, reconcile } from '../operations/reconcile.ts';
import { reconcileAlone } from '../operations/standalone.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { loggerFor, quieter } from './logging.ts';
import { plural, print, printJson, showBytes, showSeconds } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

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
    await (options.json === true ? printJson(summary) : print(describe(summary, options)));
    process.exitCode = summary.error === null ? exitCodes.ready : exitCodes.unexpected;
  });
}

async function compare(command: Command, options: Options, signal: AbortSignal): Promise<ReconcileResult> {
  const flags = flagsOf(command);
  // The daemon has settings of its own: here is only needed where it is.
  const { stateDir } = loadSettings(flags, []);
  const request = { full: options.full === true, dry_run: options.dryRun === true };
  const onItem = async (item: ReconcileItem) => {
    await (options.json === true ? printJson(item) : print(`${describeDrift(item)}\n`));
  };
  const answer = await askDaemon(stateDir, reconcile, { request, onItem, signal });
  if (answer !== null) return answer;
  requireLedger(stateDir);
  const config = loadSettings(flags);
  return await reconcileAlone(config, loggerFor({ logLevel: quieter(config.logLevel) }), request, onItem, signal);
}

function describeDrift({ path, asset_id: assetId, state, becomes, listed }: ReconcileItem): string {
  const step = state === becomes ? `${state}, another URL` : `${state} -> ${becomes}`;
  const size = listed.size === null ? '' : `, ${showBytes(listed.size)}`;
  const seen = `${showText(assetId)} is listed as ${showText(listed.status)}`;
  return `${step}  ${showPath(path)}  ${seen}${size}`;
}

function describe(summary: ReconcileResult, { dryRun }: Options): string {
  const { pages, assets, ours, unknown, unreadable, drift, asked, missing, seconds, error } = summary;
  const read = `${plural(pages, 'page')}${summary.is_full ? '' : ' (those that can hold news)'}`;
  const seen = `${plural(assets, 'asset')}, ${ours} ours, ${unknown} unknown${unreadable === 0 ? '' : `, ${unreadable} unreadable`}`;
  const change = dryRun === true ? `${plural(drift, 'change')} to make` : `${plural(drift, 'change')} brought in`;
  const line = `${read}, ${seen}; ${change}, ${asked} asked for by itself, ${missing} missing; ${showSeconds(seconds)}`;
  return `${line}\n${error === null ? '' : `The listing could not be read to its end: ${showText(error)}\n`}`;
}
