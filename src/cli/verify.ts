import type { Command } from 'commander';
import { showPath } from '../core/show-text.ts';
import type { Difference } from '../operations/verify/difference.ts';
import { type VerifySummary, verify } from '../operations/verify/verify.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { print, printJson } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';
import { showBytes } from './show/bytes.ts';
import { plural } from './show/count.ts';
import { showSeconds } from './show/time.ts';

interface Options {
  readonly remote?: boolean;
  readonly download?: boolean;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('compare the ledger with the files on disk, and with FLORA; changes nothing')
    .argument('[path...]', 'only these files or directories')
    .option('--remote', "also compare with what FLORA says of each file's asset; needs the key")
    .option('--download', 'also fetch the bytes of each asset and digest them; implies --remote')
    .option('--json', 'one JSON object a line for each difference, then the summary');
  addSettings(command).action(async (typed: readonly string[], options: Options) => {
    const isRemote = options.remote === true || options.download === true;
    const config = loadSettings(flagsOf(command), isRemote ? ['apiKey'] : []);
    const tell = options.json === true ? printJson : table();
    const request = { config, typed, isRemote, isDownload: options.download === true };
    const summary = await interruptible('verify', (signal) => verify(request, tell, signal));
    await (options.json === true ? printJson(summary) : print(describe(summary, isRemote)));
    process.exitCode = summary.differences > 0 ? exitCodes.incomplete : exitCodes.ready;
  });
}

/** Prints a line for each difference, under a head that comes with the first. */
function table(): (difference: Difference) => Promise<void> {
  let hasHead = false;
  const row = (what: string, ledger: string, found: string, path: string) =>
    `${what.padEnd(15)}  ${ledger.padEnd(20)}  ${found.padEnd(20)}  ${path}\n`;
  return async ({ path, difference, expected, found }) => {
    const head = hasHead ? '' : row('difference', 'ledger', 'found', 'path');
    hasHead = true;
    await print(head + row(difference, showValue(expected), showValue(found), showPath(path)));
  };
}

function showValue(value: string | number | null): string {
  if (value === null) return '-';
  if (typeof value === 'number') return `${value} bytes`;
  // As much of a digest as people compare.
  return /^[0-9a-f]{64}$/.test(value) ? `sha256 ${value.slice(0, 12)}` : showPath(value);
}

function describe(summary: VerifySummary, isRemote: boolean): string {
  const { files, bytes_read: read, assets, bytes_downloaded: downloaded, pending, rejected, differences } = summary;
  const parts = [
    `${plural(files, 'file')} compared, ${showBytes(read)} read`,
    ...(isRemote ? [`${plural(assets, 'asset')} compared, ${showBytes(downloaded)} downloaded`] : []),
    ...(pending > 0 ? [`${pending} not finished yet`] : []),
    ...(rejected > 0 ? [`${rejected} rejected, without a digest to compare`] : []),
    plural(differences, 'difference'),
  ];
  return `${parts.join('; ')}; ${showSeconds(summary.seconds)}\n`;
}
