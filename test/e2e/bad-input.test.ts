import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openSqlite } from '../../src/runtime/sqlite.ts';
import { assertReadyOnce, requests } from '../support/flora.ts';
import { png } from '../support/media.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended, logged, run } from '../support/process.ts';
import { until } from '../support/until.ts';
import { areAll, type World, worldWithFlora } from '../support/world.ts';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

describe('files that FLORA does not accept', () => {
  /** Name, bytes, and what the reason must speak of. */
  const unacceptable: readonly [string, Uint8Array | string, RegExp][] = [
    ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"><rect width="1" height="1"/></svg>', /svg|type/i],
    ['notes.png', 'Just some words, whatever the name says.\n', /Named \.png, but does not begin like a PNG: text/],
    ['empty.png', '', /empty/i],
    ['huge.png', png(15_000, 10_001), /megapixel/i],
    ['archive.zip', 'PK\u0003\u0004\u0014\0\0\0\0\0', /zip|type/i],
  ];

  it('are rejected with a reason in words, without a call for them, and the others go on', async (t) => {
    const world = await worldWithFlora(t);
    for (const [name, bytes] of unacceptable) writeFileSync(join(world.drop, name), bytes);
    const good = writePictures(world.drop, 3);
    const { code, stdout, stderr } = await world.run(['sync', '--json']);
    assert.equal(code, 3, stderr);
    const { ready, rejected, failed, pending } = JSON.parse(stdout);
    assert.deepEqual({ ready, rejected, failed, pending }, { ready: 3, rejected: 5, failed: 0, pending: 0 });
    assert.equal((await requests(world)).filter(({ method }) => method === 'POST').length, 3 * good.length);
    assert.equal(await readyBesides(world, unacceptable), 3);

    const logs = stderr.split('\n').filter((line) => line.startsWith('{'));
    const rejectedLines = await world.ls('--state', 'rejected');
    assert.deepEqual(
      rejectedLines.map(({ path }) => path).sort(),
      unacceptable.map(([name]) => join(world.drop, name)).sort(),
    );
    const human = (await world.run(['ls', '--state', 'rejected'])).stdout;
    for (const [name, , reason] of unacceptable) {
      const path = join(world.drop, name);
      const line = rejectedLines.find((each) => each.path === path);
      assert.match(line?.reason ?? '', reason, name);
      assert.deepEqual([line?.asset_id, line?.url], [null, null]);
      const row = human.split('\n').find((each) => each.includes(`  ${name}  `));
      assert.match(row ?? human, /^rejected .* {2}[a-z_]+: /);
      assert.ok(row?.endsWith(`: ${line?.reason}`), human);
      const told = logs.filter((log) => log.includes(JSON.stringify(path)));
      assert.equal(told.length, 1, `${name} is logged once`);
      assert.ok(told[0]?.includes(line?.reason ?? '?'));
      const why = await world.run(['why', path]);
      assert.equal(why.code, 0);
      assert.ok(why.stdout.includes(line?.reason ?? '?'), why.stdout);
    }
    const status = (await world.run(['status'])).stdout;
    assert.match(status, /5 rejected/);
    assert.match(status, /3 ready/);
  });

  async function readyBesides(world: World, rejected: typeof unacceptable): Promise<number> {
    for (const [name] of rejected) rmSync(join(world.drop, name));
    const count = await assertReadyOnce(world, [world.drop]);
    for (const [name, bytes] of rejected) writeFileSync(join(world.drop, name), bytes);
    return count;
  }

  it('are taken once they are replaced by something that FLORA accepts', async (t) => {
    const world = await worldWithFlora(t);
    const path = join(world.drop, 'later.png');
    writeFileSync(path, 'not yet');
    assert.equal((await world.run(['sync'])).code, 3);
    assert.deepEqual(
      (await requests(world)).filter(({ method }) => method === 'POST'),
      [],
    );
    writeFileSync(path, picture(1));
    assert.equal((await world.run(['sync'])).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 1);
  });
});

describe('entries that are no files', () => {
  it('are each reported once over many scans, and the others go on', async (t) => {
    const world = await worldWithFlora(t);
    const outside = world.directory('outside');
    const [target] = writePictures(outside, 1);
    assert.ok(target !== undefined);
    const at = (name: string) => join(world.drop, name);
    execFileSync('mkfifo', [at('pipe.png')]);
    symlinkSync('nowhere.png', at('dangling.png'));
    symlinkSync(target, at('outside.png'));
    symlinkSync(outside, at('outside-directory'));
    symlinkSync('loop.png', at('loop.png'));
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(at('socket.png'), resolve));
    t.after(() => void socket.close());
    const reasons: Readonly<Record<string, RegExp>> = {
      'pipe.png': /named pipe/,
      'dangling.png': /does not exist/,
      'outside.png': /outside/,
      'outside-directory': /outside/,
      'loop.png': /leads back to itself/,
      'socket.png': /socket/,
    };
    const good = writePictures(world.drop, 2);
    // A link inside the folder is no file of its own and no problem either.
    symlinkSync('picture-0.png', at('inside.png'));

    const daemon = world.start(['run'], { FLORA_SYNC_RESCAN_INTERVAL: '200ms' });
    await world.lsUntil('the good files are ready', areAll('ready', ...good));
    const scans = daemon.logs().filter(({ msg }) => msg === 'scanned').length;
    await logged(daemon, 'five more scans', ({ msg }) => msg === 'scanned', scans + 5);
    for (const [name, reason] of Object.entries(reasons)) {
      const lines = daemon.logs().filter(({ path }) => path === at(name));
      assert.equal(lines.length, 1, `${name}: ${JSON.stringify(lines)}`);
      assert.match(String(lines[0]?.['reason']), reason);
    }
    assert.deepEqual(
      (await world.ls('--state', 'rejected')).map(({ path }) => path).sort(),
      Object.keys(reasons).map(at).sort(),
    );
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 2);
  });
});

describe('a drop folder that cannot be used', () => {
  it('is named, and the other folder goes on: missing, or a file', async (t) => {
    const world = await worldWithFlora(t);
    const missing = join(world.base, 'missing');
    const file = join(world.base, 'a-file');
    writeFileSync(file, '');
    writePictures(world.drop, 3);
    const folders = { FLORA_SYNC_FOLDER: [missing, world.drop, file].join(':') };
    const { code, stdout, stderr } = await world.run(['sync', '--json'], folders);
    assert.equal(code, 3, stderr);
    assert.equal(JSON.parse(stdout).ready, 3);
    assert.match(stderr, new RegExp(`${missing} does not exist`));
    assert.match(stderr, new RegExp(`${file} is not a directory`));
    assert.equal(await assertReadyOnce(world, [world.drop]), 3);
  });

  it('is named, and the other folder goes on: not to be read', async (t) => {
    const world = await worldWithFlora(t);
    if (isRoot) world.giveTo(nobody);
    const closed = world.directory('closed');
    chmodSync(closed, 0o000);
    writePictures(world.drop, 2);
    const [secret] = writePictures(world.drop, 1, 7);
    assert.ok(secret !== undefined);
    chmodSync(secret, 0o000);
    const launch = world.launch({ FLORA_SYNC_FOLDER: `${closed}:${world.drop}` });
    const asUser = isRoot ? { ...launch, uid: nobody } : launch;
    const { code, stdout, stderr } = await run(t, ['sync', '--json'], asUser);
    assert.equal(code, 3, stderr);
    assert.match(stderr, new RegExp(`${closed} cannot be read \\(EACCES\\)`));
    const { ready, rejected, failed } = JSON.parse(stdout);
    assert.deepEqual({ ready, rejected, failed }, { ready: 2, rejected: 0, failed: 1 });
    const [line] = await world.ls('--state', 'rejected');
    assert.equal(line?.path, secret);
    assert.match(line?.reason ?? '', /permission/);

    chmodSync(secret, 0o644);
    chmodSync(closed, 0o700);
    const again = await run(t, ['sync', '--json'], {
      ...asUser,
      env: { ...asUser.env, FLORA_SYNC_FOLDER: world.drop },
    });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await assertReadyOnce(world, [world.drop]), 3);
  });

  it('is picked up by the daemon when it appears', async (t) => {
    const world = await worldWithFlora(t);
    const late = join(world.base, 'late');
    const daemon = world.start(['run'], { FLORA_SYNC_FOLDER: `${late}:${world.drop}` });
    await logged(daemon, 'folder missing', ({ msg }) => msg.includes(`${late} does not exist`));
    const [here] = writePictures(world.drop, 1);
    assert.ok(here !== undefined);
    await world.lsUntil('the other folder works', areAll('ready', here));
    const status = JSON.parse((await world.run(['status', '--json'])).stdout);
    assert.match(JSON.stringify(status.folders), /does not exist/);
    const files = writePictures(late, 2, 10);
    await world.lsUntil('the late folder is read', areAll('ready', ...files));
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    const told = daemon.logs().filter(({ msg }) => msg.includes(`${late} does not exist`));
    assert.equal(told.length, 1, 'a missing folder is told once, not at every look');
  });
});

describe('one ledger', () => {
  it('has one owner: a second one ends with 4 and names the pid, the first goes on', async (t) => {
    const world = await worldWithFlora(t);
    const daemon = world.start(['run']);
    await logged(daemon, 'started', ({ msg }) => msg === 'started');
    for (const command of ['run', 'sync']) {
      const { code, stdout, stderr } = await world.run([command]);
      assert.equal(code, 4, stderr);
      assert.ok(stderr.includes(`pid ${daemon.pid}`), stderr);
      assert.equal(stdout, '');
    }
    const [path] = writePictures(world.drop, 1);
    assert.ok(path !== undefined);
    await world.lsUntil('the first one still works', areAll('ready', path));
  });

  it('may be looked at by anybody at any time: who looks is not taken for an owner, and keeps none from starting', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    assert.equal((await world.run(['sync'])).code, 0);
    // What `status` does for an instant, held for as long as the test needs.
    const lockFile = join(world.stateDir, 'owner.lock');
    const looker = openSqlite(lockFile);
    t.after(() => void looker.close());
    looker.exec('BEGIN');
    looker.prepare('SELECT count(*) FROM sqlite_master').get();

    const status = await world.run(['status', '--json']);
    assert.equal(JSON.parse(status.stdout).daemon.running, false);
    const sync = world.start(['sync']);
    await until('it wants the lock', () => !sync.isRunning() || hasOpen(sync.pid, lockFile));
    looker.exec('COMMIT');
    assert.equal((await ended(sync)).code, 0, sync.stderr());
  });
});

function hasOpen(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
  } catch {
    // A descriptor was closed while we looked.
    return false;
  }
}
