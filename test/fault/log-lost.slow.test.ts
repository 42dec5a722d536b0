import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { mountSmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';
import { areAll, jsonLines, type World, worldWithFlora } from '../support/world.ts';

/** Leaves the process its pid, and sends what it writes elsewhere; `$0` is the first word of the rest. */
function redirected(script: string, ...words: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', script, ...words];
}

async function worksOn(world: World, under: readonly string[], args: readonly string[] = ['run']): Promise<void> {
  const daemon = world.startUnder(under, args);
  const files = writePictures(world.drop, 3);
  await world.lsUntil('the first are ready', areAll('ready', ...files));
  const more = writePictures(world.drop, 3, 3);
  await world.lsUntil('the others too', areAll('ready', ...more));
  assert.ok(daemon.isRunning());
  daemon.kill('SIGTERM');
  const { code, signal } = await ended(daemon);
  assert.deepEqual([code, signal], [0, null]);
  assert.equal(await assertReadyOnce(world, [world.drop]), 6);
}

describe('when the log cannot be written', () => {
  it('the daemon works on: stderr is full from the beginning', async (t) => {
    const world = await worldWithFlora(t);
    await worksOn(world, redirected('exec "$@" 2>/dev/full', 'sh'));
  });

  it('the daemon works on: stdout and stderr are full, and it has something to say on both', async (t) => {
    const world = await worldWithFlora(t);
    await worksOn(world, redirected('exec "$@" >/dev/full 2>&1', 'sh'), ['run', '--json']);
  });

  it('the daemon works on: nobody reads stdout or stderr any more', async (t) => {
    const world = await worldWithFlora(t);
    const pipe = join(world.base, 'pipe');
    // The reader opens the pipe, so that it can be opened for writing, and goes.
    const script =
      'mkfifo "$0" && (exec 3<"$0") & pipe="$0"; until [ -p "$pipe" ]; do :; done; exec "$@" >"$pipe" 2>&1';
    await worksOn(world, redirected(script, pipe), ['run', '--json']);
  });

  it('the daemon works on: stdout and stderr are closed', async (t) => {
    const world = await worldWithFlora(t);
    await worksOn(world, redirected('exec "$@" >&- 2>&-', 'sh'), ['run', '--json']);
  });

  it('the log says how many lines were lost once there is room again', { skip: whyNoSmallDisk }, async (t) => {
    const world = await worldWithFlora(t);
    const disk = await mountSmallDisk(t, world.directory('log'), 1024 * 1024);
    const path = join(world.base, 'log', 'log');
    const pid = (daemon: { pid: number }) => join('/proc', String(daemon.pid), 'root', path);
    const daemon = world.startUnder([...disk.under, ...redirected('exec "$@" 2>"$0"', path)], ['run']);
    const files = writePictures(world.drop, 2);
    await world.lsUntil('the first are ready', areAll('ready', ...files));
    disk.fill();
    const lost = writePictures(world.drop, 20, 2);
    await world.lsUntil('those of which no log tells are ready', areAll('ready', ...lost));
    disk.makeRoom();
    const last = writePictures(world.drop, 2, 22);
    await world.lsUntil('the last are ready', areAll('ready', ...last));
    const said = () => readFileSync(pid(daemon), 'utf8').split('\n');
    await until('it is told', () => said().some((line) => line.includes('lost_lines')));
    const lines = said();
    const at = lines.findIndex((line) => line.includes('lost_lines'));
    const { lost_lines: count, level } = JSON.parse(lines[at] ?? '');
    assert.ok(count > 0 && level === 50, lines[at]);
    // At most the one that was cut is no whole line.
    for (const line of [...lines.slice(0, at - 1), ...lines.slice(at, -1)]) JSON.parse(line);
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
  });

  it('sync brings everything up to date and exits with what it came to', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    const { code, stdout } = await ended(
      world.startUnder(redirected('exec "$@" 2>/dev/full', 'sh'), ['sync', '--json']),
    );
    assert.equal(code, 0);
    assert.equal(jsonLines<{ ready: number }>(stdout)[0]?.ready, 2);
  });
});

describe('when a result cannot be written', () => {
  it('a command says so in a sentence and fails', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    assert.equal((await world.run(['sync'])).code, 0);
    for (const args of [['ls'], ['ls', '--json'], ['status'], ['--help']]) {
      const { code, stderr } = await ended(world.startUnder(redirected('exec "$@" >/dev/full', 'sh'), args));
      assert.equal(code, 1, args.join(' '));
      assert.equal(stderr, 'The result cannot be written to stdout (ENOSPC)\n', args.join(' '));
    }
  });

  it('and nobody can be told why, the exit code is the same', async (t) => {
    const world = await worldWithFlora(t);
    const { code } = await ended(world.startUnder(redirected('exec "$@" 2>/dev/full', 'sh'), ['ls', '--state', 'no']));
    assert.equal(code, 2);
  });
});
