import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { socketPath } from '../../src/control/protocol.ts';
import { addFaults, clearFaults, faultHits } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended, type Running } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { type World, worldWithFlora } from '../support/world.ts';

type FloraState = 'slow' | 'hung' | 'gone';

async function settle(world: World, state: FloraState): Promise<void> {
  if (state === 'gone') await world.stopFlora();
  if (state === 'slow') await addFaults(world, { kind: 'delay', delayMs: 400 });
  if (state === 'hung') await addFaults(world, { kind: 'hang' });
}

async function dial(t: TestContext, world: World): Promise<Socket> {
  const socket = connect(socketPath(world.stateDir));
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  // Whatever the daemon does to a connection that is broken off.
  socket.on('error', () => {});
  return socket;
}

function post(path: string, fields: object): string {
  const body = JSON.stringify(fields);
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** It answers, it is the same process, and it has met nothing that it takes for a bug. */
async function requireAlive(world: World, daemon: Running, what: string): Promise<void> {
  const { stdout, code, stderr } = await world.run(['status', '--json']);
  assert.equal(code, 0, `${what}: ${stderr}`);
  const { daemon: told } = JSON.parse(stdout) as { daemon: { pid: number } };
  assert.equal(told.pid, daemon.pid, what);
  assert.ok(daemon.isRunning(), `${what}:\n${daemon.stderr().slice(-3_000)}`);
}

async function requireOrderlyEnd(daemon: Running): Promise<void> {
  daemon.kill('SIGTERM');
  const { code, stderr } = await ended(daemon, 30_000);
  assert.equal(code, 0, stderr.slice(-3_000));
  assert.doesNotMatch(stderr, /"stack"|Unhandled|\n\s+at /);
}

describe('a daemon whose commands are broken off', { concurrency: 3 }, () => {
  for (const state of ['slow', 'hung', 'gone'] as const) {
    it(`lives on while FLORA is ${state}, wherever the asking side leaves`, async (t) => {
      const world = await worldWithFlora(t);
      const [picture = ''] = writePictures(world.drop, 3);
      assert.equal((await world.run(['sync'])).code, 0);
      const daemon = await world.startDaemon();
      await settle(world, state);
      const commands: readonly [string, string][] = [
        ['reconcile', post('/reconcile', {})],
        ['reconcile --full', post('/reconcile', { full: true })],
        ['reconcile --dry-run', post('/reconcile', { dry_run: true })],
        ['retry PATH', post('/retry', { paths: [picture] })],
        ['retry --failed', post('/retry', { failed: true })],
        ['resume', post('/resume', { folder: world.drop })],
        ['status', 'GET /status HTTP/1.1\r\nhost: x\r\n\r\n'],
      ];
      for (const [name, text] of commands) {
        for (const share of [0, 0.5, 1]) {
          const socket = await dial(t, world);
          socket.write(text.slice(0, Math.floor(text.length * share)));
          socket.end();
          const other = await dial(t, world);
          other.write(text.slice(0, Math.floor(text.length * share)), () => other.destroy());
        }
        const asked = state === 'gone' ? 0 : sum(await faultHits(world));
        const reading = await dial(t, world);
        reading.pause();
        reading.write(text);
        if (name.startsWith('reconcile') && state !== 'gone')
          await untilAsync('FLORA is asked', async () => sum(await faultHits(world)) > asked);
        reading.destroy();
        await requireAlive(world, daemon, name);
      }
      if (state !== 'gone') await clearFaults(world);
      await requireOrderlyEnd(daemon);
    });
  }

  it('tells Ctrl-C from an end, and an end from a failure', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    assert.equal((await world.run(['sync'])).code, 0);
    const daemon = await world.startDaemon();
    await settle(world, 'hung');
    const isAsked = async (hits: number) => sum(await faultHits(world)) > hits;
    for (const more of [[], ['--full'], ['--dry-run']]) {
      const before = sum(await faultHits(world));
      const asking = world.start(['reconcile', ...more]);
      await untilAsync('FLORA is asked', () => isAsked(before));
      asking.kill('SIGINT');
      const { code, stderr, stdout } = await ended(asking);
      assert.deepEqual([code, stderr, stdout], [1, 'Interrupted by SIGINT\n', '']);
      await requireAlive(world, daemon, 'after Ctrl-C');
    }
    const before = sum(await faultHits(world));
    const asking = world.start(['reconcile']);
    await untilAsync('FLORA is asked', () => isAsked(before));
    await requireOrderlyEnd(daemon);
    const { code, stderr } = await ended(asking);
    assert.equal(code, 1);
    assert.match(stderr, /^The daemon stopped before it had answered\n {2}What it did/);
  });

  it('says that FLORA is gone, with the exit code for that', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    assert.equal((await world.run(['sync'])).code, 0);
    const daemon = await world.startDaemon();
    await world.stopFlora();
    const { code, stderr } = await world.run(['reconcile'], {}, 90_000);
    assert.equal(code, 5, stderr);
    assert.doesNotMatch(stderr, /\n\s+at |report it/);
    await requireAlive(world, daemon, 'after FLORA was gone');
    await requireOrderlyEnd(daemon);
  });
});

function sum(hits: Readonly<Record<string, number>>): number {
  return Object.values(hits).reduce((total, count) => total + count, 0);
}
