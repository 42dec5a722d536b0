import { ConfigError, type ConfigProblem } from '../../src/config/config-error.ts';
import {
  type Config,
  type ConfigInput,
  loadConfig,
  type PartialConfig,
  type Requirement,
} from '../../src/config/load.ts';

export const KEY = 'sk_live_0123456789abcdefABCDEF';

/** An environment in which every required setting is given. */
export const complete: Readonly<Record<string, string>> = {
  FLORA_API_KEY: KEY,
  FLORA_WORKSPACE_ID: 'ws_1',
  FLORA_SYNC_FOLDER: '/drop',
};

type Files = Readonly<Record<string, string>>;
type Given = Partial<Pick<ConfigInput, 'flags' | 'env'>> & { readonly files?: Files };

export const DEFAULT_FILE = '/home/ann/.config/flora-sync/config.toml';

/** Reads from a table of texts; what is not in it does not exist, and `!EACCES` in place of a text is an error. */
export function readFrom(files: Files): (path: string) => string {
  return (path) => {
    const text = files[path] ?? '!ENOENT';
    if (!text.startsWith('!')) return text;
    throw Object.assign(new Error(`${text.slice(1)}: ${path}`), { code: text.slice(1) });
  };
}

function inputOf({ flags = {}, env = complete, files = {} }: Given): ConfigInput & { readonly require?: never } {
  return { flags, env, readFile: readFrom(files), cwd: '/here', homedir: '/home/ann' };
}

export function load(given: Given = {}): Config {
  return loadConfig(inputOf(given));
}

export function loadRequiring(require: readonly Requirement[], given: Given = {}): PartialConfig {
  const { flags, env, readFile, cwd, homedir } = { readFile: readFrom({}), cwd: '/', homedir: '/', ...inputOf(given) };
  return loadConfig({ flags, env, readFile, cwd, homedir, require });
}

export function errorOf(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('Expected a ConfigError');
}

export function problemsOf(given: Given): readonly ConfigProblem[] {
  return errorOf(() => load(given)).problems;
}

/** The only problem that there is. */
export function problemOf(given: Given): ConfigProblem {
  const [first, ...others] = problemsOf(given);
  if (first === undefined || others.length > 0)
    throw new Error(`Expected one problem, got ${JSON.stringify([first, others])}`);
  return first;
}
