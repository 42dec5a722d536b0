import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writePictures } from '../support/pictures.ts';
import { ended, type LogLine, logged } from '../support/process.ts';
import { KEY, worldWithFlora } from '../support/world.ts';

describe('settings on which others may lay hands', () => {
  it('are told once at the start of the daemon, and by each command on stderr; nothing stops', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    const config = join(world.base, 'config.toml');
    const key = join(world.base, 'key');
    writeFileSync(config, 'settle = "300ms"\n');
    writeFileSync(key, KEY);
    const loose = { FLORA_SYNC_CONFIG: config, FLORA_API_KEY_FILE: key, FLORA_API_KEY: '' };
    chmodSync(config, 0o666);
    chmodSync(key, 0o644);
    const { code, stderr } = await world.run(['sync'], loose);
    assert.equal(code, 0, stderr);
    const isWarning = ({ level, hint }: LogLine) => level === 40 && String(hint).startsWith('chmod');
    const daemon = world.start(['run'], loose);
    await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
    const paths = daemon
      .logs()
      .filter(isWarning)
      .map(({ path }) => path);
    assert.deepEqual(paths, [config, key]);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    const telling: readonly (readonly [readonly string[], readonly string[]])[] = [
      [['status', '--json'], [config]],
      [['ls'], [config]],
      [
        ['ls', '--remote'],
        [config, key],
      ],
      [
        ['reconcile', '--json'],
        [config, key],
      ],
      [
        ['verify', '--remote', '--json'],
        [config, key],
      ],
    ];
    for (const [args, wanted] of telling) {
      const told = await world.run(args, loose);
      assert.equal(told.code, 0, told.stderr);
      const warned = told.stderr.split('\n').filter((line) => line.startsWith('Warning: '));
      assert.equal(warned.length, wanted.length, told.stderr);
      for (const path of wanted)
        assert.ok(
          warned.some((line) => line.includes(path)),
          told.stderr,
        );
      if (args.includes('--json')) JSON.parse(told.stdout);
    }
    chmodSync(config, 0o644);
    chmodSync(key, 0o600);
    for (const args of [['sync'], ['reconcile']])
      assert.doesNotMatch((await world.run(args, loose)).stderr, /can be (?:read|changed)/);
  });
});
