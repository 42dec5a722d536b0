import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import type { PartialConfig } from '../config/load.ts';
import { proxyOf } from '../config/proxy.ts';
import { folder, mostAssets, type Traces } from '../contract/making.ts';
import { sources } from '../contract/questions.ts';
import { RawFlora } from '../contract/raw.ts';
import type { Row, Verdict } from '../contract/row.ts';
import { survey } from '../contract/survey.ts';
import { tableHead, tableRow } from '../contract/table.ts';
import { showText } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { userAgent, version } from '../runtime/version.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { print, printJson, tell } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';
import { plural } from './show/count.ts';
import { showSeconds } from './show/time.ts';

interface Options {
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Place {
  readonly host: string;
  readonly workspaceId: string;
}

interface Outcome extends Place {
  readonly verdicts: readonly Verdict[];
  readonly requests: number;
  readonly traces: Traces;
  readonly seconds: number;
}

export function addContract(program: Command): void {
  const command = program
    .command('contract')
    .description(`ask FLORA what its documents leave open; at most ${mostAssets} tiny assets stay there`)
    .option('--yes', 'do not ask first; needed where there is no terminal')
    .option('--json', 'one JSON object a line for each question, then the summary');
  addSettings(command, ['api_key_file', 'base_url', 'workspace_id']).action(async (options: Options) => {
    const config = loadSettings(flagsOf(command), ['apiKey', 'workspaceId']);
    await interruptible('contract', (signal) => contract(config, options, signal));
  });
}

async function contract(config: PartialConfig, options: Options, signal: AbortSignal): Promise<void> {
  const { apiKey, baseUrl } = config;
  if (apiKey === undefined) throw new Error('The key was not required');
  const place = { host: new URL(baseUrl).host, workspaceId: workspaceOf(config) };
  if (!(await isWanted(place, options, signal))) return await print('Nothing was asked, and nothing was made.\n');
  const { now, sleep, setTimer, monotonic } = systemClock;
  const raw = new RawFlora({
    baseUrl,
    apiKey: apiKey.reveal(),
    userAgent,
    nowMs: now,
    sleep,
    setTimer,
    token: systemRandom.token,
    proxy: proxyOf(process.env),
  });
  const traces: Traces = { assetIds: [], lost: 0 };
  const verdicts: Verdict[] = [];
  const startedMs = monotonic();
  const outcome = (): Outcome => {
    const seconds = Math.round(monotonic() - startedMs) / 1000;
    return { ...place, verdicts, requests: raw.answers.length, traces, seconds };
  };
  const show = options.json === true ? printJson : table();
  try {
    const deps = { raw, traces, clock: systemClock, token: systemRandom.token, signal };
    for await (const row of survey({ ...deps, workspaceId: place.workspaceId })) {
      verdicts.push(row.verdict);
      await show(row);
    }
  } catch (error) {
    // Whatever ended it, what it made stays.
    if (traces.assetIds.length + traces.lost > 0) tell(describeTraces(outcome()));
    throw error;
  } finally {
    await raw.close();
  }
  await (options.json === true ? printJson({ summary: summarise(outcome()) }) : print(describe(outcome())));
  process.exitCode = verdicts.includes('unknown') ? exitCodes.incomplete : exitCodes.ready;
}

/** The general workspace, or the one that all drop folders name. */
function workspaceOf({ workspaceId, folders }: PartialConfig): string {
  const named = new Set(folders.map(({ destination }) => destination.workspaceId));
  const [only] = named;
  if (workspaceId !== null) return workspaceId;
  if (only !== undefined && named.size === 1) return only;
  const hint = 'the folders name several: say which one to ask, such as --workspace-id ws_…';
  throw new ConfigError([{ setting: 'FLORA_WORKSPACE_ID', value: null, problem: 'is missing', hint }]);
}

async function isWanted({ host, workspaceId }: Place, { yes }: Options, signal: AbortSignal): Promise<boolean> {
  const notice =
    `FLORA at ${host} is asked what its documents leave open. FLORA has no delete, so this stays there for good, at most:\n` +
    `  ${mostAssets} assets in the workspace ${workspaceId}, in the folder "${folder}":\n` +
    '  3 pictures of one pixel, and 1 reservation without bytes (it stays pending_upload)\n';
  if (yes === true) {
    tell(`${notice}\n`);
    return true;
  }
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    tell(notice);
    throw usageError(
      'Nothing was asked yet: there is no terminal to ask on whether that is wanted',
      'Say --yes if it is.',
    );
  }
  tell(notice);
  return await isAgreed('Go on? (y/N) ', signal);
}

async function isAgreed(question: string, signal: AbortSignal): Promise<boolean> {
  // Not in raw mode, so that Ctrl-C is a signal here too.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return /^y(es)?$/i.test((await Promise.race([lines.question(question, { signal }), ended])).trim());
  } finally {
    lines.close();
  }
}

/** Prints each row as it comes, under a head that comes with the first. */
function table(): (row: Row) => Promise<void> {
  let hasHead = false;
  return async (row) => {
    const head = hasHead ? '' : tableHead;
    hasHead = true;
    await print(head + tableRow(row));
  };
}

function summarise({ host, workspaceId, verdicts, requests, traces, seconds }: Outcome) {
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  return {
    version,
    host,
    workspace_id: workspaceId,
    folder,
    as_documented: count('as documented'),
    known_otherwise: count('known otherwise'),
    unknown: count('unknown'),
    not_asked: count('not asked'),
    requests,
    seconds,
    left_behind: traces.assetIds,
    perhaps_left_behind: traces.lost,
  };
}

function describe(outcome: Outcome): string {
  const { as_documented: asDocumented, known_otherwise: otherwise, unknown, not_asked: notAsked } = summarise(outcome);
  const counts = `${asDocumented} as documented, ${otherwise} known otherwise, ${unknown} unknown, ${notAsked} not asked`;
  const wish = unknown > 0 ? 'What is unknown we want to know: please send us this table. ' : '';
  return (
    `\n${counts}; ${plural(outcome.requests, 'answer')} of ${outcome.host}, ${showSeconds(outcome.seconds)}, flora-sync ${version}\n` +
    `${sources}\n${wish}It holds no key, no signed URL and no value of a form field.\n\n${describeTraces(outcome)}`
  );
}

function describeTraces({ traces: { assetIds, lost }, workspaceId }: Outcome): string {
  const where = `in the workspace ${workspaceId}, folder "${folder}"`;
  const made = assetIds.length === 0 ? 'none that we know of' : assetIds.map(showText).join('\n  ');
  const perhaps = lost === 0 ? '' : `  and perhaps ${plural(lost, 'asset')} more, of which no answer told us the id\n`;
  return `Left behind ${where}:\n  ${made}\n${perhaps}`;
}
