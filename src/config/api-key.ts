import { isAbsolute, join } from 'node:path';
import { errnoCode } from '../errors.ts';
import { ConfigError, type ConfigProblem, showValue } from './config-error.ts';
import type { Parsed } from './parse.ts';
import { expandPath, type PathContext } from './paths.ts';
import { CREDENTIAL_NAME, KEY_VARIABLE } from './schema.ts';
import { createSecret, type Secret } from './secret.ts';
import { type Environment, type Origin, type ReadFile, readTextFile } from './sources.ts';

/** Where the key came from, and thus where a new one will be found. */
export type ApiKeySource =
  | { readonly kind: 'variable' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'credential'; readonly path: string };

interface LoadedKey {
  readonly apiKey: Secret;
  readonly apiKeySource: ApiKeySource;
}

interface KeyRequest {
  readonly env: Environment;
  readonly readFile: ReadFile;
  readonly paths: PathContext;
  /** The file that flag, variable or TOML file name, as written. */
  readonly keyFile: { readonly text: string; readonly origin: Origin } | undefined;
}

type KeyResult = Parsed<string> & { readonly absent?: boolean };

const MISSING_HINT = `set ${KEY_VARIABLE}, or name a file that holds it in ${KEY_VARIABLE}_FILE, or pass the systemd credential ${CREDENTIAL_NAME}`;

/** Finds the key: `--api-key-file`, the variable, the file that the settings name, the systemd credential. */
export function loadApiKey({ env, readFile, paths, keyFile }: KeyRequest): LoadedKey | ConfigProblem {
  const variable = env[KEY_VARIABLE] ?? '';
  // A flag was typed for this very run: it wins over a variable that has been there all along.
  if (variable.trim() !== '' && keyFile?.origin.kind !== 'flag') {
    return asLoaded({ kind: 'variable' }, KEY_VARIABLE, checkKey(variable));
  }
  if (keyFile !== undefined) {
    const path = expandKeyPath(keyFile.text, paths);
    if (path.ok)
      return asLoaded({ kind: 'file', path: path.value }, keyFile.origin.name, readKey(path.value, readFile));
    // Who confuses the two settings writes the key where its file's name belongs: such a value is not shown.
    const value = keyFile.text.includes('/') ? showValue(keyFile.text) : null;
    return { setting: keyFile.origin.name, value, problem: path.problem, hint: path.hint };
  }
  const directory = env['CREDENTIALS_DIRECTORY'] ?? '';
  if (directory !== '') {
    const path = join(directory, CREDENTIAL_NAME);
    const key = readKey(path, readFile);
    if (key.absent !== true)
      return asLoaded({ kind: 'credential', path }, `systemd credential ${CREDENTIAL_NAME}`, key);
  }
  const problem = env[KEY_VARIABLE] === undefined ? 'is missing' : 'is empty';
  return { setting: KEY_VARIABLE, value: null, problem, hint: MISSING_HINT };
}

/** Reads the key again from where it came, for a rotated key. Throws a ConfigError that says why that did not work. */
export function reloadApiKey(source: ApiKeySource, env: Environment, readFile: ReadFile = readTextFile): Secret {
  const result =
    source.kind === 'variable'
      ? asLoaded(source, KEY_VARIABLE, checkKey(env[KEY_VARIABLE] ?? ''))
      : asLoaded(source, source.path, readKey(source.path, readFile));
  if ('problem' in result) throw new ConfigError([result]);
  return result.apiKey;
}

function asLoaded(source: ApiKeySource, setting: string, key: KeyResult): LoadedKey | ConfigProblem {
  if (key.ok) return { apiKey: createSecret(key.value), apiKeySource: source };
  const value = source.kind === 'variable' || setting === source.path ? null : showValue(source.path);
  return { setting, value, problem: key.problem, hint: key.hint };
}

function expandKeyPath(text: string, paths: PathContext): Parsed<string> {
  if (text !== '' && !isAbsolute(text) && !text.startsWith('~')) {
    const hint = 'write its absolute path, so that it does not depend on the working directory';
    return { ok: false, problem: 'is not an absolute path', hint };
  }
  return expandPath(text, paths.cwd, paths);
}

function readKey(path: string, readFile: ReadFile): KeyResult {
  try {
    const key = checkKey(readFile(path));
    return key.ok || key.absent !== true ? key : { ...key, problem: 'the file is empty' };
  } catch (error) {
    const code = errnoCode(error);
    if (code === undefined) throw error;
    const absent = code === 'ENOENT' || code === 'ENOTDIR';
    const problem = absent ? 'there is no such file' : `cannot be read (${code})`;
    return { ok: false, problem, hint: 'name a readable file that holds the key and nothing else', absent };
  }
}

/** The key is sent as a header: one token of visible ASCII, whatever blanks and line ends surround it. */
function checkKey(text: string): KeyResult {
  const key = text.trim();
  if (key === '') return { ok: false, problem: 'is empty', hint: MISSING_HINT, absent: true };
  if (/^[\x21-\x7e]+$/.test(key)) return { ok: true, value: key };
  const hint = 'give the key alone, as FLORA shows it: one word without blanks';
  return { ok: false, problem: 'does not look like a key (its value is not shown)', hint };
}
