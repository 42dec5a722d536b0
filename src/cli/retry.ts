import type { Command } from 'commander';
import { askDaemon } from '../control/client.ts';
import { showPath, showText } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { pathsMeant, requireAllKnown } from '../operations/known-files.ts';
import { type RetryItem, type RetryRequest, type RetryResult, retry } from '../operations/retry.ts';
import { retryAlone } from '../operations/standalone.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { loggerFor, quieter } from './logging.ts';
import { print, printJson } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';
import { plural } from './show/count.ts';

/** Of the paths in one request, as JSON: the daemon takes 4 MiB. */
const mostBytes = 3 << 20;

export function addRetry(program: Command): void {
  const command = program
    .command('retry')
    .description('try files again that were rejected, are missing at FLORA, or wait to be compared with it')
    .argument('[path...]', 'files, as `ls` shows them or relative to here')
    .option('--failed', 'every file that was acceptable and did not get there, or is not there any more')
    .option('--json', 'one JSON object a line');
  addSettings(command, ['state_dir', 'folder']);
  command.action(async (typed: readonly string[], options: { failed?: boolean; json?: boolean }) => {
    requireOneChoice(typed, options.failed === true);
    const { stateDir, logLevel } = loadSettings(flagsOf(command), []);
    const requests = typed.length === 0 ? [{ failed: true } as const] : requestsFor(stateDir, typed);
    const log = loggerFor({ logLevel: quieter(logLevel) });
    const show = async (item: RetryItem) => {
      await (options.json === true ? printJson(item) : print(`${showPath(item.path)}: ${showText(item.message)}\n`));
    };
    const { results, isAlone } = await interruptible('retry', (signal) =>
      carryOut(requests, stateDir, log, show, signal),
    );
    const counts = results.reduce(sum);
    if (options.json !== true) await print(`${describe(counts, isAlone)}\n`);
    // Gone from the ledger since it was looked up: as if it had never been there.
    process.exitCode = counts.unknown > 0 ? exitCodes.usage : exitCodes.ready;
  });
}

function requireOneChoice(typed: readonly string[], isFailed: boolean): void {
  if (isFailed && typed.length > 0) {
    const hint = 'Name files, or give --failed: one of the two.';
    throw usageError('--failed says which files to try again, and others are named beside it', hint);
  }
  if (!isFailed && typed.length === 0) {
    throw usageError('Nothing says which files to try again', 'Name files, or give --failed.');
  }
}

/** As few requests as hold the paths. */
function requestsFor(stateDir: string, typed: readonly string[]): readonly RetryRequest[] {
  const paths = [...new Set(pathsMeant(stateDir, typed))];
  const chunks: string[][] = [];
  let leftBytes = 0;
  for (const path of paths) {
    const bytes = Buffer.byteLength(JSON.stringify(path)) + 1;
    if (bytes > leftBytes) {
      chunks.push([]);
      leftBytes = mostBytes;
    }
    chunks.at(-1)?.push(path);
    leftBytes -= bytes;
  }
  // Each request does all or nothing by itself. A slip of the pen should do nothing by halves in several, either.
  if (chunks.length > 1) requireAllKnown(stateDir, paths);
  return chunks.map((each) => ({ paths: each }));
}

interface Done {
  readonly results: readonly RetryResult[];
  /** Whether no daemon was there to do it. */
  readonly isAlone: boolean;
}

async function carryOut(
  requests: readonly RetryRequest[],
  stateDir: string,
  log: ReturnType<typeof loggerFor>,
  onItem: (item: RetryItem) => Promise<void>,
  signal: AbortSignal,
): Promise<Done> {
  const results: RetryResult[] = [];
  for (const [at, request] of requests.entries()) {
    const result = await askDaemon(stateDir, retry, { request, onItem, signal });
    if (result === null) {
      // The ledger is opened once for all that are left.
      const rest = requests.slice(at).reduce(joined);
      return { results: [...results, await retryAlone(stateDir, log, rest, onItem, signal)], isAlone: true };
    }
    results.push(result);
  }
  return { results, isAlone: false };
}

function joined(a: RetryRequest, b: RetryRequest): RetryRequest {
  return 'failed' in a || 'failed' in b ? { failed: true } : { paths: [...a.paths, ...b.paths] };
}

function sum(a: RetryResult, b: RetryResult): RetryResult {
  return {
    retried: a.retried + b.retried,
    looked_at: a.looked_at + b.looked_at,
    unchanged: a.unchanged + b.unchanged,
    unknown: a.unknown + b.unknown,
  };
}

function describe({ retried, looked_at: lookedAt, unchanged }: RetryResult, isAlone: boolean): string {
  const work = retried + lookedAt;
  const parts = [
    `${plural(retried, 'file')} tried again`,
    ...(lookedAt === 0 ? [] : [`${lookedAt} looked at anew`]),
    ...(unchanged === 0 ? [] : [`${unchanged} left as they are`]),
  ];
  return `${parts.join(', ')}${isAlone && work > 0 ? '; the next `run` or `sync` carries on' : ''}`;
}
