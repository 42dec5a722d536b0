import { looseFiles } from '../config/guard.ts';
import { type Config, loadConfig, type PartialConfig, type Requirement } from '../config/load.ts';
import type { ConfigFlags } from '../config/sources.ts';
import { showText } from '../core/show-text.ts';
import { tell } from './output.ts';

const told = new Set<string>();

/**
 * The settings of a command that ends by itself. Files of theirs on which others may lay hands are told on stderr, each once.
 * Throws what `loadConfig` throws.
 */
export function loadSettings(flags: ConfigFlags): Config;
export function loadSettings(flags: ConfigFlags, require: readonly Requirement[]): PartialConfig;
export function loadSettings(flags: ConfigFlags, require?: readonly Requirement[]): Config | PartialConfig {
  const { env } = process;
  const config = require === undefined ? loadConfig({ flags, env }) : loadConfig({ flags, env, require });
  for (const { problem, hint } of looseFiles(config)) {
    if (told.has(problem)) continue;
    told.add(problem);
    tell(`Warning: ${showText(problem)}\n  ${showText(hint)}\n`);
  }
  return config;
}
