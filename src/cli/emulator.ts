import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { dialectNames } from '../emulator/dialects.ts';
import { type Limit, readLimit } from '../emulator/limit.ts';
import { usageError } from '../errors.ts';
import { print, printJson } from './output.ts';
import { nextStopSignal } from './signals.ts';

/** What the emulator takes as key and workspace. */
export const emulatorKey = 'sk_live_emulator';
export const emulatorWorkspace = 'ws_emulator';

interface EmulatorCliOptions {
  readonly port: number;
  readonly dataDir: string;
  readonly dialect: string;
  readonly key?: readonly string[];
  readonly anyKey?: boolean;
  readonly limit?: Limit;
  readonly json?: boolean;
}

export function addEmulator(program: Command): void {
  program
    .command('emulator')
    .description('the FLORA Assets API on this machine, for tests and a first look; until SIGTERM or Ctrl-C')
    .option('--port <number>', 'the port on 127.0.0.1; 0 takes any free one', readPort, 4010)
    .option('--data-dir <path>', 'where bytes and metadata are kept', join(tmpdir(), 'flora-emulator'))
    .addOption(
      new Option('--dialect <name>', 'which of the API’s documents it follows').choices(dialectNames).default('seeds'),
    )
    .addOption(new Option('--key <key>', 'an API key that it takes; may be given more than once').argParser(addKey))
    .addOption(new Option('--any-key', 'takes any API key and any workspace').conflicts('key'))
    .option(
      '--limit <rule>',
      'a rate limit: "bucket 20/s burst 10 retry-after rest", "fixed 60/min", "in-flight 2"',
      readRule,
    )
    .option('--json', 'say where it listens in one JSON object')
    .action(async ({ port: wantedPort, dataDir, dialect, limit, json, ...access }: EmulatorCliOptions) => {
      const stopSignal = nextStopSignal();
      const { startEmulator } = await import('../emulator/emulator.ts');
      const keys = access.key ?? [emulatorKey];
      const apiKeys = access.anyKey === true ? 'any' : keys;
      const emulator = await startEmulator({ port: wantedPort, dataDir, dialect, apiKeys, limit });
      const { baseUrl, adminUrl, port } = emulator;
      const settings = { FLORA_BASE_URL: baseUrl, FLORA_API_KEY: keys[0], FLORA_WORKSPACE_ID: emulatorWorkspace };
      if (json === true) {
        await printJson({ port, base_url: baseUrl, admin_url: adminUrl, data_dir: dataDir, ...settings });
      } else {
        await print(`The FLORA emulator listens on ${baseUrl} and keeps its data in ${dataDir}\n\n`);
        for (const [name, value] of Object.entries(settings)) await print(`  export ${name}=${value}\n`);
      }
      await stopSignal;
      await emulator.close();
    });
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text.trim() !== '') return port;
  throw new InvalidArgumentError('Use a whole number from 0 to 65535.');
}

function readRule(text: string): Limit {
  const limit = readLimit(text);
  if (limit !== undefined) return limit;
  throw new InvalidArgumentError(
    'Write bucket, fixed, sliding or quota and the calls (20/s, 60/min, 1000/h), or in-flight and a number; then, if wanted, "burst N" and "retry-after none", "rest" or seconds.',
  );
}

function addKey(key: string, earlier: readonly string[] | undefined): readonly string[] {
  // Not InvalidArgumentError: commander would repeat the key.
  if (!/^\S+$/.test(key)) throw usageError('A key holds no white space.', 'Give each key after a --key of its own.');
  return [...(earlier ?? []), key];
}
