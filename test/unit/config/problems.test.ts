import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateSettings } from '../../../src/config/validate.ts';
import { SyncError } from '../../../src/errors.ts';
import { complete, DEFAULT_FILE, errorOf, load, problemOf, problemsOf } from '../../support/settings.ts';

const settle = (value: string) => problemOf({ env: { ...complete, FLORA_SYNC_SETTLE: value } });

// First: a schema is read once.
describe('settings without a problem', () => {
  it('have nothing printed', (t) => {
    const printed = (['log', 'warn', 'error'] as const).map((name) => t.mock.method(console, name, () => {}));
    assert.ok(load());
    assert.deepEqual(
      printed.map(({ mock }) => mock.callCount()),
      [0, 0, 0],
    );
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
    assert.deepEqual([error.code, error.scope, error.disposition], ['config', 'config', null]);
    assert.deepEqual(
      error.problems.map(({ setting, value }) => [setting, value]),
      [
        ['FLORA_SYNC_CONCURENCY', '"4"'],
        ['FLORA_BASE_URL', '"ftp://flora"'],
        ['FLORA_WORKSPACE_ID', '"workspace"'],
        ['FLORA_SYNC_SETTLE', '"2"'],
        ['FLORA_SYNC_FOLDER', '"/here/a"'],
        ['FLORA_SYNC_FOLDER', '"/here/a/b"'],
        ['FLORA_SYNC_STATE_DIR', '"/here/a/state"'],
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

  it('leaves the variables of other tools alone, and those without a value', () => {
    assert.ok(load({ env: { ...complete, FLORA_CONTRACT_MODE: 'x', FLORA_PROFILE: 'y', FLORASYNC: 'z' } }));
    assert.ok(load({ env: { ...complete, FLORA_SYNC_OTHER: undefined } }));
  });

  it('does not show the value of a name that speaks of a secret', () => {
    for (const name of ['API_KEY', 'TOKEN', 'SECRET', 'PASSWORD', 'CREDENTIAL'])
      assert.equal(problemOf({ env: { ...complete, [`FLORA_SYNC_${name}`]: 'x' } }).value, null, name);
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

describe('what each setting has to be', () => {
  it('is told, with what would do, where it is nothing of the kind', () => {
    const duration = ['is not a duration', 'write a duration such as 500ms, 2s, 15m or 1h'];
    const file = 'name a file that holds the key and nothing else';
    const expected: Readonly<Record<string, readonly string[]>> = {
      api_key_file: ['is not a path', file],
      base_url: ['is not a URL', 'write an address such as https://app.flora.ai/api/v1'],
      workspace_id: ['is not a workspace id', 'write the id, which starts with ws_'],
      folder: ['is not a path', 'name a directory, or a [[folder]] table each for several'],
      destination: ['is not a folder name on one line', 'write the name of a folder'],
      project_id: ['is not a project id', 'write the id, which starts with prj_'],
      state_dir: ['is not a path', 'name a directory outside the drop folders'],
      settle: duration,
      concurrency: ['is not a whole number from 1 to 256', 'write one, such as 4'],
      rescan_interval: duration,
      reconcile_interval: duration,
      accept: ['is not a content type', 'write types such as image/*,video/mp4, or * for everything'],
      on_missing: ['is not a choice', 'write report or upload'],
      copies: ['is not a choice', 'write share or separate'],
      on_new_ledger: ['is not a choice', 'write match or upload'],
      log_level: ['is not a log level', 'write one of trace, debug, info, warn, error, fatal, silent'],
    };
    const text = Object.keys(expected).map((key) => `${key} = true\n`);
    const found = problemsOf({ env: { FLORA_API_KEY: 'k' }, files: { [DEFAULT_FILE]: text.join('') } });
    const told = found.map(({ setting, problem, hint }) => [
      setting.replace(` in ${DEFAULT_FILE}`, ''),
      [problem, hint],
    ]);
    assert.deepEqual(Object.fromEntries(told), expected);
    assert.ok(found.every(({ value }) => value === 'true'));
  });

  it('is told of intervals within which it has to be', () => {
    for (const flag of ['rescan_interval', 'reconcile_interval']) {
      const told = (value: string) => {
        const { problem, hint } = problemOf({ flags: { [flag]: value } });
        return `${problem}: ${hint}`;
      };
      assert.equal(told('99ms'), 'is too short: write something from 100ms to 168h');
      assert.equal(told('169h'), 'is too long: write something from 100ms to 168h');
      assert.ok(load({ flags: { [flag]: '100ms' } }) && load({ flags: { [flag]: '168h' } }));
    }
  });

  it('is what the schema knows: any other key, or no data at all, is a mistake of ours', () => {
    const none = { origins: new Map(), configFile: null };
    assert.throws(() => validateSettings({ ...none, values: { other: 1 } }), {
      name: 'TypeError',
      message: /^The schema refused : must NOT have additional properties/,
    });
    const values = Object.defineProperty({}, 'settle', {
      enumerable: true,
      get: () => {
        throw new RangeError('a bug');
      },
    });
    assert.throws(() => validateSettings({ ...none, values }), RangeError);
  });
});

describe('the key beside other problems', () => {
  const settings = (env: Readonly<Record<string, string>>, text: string) =>
    problemsOf({
      env: { FLORA_WORKSPACE_ID: 'ws_1', FLORA_SYNC_FOLDER: '/a', ...env },
      files: { [DEFAULT_FILE]: text },
    }).map(({ setting }) => setting);

  it('is not missed where nobody knows which file was to hold it; what a variable holds is known', () => {
    const refused = `api_key_file in ${DEFAULT_FILE}`;
    assert.deepEqual(settings({}, 'api_key_file = 3'), [refused]);
    assert.deepEqual(settings({ FLORA_API_KEY: '' }, 'api_key_file = 3'), [refused, 'FLORA_API_KEY']);
    assert.deepEqual(settings({}, 'settle = 2s'), ['FLORA_SYNC_CONFIG']);
    assert.deepEqual(settings({ FLORA_API_KEY: 'two words' }, 'settle = 2s'), ['FLORA_SYNC_CONFIG', 'FLORA_API_KEY']);
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
