import type { Command } from 'commander';
import { Option } from 'commander';
import { SETTINGS, type SettingKey } from '../config/schema.ts';
import type { ConfigFlags } from '../config/sources.ts';

/** Adds the contract's settings as flags: the same words as the variables. */
export function addSettings(command: Command, keys: readonly SettingKey[] = SETTINGS.map(({ key }) => key)): Command {
  for (const { key, form, flag, summary, variable } of SETTINGS) {
    if (!keys.includes(key)) continue;
    const option = new Option(`${flag} <value>`, `${summary} (${variable})`);
    if (form === 'folders' || form === 'patterns') {
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    }
    command.addOption(option);
  }
  return command.addOption(new Option('--config <path>', 'the TOML file (FLORA_SYNC_CONFIG)'));
}

/** Adds `-l, --long`: what is left out, or cut, where it would not fit. */
export function addLong(command: Command, what: string): Command {
  return command.option('-l, --long', what);
}

/** The flags a person gave, keyed as `loadConfig` wants them. */
export function flagsOf(command: Command): ConfigFlags {
  const options: Record<string, unknown> = command.optsWithGlobals();
  const flags: Record<string, string | readonly string[]> = {};
  for (const key of [...SETTINGS.map((setting) => setting.key), 'config']) {
    const value = options[camelCase(key)];
    if (typeof value === 'string' || Array.isArray(value)) flags[key] = value;
  }
  return flags;
}

function camelCase(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
