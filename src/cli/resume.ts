import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askDaemon } from '../control/client.ts';
import { showPath, showText } from '../core/show-text.ts';
import { resume } from '../operations/resume.ts';
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
    const request = { folder: resolve(typed) };
    const onItem = async () => {};
    const accepted = await interruptible('resume', async (signal) => {
      const done = await askDaemon(stateDir, resume, { request, onItem, signal });
      return done ?? (await resumeAlone(stateDir, loggerFor({ logLevel: quieter(logLevel) }), request));
    });
    await (options.json === true
      ? printJson(accepted)
      : print(`The drop folder ${showPath(accepted.folder)} ${showText(accepted.message)}\n`));
    process.exitCode = accepted.outcome === 'halted' ? exitCodes.incomplete : exitCodes.ready;
  });
}
