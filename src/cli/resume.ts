import type { Command } from 'commander';
import { commandDaemon } from '../control/client.ts';
import { showPath, showText } from '../core/show-text.ts';
import { Inventory, type InventoryFolder } from '../ledger/inventory.ts';
import { meanings, openKnownLedger } from '../operations/known-files.ts';
import { type Accepted, folderAt } from '../operations/operations.ts';
import { resumeAlone } from '../operations/standalone.ts';
import { exitCodes } from './exit.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { loggerFor, quieter } from './logging.ts';
import { print, printJson } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

export function addResume(program: Command): void {
  const command = program
    .command('resume')
    .description('take a drop folder as it is that is halted because another directory is in its place')
    .argument('<folder>', 'the drop folder')
    .option('--json', 'one JSON object');
  addSettings(command, ['state_dir']).action(async (typed: string, options: { json?: boolean }) => {
    const { stateDir, logLevel } = loadSettings(flagsOf(command), []);
    const folder = findFolder(stateDir, typed);
    const fields = { folder: folder.root };
    const onItem = async () => {};
    const answer = await interruptible('resume', async (signal) => {
      const done = await commandDaemon(stateDir, { path: '/resume', fields, onItem, signal });
      return done ?? (await resumeAlone(stateDir, loggerFor({ logLevel: quieter(logLevel) }), folder));
    });
    // Written by this program, at whichever end of the socket.
    const accepted = answer as Accepted;
    await (options.json === true
      ? printJson(accepted)
      : print(`The drop folder ${showPath(accepted.folder)} ${showText(accepted.message)}\n`));
    process.exitCode = accepted.outcome === 'halted' ? exitCodes.incomplete : exitCodes.ready;
  });
}

function findFolder(stateDir: string, typed: string): InventoryFolder {
  const database = openKnownLedger(stateDir);
  try {
    const folders = new Inventory(database).folders();
    const [typedAs = typed, escaped = typedAs] = meanings(typed);
    return folders.find(({ root }) => root === escaped) ?? folderAt(folders, typedAs);
  } finally {
    database.close();
  }
}
