import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { DEFAULT_ACCEPT } from '../../src/core/content-type.ts';
import { SyncError } from '../../src/errors.ts';
import {
  complete,
  DEFAULT_FILE,
  errorOf,
  KEY,
  load,
  loadRequiring,
  problemOf,
  problemsOf,
} from '../support/settings.ts';

const settle = (value: string) => problemOf({ env: { ...complete, FLORA_SYNC_SETTLE: value } });

describe('defaults and precedence', () => {
  it('gives the contract’s defaults where only the required settings are set', () => {
    const { apiKey, apiKeySource, ...rest } = load();
    assert.equal(apiKey.reveal(), KEY);
    assert.deepEqual(apiKeySource, { kind: 'variable' });
    assert.deepEqual(rest, {
      baseUrl: 'https://app.flora.ai/api/v1',
      workspaceId: 'ws_1',
      folders: [{ path: '/drop', destination: { workspaceId: 'ws_1', folder: null, projectId: null } }],
      stateDir: '/home/ann/.local/state/flora-sync',
      settleMs: 2_000,
      concurrency: 4,
      rescanIntervalMs: 600_000,
      reconcileIntervalMs: 900_000,
      accept: DEFAULT_ACCEPT,
      logLevel: 'info',
      configFile: null,
    });
  });

  it('prefers a flag to a variable, a variable to the file, and the file to the default', () => {
    const file = { [DEFAULT_FILE]: 'settle = "3s"\nconcurrency = 3\nrescan_interval = "3m"' };
    const env = { ...complete, FLORA_SYNC_SETTLE: '4s', FLORA_SYNC_CONCURRENCY: '5' };
    const config = load({ flags: { settle: '6s' }, env, files: file });
    assert.deepEqual(
      [config.settleMs, config.concurrency, config.rescanIntervalMs, config.reconcileIntervalMs],
      [6_000, 5, 180_000, 900_000],
    );
    assert.equal(config.configFile, DEFAULT_FILE);
  });

  it('takes the last of a flag that was repeated by mistake', () => {
    assert.equal(load({ flags: { settle: ['1s', '9s'] } }).settleMs, 9_000);
  });

  it('finds the file through --config, then FLORA_SYNC_CONFIG, then XDG_CONFIG_HOME', () => {
    const files = {
      '/a.toml': 'settle="1s"',
      '/work/b.toml': 'settle="2h"',
      '/xdg/flora-sync/config.toml': 'settle="3s"',
    };
    const xdg = { ...complete, XDG_CONFIG_HOME: '/xdg' };
    const named = { ...xdg, FLORA_SYNC_CONFIG: 'b.toml' };
    assert.equal(load({ flags: { config: '/a.toml' }, env: named, files }).settleMs, 1_000);
    assert.equal(load({ env: named, files }).settleMs, 7_200_000);
    assert.equal(load({ env: xdg, files }).settleMs, 3_000);
  });

  it('is frozen all through', () => {
    const config = load();
    for (const part of [
      config,
      config.folders,
      config.folders[0],
      config.folders[0]?.destination,
      config.accept,
      config.apiKey,
    ]) {
      assert.ok(Object.isFrozen(part));
    }
  });

  it('never reads the process’s own environment or a .env file', () => {
    process.env['FLORA_SYNC_SETTLE'] = 'nonsense';
    try {
      assert.equal(load().settleMs, 2_000);
    } finally {
      delete process.env['FLORA_SYNC_SETTLE'];
    }
  });
});

describe('problems', () => {
  it('names every problem at once, in one error with scope config', () => {
    const env = {
      FLORA_API_KEY: 'two words',
      FLORA_WORKSPACE_ID: 'workspace',
      FLORA_SYNC_FOLDER: 'a:a/b:a',
      FLORA_SYNC_SETTLE: '2',
      FLORA_SYNC_CONCURENCY: '4',
      FLORA_BASE_URL: 'ftp://flora',
      FLORA_SYNC_STATE_DIR: 'a/state',
    };
    const error = errorOf(() => load({ env }));
    assert.ok(error instanceof SyncError);
    assert.deepEqual([error.code, error.scope, error.disposition], ['config', 'config', 'exit']);
    assert.deepEqual(
      error.problems.map(({ setting, value }) => [setting, value]),
      [
        ['FLORA_SYNC_CONCURENCY', '"4"'],
        ['FLORA_BASE_URL', '"ftp://flora"'],
        ['FLORA_WORKSPACE_ID', '"workspace"'],
        ['FLORA_SYNC_SETTLE', '"2"'],
        ['FLORA_SYNC_FOLDER', '"/work/a"'],
        ['FLORA_SYNC_FOLDER', '"/work/a/b"'],
        ['FLORA_SYNC_STATE_DIR', '"/work/a/state"'],
        ['FLORA_API_KEY', null],
      ],
    );
    for (const problem of error.problems) {
      assert.ok(error.message.includes(`${problem.setting}`) && error.message.includes(problem.hint), problem.setting);
    }
    assert.match(error.message, /^8 problems in the configuration:\n/);
  });

  it('says of each missing setting where it can be set', () => {
    const problems = problemsOf({ env: {} });
    assert.deepEqual(
      problems.map(({ setting, problem }) => `${setting} ${problem}`),
      ['FLORA_SYNC_FOLDER is missing', 'FLORA_WORKSPACE_ID is missing', 'FLORA_API_KEY is missing'],
    );
    assert.match(problems[1]?.hint ?? '', /FLORA_WORKSPACE_ID.*--workspace-id.*workspace_id/);
  });

  it('refuses an unknown FLORA_SYNC_ variable, and says which was meant', () => {
    assert.deepEqual(problemOf({ env: { ...complete, FLORA_SYNC_SETTEL: '3s' } }), {
      setting: 'FLORA_SYNC_SETTEL',
      value: '"3s"',
      problem: 'is not a setting',
      hint: 'did you mean FLORA_SYNC_SETTLE?',
    });
    const wrongPrefix = problemOf({ env: { ...complete, FLORA_SYNC_BASE_URL: 'https://x' } });
    assert.equal(wrongPrefix.hint, 'did you mean FLORA_BASE_URL?');
    assert.match(
      problemOf({ env: { ...complete, FLORA_SYNC_ZZZZZZZZ: '' } }).hint,
      /^the settings are .*FLORA_SYNC_SETTLE/,
    );
  });

  it('leaves the variables of other tools alone', () => {
    assert.ok(load({ env: { ...complete, FLORA_CONTRACT_MODE: 'x', FLORA_PROFILE: 'y', FLORASYNC: 'z' } }));
  });

  for (const [value, problem, hint] of [
    ['2', 'is a duration without a unit', 'write 2s, or 2ms'],
    ['0', 'is a duration without a unit', 'write 0s, or 0ms'],
    ['', 'is empty', /leave the setting out/],
    ['2 s', 'is not a duration', /500ms, 2s, 15m or 1h/],
    ['-1', 'is not a duration', /500ms/],
    ['-1s', 'is not a duration', /500ms/],
    ['1.5s', 'is not a duration', /500ms/],
    ['1e3', 'is not a duration', /500ms/],
    ['1h30m', 'is not a duration', /500ms/],
    ['2d', 'has the unknown unit d', /500ms/],
    ['2S', 'has the unknown unit S', /500ms/],
    ['0ms', 'is too short', /from 1ms to 24h/],
    ['25h', 'is too long', /from 1ms to 24h/],
    ['99999999999999999999h', 'is too large', /500ms/],
  ] as const) {
    it(`refuses the duration ${JSON.stringify(value)}`, () => {
      const found = settle(value);
      assert.equal(found.setting, 'FLORA_SYNC_SETTLE');
      assert.equal(found.value, JSON.stringify(value));
      assert.equal(found.problem, problem);
      assert.match(found.hint, typeof hint === 'string' ? new RegExp(`^${hint}$`) : hint);
    });
  }

  it('overlooks blanks around a value in the environment', () => {
    const env = { ...complete, FLORA_SYNC_SETTLE: ' 5s ', FLORA_WORKSPACE_ID: 'ws_2\r', FLORA_SYNC_CONCURRENCY: '\t2' };
    const { settleMs, workspaceId, concurrency } = load({ env });
    assert.deepEqual([settleMs, workspaceId, concurrency], [5_000, 'ws_2', 2]);
  });

  for (const value of ['0', '-1', '1.5', '1e3', '257', 'four', '', '0x10']) {
    it(`refuses the concurrency ${JSON.stringify(value)}`, () => {
      const { setting, problem } = problemOf({ flags: { concurrency: value } });
      assert.equal(setting, '--concurrency');
      assert.match(problem, /whole number from 1 to 256|is empty/);
    });
  }

  it('refuses a log level that pino does not know, and says which was meant', () => {
    const { value, hint } = problemOf({ env: { ...complete, FLORA_SYNC_LOG_LEVEL: 'WARN' } });
    assert.equal(value, '"WARN"');
    assert.match(hint, /trace, debug, info.*did you mean warn\?/);
  });

  it('refuses a project id that is none', () => {
    assert.match(problemOf({ flags: { project_id: 'project 1' } }).hint, /prj_/);
  });
});

describe('base URL', () => {
  const at = (url: string) => ({ env: { ...complete, FLORA_BASE_URL: url } });

  for (const [given, normalised] of [
    ['https://FLORA.example/API/', 'https://flora.example/API'],
    ['https://flora.example', 'https://flora.example'],
    ['https://flora.example:443//', 'https://flora.example'],
    ['http://localhost:8787/api/v1/', 'http://localhost:8787/api/v1'],
    ['http://127.8.9.1:80', 'http://127.8.9.1'],
    ['http://[::1]:9/x', 'http://[::1]:9/x'],
  ] as const) {
    it(`reads ${given} as ${normalised}`, () => assert.equal(load(at(given)).baseUrl, normalised));
  }

  for (const [given, problem] of [
    ['http://flora.example/api', /unencrypted/],
    ['http://localhost.example', /unencrypted/],
    ['http://127.0.0.1.example', /unencrypted/],
    ['http://10.0.0.1', /unencrypted/],
    ['http://[::ffff:127.0.0.1]', /unencrypted/],
    ['https://user@flora.example', /credentials/],
    ['https://user:hunter2@flora.example', /credentials/],
    ['https://flora.example/?', /query/],
    ['https://flora.example/?token=hunter2', /query/],
    ['https://flora.example/#', /fragment/],
    ['flora.example', /not a URL/],
    ['file:///etc/passwd', /not an https: URL/],
    ['https://', /not a URL/],
  ] as const) {
    it(`refuses ${given}`, () => {
      const error = errorOf(() => load(at(given)));
      assert.match(error.problems[0]?.problem ?? '', problem);
      assert.equal(error.problems.length, 1);
      assert.ok(!error.message.includes('hunter2'));
    });
  }
});

describe('folders and the state directory', () => {
  it('splits the variable at colons, and knows the home directory', () => {
    const paths = (given: Parameters<typeof load>[0]) => load(given).folders.map((folder) => folder.path);
    assert.deepEqual(paths({ env: { ...complete, FLORA_SYNC_FOLDER: 'a:/b/../c/:~/d' } }), [
      '/work/a',
      '/c',
      '/home/ann/d',
    ]);
    assert.deepEqual(paths({ env: { ...complete, FLORA_SYNC_FOLDER: '~', FLORA_SYNC_STATE_DIR: '/s' } }), [
      '/home/ann',
    ]);
  });

  it('takes a repeated flag for several folders, whose paths may hold colons', () => {
    const { folders } = load({ flags: { folder: ['x:y', '/z z'] } });
    assert.deepEqual(
      folders.map((folder) => folder.path),
      ['/work/x:y', '/z z'],
    );
  });

  it('resolves relative paths of the file against the directory of the file', () => {
    const files = { '/etc/fs/c.toml': 'state_dir = "state"\n[[folder]]\npath = "in"\n[[folder]]\npath = "../out"' };
    const { FLORA_SYNC_FOLDER: _, ...env } = complete;
    const { folders, stateDir } = load({ env, flags: { config: '/etc/fs/c.toml' }, files });
    assert.deepEqual([...folders.map((folder) => folder.path), stateDir], ['/etc/fs/in', '/etc/out', '/etc/fs/state']);
  });

  it('refuses an empty entry, another user’s home and a zero byte', () => {
    const problems = problemsOf({ flags: { folder: ['', '~bob/x', 'a\0b', '  '] } });
    assert.deepEqual(
      problems.map(({ value }) => value),
      ['""', '"~bob/x"', '"a\\u0000b"', '"  "'],
    );
  });

  it('does not mistake a common beginning for a folder inside another', () => {
    assert.equal(load({ flags: { folder: ['/a', '/ab', '/a b'], state_dir: '/abc' } }).folders.length, 3);
  });

  it('names both folders where one lies inside the other', () => {
    const { value, problem } = problemOf({ flags: { folder: ['/a/b', '/a/'] } });
    assert.deepEqual([value, problem], ['"/a/b"', 'lies inside the drop folder "/a"']);
    assert.equal(problemOf({ flags: { folder: ['/a', '/b/../a'] } }).problem, 'is listed twice');
  });

  it('refuses a drop folder inside the state directory, and the other way round', () => {
    assert.match(
      problemOf({ flags: { folder: '/s/in', state_dir: '/s' } }).problem,
      /contains the drop folder "\/s\/in"/,
    );
    assert.match(problemOf({ flags: { folder: '/', state_dir: '/s' } }).problem, /lies inside the drop folder "\/"/);
    // By default too: who drops files into the home directory has the ledger among them.
    assert.equal(problemOf({ flags: { folder: '~' } }).setting, 'FLORA_SYNC_STATE_DIR');
  });

  it('keeps its state where systemd says, else below XDG_STATE_HOME, else below the home directory', () => {
    const stateDir = (env: Readonly<Record<string, string>>) => load({ env: { ...complete, ...env } }).stateDir;
    assert.equal(stateDir({ STATE_DIRECTORY: '/var/lib/a:/var/lib/b', XDG_STATE_HOME: '/xdg' }), '/var/lib/a');
    assert.equal(stateDir({ XDG_STATE_HOME: '/xdg', STATE_DIRECTORY: '' }), '/xdg/flora-sync');
    assert.equal(stateDir({ XDG_STATE_HOME: 'relative' }), '/home/ann/.local/state/flora-sync');
    assert.equal(stateDir({ FLORA_SYNC_STATE_DIR: '~/s', STATE_DIRECTORY: '/x' }), '/home/ann/s');
  });
});

describe('destinations', () => {
  const file = `
    workspace_id = "ws_file"
    destination = "general"
    [[folder]]
    path = "/a"
    [[folder]]
    path = "/b"
    destination = ""
    project_id = "prj_b"
    workspace_id = "ws_b"`;
  const given = (env: Readonly<Record<string, string>>, flags: Readonly<Record<string, string>> = {}) =>
    load({ env: { FLORA_API_KEY: KEY, ...env }, flags, files: { [DEFAULT_FILE]: file } }).folders.map(
      (each) => each.destination,
    );

  it('lets a table say something else than the general settings, also none', () => {
    assert.deepEqual(given({}), [
      { workspaceId: 'ws_file', folder: 'general', projectId: null },
      { workspaceId: 'ws_b', folder: null, projectId: 'prj_b' },
    ]);
  });

  it('lets a variable replace the general setting only, and a flag both', () => {
    const env = { FLORA_WORKSPACE_ID: 'ws_env', FLORA_SYNC_DESTINATION: '' };
    assert.deepEqual(
      given(env).map((each) => [each.workspaceId, each.folder]),
      [
        ['ws_env', null],
        ['ws_b', null],
      ],
    );
    assert.deepEqual(
      given(env, { workspace_id: 'ws_flag' }).map((each) => each.workspaceId),
      ['ws_flag', 'ws_flag'],
    );
  });

  it('needs no general workspace where each table names its own', () => {
    const files = { [DEFAULT_FILE]: '[[folder]]\npath="/a"\nworkspace_id="ws_a"' };
    assert.equal(load({ env: { FLORA_API_KEY: KEY }, files }).workspaceId, null);
    const both = { [DEFAULT_FILE]: `${files[DEFAULT_FILE]}\n[[folder]]\npath="/b"` };
    assert.equal(problemOf({ env: { FLORA_API_KEY: KEY }, files: both }).setting, 'FLORA_WORKSPACE_ID');
  });
});

describe('what is sent', () => {
  it('reads a list of types and patterns, and writes them as the rest of flora-sync does', () => {
    const accept = (value: string | string[]) => load({ flags: { accept: value } }).accept;
    assert.deepEqual(accept('image/*, Video/MP4 ,audio/x-wav,audio/wave'), ['image/*', 'video/mp4', 'audio/wav']);
    assert.deepEqual(accept(['image/jpg', '*']), ['image/jpeg', '*']);
  });

  for (const value of ['image', '*/*', '*/png', 'image/', 'image/*,', 'a b/c', 'image/png;q=1', 'image/p*']) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.match(problemOf({ flags: { accept: value } }).hint, /image\/\*,video\/mp4, or \* for everything/);
    });
  }
});

describe('commands that need less', () => {
  it('load without a key, a workspace and folders', () => {
    const config = loadRequiring([], { env: {} });
    assert.deepEqual(
      [config.apiKey, config.apiKeySource, config.workspaceId, config.folders],
      [undefined, undefined, null, []],
    );
    assert.equal(loadRequiring([], { env: { FLORA_SYNC_FOLDER: '/a' } }).folders[0]?.destination.workspaceId, '');
  });

  it('do not look at a key they do not need, but at every other setting', () => {
    const env = { ...complete, FLORA_API_KEY: 'two words' };
    assert.equal(loadRequiring(['folders'], { env }).apiKey, undefined);
    const error = errorOf(() => loadRequiring([], { env: { ...env, FLORA_SYNC_SETTLE: '2' } }));
    assert.deepEqual(
      error.problems.map(({ setting }) => setting),
      ['FLORA_SYNC_SETTLE'],
    );
  });

  it('are told about what they do need', () => {
    const error = errorOf(() => loadRequiring(['workspaceId', 'apiKey'], { env: {} }));
    assert.deepEqual(
      error.problems.map(({ setting }) => setting),
      ['FLORA_WORKSPACE_ID', 'FLORA_API_KEY'],
    );
  });
});

describe('a printed configuration', () => {
  it('holds no key, however it is printed', () => {
    const config = load();
    for (const text of [inspect(config, { depth: 9, showHidden: true }), JSON.stringify(config), `${config.apiKey}`]) {
      assert.ok(text.includes('[redacted]'));
      assert.ok(!text.includes(KEY));
    }
  });
});
