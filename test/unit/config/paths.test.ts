import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complete, DEFAULT_FILE, KEY, load, problemOf, problemsOf } from '../../support/settings.ts';

describe('folders and the state directory', () => {
  it('splits the variable at colons, and knows the home directory', () => {
    const paths = (given: Parameters<typeof load>[0]) => load(given).folders.map((folder) => folder.path);
    assert.deepEqual(paths({ env: { ...complete, FLORA_SYNC_FOLDER: 'a:/b/../c/:~/d' } }), [
      '/here/a',
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
      ['/here/x:y', '/z z'],
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
    assert.equal(problemOf({ flags: { folder: '/s', state_dir: '/s/' } }).setting, '--state-dir');
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
