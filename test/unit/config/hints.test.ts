import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type ApiKeySource, loadApiKey, reloadApiKey } from '../../../src/config/api-key.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { looseFiles } from '../../../src/config/guard.ts';
import {
  durationBetween,
  formatDuration,
  nearestName,
  type Parsed,
  parseBaseUrl,
  parseDuration,
} from '../../../src/config/parse.ts';
import { defaultStateDir, expandPath, overlappingFolders, overlappingStateDir } from '../../../src/config/paths.ts';
import { baseOf, collectSettings } from '../../../src/config/sources.ts';
import { standIn } from '../../support/fs-calls.ts';
import { errorOf } from '../../support/settings.ts';

// Half of what is told of a wrong setting is what would do instead: each of these texts is read here once.

const refused = (problem: string, hint: string): Parsed<never> => ({ ok: false, problem, hint });
const paths = { cwd: () => '/work', home: () => '/home/ann' };

describe('a duration that is refused', () => {
  const hint = 'write a whole number and its unit, such as 500ms, 2s, 15m or 1h';
  for (const [text, problem, own] of [
    ['', 'is empty, not a duration', hint],
    ['soon', 'is not a duration', hint],
    ['1.5s', 'is not a duration', hint],
    ['20', 'is a duration without a unit', 'write 20s, or 20ms'],
    ['2d', 'has the unknown unit d', hint],
    ['9007199254740992ms', 'is too large', hint],
  ] as const) {
    it(`is told what would do: ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseDuration(text), refused(problem, own));
    });
  }

  it('is beyond its limits, which themselves are within', () => {
    const parse = durationBetween(2_000, 60_000);
    const limits = 'write something from 2s to 1m';
    assert.deepEqual(['2s', '1m'].map(parse), [
      { ok: true, value: 2_000 },
      { ok: true, value: 60_000 },
    ]);
    assert.deepEqual(parse('1999ms'), refused('is too short', limits));
    assert.deepEqual(parse('60001ms'), refused('is too long', limits));
    assert.deepEqual(parse('x'), refused('is not a duration', hint));
    assert.deepEqual([0, 999, 1_500, 3_600_000].map(formatDuration), ['0ms', '999ms', '1500ms', '1h']);
  });
});

describe('an address that is refused', () => {
  const hint = 'write an address such as https://app.flora.ai/api/v1';
  const credentials = 'leave them out; the key goes into FLORA_API_KEY_FILE';
  for (const [text, problem, own] of [
    ['app.flora.ai', 'is not a URL', hint],
    ['ftp://app.flora.ai', 'is not an https: URL', hint],
    ['https://ann@app.flora.ai', 'holds credentials', credentials],
    ['https://:word@app.flora.ai', 'holds credentials', credentials],
    ['https://app.flora.ai/?', 'has a query', 'leave out everything from the ? on'],
    ['https://app.flora.ai/#', 'has a fragment', 'leave out everything from the # on'],
    ['http://app.flora.ai', 'would send the key unencrypted', 'use https: (http: is for localhost only)'],
  ] as const) {
    it(`is told what would do: ${text}`, () => assert.deepEqual(parseBaseUrl(text), refused(problem, own)));
  }
});

describe('the name that was probably meant', () => {
  for (const [name, candidate, expected] of [
    ['folders', 'folder', 'folder'],
    ['FLORA_SYNC_STATE-DIR', 'state_dir', 'state_dir'],
    ['ab', 'cd', 'cd'],
    ['abc', 'xyz', null],
    ['abc', 'abcde', 'abcde'],
    ['abc', 'abcdef', null],
    ['abcdefghi', 'abcdefxyz', 'abcdefxyz'],
    ['abcdefgh', 'abcdexyz', null],
    ['kitten', 'sitting', null],
    ['sitting', 'sittign', 'sittign'],
    ['bcdefg', 'abcdef', 'abcdef'],
    ['level', 'elvel', 'elvel'],
    ['xevel', 'level', 'level'],
  ] as const) {
    it(`${name} is ${expected === null ? 'not ' : ''}near ${candidate}`, () => {
      assert.equal(nearestName(name, [candidate]), expected);
    });
  }

  it('is the first of those that are equally near, and the nearest of all', () => {
    assert.equal(nearestName('level', ['lever', 'levee']), 'lever');
    assert.equal(nearestName('level', ['lexxl', 'levex', 'level']), 'level');
  });
});

describe('a path of the settings', () => {
  const expand = (path: string) => expandPath(path, () => '/base', paths);

  it('is taken from where it starts', () => {
    for (const [path, value] of [
      ['~', '/home/ann'],
      ['~/a/../b', '/home/ann/b'],
      ['/a//b/', '/a/b'],
      ['a/b', '/base/a/b'],
      ['./~x', '/base/~x'],
    ] as const)
      assert.deepEqual(expand(path), { ok: true, value }, path);
  });

  it('that is none is told what would do', () => {
    assert.deepEqual(expand(' '), refused('is an empty path', 'name a directory or file'));
    assert.deepEqual(expand('a\0'), refused('holds a zero byte', 'write the path without it'));
    const own = 'write it as an absolute path, or as ./~bob/x if it really is called that';
    assert.deepEqual(expand('~bob/x'), refused('starts with another user’s ~', own));
  });

  it('of the state is where systemd, XDG or the home directory has it', () => {
    for (const [env, expected] of [
      [{}, '/home/ann/.local/state/flora-sync'],
      [{ XDG_STATE_HOME: 'relative' }, '/home/ann/.local/state/flora-sync'],
      [{ XDG_STATE_HOME: '/xdg' }, '/xdg/flora-sync'],
      [{ XDG_STATE_HOME: '/xdg', STATE_DIRECTORY: '/one/./x:/two' }, '/one/x'],
      [{ XDG_STATE_HOME: '/xdg', STATE_DIRECTORY: ':/two' }, '/xdg/flora-sync'],
    ] as const)
      assert.equal(defaultStateDir(env, paths), expected, JSON.stringify(env));
  });

  it('of a file of settings starts there, and any other where the program runs', () => {
    const file = { kind: 'file', name: 'folder' } as const;
    assert.equal(baseOf(file, '/etc/flora/config.toml', paths.cwd)(), '/etc/flora');
    assert.equal(baseOf(file, null, paths.cwd)(), '/work');
    assert.equal(baseOf({ kind: 'flag', name: '--folder' }, '/etc/flora/config.toml', paths.cwd)(), '/work');
    assert.equal(baseOf(undefined, '/etc/flora/config.toml', paths.cwd)(), '/work');
  });

  it('that lies in another is told with both', () => {
    const inside = 'leave one out: a drop folder includes its subdirectories';
    assert.deepEqual(overlappingFolders('--folder', ['/a', '/a/b', '/c', '/c']), [
      { setting: '--folder', value: '"/a/b"', problem: 'lies inside the drop folder "/a"', hint: inside },
      { setting: '--folder', value: '"/c"', problem: 'is listed twice', hint: 'leave one out' },
    ]);
    const hint = 'name a state directory apart from the drop folders';
    assert.deepEqual(overlappingStateDir('--state-dir', '/a/b', ['/a', '/a', '/a/b/c', '/d']), [
      { setting: '--state-dir', value: '"/a/b"', problem: 'lies inside the drop folder "/a"', hint },
      { setting: '--state-dir', value: '"/a/b"', problem: 'contains the drop folder "/a/b/c"', hint },
    ]);
  });
});

const failing = (code?: string) => () => {
  throw Object.assign(new Error('on purpose'), code === undefined ? {} : { code });
};

describe('a key that is not there', () => {
  const missing =
    'set FLORA_API_KEY, or name a file that holds it in FLORA_API_KEY_FILE, or pass the systemd credential flora-api-key';
  const oneWord = 'give the key alone, as FLORA shows it: one word without blanks';
  const readable = 'name a readable file that holds the key and nothing else';
  const absolute = 'write its absolute path, so that it does not depend on the working directory';
  const origin = { kind: 'flag', name: '--api-key-file' } as const;
  const load = (env: Record<string, string>, text?: string, readFile: (path: string) => string = () => ' k ') => {
    const keyFile = text === undefined ? undefined : { text, origin };
    const loaded = loadApiKey({ env, readFile, paths, keyFile });
    return 'problem' in loaded ? [loaded.setting, loaded.value, loaded.problem, loaded.hint] : loaded.apiKeySource;
  };

  it('is told with what would do', () => {
    assert.deepEqual(load({}), ['FLORA_API_KEY', null, 'is missing', missing]);
    assert.deepEqual(load({ FLORA_API_KEY: ' ' }), ['FLORA_API_KEY', null, 'is empty', missing]);
    const odd = 'does not look like a key (its value is not shown)';
    assert.deepEqual(load({ FLORA_API_KEY: 'two words' }), ['FLORA_API_KEY', null, odd, oneWord]);
    const notAbsolute = ['--api-key-file', null, 'is not an absolute path', absolute];
    assert.deepEqual(load({}, 'sk_live_x'), notAbsolute);
    assert.deepEqual(load({}, ''), ['--api-key-file', null, 'is an empty path', 'name a directory or file']);
    for (const [code, problem] of [
      ['ENOENT', 'there is no such file'],
      ['ENOTDIR', 'there is no such file'],
      ['EACCES', 'cannot be read (EACCES)'],
    ] as const)
      assert.deepEqual(load({}, '/k', failing(code)), ['--api-key-file', '"/k"', problem, readable]);
    assert.deepEqual(
      load({}, '/k', () => '\n'),
      ['--api-key-file', '"/k"', 'the file is empty', missing],
    );
    assert.deepEqual(
      load({}, '/k', () => 'a b'),
      ['--api-key-file', '"/k"', odd, oneWord],
    );
  });

  it('is told of the credential of systemd, but where there is none of that', () => {
    const env = { CREDENTIALS_DIRECTORY: '/run/creds' };
    const setting = 'systemd credential flora-api-key';
    const path = '/run/creds/flora-api-key';
    assert.deepEqual(load(env), { kind: 'credential', path });
    const unreadable = [setting, JSON.stringify(path), 'cannot be read (EACCES)', readable];
    assert.deepEqual(load(env, undefined, failing('EACCES')), unreadable);
    for (const code of ['ENOENT', 'ENOTDIR'])
      assert.deepEqual(load(env, undefined, failing(code)), ['FLORA_API_KEY', null, 'is missing', missing]);
  });

  it('is not what a bug says', () => {
    assert.throws(() => load({}, '/k', failing()), /on purpose/);
  });

  it('is told when it is read again, too', () => {
    const reload = () => reloadApiKey({ kind: 'file', path: '/k' }, {}, failing('ENOENT'));
    assert.throws(reload, (error) => error instanceof ConfigError && /\/k/.test(error.message));
    const toldOf = (source: ApiKeySource, env: Readonly<Record<string, string>> = {}) => {
      const error = errorOf(() => reloadApiKey(source, env, failing('ENOENT')));
      return error.problems.map(({ setting, value, problem }) => [setting, value, problem]);
    };
    assert.deepEqual(toldOf({ kind: 'file', path: '/k' }), [['/k', null, 'there is no such file']]);
    assert.deepEqual(toldOf({ kind: 'credential', path: '/c' }), [['/c', null, 'there is no such file']]);
    assert.deepEqual(toldOf({ kind: 'variable' }), [['FLORA_API_KEY', null, 'is empty']]);
  });
});

describe('a file of settings', () => {
  const collect = (readFile: (path: string) => string, config?: string, env = {}) =>
    collectSettings({ flags: { config }, env, readFile, paths });

  it('that cannot be read is told with what would do, and a bug is not taken for that', () => {
    const { problems, complete } = collect(failing('EACCES'));
    const path = '/home/ann/.config/flora-sync/config.toml';
    const cannot = { problem: 'cannot be read (EACCES)', hint: 'name a readable TOML file' };
    assert.deepEqual(problems, [{ setting: 'FLORA_SYNC_CONFIG', value: JSON.stringify(path), ...cannot }]);
    assert.equal(complete, false);
    assert.throws(() => collect(failing()), /on purpose/);
    for (const code of ['ENOENT', 'ENOTDIR']) {
      assert.deepEqual(collect(failing(code)).problems, []);
      const named = { problem: `cannot be read (${code})`, hint: 'name a readable TOML file' };
      assert.deepEqual(collect(failing(code), '/x').problems, [{ setting: '--config', value: '"/x"', ...named }]);
    }
  });

  it('that has no name, or is no TOML, is told', () => {
    const hint = 'name the TOML file, or leave the setting out';
    assert.deepEqual(collect(() => '', ' ').problems, [
      { setting: '--config', value: '" "', problem: 'is empty', hint },
    ]);
    const [broken, ...others] = collect(() => 'x = 1\nsecret = sk_live_1 2\n', '/x').problems;
    assert.deepEqual(others, []);
    assert.deepEqual([broken?.setting, broken?.value, broken?.hint], ['--config', '"/x"', 'mend that line']);
    assert.match(broken?.problem ?? '', /^is not valid TOML at line 2, column \d+: \w[^\n]+$/);
    assert.doesNotMatch(broken?.problem ?? '', /Invalid TOML document|sk_live/);
  });

  it('is no place for the key', () => {
    const [problem] = collect(() => 'api_key = "sk_live"', '/x').problems;
    assert.deepEqual(problem, {
      setting: 'api_key in /x',
      value: null,
      problem: 'the key does not belong into this file, which is copied and shown more easily than it seems',
      hint: 'put it into a file of its own with mode 0600 and name that in api_key_file, or set FLORA_API_KEY',
    });
  });
});

describe('a file that others can change', () => {
  it('is told with the command that mends it', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'fs-hints-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'file');
    writeFileSync(path, '');
    chmodSync(path, 0o666);
    const uid = process.geteuid?.() ?? 0;
    const both = { configFile: path, apiKeySource: { kind: 'file', path } } as const;
    const hints = (self?: { uid: number }) => looseFiles(both, self).map((file) => [file.path, file.hint]);
    const mended = [
      [path, `chmod go-w ${path}`],
      [path, `chmod 600 ${path}`],
    ];
    assert.deepEqual(hints({ uid }), mended);
    assert.deepEqual(hints(), mended, 'who runs this is asked for');
    const other = 'Let it belong to the user that runs flora-sync, with';
    assert.deepEqual(hints({ uid: uid + 1 }), [
      [path, `${other} chmod go-w`],
      [path, `${other} chmod 600`],
    ]);
  });

  it('belongs to neither root nor who runs this', (t) => {
    const isLoose = (uid: number) => {
      standIn(t, 'statSync', () => ({ uid, mode: 0o100600, isFile: () => true }));
      return looseFiles({ configFile: '/x', apiKeySource: undefined }, { uid: 1_000 }).length > 0;
    };
    assert.deepEqual([1_000, 0, 1_001].map(isLoose), [false, false, true]);
  });

  it('is not what a bug says', (t) => {
    standIn(t, 'statSync', failing());
    assert.throws(() => looseFiles({ configFile: '/x', apiKeySource: undefined }), /on purpose/);
  });
});
