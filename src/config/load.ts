import { homedir } from 'node:os';
import { canonicalContentType } from '../core/content-type.ts';
import type { Destination } from '../core/entry.ts';
import type { RuleSettings } from '../rules/folder-rules.ts';
import { type ApiKeySource, loadApiKey } from './api-key.ts';
import { ConfigError, type ConfigProblem, showValue } from './config-error.ts';
import type { Parsed } from './parse.ts';
import { defaultStateDir, expandPath, overlappingFolders, overlappingStateDir, type PathContext } from './paths.ts';
import { proxyProblems } from './proxy.ts';
import { folderRules } from './rules.ts';
import {
  type FolderKey,
  type FolderTable,
  isFolderKey,
  KEY_VARIABLE,
  type PlainConfig,
  type PlainFolderConfig,
  SETTINGS,
  type Setting,
  type SettingKey,
  settingOf,
  type ValidSettings,
} from './schema.ts';
import type { Secret } from './secret.ts';
import { baseOf, type ConfigFlags, collectSettings, type Environment, type ReadFile, readTextFile } from './sources.ts';
import { validateSettings } from './validate.ts';

interface FolderConfig extends PlainFolderConfig {
  /** Absolute and normalised; whether it exists is for the daemon to find out. */
  readonly path: string;
  readonly destination: Destination;
  /** What of it is taken; what `.floraignore` adds is read later, where it is to be. */
  readonly rules: RuleSettings;
}

/** What is under its own name in the settings' table comes from there: `settleMs`, `concurrency`, … */
export interface Config extends PlainConfig {
  readonly apiKey: Secret;
  readonly apiKeySource: ApiKeySource;
  /** The general workspace; null if only the folders name theirs. */
  readonly workspaceId: string | null;
  readonly folders: readonly FolderConfig[];
  readonly stateDir: string;
  /** The TOML file that was read, absolute; null without one. */
  readonly configFile: string | null;
}

export type Requirement = 'apiKey' | 'workspaceId' | 'folders';

/**
 * For commands that do not need everything: the key is undefined unless it was required, folders may be none, and a
 * destination's workspace is '' where none was given.
 */
export interface PartialConfig extends Omit<Config, 'apiKey' | 'apiKeySource'> {
  readonly apiKey: Secret | undefined;
  readonly apiKeySource: ApiKeySource | undefined;
}

export interface ConfigInput {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  readonly readFile?: ReadFile;
  readonly cwd?: string;
  readonly homedir?: string;
}

const everything: readonly Requirement[] = ['apiKey', 'workspaceId', 'folders'];

/**
 * The settings of this run, frozen: flags > environment > TOML file > defaults. Throws one
 * ConfigError that names every problem, and nothing else. With `require`, only what is listed there has to be given.
 */
export function loadConfig(input: ConfigInput & { readonly require?: never }): Config;
export function loadConfig(input: ConfigInput & { readonly require: readonly Requirement[] }): PartialConfig;
export function loadConfig(input: ConfigInput & { readonly require?: readonly Requirement[] }): PartialConfig {
  const { flags, env, readFile = readTextFile, require: required = everything } = input;
  const paths: PathContext = { cwd: () => input.cwd ?? process.cwd(), home: () => input.homedir ?? homedir() };
  const raw = collectSettings({ flags, env, readFile, paths });
  const valid = validateSettings(raw);
  const { settings } = valid;
  const problems: ConfigProblem[] = [...raw.problems, ...valid.problems];
  const nameOf = (key: SettingKey) => raw.origins.get(key)?.name ?? settingOf(key).variable;
  const baseFor = (key: SettingKey) => baseOf(raw.origins.get(key), raw.configFile, paths.cwd);

  /** The parsed value; or the problem is noted, and the value is one that nobody will see. */
  const take = <T>(key: SettingKey, text: string, parsed: Parsed<T>, otherwise: T): T => {
    if (parsed.ok) return parsed.value;
    problems.push({ setting: nameOf(key), value: showValue(text), problem: parsed.problem, hint: parsed.hint });
    return otherwise;
  };

  // A file that could not be read may hold what is missing: only its own problem is told then.
  const isMissing = (key: SettingKey, value: unknown) => value === undefined && raw.complete && !valid.refused.has(key);
  const miss = (key: SettingKey) => {
    const { variable, flag, wants } = settingOf(key);
    const hint = `${wants} (in ${variable}, with ${flag}, or as ${key} in the TOML file)`;
    problems.push({ setting: variable, value: null, problem: 'is missing', hint });
  };

  const tables = settings.folder ?? [];
  const folders = tables.flatMap((table, at): readonly FolderConfig[] => {
    const path = take('folder', table.path, expandPath(table.path, baseFor('folder'), paths), null);
    const pick = picker(table, settings, raw.origins);
    const own = (key: FolderKey) => `${key} of [[folder]] number ${at + 1}${raw.configFile && ` in ${raw.configFile}`}`;
    const { rules, problems: wrong } = folderRules(
      {
        exclude: pick('exclude'),
        include: pick('include'),
        ignore_case: pick('ignore_case'),
        ignore_file: pick('ignore_file'),
      },
      (key) => (pick(key) === table[key] ? own(key) : nameOf(key)),
    );
    problems.push(...wrong.filter(({ setting }) => problems.every((each) => each.setting !== setting)));
    return path === null ? [] : [folderOf(path, pick, rules)];
  });
  if (required.includes('folders') && isMissing('folder', settings.folder)) miss('folder');
  const needsGeneralWorkspace = tables.length === 0 || tables.some((table) => table.workspace_id === undefined);
  if (required.includes('workspaceId') && needsGeneralWorkspace && isMissing('workspace_id', settings.workspace_id)) {
    miss('workspace_id');
  }

  const stateDir =
    settings.state_dir === undefined
      ? defaultStateDir(env, paths)
      : take('state_dir', settings.state_dir, expandPath(settings.state_dir, baseFor('state_dir'), paths), null);
  const folderPaths = folders.map((folder) => folder.path);
  problems.push(...overlappingFolders(nameOf('folder'), folderPaths));
  if (stateDir !== null) problems.push(...overlappingStateDir(nameOf('state_dir'), stateDir, folderPaths));

  const plain = plainOf<PlainConfig>(
    (setting) => !isOfFolder(setting),
    ({ key, parse }) => {
      const value = settings[key];
      return parse === undefined || typeof value !== 'string' ? value : take(key, value, parse(value), undefined);
    },
  );
  const config = {
    ...plain,
    accept: Object.freeze([...new Set(settings.accept.map(canonicalContentType))]),
    workspaceId: settings.workspace_id ?? null,
    folders: Object.freeze(folders.map(freezeFolder)),
    stateDir: stateDir ?? '',
    configFile: raw.configFile,
  };

  const keyOrigin = raw.origins.get('api_key_file');
  const keyFile = keyOrigin && settings.api_key_file ? { text: settings.api_key_file, origin: keyOrigin } : undefined;
  // Where the file's name is in doubt, so is whether the key is missing; what the variable holds is not.
  const isKeyKnown = (raw.complete && !valid.refused.has('api_key_file')) || env[KEY_VARIABLE] !== undefined;
  const isKeyWanted = required.includes('apiKey') && isKeyKnown;
  const secret = isKeyWanted ? loadApiKey({ env, readFile, paths, keyFile }) : undefined;
  if (secret !== undefined && 'problem' in secret) problems.push(secret);

  // Without a key nothing is asked of FLORA.
  if (required.includes('apiKey')) problems.push(...proxyProblems(env, settings.base_url));

  if (problems.length > 0) throw new ConfigError(problems);
  const found = secret === undefined || 'problem' in secret ? { apiKey: undefined, apiKeySource: undefined } : secret;
  return Object.freeze({ ...found, ...config });
}

/** The settings that are in a config under a name of their own. */
function plainOf<T>(isMeant: (setting: Setting) => boolean, value: (setting: Setting) => unknown): T {
  const entries = SETTINGS.filter(isMeant).flatMap((setting) =>
    setting.as === undefined ? [] : [[setting.as, value(setting)] as const],
  );
  // The type of this is derived from the same table.
  return Object.fromEntries(entries) as T;
}

function isOfFolder({ key }: Setting): boolean {
  return isFolderKey(key);
}

type Pick = <K extends FolderKey>(key: K) => ValidSettings[K];

/** A table's own word is about that folder alone, so it wins over general settings; only a flag was typed for this run. */
function picker(
  table: FolderTable,
  settings: ValidSettings,
  origins: ReadonlyMap<SettingKey, { readonly kind: string }>,
): Pick {
  // What a table holds under a key is what the settings hold under it.
  return ((key: FolderKey) =>
    origins.get(key)?.kind === 'flag' ? settings[key] : (table[key] ?? settings[key])) as Pick;
}

function folderOf(path: string, pick: Pick, rules: RuleSettings): FolderConfig {
  return {
    path,
    destination: {
      workspaceId: pick('workspace_id') ?? '',
      folder: pick('destination') || null,
      projectId: pick('project_id') || null,
    },
    rules,
    ...plainOf<PlainFolderConfig>(isOfFolder, ({ key }) => (isFolderKey(key) ? pick(key) : undefined)),
  };
}

function freezeFolder(folder: FolderConfig): FolderConfig {
  return Object.freeze({ ...folder, destination: Object.freeze(folder.destination) });
}
