import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../support/process.ts';
import { KEY, World } from '../support/world.ts';

const daemonCommands = ['run', 'sync'] as const;

describe('settings', () => {
  it('that are missing are all named at once, with exit code 78', async (t) => {
    const world = new World(t);
    const { env, cwd } = world.launch();
    const { HOME = '', TMPDIR = '' } = env;
    for (const command of daemonCommands) {
      const { code, stdout, stderr } = await run(t, [command], { cwd, env: { HOME, TMPDIR } });
      assert.equal(code, 78, stderr);
      assert.equal(stdout, '');
      for (const name of ['FLORA_API_KEY', 'FLORA_WORKSPACE_ID', 'FLORA_SYNC_FOLDER'])
        assert.match(stderr, new RegExp(name));
    }
  });

  it('that are malformed are all named at once with value and cure, and the key is never shown', async (t) => {
    const world = new World(t);
    const { code, stderr } = await world.run(['sync', '--concurrency', '0'], {
      FLORA_API_KEY: `${KEY} and more`,
      FLORA_WORKSPACE_ID: 'workspace',
      FLORA_BASE_URL: 'http://flora.example/api',
      FLORA_SYNC_SETTLE: '3 parsecs',
      FLORA_SYNC_COLOUR: 'red',
    });
    assert.equal(code, 78, stderr);
    const wanted = [
      'FLORA_API_KEY',
      'workspace',
      'http://flora.example/api',
      '3 parsecs',
      'FLORA_SYNC_COLOUR',
      'concurrency',
    ];
    for (const word of wanted) assert.ok(stderr.includes(word), `${word} in:\n${stderr}`);
    assert.ok(!stderr.includes(KEY) && !stderr.includes('and more'), 'the key is not echoed');
    assert.match(stderr, /^6 problems/);
  });

  it('in a TOML file that is broken or holds what is unknown end with 78 and name the file', async (t) => {
    const world = new World(t);
    const file = join(world.base, 'settings.toml');
    for (const text of ['settle = ', 'settel = "2s"', `api_key = "${KEY}"`]) {
      writeFileSync(file, text);
      const { code, stderr } = await world.run(['run', '--config', file]);
      assert.equal(code, 78, stderr);
      assert.ok(stderr.includes('settings.toml'), stderr);
      assert.ok(!stderr.includes(KEY), stderr);
    }
    const missing = await world.run(['run'], { FLORA_SYNC_CONFIG: join(world.base, 'absent.toml') });
    assert.equal(missing.code, 78);
    assert.match(missing.stderr, /absent\.toml/);
  });
});

describe('the command line', () => {
  it('that makes no sense ends with 2 and says what was not understood', async (t) => {
    const world = new World(t);
    const cases: readonly [readonly string[], RegExp][] = [
      [['bogus'], /unknown command 'bogus'/],
      [['sync', '--bogus'], /unknown option '--bogus'/],
      [['sync', 'extra'], /too many arguments/],
      [['ls', '--state', 'bogus'], /no state "bogus"[\s\S]*queued/],
      [['why'], /missing required argument 'path'/],
      [['why', 'never-seen.png'], /never seen .*never-seen\.png/],
      [['emulator', '--port', '70000'], /65535/],
      [['status', '--bogus'], /unknown option '--bogus'/],
      [['resume'], /missing required argument 'folder'/],
      [['reconcile', 'extra'], /too many arguments/],
      [['verify', '--bogus'], /unknown option '--bogus'/],
      [[], /Usage/],
    ];
    for (const [args, said] of cases) {
      const { code, stdout, stderr } = await world.run(args);
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, said);
      assert.equal(stdout, '', args.join(' '));
    }
  });

  it('is not the place for a key: it is refused with 2 and not repeated', async (t) => {
    const world = new World(t);
    // A key need not look like one of today's.
    for (const key of [KEY, 'hunter2-hunter2-hunter2']) {
      const lines = [
        ['sync', '--api-key', key],
        ['sync', `--api-key=${key}`],
        ['run', `--flora-api-key=${key}`],
        [`--api-key=${key}`, 'sync'],
        ['sync', key],
      ];
      for (const args of lines) {
        const { code, stdout, stderr } = await world.run(args);
        assert.equal(code, 2, stderr);
        assert.ok(!`${stdout}${stderr}`.includes(key), `${args.join(' ')} is answered with ${stderr}`);
      }
    }
    const asCommand = await world.run([KEY]);
    assert.equal(asCommand.code, 2);
    assert.ok(!asCommand.stderr.includes(KEY), asCommand.stderr);
  });

  it('answers --help of every command on stdout with 0, naming each setting of the contract', async (t) => {
    const world = new World(t);
    const commands = [
      'run',
      'sync',
      'status',
      'ls',
      'why',
      'retry',
      'resume',
      'reconcile',
      'verify',
      'emulator',
      'demo',
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await world.run([command, '--help']);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, new RegExp(`Usage: flora-sync ${command}`));
    }
    const { stdout } = await world.run(['run', '--help']);
    const settings = ['BASE_URL', 'WORKSPACE_ID'].map((name) => `FLORA_${name}`);
    const others =
      'FOLDER DESTINATION PROJECT_ID STATE_DIR SETTLE CONCURRENCY RESCAN_INTERVAL RECONCILE_INTERVAL ACCEPT';
    for (const name of [...settings, ...others.split(' ').map((each) => `FLORA_SYNC_${each}`)]) {
      assert.ok(stdout.replaceAll(/\s+/g, ' ').includes(name), name);
    }
  });
});
