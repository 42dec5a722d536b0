import { Ajv, type ErrorObject } from 'ajv';
import { envSchema } from 'env-schema';
import { type ConfigProblem, showValue } from './config-error.ts';
import { nearestName, parseBaseUrl, parseDuration } from './parse.ts';
import {
  type Choice,
  choices,
  configSchema,
  isSettingKey,
  type LogLevel,
  type SettingKey,
  settingOf,
} from './schema.ts';
import { type RawSettings, unknownName } from './sources.ts';

export interface FolderTable {
  readonly path: string;
  readonly destination?: string;
  readonly project_id?: string;
  readonly workspace_id?: string;
  readonly on_missing?: Choice<'on_missing'>;
  readonly copies?: Choice<'copies'>;
}

/** The settings after the schema: shapes hold and defaults are in; what needs parsing is still text. */
export interface ValidSettings {
  readonly api_key_file?: string;
  readonly base_url: string;
  readonly workspace_id?: string;
  readonly folder?: readonly FolderTable[];
  readonly destination?: string;
  readonly project_id?: string;
  readonly state_dir?: string;
  readonly settle: string;
  readonly concurrency: number;
  readonly rescan_interval: string;
  readonly reconcile_interval: string;
  readonly accept: readonly string[];
  readonly on_missing: Choice<'on_missing'>;
  readonly copies: Choice<'copies'>;
  readonly on_new_ledger: Choice<'on_new_ledger'>;
  readonly log_level: LogLevel;
}

export interface Validation {
  readonly settings: ValidSettings;
  readonly refused: ReadonlySet<SettingKey>;
  readonly problems: readonly ConfigProblem[];
}

// env-schema's own instance would convert types and drop unknown keys; ours reports them all, with the value at fault.
const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  coerceTypes: false,
  removeAdditional: false,
  allowUnionTypes: true,
});
const folderFields = Object.keys(configSchema.properties.folder.items.properties);

/** Holds the settings against the schema. Refused ones are left out of the result, so that the others can be checked further. */
export function validateSettings({
  values,
  origins,
  configFile,
}: Pick<RawSettings, 'values' | 'origins' | 'configFile'>): Validation {
  const first = runSchema(values);
  if ('settings' in first) return { ...first, refused: new Set(), problems: [] };
  const refused = new Set<string>();
  const problems = first.errors.map((error) => {
    const [key = '', ...rest] = error.instancePath.split('/').slice(1);
    if (!isSettingKey(key)) throw new TypeError(`The schema refused ${error.instancePath}: ${error.message}`);
    refused.add(rest[0] === undefined ? key : `${key}/${rest[0]}`);
    const name = origins.get(key)?.name ?? key;
    return key === 'folder' ? folderProblem(error, name, rest, configFile) : valueProblem(error, key, name);
  });
  const rest = runSchema(withoutRefused(values, refused));
  if (!('settings' in rest)) throw new TypeError('The schema refused what it had accepted');
  return { settings: rest.settings, refused: new Set([...refused].map(settingOfPath)), problems };
}

/** What is left is checked further: a list without its refused entries, everything else whole. */
function withoutRefused(
  values: Readonly<Record<string, unknown>>,
  refused: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    if (refused.has(key)) continue;
    const kept = Array.isArray(value) ? value.filter((_, index) => !refused.has(`${key}/${index}`)) : value;
    if (!Array.isArray(kept) || kept.length > 0) rest[key] = kept;
  }
  return rest;
}

function settingOfPath(path: string): SettingKey {
  const key = path.split('/')[0] ?? '';
  if (!isSettingKey(key)) throw new TypeError(`No such setting: ${key}`);
  return key;
}

function runSchema(
  data: Readonly<Record<string, unknown>>,
): { settings: ValidSettings } | { errors: readonly ErrorObject[] } {
  try {
    // `env: false` and no dotenv: the data given is all there is.
    return { settings: envSchema<ValidSettings>({ schema: configSchema, data: { ...data }, env: false, ajv }) };
  } catch (error) {
    if (error instanceof Error && 'errors' in error && Array.isArray(error.errors)) return { errors: error.errors };
    throw error;
  }
}

function valueProblem(error: ErrorObject, key: SettingKey, name: string): ConfigProblem {
  const { noun, wants } = settingOf(key);
  const value = error.data;
  const shown = { setting: name, value: showValue(value) };
  if (typeof value !== 'string') return { ...shown, problem: `is not ${noun}`, hint: wants };
  if (value === '') return { ...shown, problem: 'is empty', hint: `${wants}, or leave the setting out` };
  if (key === 'settle' || key === 'rescan_interval' || key === 'reconcile_interval') {
    const parsed = parseDuration(value);
    if (!parsed.ok) return { ...shown, problem: parsed.problem, hint: parsed.hint };
  }
  if (key === 'base_url') {
    const parsed = parseBaseUrl(value);
    if (!parsed.ok) return { ...shown, problem: parsed.problem, hint: parsed.hint };
  }
  if (key in choices) {
    const near = nearestName(value, choices[key as keyof typeof choices]);
    if (near !== null) return { ...shown, problem: `is not ${noun}`, hint: `${wants} (did you mean ${near}?)` };
  }
  return { ...shown, problem: `is not ${noun}`, hint: wants };
}

/** `at` is the way into the `folder` setting: nothing, an index, or an index and a field. */
function folderProblem(
  error: ErrorObject,
  name: string,
  [index, field]: readonly string[],
  configFile: string | null,
): ConfigProblem {
  const table =
    index === undefined
      ? name
      : `[[folder]] number ${Number(index) + 1}${configFile === null ? '' : ` in ${configFile}`}`;
  const { wants } = settingOf('folder');
  switch (error.keyword) {
    case 'additionalProperties': {
      const property = String(error.params['additionalProperty']);
      const value = (error.data as Readonly<Record<string, unknown>>)[property];
      return unknownName(`${property} of ${table}`, property, value, folderFields);
    }
    case 'required':
      return { setting: table, value: null, problem: 'has no path', hint: 'add path = "/the/drop/folder"' };
    default: {
      const value = showValue(error.data);
      if (field === 'path' && error.data === '')
        return { setting: name, value, problem: 'has an empty entry', hint: wants };
      if (field === undefined || !isSettingKey(field))
        return { setting: name, value, problem: 'is not a path', hint: wants };
      return valueProblem(error, field, `${field} of ${table}`);
    }
  }
}
