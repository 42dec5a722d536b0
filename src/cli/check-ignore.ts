import { existsSync, lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { PartialConfig } from '../config/load.ts';
import { joinPath } from '../core/entry.ts';
import { locate } from '../core/locate.ts';
import { displayName } from '../core/name.ts';
import { showPath } from '../core/show-text.ts';
import { usageError } from '../errors.ts';
import { meanings } from '../operations/known-files.ts';
import { describeExclusion, type Exclusion } from '../rules/rule.ts';
import { readRules } from '../setup/folder-rules.ts';
import { exitCodes } from './exit.ts';
import { loadSettings } from './loading.ts';
import { print, printJson, tell } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';

export function addCheckIgnore(program: Command): void {
  const command = program
    .command('check-ignore')
    .description('which rule leaves a path alone, if one does; needs no ledger')
    .argument('<path...>', 'files or directories in a drop folder, there or not; a / at the end makes it a directory')
    .option('--json', 'one JSON object a line');
  addSettings(command).action(async (typed: readonly string[], options: { json?: boolean }) => {
    const config = loadSettings(flagsOf(command), ['folders']);
    const verdicts = typed.map((path) => judge(config.folders, path));
    for (const { path, exclusion } of verdicts) {
      if (options.json === true) await printJson(toJson(path, exclusion));
      else await print(`${exclusion === null ? 'taken' : describeExclusion(exclusion)}\t${showPath(path)}\n`);
    }
    process.exitCode = exitCodes.ready;
  });
}

interface Verdict {
  readonly path: string;
  readonly exclusion: Exclusion | null;
}

function judge(folders: PartialConfig['folders'], typed: string): Verdict {
  // As typed; else below its drop folder, as `ls` shows it.
  const places = [typed, ...folders.map((folder) => resolve(folder.path, typed))].flatMap((each) => meanings(each));
  for (const path of places) {
    for (const folder of folders) {
      const at = locate(folder.path, path);
      if (at === null) continue;
      const { rules, problem } = readRules(folder);
      if (problem !== null) tell(`Warning: .floraignore in ${showPath(folder.path)} cannot be used: ${problem}\n`);
      const isDirectory = typed.endsWith('/') || (existsSync(path) && lstatSync(path).isDirectory());
      return { path, exclusion: rules.of(joinPath(at.directory, at.name), isDirectory ? 'directory' : 'file') };
    }
  }
  const known = folders.map((folder) => showPath(folder.path)).join(', ');
  throw usageError(`${showPath(resolve(typed))} is in no drop folder`, `The settings name ${known}.`);
}

function toJson(path: string, exclusion: Exclusion | null) {
  const rule = exclusion ?? { source: null, line: null, pattern: null };
  return {
    path: displayName(path),
    excluded: exclusion !== null,
    source: rule.source,
    line: rule.line,
    pattern: rule.pattern,
  };
}
