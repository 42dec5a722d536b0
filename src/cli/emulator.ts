import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { print, printJson } from './output.ts';
import { nextStopSignal } from './signals.ts';

/** What the emulator takes as key and workspace. */
export const emulatorKey = 'sk_live_emulator';
export const emulatorWorkspace = 'ws_emulator';

export function addEmulator(program: Command): void {
  program
    .command('emulator')
    .description('the FLORA Assets API on this machine, for tests and a first look; until SIGTERM or Ctrl-C')
    .option('--port <number>', 'the port on 127.0.0.1; 0 takes any free one', readPort, 4010)
    .option('--data-dir <path>', 'where bytes and metadata are kept', join(tmpdir(), 'flora-emulator'))
    .option('--json', 'say where it listens in one JSON object')
    .action(async (options: { port: number; dataDir: string; json?: boolean }) => {
      const stopSignal = nextStopSignal();
      const { startEmulator } = await import('../emulator/emulator.ts');
      const emulator = await startEmulator({ port: options.port, dataDir: options.dataDir });
      const { baseUrl, adminUrl, port } = emulator;
      const settings = { FLORA_BASE_URL: baseUrl, FLORA_API_KEY: emulatorKey, FLORA_WORKSPACE_ID: emulatorWorkspace };
      if (options.json === true) {
        await printJson({ port, base_url: baseUrl, admin_url: adminUrl, data_dir: options.dataDir, ...settings });
      } else {
        await print(`The FLORA emulator listens on ${baseUrl} and keeps its data in ${options.dataDir}\n\n`);
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
