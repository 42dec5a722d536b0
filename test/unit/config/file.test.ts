import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema, SETTINGS } from '../../../src/config/schema.ts';
import { blockOf, readConfigFile } from '../../support/held.ts';
import { complete, DEFAULT_FILE, errorOf, load, problemOf } from '../../support/settings.ts';
import { settingsTable } from '../../support/settings-table.ts';

const inFile = (text: string) => ({ files: { [DEFAULT_FILE]: text } });

describe('the TOML file', () => {
  it('may be absent where nobody named it', () => {
    assert.equal(load({ files: { [DEFAULT_FILE]: '!ENOENT' } }).configFile, null);
    assert.equal(load({ files: { [DEFAULT_FILE]: '!ENOTDIR' } }).configFile, null);
  });

  it('has to be there and readable where somebody did', () => {
    const { setting, value, problem } = problemOf({ env: { ...complete, FLORA_SYNC_CONFIG: 'x.toml' } });
    assert.deepEqual([setting, value, problem], ['FLORA_SYNC_CONFIG', '"/here/x.toml"', 'cannot be read (ENOENT)']);
    assert.equal(problemOf({ flags: { config: '' } }).problem, 'is empty');
    assert.equal(problemOf(inFile('!EACCES')).problem, 'cannot be read (EACCES)');
  });

  it('is the only problem where it is broken: nobody knows what it would have set', () => {
    const found = problemOf({ env: {}, ...inFile('workspace_id = "ws_1"\nsettle = 2s') });
    assert.match(found.problem, /^is not valid TOML at line 2, column 11/);
  });

  it('is named with each of its settings that is refused', () => {
    const found = problemOf({ env: { ...complete }, ...inFile('settle = 2') });
    assert.deepEqual([found.setting, found.value], [`settle in ${DEFAULT_FILE}`, '2']);
  });

  for (const [text, setting, value, hint] of [
    ['settel = "3s"', 'settel', '"3s"', 'did you mean settle?'],
    ['state-dir = "/s"', 'state-dir', '"/s"', 'did you mean state_dir?'],
    ['FLORA_SYNC_SETTLE = "3s"', 'FLORA_SYNC_SETTLE', '"3s"', 'did you mean settle?'],
    ['[[folders]]\npath = "/x"', 'folders', 'a list', 'did you mean folder?'],
    ['[__proto__]\nsettle = "3s"', '__proto__', 'a table', undefined],
    ['constructor = 1', 'constructor', '1', undefined],
    ['day = 2020-02-30T25:00:00Z', undefined, undefined, undefined],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const found = problemOf(inFile(text));
      if (setting !== undefined)
        assert.deepEqual([found.setting, found.value], [`${setting} in ${DEFAULT_FILE}`, value]);
      if (hint !== undefined) assert.equal(found.hint, hint);
    });
  }

  it('names the table and the key of what is wrong in a [[folder]]', () => {
    const { FLORA_SYNC_FOLDER: _, ...env } = complete;
    const text =
      '[[folder]]\npath = "/a"\nproject = "prj_1"\n[[folder]]\ndestination = 3\n[[folder]]\npath = "/a/b"\n[[folder]]\npath="/a"';
    const problems = errorOf(() => load({ env, ...inFile(text) })).problems;
    assert.deepEqual(
      problems.map(({ setting, value, problem }) => [setting.replace(` in ${DEFAULT_FILE}`, ''), value, problem]),
      [
        ['project of [[folder]] number 1', '"prj_1"', 'is not a setting'],
        ['[[folder]] number 2', null, 'has no path'],
        ['destination of [[folder]] number 2', '3', 'is not a folder name on one line'],
        ['folder', '"/a/b"', 'lies inside the drop folder "/a"'],
      ],
    );
  });

  it('takes one folder as a text, and several as a list of texts', () => {
    const { FLORA_SYNC_FOLDER: _, ...env } = complete;
    const paths = (text: string) => load({ env, ...inFile(text) }).folders.map((folder) => folder.path);
    assert.deepEqual(paths('folder = "~/a:/b"'), ['/home/ann/a', '/b']);
    assert.deepEqual(paths('folder = ["/a", "/b:c"]'), ['/a', '/b:c']);
    assert.match(problemOf({ env, ...inFile('folder = []') }).problem, /is not a path/);
    assert.match(problemOf({ env, ...inFile('[folder]\npath = "/x"') }).hint, /\[\[folder\]\]/);
  });

  it('takes the accepted types as a list or a text', () => {
    assert.deepEqual(load(inFile('accept = ["image/*"]')).accept, ['image/*']);
    assert.deepEqual(load(inFile('accept = "image/*, audio/wav"')).accept, ['image/*', 'audio/wav']);
  });

  it('may begin with a byte order mark, and name its schema', () => {
    assert.equal(load(inFile('\ufeff"$schema" = "x"\nsettle = "3s"')).settleMs, 3_000);
  });
});

describe('config/', () => {
  const example = readConfigFile('config.example.toml');
  const environment = readConfigFile('flora-sync.env');

  it('has an example that gives exactly the defaults', () => {
    assert.deepEqual({ ...load(inFile(example)), configFile: null, apiKey: null }, { ...load(), apiKey: null });
    assert.match(example, /^#:schema \.\/config\.schema\.json\n/);
  });

  it('has an example whose commented settings work too', () => {
    const text = example.replaceAll(/^#(?=[a-z_]+ = |\[\[)/gm, '');
    const config = load({ env: {}, files: { [DEFAULT_FILE]: text, '/home/ann/.config/flora-sync/api-key': 'k' } });
    assert.deepEqual(config.folders, [
      {
        path: '/home/ann/FLORA drop',
        destination: { workspaceId: 'ws_0123456789', folder: 'ingest', projectId: 'prj_0123456789' },
        onMissing: 'report',
        copies: 'share',
        rules: { exclude: [], include: [], ignoreCase: false, hasIgnoreFile: true },
      },
      {
        path: '/srv/ingest/camera-a',
        destination: { workspaceId: 'ws_9876543210', folder: 'camera-a', projectId: 'prj_0123456789' },
        onMissing: 'upload',
        copies: 'separate',
        rules: {
          exclude: [
            { source: 'exclude', line: 1, pattern: 'proxies/' },
            { source: 'exclude', line: 2, pattern: '*.psd' },
          ],
          include: [],
          ignoreCase: false,
          hasIgnoreFile: true,
        },
      },
    ]);
    assert.equal(config.stateDir, load().stateDir);
  });

  it('has an environment file whose commented settings work, and give the defaults', () => {
    const env = Object.fromEntries(
      [...environment.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
    );
    const given = { ...env, FLORA_SYNC_DESTINATION: '', FLORA_SYNC_PROJECT_ID: '' };
    const config = load({ env: given, files: { '/etc/flora-sync/api-key': 'k', '/etc/flora-sync/config.toml': '' } });
    const { stateDir, folders, workspaceId } = config;
    const expected = { ...load(), stateDir, folders, workspaceId, configFile: config.configFile };
    assert.deepEqual(
      { ...config, apiKey: null, apiKeySource: null },
      { ...expected, apiKey: null, apiKeySource: null },
    );
  });

  it('has a JSON Schema that is the one in force', () => {
    assert.deepEqual(JSON.parse(readConfigFile('config.schema.json')), configSchema);
  });

  it('has a table of all settings for users', () => {
    // Written by build/test/support/write-held.js.
    assert.equal(blockOf(readConfigFile('README.md'), 'settings'), settingsTable());
    for (const { variable } of SETTINGS) assert.match(settingsTable(), new RegExp(`^\\| \`${variable}\``, 'm'));
  });

  // The settings that scripts rely on, but the two variables that have no TOML key; and what came later.
  const contract = [
    ...['ON_MISSING', 'COPIES', 'ON_NEW_LEDGER', 'EXCLUDE', 'INCLUDE', 'IGNORE_FILE', 'IGNORE_CASE'].map(
      (name) => `FLORA_SYNC_${name}`,
    ),
    ...['API_KEY_FILE', 'BASE_URL', 'WORKSPACE_ID'].map((name) => `FLORA_${name}`),
    ...['FOLDER', 'DESTINATION', 'PROJECT_ID', 'STATE_DIR', 'SETTLE', 'CONCURRENCY', 'RESCAN_INTERVAL'].map(
      (name) => `FLORA_SYNC_${name}`,
    ),
    ...['RECONCILE_INTERVAL', 'ACCEPT', 'LOG_LEVEL'].map((name) => `FLORA_SYNC_${name}`),
  ];

  it('knows every setting of the contract, in all three files', () => {
    assert.deepEqual(SETTINGS.map((each) => each.variable).sort(), [...contract].sort());
    for (const { key, variable } of SETTINGS) {
      assert.match(environment, new RegExp(`^#${variable}=`, 'm'));
      assert.match(example, key === 'folder' ? /^#\[\[folder\]\]/m : new RegExp(`^#?${key} = `, 'm'));
      assert.ok(Object.hasOwn(configSchema.properties, key), key);
    }
    for (const variable of ['FLORA_API_KEY', 'FLORA_SYNC_CONFIG'])
      assert.match(environment, new RegExp(`^#${variable}=`, 'm'));
  });
});
