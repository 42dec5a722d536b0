import type { Command } from 'commander';
import type { PartialConfig } from '../config/load.ts';
import { joinPath } from '../core/entry.ts';
import { locate } from '../core/locate.ts';
import { showPath } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { Inventory } from '../ledger/inventory.ts';
import { createLocalFiles } from '../local/local-files.ts';
import { findTyped, meanings, neverSeen, openKnownLedger } from '../operations/known-files.ts';
import { type Difference, Findings } from '../operations/verify/difference.ts';
import { type Scope, verifyLocal } from '../operations/verify/local.ts';
import { verifyRemote } from '../operations/verify/remote.ts';
import { systemClock } from '../runtime/clock.ts';
import { IdSet } from '../sync/flora/id-set.ts';
import { exitCodes } from './exit.ts';
import { withFlora } from './flora.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { plural, print, printJson, showBytes, showSeconds } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

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
    const startedMs = systemClock.monotonic();
    const findings = new Findings(options.json === true ? printJson : table());
    await interruptible('verify', (signal) =>
      verify(config, typed, { ...options, remote: isRemote }, findings, signal),
    );
    const summary = findings.summary(startedMs, systemClock);
    await (options.json === true ? printJson(summary) : print(describe(summary, isRemote)));
    process.exitCode = summary.differences > 0 ? exitCodes.incomplete : exitCodes.ready;
  });
}

async function verify(
  config: PartialConfig,
  typed: readonly string[],
  { remote: isRemote, download }: Options,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const database = openKnownLedger(config.stateDir);
  try {
    const inventory = new Inventory(database);
    const local = createLocalFiles({ now: systemClock.monotonic, accept: [] });
    const scopes = readScopes(inventory, local, typed);
    const ids = new IdSet();
    const compareLocally = () =>
      verifyLocal({ inventory, local, findings, signal, onContent: (id) => ids.add(id) }, scopes);
    if (isRemote !== true) return await compareLocally();
    await withFlora(config, signal, async (session, cut) => {
      await compareLocally();
      const only = typed.length === 0 ? null : ids;
      const wanted = { concurrency: config.concurrency, isDownload: download === true, only, signal: cut };
      await verifyRemote({ ...session, ...wanted, inventory, findings });
    });
  } finally {
    database.close();
  }
}

/** What is meant by the paths; without any, every watched folder. */
function readScopes(
  inventory: Inventory,
  local: Pick<ReturnType<typeof createLocalFiles>, 'look'>,
  typed: readonly string[],
): readonly Scope[] {
  const folders = inventory.folders();
  if (typed.length === 0) return folders.map((folder) => ({ folder, directory: '', name: null }));
  return typed.map((each) => {
    const known = findTyped(inventory, each);
    if (known !== undefined) return { folder: known.folder, directory: known.path.directory, name: known.path.name };
    let isInside = false;
    for (const absolute of meanings(each)) {
      for (const folder of folders) {
        if (absolute === folder.root) return { folder, directory: '', name: null };
        const path = locate(folder.root, absolute);
        if (path === null) continue;
        isInside = true;
        const directory = joinPath(path.directory, path.name);
        if (local.look(path).kind === 'directory' || inventory.hasDirectory(folder.folderId, directory)) {
          return { folder, directory, name: null };
        }
        if (local.look(path).kind === 'file') return { folder, directory: path.directory, name: path.name };
      }
    }
    if (isInside) throw neverSeen(each);
    const roots = folders.map(({ root }) => showPath(root)).join(', ');
    throw usageError(`${showPath(each)} is in no drop folder that the ledger knows`, `It knows ${roots || 'none'}.`);
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

function describe(summary: ReturnType<Findings['summary']>, isRemote: boolean): string {
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
