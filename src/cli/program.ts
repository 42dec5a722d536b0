import { Command, CommanderError } from 'commander';
import { redactText } from '../core/redact.ts';
import { showLines, showText } from '../core/show-text.ts';
import { errnoCode } from '../errors.ts';
import { version } from '../runtime/version.ts';
import { addContract } from './contract.ts';
import { addDemo } from './demo.ts';
import { addEmulator } from './emulator.ts';
import { exitCodeOf, exitCodes, explain } from './exit.ts';
import { addLs } from './ls.ts';
import { tell } from './output.ts';
import { addReconcile } from './reconcile.ts';
import { addResume } from './resume.ts';
import { addRetry } from './retry.ts';
import { addRun } from './run.ts';
import { addStatus } from './status.ts';
import { addSync } from './sync.ts';
import { addVerify } from './verify.ts';
import { addWhy } from './why.ts';

// Whatever we make is for this user only.
process.umask(0o077);

process.stdout.on('error', (error) => {
  // `flora-sync ls | head` closes the pipe early, which is no error of ours.
  if (errnoCode(error) === 'EPIPE') process.exit(exitCodes.ready);
  tell(`The result cannot be written to stdout (${errnoCode(error) ?? error.message})\n`);
  process.exit(exitCodes.unexpected);
});
// Whom nobody can be told anything the exit code still tells.
process.stderr.on('error', () => {});

const program = new Command('flora-sync')
  .description('Watches drop folders and brings every finished file into FLORA exactly once.')
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for what can be used)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(withoutValues(text)) });

const local = [addRun, addSync, addStatus, addLs, addWhy, addRetry, addResume, addReconcile, addVerify, addContract];
for (const add of [...local, addEmulator, addDemo]) add(program);
for (const command of program.commands) command.exitOverride().showHelpAfterError('(add --help for what can be used)');
program.addHelpText(
  'after',
  `
Exit codes: 0 everything is ready · 1 unexpected error · 2 usage · 3 finished, but some files are rejected or failed, or
differ (verify), or an answer is unknown (contract) · 4 another daemon owns this ledger · 5 FLORA cannot be reached or refuses the key (run waits instead) ·
78 configuration`,
);

/** Does what the command line says; the exit code is set, nothing is thrown. */
export async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong; help and version end with 0.
      process.exitCode = error.exitCode === 0 ? exitCodes.ready : exitCodes.usage;
    } else {
      tell(`${redactText(explain(error))}\n`);
      process.exitCode = exitCodeOf(error);
    }
  }
}

/** commander repeats an unknown option as it was typed, and what was typed may be `--api-key=` with the key. */
function withoutValues(text: string): string {
  const shown = text.replace(/(unknown option '(?:--[^'=]*=|-[^-']))[^']*(?:'[^\n]*)?'/, "$1…'");
  // One line of its own, in which what was typed stands, and perhaps one that says what was meant.
  const [, message = shown, meant = ''] = /^(.*?)(\n\(Did you mean [^\n]*\))?\n$/s.exec(shown) ?? [];
  return `${showText(redactText(message))}${showLines(redactText(meant))}\n`;
}
