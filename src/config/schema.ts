import { DEFAULT_ACCEPT } from '../core/content-type.ts';

/** One setting in its three spellings; `key` is the one of the TOML file. */
export interface Setting {
  readonly key: SettingKey;
  readonly variable: string;
  readonly flag: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** What its value has to be, as in "is not …". */
  readonly noun: string;
  /** What would do, as the second half of a sentence. */
  readonly wants: string;
}

const settingKeys = [
  'api_key_file',
  'base_url',
  'workspace_id',
  'folder',
  'destination',
  'project_id',
  'state_dir',
  'settle',
  'concurrency',
  'rescan_interval',
  'reconcile_interval',
  'accept',
  'on_missing',
  'copies',
  'on_new_ledger',
  'log_level',
] as const;

export type SettingKey = (typeof settingKeys)[number];
export type DurationKey = 'settle' | 'rescan_interval' | 'reconcile_interval';

// FLORA's own settings, which its other tools share, do not carry our prefix.
const sharedKeys: ReadonlySet<SettingKey> = new Set(['api_key_file', 'base_url', 'workspace_id']);

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const choices = {
  on_missing: ['report', 'upload'],
  copies: ['share', 'separate'],
  on_new_ledger: ['match', 'upload'],
  log_level: logLevels,
} as const;
export type ChoiceKey = keyof typeof choices;
export type Choice<K extends ChoiceKey> = (typeof choices)[K][number];
const durations = 'write a duration such as 500ms, 2s, 15m or 1h';

const texts: Readonly<Record<SettingKey, readonly [summary: string, noun: string, wants: string]>> = {
  api_key_file: ['file that holds the API key', 'a path', 'name a file that holds the key and nothing else'],
  base_url: ['address of the FLORA API', 'a URL', 'write an address such as https://app.flora.ai/api/v1'],
  workspace_id: ['workspace that the assets go to', 'a workspace id', 'write the id, which starts with ws_'],
  folder: ['drop folder (repeat it for several)', 'a path', 'name a directory, or a [[folder]] table each for several'],
  destination: ['folder in FLORA that the assets go to', 'a folder name on one line', 'write the name of a folder'],
  project_id: ['project whose canvas shows the assets', 'a project id', 'write the id, which starts with prj_'],
  state_dir: ['directory of the ledger and the socket', 'a path', 'name a directory outside the drop folders'],
  settle: ['how long a file must stay unchanged first', 'a duration', durations],
  concurrency: ['most uploads at once', 'a whole number from 1 to 256', 'write one, such as 4'],
  rescan_interval: ['time between safety scans', 'a duration', durations],
  reconcile_interval: ['time between cursor listings of FLORA', 'a duration', durations],
  accept: [
    'content types that are sent',
    'a content type',
    'write types such as image/*,video/mp4, or * for everything',
  ],
  on_missing: ['what to do when an asset is not in FLORA any more', 'a choice', 'write report or upload'],
  copies: ['whether files with the same bytes share one asset', 'a choice', 'write share or separate'],
  on_new_ledger: ['what to do with files that a new ledger has never seen', 'a choice', 'write match or upload'],
  log_level: ['least severe log line', 'a log level', `write one of ${logLevels.join(', ')}`],
};

/** Every setting of the contract but the key itself (which no flag and no TOML key may hold) and the TOML file's name. */
export const SETTINGS: readonly Setting[] = settingKeys.map((key) => ({
  key,
  variable: `${sharedKeys.has(key) ? 'FLORA_' : 'FLORA_SYNC_'}${key.toUpperCase()}`,
  flag: `--${key.replaceAll('_', '-')}`,
  summary: texts[key][0],
  noun: texts[key][1],
  wants: texts[key][2],
}));

export const KEY_VARIABLE = 'FLORA_API_KEY';
export const CONFIG_VARIABLE = 'FLORA_SYNC_CONFIG';
export const CREDENTIAL_NAME = 'flora-api-key';

export function settingOf(key: SettingKey): Setting {
  const setting = SETTINGS.find((each) => each.key === key);
  if (setting === undefined) throw new TypeError(`No such setting: ${key}`);
  return setting;
}

export function isSettingKey(name: string): name is SettingKey {
  return settingKeys.some((key) => key === name);
}

/** Smallest and largest duration of each setting, in milliseconds; the largest stays below what a timer can hold. */
export const DURATION_LIMITS: Readonly<Record<DurationKey, readonly [leastMs: number, mostMs: number]>> = {
  settle: [1, 24 * 3_600_000],
  rescan_interval: [100, 168 * 3_600_000],
  reconcile_interval: [100, 168 * 3_600_000],
};

const duration = { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$' } as const;
const mediaType = '(\\*|[a-z0-9][a-z0-9!#$&^_.+-]*/(\\*|[a-z0-9][a-z0-9!#$&^_.+-]*))';
const workspaceId = { type: 'string', pattern: '^ws_\\S+$' } as const;
// Empty means none: so a table or the environment can take back what a more general setting says.
const projectId = { type: 'string', pattern: '^(prj_\\S+)?$' } as const;
const destination = { type: 'string', pattern: '^[^\\u0000-\\u001f\\u007f]*$' } as const;
const path = { type: 'string', minLength: 1 } as const;

function oneOf(key: ChoiceKey): { readonly type: 'string'; readonly enum: string[] } {
  return { type: 'string', enum: [...choices[key]] };
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
    api_key_file: {
      ...path,
      description: 'Absolute path (or ~/…) of a file that holds the API key and nothing else. FLORA_API_KEY_FILE.',
    },
    base_url: {
      type: 'string',
      pattern: '^[Hh][Tt][Tt][Pp][Ss]?://\\S+$',
      default: 'https://app.flora.ai/api/v1',
      description: 'Address of the FLORA API; http: is for loopback only. FLORA_BASE_URL.',
    },
    workspace_id: { ...workspaceId, description: 'Workspace that the assets go to. FLORA_WORKSPACE_ID.' },
    folder: {
      type: ['array', 'string'],
      minLength: 1,
      minItems: 1,
      description:
        'The drop folders: one path, or a [[folder]] table each. Relative paths start at the directory of this file. FLORA_SYNC_FOLDER.',
      items: {
        type: ['object', 'string'],
        minLength: 1,
        additionalProperties: false,
        required: ['path'],
        properties: {
          path: { ...path, description: 'The drop folder.' },
          destination: {
            ...destination,
            description: 'Folder in FLORA for the files of this drop folder; empty for none.',
          },
          project_id: {
            ...projectId,
            description: 'Project whose canvas shows the files of this drop folder; empty for none.',
          },
          workspace_id: { ...workspaceId, description: 'Workspace for the files of this drop folder.' },
          on_missing: { ...oneOf('on_missing'), description: 'on_missing for the files of this drop folder.' },
          copies: { ...oneOf('copies'), description: 'copies for the files of this drop folder.' },
        },
      },
    },
    destination: {
      ...destination,
      description: 'Folder in FLORA for new assets; none by default. FLORA_SYNC_DESTINATION.',
    },
    project_id: {
      ...projectId,
      description: 'Project whose canvas shows new assets; none by default. FLORA_SYNC_PROJECT_ID.',
    },
    state_dir: {
      ...path,
      description:
        'Ledger and control socket; by default $STATE_DIRECTORY, else $XDG_STATE_HOME/flora-sync. FLORA_SYNC_STATE_DIR.',
    },
    settle: {
      ...duration,
      default: '2s',
      description: 'Quiet period before a file counts as finished. FLORA_SYNC_SETTLE.',
    },
    concurrency: {
      type: 'integer',
      minimum: 1,
      maximum: 256,
      default: 4,
      description: 'Most uploads at once. FLORA_SYNC_CONCURRENCY.',
    },
    rescan_interval: {
      ...duration,
      default: '10m',
      description: 'Time between safety scans. FLORA_SYNC_RESCAN_INTERVAL.',
    },
    reconcile_interval: {
      ...duration,
      default: '15m',
      description: 'Time between cursor listings of FLORA. FLORA_SYNC_RECONCILE_INTERVAL.',
    },
    accept: {
      type: ['array', 'string'],
      pattern: `^${mediaType}(\\s*,\\s*${mediaType})*$`,
      minItems: 1,
      items: { type: 'string', pattern: `^${mediaType}$` },
      default: [...DEFAULT_ACCEPT],
      description: 'Content types that are sent; * sends everything and lets FLORA judge. FLORA_SYNC_ACCEPT.',
    },
    on_missing: {
      ...oneOf('on_missing'),
      default: 'report',
      description:
        'What to do once an asset of ours is certainly not in FLORA any more: report it, or upload the file again. FLORA_SYNC_ON_MISSING.',
    },
    copies: {
      ...oneOf('copies'),
      default: 'share',
      description:
        'Whether files with the same bytes and destination share one asset, or have a separate one each. FLORA_SYNC_COPIES.',
    },
    on_new_ledger: {
      ...oneOf('on_new_ledger'),
      default: 'match',
      description:
        'When a ledger (or a drop folder in it) is new: match looks for the bytes in FLORA before anything is sent, upload does not. FLORA_SYNC_ON_NEW_LEDGER.',
    },
    log_level: {
      ...oneOf('log_level'),
      default: 'info',
      description: 'Least severe log line. FLORA_SYNC_LOG_LEVEL.',
    },
  },
};
