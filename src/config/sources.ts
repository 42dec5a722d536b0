import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { errnoCode } from '../errors.ts';
import { type ConfigProblem, showValue } from './config-error.ts';
import { nearestName, splitList } from './parse.ts';
import { expandPath, type PathContext } from './paths.ts';
import { CONFIG_VARIABLE, isSettingKey, KEY_VARIABLE, SETTINGS, type SettingKey, settingOf } from './schema.ts';
import type { SettingForm } from './setting.ts';

/** What the command line said, keyed as in the TOML file. A list is for flags that repeat; of any other the last counts. */
export type ConfigFlags = {
  readonly [Key in SettingKey | 'config']?: string | readonly string[] | undefined;
};
export type Environment = Readonly<Record<string, string | undefined>>;
/** Reads a file as UTF-8 text, and throws Node's system errors. */
export type ReadFile = (path: string) => string;

export function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}

type OriginKind = 'flag' | 'environment' | 'file';

/** Where a setting's value came from, and what to call it in a message. */
export interface Origin {
  readonly kind: OriginKind;
  readonly name: string;
}

export interface RawSettings {
  /** Values as given, in the shape of the TOML file; only settings that were given, and only known keys. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly origins: ReadonlyMap<SettingKey, Origin>;
  /** Absolute path of the TOML file that was read. */
  readonly configFile: string | null;
  /** False if the TOML file could not be read: then nobody knows what it would have set. */
  readonly complete: boolean;
  readonly problems: readonly ConfigProblem[];
}

interface Sources {
  readonly flags: ConfigFlags;
  readonly env: Environment;
  readonly readFile: ReadFile;
  readonly paths: PathContext;
}

interface FileContent {
  readonly path: string | null;
  readonly table: Readonly<Record<string, unknown>>;
  readonly complete: boolean;
  readonly problems: readonly ConfigProblem[];
}

/** Merges flags > environment > TOML file, each setting on its own, and names what is not a setting. Never throws. */
export function collectSettings(sources: Sources): RawSettings {
  const file = loadFile(sources);
  const problems = [...file.problems, ...unknownVariables(sources.env), ...unknownKeys(file)];
  const values: Record<string, unknown> = {};
  const origins = new Map<SettingKey, Origin>();
  for (const { key, form, flag, variable } of SETTINGS) {
    const inFile = Object.hasOwn(file.table, key) ? file.table[key] : undefined;
    const given: readonly (readonly [Origin, unknown])[] = [
      [{ kind: 'flag', name: flag }, fromFlag(form, sources.flags[key])],
      [{ kind: 'environment', name: variable }, fromText(form, sources.env[variable])],
      [{ kind: 'file', name: `${key} in ${file.path}` }, fromFile(form, inFile)],
    ];
    const first = given.find(([, value]) => value !== undefined);
    if (first === undefined) continue;
    origins.set(key, first[0]);
    values[key] = first[1];
  }
  return { values, origins, configFile: file.path, complete: file.complete, problems };
}

function fromFlag(form: SettingForm, flag: string | readonly string[] | undefined): unknown {
  if (flag === undefined) return undefined;
  if (typeof flag !== 'string' && flag.length === 0) return undefined;
  // A repeated --folder needs no separator, so that a path with a colon can be given too.
  if (form === 'folders') return [flag].flat().map((path) => ({ path }));
  if (form === 'list') return fromText(form, [flag].flat().join(','));
  if (form === 'patterns' && typeof flag !== 'string') return [...flag];
  return fromText(form, typeof flag === 'string' ? flag : flag.at(-1));
}

function fromText(form: SettingForm, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const word = text.trim();
  switch (form) {
    case 'folders':
      return text.split(':').map((path) => ({ path }));
    case 'verbatim':
      return text;
    case 'file':
      // As with the key itself: an empty variable is one that compose files and the like could not fill.
      return word === '' ? undefined : word;
    case 'list':
      return splitList(word.toLowerCase());
    case 'patterns':
      return word === '' ? [] : splitList(word);
    case 'boolean':
      return word === 'true' || word === 'false' ? word === 'true' : word;
    case 'number':
      return /^[0-9]+$/.test(word) ? Number(word) : word;
    case 'word':
      return word;
    default:
      return form satisfies never;
  }
}

function fromFile(form: SettingForm, value: unknown): unknown {
  if (typeof value === 'string' && (form === 'folders' || form === 'list' || form === 'patterns'))
    return fromText(form, value);
  if (form === 'folders' && Array.isArray(value)) {
    return value.map((each: unknown) => (typeof each === 'string' ? { path: each } : fromTable(each)));
  }
  return value;
}

/** What a `[[folder]]` table holds, with its lists taken apart. */
function fromTable(table: unknown): unknown {
  if (typeof table !== 'object' || table === null || Array.isArray(table)) return table;
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => [
      key,
      isSettingKey(key) && settingOf(key).form === 'patterns' ? fromFile('patterns', value) : value,
    ]),
  );
}

/** Reads the file that `--config` or the variable names, else the default one, which may be absent. */
function loadFile({ flags, env, readFile, paths }: Sources): FileContent {
  const empty = { path: null, table: {}, complete: true, problems: [] };
  const flag = typeof flags.config === 'string' ? flags.config : flags.config?.at(-1);
  const named = flag ?? env[CONFIG_VARIABLE];
  const setting = flag === undefined ? CONFIG_VARIABLE : '--config';
  const broken = (problem: string, hint: string, value: unknown = named): FileContent => ({
    ...empty,
    complete: false,
    problems: [{ setting, value: value === undefined ? null : showValue(value), problem, hint }],
  });
  let path = join(env['XDG_CONFIG_HOME'] || join(paths.home(), '.config'), 'flora-sync', 'config.toml');
  if (named !== undefined) {
    if (named.trim() === '') return broken('is empty', 'name the TOML file, or leave the setting out');
    const expanded = expandPath(named, paths.cwd, paths);
    if (!expanded.ok) return broken(expanded.problem, expanded.hint);
    path = expanded.value;
  }
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = errnoCode(error);
    if (code === undefined) throw error;
    if (named === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) return empty;
    return broken(`cannot be read (${code})`, 'name a readable TOML file', path);
  }
  try {
    return { ...empty, path, table: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Neither the excerpt in TomlError's message nor the error as a cause: the line at fault may hold a key.
    const reason = (error.message.split('\n')[0] ?? '').replace('Invalid TOML document: ', '');
    const where = `line ${error.line}, column ${error.column}`;
    return broken(`is not valid TOML at ${where}: ${reason}`, 'mend that line', path);
  }
}

const secretName = /key|token|secret|passw|credential/i;

function unknownVariables(env: Environment): readonly ConfigProblem[] {
  const known = [...SETTINGS.map((each) => each.variable), KEY_VARIABLE, CONFIG_VARIABLE];
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('FLORA_SYNC_') && value !== undefined && !known.includes(name))
    .map(([name, value]) => unknownName(name, name, value, known));
}

function unknownKeys({ path, table }: FileContent): readonly ConfigProblem[] {
  const known = SETTINGS.map((each) => each.key);
  return Object.entries(table)
    .filter(([name]) => name !== '$schema' && !isSettingKey(name))
    .map(([name, value]) => {
      if (name !== 'api_key') return unknownName(`${name} in ${path}`, name, value, known);
      const problem = 'the key does not belong into this file, which is copied and shown more easily than it seems';
      const hint = `put it into a file of its own with mode 0600 and name that in ${settingOf('api_key_file').key}, or set ${KEY_VARIABLE}`;
      return { setting: `${name} in ${path}`, value: null, problem, hint };
    });
}

/** The problem of a name that is no setting, with the name that was probably meant. */
export function unknownName(shown: string, name: string, value: unknown, known: readonly string[]): ConfigProblem {
  const near = nearestName(name, known);
  return {
    setting: shown,
    value: secretName.test(name) ? null : showValue(value),
    problem: 'is not a setting',
    hint: near === null ? `the settings are ${known.join(', ')}` : `did you mean ${near}?`,
  };
}

/** The directory that relative paths of a setting start from. */
export function baseOf(origin: Origin | undefined, configFile: string | null, cwd: () => string): () => string {
  return origin?.kind === 'file' && configFile !== null ? () => dirname(configFile) : cwd;
}
