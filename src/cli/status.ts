import type { Command } from 'commander';
import { openLedgerOfDaemon } from '../operations/known-files.ts';
import { systemClock } from '../runtime/clock.ts';
import { collectStatus } from './collect-status.ts';
import { loadSettings } from './loading.ts';
import { printJson, printLines, screenOf } from './output.ts';
import { addLong, addSettings, flagsOf } from './settings.ts';
import { statusLines } from './status-lines.ts';

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('what the daemon is doing, and how many files are in which state')
    .option('--json', 'one JSON object');
  addSettings(addLong(command, 'exact times, and every text whole'), ['state_dir', 'folder']);
  command.action(async (options: { json?: boolean; long?: boolean }) => {
    const { stateDir } = loadSettings(flagsOf(command), []);
    const { status, more } = await collectStatus(stateDir);
    // For scripts the object is whole, also where there is no ledger to look into.
    if (options.json === true) await printJson(status);
    openLedgerOfDaemon(stateDir)?.close();
    if (options.json === true) return;
    const screen = screenOf(options, systemClock.now());
    await printLines(statusLines(status, more, screen), screen);
  });
}
