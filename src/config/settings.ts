import { DEFAULT_ACCEPT } from '../core/content-type.ts';
import { parseBaseUrl } from './parse.ts';
import { duration, type Entry, hourMs, oneOf, patterns, yesOrNo } from './setting.ts';

const mediaType = '(\\*|[a-z0-9][a-z0-9!#$&^_.+-]*/(\\*|[a-z0-9][a-z0-9!#$&^_.+-]*))';
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Every setting of the contract but the key itself (which no flag and no TOML key may hold) and the TOML file's name. Types,
 * flags, variables, the JSON Schema, messages and the table for users are made from this. Keys are those of the TOML file.
 */
export const settings = {
  api_key_file: {
    isShared: true,
    form: 'file',
    summary: 'file that holds the API key',
    noun: 'a path',
    wants: 'name a file that holds the key and nothing else',
    meaning: 'a file that holds the API key and nothing else, by its absolute path',
    shown: '`$CREDENTIALS_DIRECTORY/flora-api-key`',
    schema: { type: 'string', minLength: 1 },
    description: 'Absolute path (or ~/…) of a file that holds the API key and nothing else.',
  },
  base_url: {
    isShared: true,
    form: 'word',
    summary: 'address of the FLORA API',
    noun: 'a URL',
    wants: 'write an address such as https://app.flora.ai/api/v1',
    meaning: 'the API; `http:` is for this machine only',
    schema: { type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://\\S+$', default: 'https://app.flora.ai/api/v1' },
    description: 'Address of the FLORA API; http: is for loopback only.',
    as: 'baseUrl',
    parse: parseBaseUrl,
  },
  workspace_id: {
    isShared: true,
    form: 'word',
    summary: 'workspace that the assets go to',
    noun: 'a workspace id',
    wants: 'write the id, which starts with ws_',
    shown: 'required',
    schema: { type: 'string', pattern: '^ws_\\S+$' },
    description: 'Workspace that the assets go to.',
    inFolder: 'Workspace for the files of this drop folder.',
  },
  folder: {
    form: 'folders',
    summary: 'drop folder (repeat it for several)',
    noun: 'a path',
    wants: 'name a directory, or a [[folder]] table each for several',
    meaning: 'the drop folder (`:`-separated for several)',
    shown: 'required',
    // What one of them may hold is added below: it is other settings.
    schema: { type: ['array', 'string'], minLength: 1, minItems: 1 },
    description:
      'The drop folders: one path, or a [[folder]] table each. Relative paths start at the directory of this file.',
  },
  destination: {
    form: 'verbatim',
    summary: 'folder in FLORA that the assets go to',
    noun: 'a folder name on one line',
    wants: 'write the name of a folder',
    meaning: 'the folder of new assets in FLORA',
    shown: 'none',
    // Empty means none: so a table or the environment can take back what a more general setting says.
    schema: { type: 'string', pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    description: 'Folder in FLORA for new assets; none by default.',
    inFolder: 'Folder in FLORA for the files of this drop folder; empty for none.',
  },
  project_id: {
    form: 'word',
    summary: 'project whose canvas shows the assets',
    noun: 'a project id',
    wants: 'write the id, which starts with prj_',
    meaning: 'the project whose canvas shows new assets',
    shown: 'none',
    schema: { type: 'string', pattern: '^(prj_\\S+)?$' },
    description: 'Project whose canvas shows new assets; none by default.',
    inFolder: 'Project whose canvas shows the files of this drop folder; empty for none.',
  },
  state_dir: {
    form: 'verbatim',
    summary: 'directory of the ledger and the socket',
    noun: 'a path',
    wants: 'name a directory outside the drop folders',
    meaning: 'where the ledger, its snapshots and the socket are',
    shown: '`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/flora-sync`',
    schema: { type: 'string', minLength: 1 },
    description: 'Ledger and control socket; by default $STATE_DIRECTORY, else $XDG_STATE_HOME/flora-sync.',
  },
  settle: {
    ...duration('2s', 1, 24 * hourMs),
    summary: 'how long a file must stay unchanged first',
    meaning: 'how long a file must stay unchanged',
    description: 'Quiet period before a file counts as finished.',
    as: 'settleMs',
  },
  concurrency: {
    form: 'number',
    summary: 'most uploads at once',
    noun: 'a whole number from 1 to 256',
    wants: 'write one, such as 4',
    schema: { type: 'integer', minimum: 1, maximum: 256, default: 4 },
    description: 'Most uploads at once.',
    as: 'concurrency',
  },
  rescan_interval: {
    ...duration('10m', 100, 168 * hourMs),
    summary: 'time between safety scans',
    meaning: 'time between safety scans of the drop folders',
    description: 'Time between safety scans.',
    as: 'rescanIntervalMs',
  },
  reconcile_interval: {
    ...duration('15m', 100, 168 * hourMs),
    summary: 'time between cursor listings of FLORA',
    meaning: 'time between comparisons with the listing of FLORA',
    description: 'Time between cursor listings of FLORA.',
    as: 'reconcileIntervalMs',
  },
  accept: {
    form: 'list',
    summary: 'content types that are sent',
    noun: 'a content type',
    wants: 'write types such as image/*,video/mp4, or * for everything',
    meaning: 'content types that are sent (`image/*,video/mp4,…`; `*` sends everything and lets FLORA judge)',
    shown: 'what FLORA documents: JPEG, PNG, WebP, GIF, AVIF, HEIC, HEIF, MP4, WebM, QuickTime, MP3, WAV, Ogg, PDF',
    schema: {
      type: ['array', 'string'],
      pattern: `^${mediaType}(\\s*,\\s*${mediaType})*$`,
      minItems: 1,
      items: { type: 'string', pattern: `^${mediaType}$` },
      default: DEFAULT_ACCEPT,
    },
    description: 'Content types that are sent; * sends everything and lets FLORA judge.',
    as: 'accept',
  },
  exclude: {
    ...patterns,
    summary: 'what is left alone in the drop folder',
    meaning: 'what is left alone, in the grammar of .gitignore: `["raw/", "*.psd", "!keep.psd"]`',
    description:
      'What is left alone in the drop folder, in the grammar of .gitignore; the last pattern that fits decides.',
    inFolder: 'exclude for this drop folder, in place of the general one.',
  },
  include: {
    ...patterns,
    summary: 'the only files that are taken',
    meaning: 'the only files that are taken, in the same grammar: one of these has to fit',
    shown: 'all',
    description: 'Only files that one of these patterns fits are taken, in the grammar of .gitignore.',
    inFolder: 'include for this drop folder, in place of the general one.',
  },
  ignore_file: {
    ...yesOrNo(true),
    summary: 'whether .floraignore in the drop folder is read',
    meaning: 'whether the file `.floraignore` at the top of the drop folder may exclude more, as `.gitignore` does',
    description: 'Whether .floraignore at the top of the drop folder is read: anybody who may drop files may write it.',
    inFolder: 'ignore_file for this drop folder.',
  },
  ignore_case: {
    ...yesOrNo(false),
    summary: 'whether patterns fit in any case of letters',
    description: 'Whether patterns fit whatever the case of their letters is.',
    inFolder: 'ignore_case for this drop folder.',
  },
  on_missing: {
    ...oneOf('report', 'upload'),
    summary: 'what to do when an asset is not in FLORA any more',
    meaning: 'once an asset is certainly not in FLORA any more: `report` it, or `upload` the file again',
    description:
      'What to do once an asset of ours is certainly not in FLORA any more: report it, or upload the file again.',
    inFolder: 'on_missing for the files of this drop folder.',
    as: 'onMissing',
  },
  copies: {
    ...oneOf('share', 'separate'),
    summary: 'whether files with the same bytes share one asset',
    meaning: 'files with the same bytes `share` one asset, or have a `separate` one each',
    description: 'Whether files with the same bytes and destination share one asset, or have a separate one each.',
    inFolder: 'copies for the files of this drop folder.',
    as: 'copies',
  },
  on_new_ledger: {
    ...oneOf('match', 'upload'),
    summary: 'what to do with files that a new ledger has never seen',
    meaning:
      'a new ledger, or a new folder in it: `match` the bytes with what FLORA has before anything is sent, or `upload`',
    description:
      'When a ledger (or a drop folder in it) is new: match looks for the bytes in FLORA before anything is sent, upload does not.',
    as: 'onNewLedger',
  },
  log_level: {
    form: 'word',
    summary: 'least severe log line',
    noun: 'a log level',
    wants: `write one of ${logLevels.join(', ')}`,
    schema: { type: 'string', enum: logLevels, default: 'info' },
    meaning: 'the least severe log line: `trace` to `fatal`, or `silent`',
    description: 'Least severe log line.',
    as: 'logLevel',
  },
} as const satisfies Readonly<Record<string, Entry>>;
