import { Ajv, type ErrorObject } from 'ajv';
import { envSchema } from 'env-schema';
import { type ConfigProblem, showValue } from './config-error.ts';
import { nearestName } from './parse.ts';
import { configSchema, folderFields, isSettingKey, type SettingKey, settingOf, type ValidSettings } from './schema.ts';
import { type RawSettings, unknownName } from './sources.ts';

interface Validation {
  readonly settings: ValidSettings;
  readonly refused: ReadonlySet<SettingKey>;
  readonly problems: readonly ConfigProblem[];
}

// env-schema's own instance would convert types and drop unknown keys; ours reports them all, with the value at fault.
const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, allowUnionTypes: true });

/** Holds the settings against the schema. Refused ones are left out of the result, so that the others can be checked further. */
export function validateSettings({
  values,
  origins,
  configFile,
}: Pick<RawSettings, 'values' | 'origins' | 'configFile'>): Validation {
  /** Each way into the settings that is refused, with the setting that it leads through. */
  const refused = new Map<string, SettingKey>();
  const problems = schemaErrors(values).map((error) => {
    const [key = '', ...rest] = error.instancePath.split('/').slice(1);
    if (!isSettingKey(key)) throw new TypeError(`The schema refused ${error.instancePath}: ${error.message}`);
    refused.set([key, ...rest.slice(0, 1)].join('/'), key);
    const name = origins.get(key)?.name ?? key;
    return key === 'folder' ? folderProblem(error, name, rest, configFile) : valueProblem(error, key, name);
  });
  return { settings: runSchema(withoutRefused(values, refused)), refused: new Set(refused.values()), problems };
}

/** What is left is checked further: a list without its refused entries, everything else whole. */
function withoutRefused(
  values: Readonly<Record<string, unknown>>,
  refused: ReadonlyMap<string, SettingKey>,
): Readonly<Record<string, unknown>> {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    if (refused.has(key)) continue;
    const kept = Array.isArray(value) ? value.filter((_, index) => !refused.has(`${key}/${index}`)) : value;
    if (!Array.isArray(kept) || kept.length > 0) rest[key] = kept;
  }
  return rest;
}

/** What the schema refuses; nothing where it accepts all. */
function schemaErrors(data: Readonly<Record<string, unknown>>): readonly ErrorObject[] {
  try {
    runSchema(data);
    return [];
  } catch (error) {
    const { errors } = error as { readonly errors?: readonly ErrorObject[] };
    if (errors === undefined) throw error;
    return errors;
  }
}

/** Throws what the schema refuses, as `errors`. */
function runSchema(data: Readonly<Record<string, unknown>>): ValidSettings {
  // `env: false` and no dotenv: the data given is all there is.
  return envSchema<ValidSettings>({ schema: configSchema, data: { ...data }, env: false, ajv });
}

function valueProblem(error: ErrorObject, key: SettingKey, name: string): ConfigProblem {
  const { noun, wants, parse, schema } = settingOf(key);
  const value = error.data;
  const shown = { setting: name, value: showValue(value) };
  if (typeof value !== 'string') return { ...shown, problem: `is not ${noun}`, hint: wants };
  if (value === '') return { ...shown, problem: 'is empty', hint: `${wants}, or leave the setting out` };
  const parsed = parse?.(value);
  if (parsed?.ok === false) return { ...shown, problem: parsed.problem, hint: parsed.hint };
  const near = nearestName(value, schema.enum ?? []);
  if (near !== null) return { ...shown, problem: `is not ${noun}`, hint: `${wants} (did you mean ${near}?)` };
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
