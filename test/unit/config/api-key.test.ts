import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reloadApiKey } from '../../../src/config/api-key.ts';
import { complete, DEFAULT_FILE, errorOf, KEY, load, problemOf, readFrom } from '../../support/settings.ts';

const { FLORA_API_KEY: _, ...keyless } = complete;
const { FLORA_SYNC_FOLDER: _folder, ...folderless } = complete;
const credential = { CREDENTIALS_DIRECTORY: '/run/credentials/flora-sync' };
const credentialPath = '/run/credentials/flora-sync/flora-api-key';
const files = {
  '/key': ` ${KEY}\n`,
  [credentialPath]: 'sk_live_credential',
  [DEFAULT_FILE]: 'api_key_file = "~/key"',
  '/home/ann/key': 'sk_live_file',
};

describe('the key', () => {
  it('comes from the variable, else the file of the settings, else the systemd credential', () => {
    const from = (env: Readonly<Record<string, string>>, given: Readonly<Record<string, string>> = files) => {
      const { apiKey, apiKeySource } = load({ env: { ...keyless, ...env }, files: given });
      return [apiKey.reveal(), apiKeySource];
    };
    const { [DEFAULT_FILE]: _file, ...withoutToml } = files;
    assert.deepEqual(from({ FLORA_API_KEY: 'k', FLORA_API_KEY_FILE: '/key', ...credential }), [
      'k',
      { kind: 'variable' },
    ]);
    assert.deepEqual(from({ FLORA_API_KEY_FILE: '/key', ...credential }), [KEY, { kind: 'file', path: '/key' }]);
    assert.deepEqual(from(credential), ['sk_live_file', { kind: 'file', path: '/home/ann/key' }]);
    assert.deepEqual(from(credential, withoutToml), [
      'sk_live_credential',
      { kind: 'credential', path: credentialPath },
    ]);
  });

  it('comes from --api-key-file even where the variable is set', () => {
    assert.equal(
      load({ env: { ...complete, FLORA_API_KEY: 'other' }, flags: { api_key_file: '/key' }, files }).apiKey.reveal(),
      KEY,
    );
  });

  it('is looked for further where a variable is empty', () => {
    const env = { ...keyless, FLORA_API_KEY: ' ', FLORA_API_KEY_FILE: '' };
    assert.equal(load({ env: { ...env, ...credential }, files: { [credentialPath]: KEY } }).apiKey.reveal(), KEY);
    assert.equal(problemOf({ env }).problem, 'is empty');
    assert.equal(
      problemOf({ env: { ...env, ...credential }, files: { [credentialPath]: '\n' } }).setting,
      'FLORA_API_KEY',
    );
  });

  for (const [text, problem] of [
    ['!ENOENT', 'there is no such file'],
    ['!EACCES', 'cannot be read (EACCES)'],
    ['!EISDIR', 'cannot be read (EISDIR)'],
    ['', 'the file is empty'],
    [' \n', 'the file is empty'],
    ['sk_live_a\nsk_live_b', 'does not look like a key (its value is not shown)'],
    ['sk_live_a\0', 'does not look like a key (its value is not shown)'],
    ['schlüssel', 'does not look like a key (its value is not shown)'],
  ] as const) {
    it(`is refused from a file with ${JSON.stringify(text)}, which is named`, () => {
      const found = problemOf({ env: { ...keyless, FLORA_API_KEY_FILE: '/key' }, files: { '/key': text } });
      assert.deepEqual([found.setting, found.value, found.problem], ['FLORA_API_KEY_FILE', '"/key"', problem]);
    });
  }

  it('is not looked for relative to the working directory', () => {
    const found = problemOf({ env: { ...keyless, FLORA_API_KEY_FILE: 'secrets/key' } });
    assert.deepEqual([found.value, found.problem], ['"secrets/key"', 'is not an absolute path']);
  });

  it('is not shown where it was given in place of its file', () => {
    const error = errorOf(() => load({ env: { ...keyless, FLORA_API_KEY_FILE: 'any_form_of_key' } }));
    assert.equal(error.problems[0]?.setting, 'FLORA_API_KEY_FILE');
    assert.ok(!error.message.includes('any_form_of_key'));
  });

  it('is refused in the TOML file, and not shown', () => {
    const error = errorOf(() => load({ files: { [DEFAULT_FILE]: `api_key = "anything"` } }));
    assert.match(error.message, /api_key in .*config\.toml: .*mode 0600/);
    assert.ok(!error.message.includes('anything'));
  });

  for (const [where, given] of [
    ['its own variable, broken', { env: { ...complete, FLORA_API_KEY: `${KEY} ${KEY}` } }],
    ['another variable', { env: { ...complete, FLORA_WORKSPACE_ID: KEY } }],
    ['the drop folder', { env: { ...complete, FLORA_SYNC_FOLDER: `~${KEY}` } }],
    ['an unknown variable', { env: { ...complete, FLORA_SYNC_API_KEY: KEY } }],
    ['the base URL', { env: { ...complete, FLORA_BASE_URL: `https://x.example/?key=${KEY}` } }],
    ['a broken line of the TOML file', { files: { [DEFAULT_FILE]: `api_key = ${KEY}` } }],
    ['an unknown table', { files: { [DEFAULT_FILE]: `[auth]\nkey = "${KEY}"` } }],
    [
      'a key of a table',
      { env: folderless, files: { [DEFAULT_FILE]: `[[folder]]\npath = "/x"\n"${KEY}" = "${KEY}"` } },
    ],
  ] as const) {
    it(`is in no error where it stands in ${where}`, () => {
      const error = errorOf(() => load(given));
      assert.ok(
        !`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`.includes(KEY),
        error.message,
      );
    });
  }
});

describe('reloading the key', () => {
  it('reads it again from where it came', () => {
    assert.equal(reloadApiKey({ kind: 'file', path: '/key' }, {}, readFrom({ '/key': 'new\n' })).reveal(), 'new');
    assert.equal(reloadApiKey({ kind: 'credential', path: '/c' }, {}, readFrom({ '/c': 'newer' })).reveal(), 'newer');
    assert.equal(reloadApiKey({ kind: 'variable' }, { FLORA_API_KEY: ' newest ' }).reveal(), 'newest');
  });

  it('says why it could not', () => {
    const error = errorOf(() => reloadApiKey({ kind: 'file', path: '/key' }, {}, readFrom({})));
    assert.match(error.message, /\/key: there is no such file/);
    assert.match(errorOf(() => reloadApiKey({ kind: 'variable' }, {})).message, /FLORA_API_KEY: is empty/);
  });
});
