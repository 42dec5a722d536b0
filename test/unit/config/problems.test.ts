import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { complete, errorOf, load, problemOf, problemsOf } from '../../support/settings.ts';

const settle = (value: string) => problemOf({ env: { ...complete, FLORA_SYNC_SETTLE: value } });

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
