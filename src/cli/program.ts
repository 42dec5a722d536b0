import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { redactText } from '../core/redact.ts';
import { showLines, showText } from '../core/show-text.ts';
import { errnoCode } from '../errors.ts';
import { version } from '../runtime/version.ts';
import { exitCodeOf, exitCodes, explain } from './exit.ts';
import { tell } from './output.ts';

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

/** In the order of the help. What one of them needs is loaded for it alone: it would be most of the time of a short command. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  run: async () => (await import('./run.ts')).addRun,
  sync: async () => (await import('./sync.ts')).addSync,
  status: async () => (await import('./status.ts')).addStatus,
  ls: async () => (await import('./ls.ts')).addLs,
  why: async () => (await import('./why.ts')).addWhy,
  retry: async () => (await import('./retry.ts')).addRetry,
  resume: async () => (await import('./resume.ts')).addResume,
  reconcile: async () => (await import('./reconcile.ts')).addReconcile,
  'check-ignore': async () => (await import('./check-ignore.ts')).addCheckIgnore,
  verify: async () => (await import('./verify.ts')).addVerify,
  contract: async () => (await import('./contract.ts')).addContract,
  emulator: async () => (await import('./emulator.ts')).addEmulator,
  demo: async () => (await import('./demo.ts')).addDemo,
};

const program = new Command('flora-sync')
  .description('Watches drop folders and brings every finished file into FLORA exactly once.')
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for what can be used)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(withoutValues(text)) });

program.addHelpText(
  'after',
  `
Exit codes: 0 everything is ready · 1 unexpected error · 2 usage · 3 finished, but some files are rejected or failed, or
differ (verify), or an answer is unknown (contract) · 4 another daemon owns this ledger · 5 FLORA cannot be reached or refuses the key (run waits instead) ·
78 configuration`,
);

/**
 * Does what the command line says; the exit code is set. Throws only where a file of the program cannot be loaded.
 *
 * @param isFrugal few files may be open at once
 */
export async function main(isFrugal: boolean): Promise<void> {
  const [word = ''] = process.argv.slice(2);
  const names = Object.hasOwn(commands, word) ? [word] : word === '--version' ? [] : Object.keys(commands);
  for (const name of names) {
    // Opens one file after the other. What it has loaded, `import` finds.
    if (isFrugal) createRequire(import.meta.url)(`./${name}.js`);
    (await commands[name]?.())?.(program);
  }
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError('(add --help for what can be used)');
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
