import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { loadConfig } from '../../../src/config/load.ts';
import { DEFAULT_ACCEPT } from '../../../src/core/content-type.ts';
import {
  complete,
  DEFAULT_FILE,
  errorOf,
  KEY,
  load,
  loadRequiring,
  problemOf,
  readFrom,
} from '../../support/settings.ts';

describe('defaults and precedence', () => {
  it('gives the contract’s defaults where only the required settings are set', () => {
    const { apiKey, apiKeySource, ...rest } = load();
    assert.equal(apiKey.reveal(), KEY);
    assert.deepEqual(apiKeySource, { kind: 'variable' });
    assert.deepEqual(rest, {
      baseUrl: 'https://app.flora.ai/api/v1',
      workspaceId: 'ws_1',
      folders: [
        {
          path: '/drop',
          destination: { workspaceId: 'ws_1', folder: null, projectId: null },
          onMissing: 'report',
          copies: 'share',
          rules: { exclude: [], include: [], ignoreCase: false, hasIgnoreFile: true },
        },
      ],
      stateDir: '/home/ann/.local/state/flora-sync',
      settleMs: 2_000,
      concurrency: 4,
      rescanIntervalMs: 600_000,
      reconcileIntervalMs: 900_000,
      accept: DEFAULT_ACCEPT,
      onNewLedger: 'match',
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
    const files = { '/a.toml': 'settle = "1s"', '/b.toml': 'settle = "9s"' };
    assert.equal(load({ flags: { config: ['/a.toml', '/b.toml'] }, files }).settleMs, 9_000);
  });

  it('finds the file through --config, then FLORA_SYNC_CONFIG, then XDG_CONFIG_HOME', () => {
    const files = {
      '/a.toml': 'settle="1s"',
      '/here/b.toml': 'settle="2h"',
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

describe('a path that is given', () => {
  it('starts where the process runs, or at the home of who runs it', () => {
    const env = { ...complete, FLORA_SYNC_FOLDER: '~/a:b' };
    const { folders } = loadConfig({ flags: {}, env, readFile: readFrom({}) });
    assert.deepEqual(
      folders.map(({ path }) => path),
      [join(homedir(), 'a'), join(process.cwd(), 'b')],
    );
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
