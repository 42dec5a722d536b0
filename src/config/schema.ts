import type { XStatic } from 'typebox/schema';
import type { Parsed } from './parse.ts';
import type { Entry } from './setting.ts';
import { settings } from './settings.ts';

// Only the types of typebox are used: building the schema with it would load 700 files, and take longer than the rest of a command.

type Table = typeof settings;
export type SettingKey = keyof Table;
/** Settings that a `[[folder]]` table may have too. */
export type FolderKey = { [K in SettingKey]: Table[K] extends { inFolder: string } ? K : never }[SettingKey];
type KeyWithDefault = { [K in SettingKey]: Table[K] extends { schema: { default: unknown } } ? K : never }[SettingKey];

/** A list may be one text in the TOML file; whoever reads the settings has taken it apart by then. */
type Value<K extends SettingKey> = K extends 'folder'
  ? readonly FolderTable[]
  : Table[K]['form'] extends 'list' | 'patterns'
    ? readonly string[]
    : XStatic<Table[K]['schema']>;

export type FolderTable = { readonly path: string } & { readonly [K in FolderKey]?: Value<K> };

/** The settings after the schema: shapes hold and defaults are in; what needs parsing is still text. */
export type ValidSettings = { readonly [K in KeyWithDefault]: Value<K> } & {
  readonly [K in Exclude<SettingKey, KeyWithDefault>]?: Value<K>;
};

type Final<K extends SettingKey> = Table[K] extends { parse: (text: string) => Parsed<infer T> } ? T : Value<K>;
type NameOf<K extends SettingKey> = Table[K] extends { as: infer Name extends string } ? Name : never;

/** What `Config` has straight from the table. */
export type PlainConfig = { readonly [K in Exclude<KeyWithDefault, FolderKey> as NameOf<K>]: Final<K> };
/** The same of `FolderConfig`. */
export type PlainFolderConfig = { readonly [K in KeyWithDefault & FolderKey as NameOf<K>]: Final<K> };

/** One setting in its three spellings; `key` is the one of the TOML file. */
export interface Setting extends Omit<Entry, 'schema'> {
  readonly key: SettingKey;
  readonly variable: string;
  readonly flag: string;
  readonly schema: { readonly default?: unknown; readonly enum?: readonly string[] };
}

export const SETTINGS: readonly Setting[] = settingKeys().map((key) => {
  const entry: Entry = settings[key];
  return {
    ...entry,
    key,
    variable: `${entry.isShared === true ? 'FLORA_' : 'FLORA_SYNC_'}${key.toUpperCase()}`,
    flag: `--${key.replaceAll('_', '-')}`,
  };
});

export const KEY_VARIABLE = 'FLORA_API_KEY';
export const CONFIG_VARIABLE = 'FLORA_SYNC_CONFIG';
export const CREDENTIAL_NAME = 'flora-api-key';

export function settingOf(key: SettingKey): Setting {
  const setting = SETTINGS.find((each) => each.key === key);
  if (setting === undefined) throw new TypeError(`No such setting: ${key}`);
  return setting;
}

export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(settings, name);
}

export function isFolderKey(key: SettingKey): key is FolderKey {
  return settingOf(key).inFolder !== undefined;
}

/** `Object.keys` knows less of a constant than its type does. */
function settingKeys(): readonly SettingKey[] {
  return Object.keys(settings).filter(isSettingKey);
}

/** What a folder's table does not say is as it is elsewhere: no default. */
function folderProperty({ key, schema, inFolder }: Setting): readonly (readonly [string, object])[] {
  const { default: _, ...rest } = schema;
  return inFolder === undefined ? [] : [[key, { ...rest, description: inFolder }]];
}

const folderItems = {
  type: ['object', 'string'],
  minLength: 1,
  additionalProperties: false,
  required: ['path'],
  properties: {
    path: { type: 'string', minLength: 1, description: 'The drop folder.' },
    ...Object.fromEntries(SETTINGS.flatMap(folderProperty)),
  },
};

/** The keys of a `[[folder]]` table. */
export const folderFields: readonly string[] = Object.keys(folderItems.properties);

function property({ key, variable, schema, description }: Setting): readonly [string, object] {
  const items = key === 'folder' ? { items: folderItems } : {};
  return [key, { ...schema, description: `${description} ${variable}.`, ...items }];
}

/**
 * The JSON Schema of the TOML file, and of the merged settings, which take the same shape. config/config.schema.json is
 * this object (a test holds them equal).
 */
export const configSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'flora-sync configuration',
  description: 'Settings of flora-sync. Flags win over environment variables, which win over this file.',
  type: 'object',
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', description: 'Where an editor finds this schema; flora-sync ignores it.' },
    ...Object.fromEntries(SETTINGS.map(property)),
  },
};
