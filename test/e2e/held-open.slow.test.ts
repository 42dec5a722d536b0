import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { showLocal } from '../../src/cli/show/time.ts';
import { picture, writePictures } from '../support/pictures.ts';
import type { Cleanup } from '../support/process.ts';
import { areAll, jsonLines, type LsLine, type World, worldWithFlora } from '../support/world.ts';

interface Settling {
  readonly reason: string;
  readonly size: number;
  readonly held_by: readonly { readonly pid: number; readonly name: string }[];
  readonly held_since: string | null;
}

type Line = LsLine & { readonly settling?: Settling };

/** Another process that has the file open for writing until it is told to close it. */
async function hold(t: Cleanup, path: string, shell = 'sh') {
  const holder = spawn(
    shell,
    ['-c', 'exec 3>>"$1"; echo open; read line; exec 3>&-; echo closed; read line', 'sh', path],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  t.after(() => void holder.kill());
  await once(holder.stdout, 'data');
  const close = async () => {
    holder.stdin.write('\n');
    await once(holder.stdout, 'data');
  };
  return { pid: holder.pid ?? 0, close };
}

async function listed(world: World, path: string, ...more: readonly string[]): Promise<Line | undefined> {
  return (await world.ls(...more)).find((line) => line.path === path);
}

const isLinux = process.platform === 'linux' ? false : 'needs /proc';

describe('a file that somebody holds open', { skip: isLinux }, () => {
  it('is shown by ls, status and why, with the process and since when, until it is closed', async (t) => {
    const world = await worldWithFlora(t);
    const [other = ''] = writePictures(world.drop, 1);
    const path = join(world.drop, 'render.png');
    writeFileSync(path, picture(7));
    const holder = await hold(t, path);
    const begunMs = Date.now();
    await world.startDaemon();
    await world.lsUntil('the other is ready', areAll('ready', other));

    await world.lsUntil('it is seen to be held', (lines) =>
      (lines as readonly Line[]).some((line) => line.path === path && line.settling?.held_since != null),
    );
    const line = await listed(world, path);
    const { settling, ...rest } = line ?? {};
    const since = settling?.held_since ?? '';
    assert.ok(Date.parse(since) >= begunMs - 1_000 && Date.parse(since) <= Date.now(), since);
    const reason = `held open for writing by ${holder.pid} (sh) since ${since}`;
    assert.deepEqual(rest, {
      path,
      folder: world.drop,
      state: 'settling',
      asset_id: null,
      url: null,
      size: picture(7).length,
      sha256: null,
      attempts: 0,
      reason,
      updated_at: line?.updated_at,
    });
    assert.deepEqual(settling?.held_by, [{ pid: holder.pid, name: 'sh' }]);

    // What counts the files that are known counts what it did.
    assert.deepEqual(
      (await world.ls('--state', 'ready')).map((each) => each.path),
      [other],
    );
    assert.deepEqual(
      (await world.ls('--state', 'settling')).map((each) => each.path),
      [path],
    );
    const shown = (await world.run(['ls'])).stdout.split('\n');
    // People get the time of their own clock.
    const told = `held open for writing by ${holder.pid} (sh) since ${showLocal(Date.parse(since))}`;
    assert.ok(
      shown.at(-2)?.startsWith('settling') && shown.at(-2)?.endsWith(`  render.png  ${told}`),
      shown.join('\n'),
    );

    const status = JSON.parse((await world.run(['status', '--json'])).stdout);
    assert.deepEqual(status.counts, { ready: 1 });
    assert.deepEqual(status.settling, { count: 1, held_open: 1, files: [{ path, ...settling }] });
    assert.match(
      (await world.run(['status'])).stdout,
      new RegExp(`\\nSettling: 1 file\\n  render\\.png: ${told.replace(/[()]/g, '\\$&')}\\n`),
    );

    const why = await world.run(['why', path]);
    assert.equal(why.code, 0);
    assert.equal(why.stdout, `${path}\n  settling (${told})\n`);
    for (const typed of ['drop/render.png', 'render.png']) {
      const { state, reason: why, timeline } = JSON.parse((await world.run(['why', '--json', typed])).stdout);
      assert.deepEqual([state, why, timeline], ['settling', reason, []], typed);
    }

    await holder.close();
    await world.lsUntil('it is ready once it is closed', areAll('ready', path));
    assert.equal((await listed(world, path))?.settling, undefined);
    assert.deepEqual(JSON.parse((await world.run(['status', '--json'])).stdout).settling, {
      count: 0,
      held_open: 0,
      files: [],
    });
  });

  it('keeps the row that it has where an earlier version is known, which says what settles', async (t) => {
    const world = await worldWithFlora(t);
    const [path = ''] = writePictures(world.drop, 1);
    await world.startDaemon();
    await world.lsUntil('the first version is ready', areAll('ready', path));
    const before = await listed(world, path);
    const holder = await hold(t, path);
    writeFileSync(path, picture(99, 8));
    await world.lsUntil('the second one settles', (lines) =>
      (lines as readonly Line[]).some((line) => line.path === path && line.settling?.held_since != null),
    );
    const { settling, ...line } = (await listed(world, path)) ?? {};
    assert.deepEqual(line, before);
    assert.equal(settling?.size, picture(99, 8).length);
    assert.match(settling?.reason ?? '', new RegExp(`^held open for writing by ${holder.pid} \\(sh\\) since `));
    assert.match((await world.run(['why', path])).stdout, /\n {2}settling: held open for writing by \d+ \(sh\) since /);
    await holder.close();
    await world.lsUntil('the second version is ready', (lines) =>
      lines.some((each) => each.path === path && each.state === 'ready' && each.sha256 !== before?.sha256),
    );
  });

  it('is named by the last lines of sync, which waited for it long enough, and by why where no daemon runs', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    const path = join(world.drop, 'render.png');
    writeFileSync(path, picture(7));
    // Its holder calls itself something that a terminal would obey.
    const shell = join(world.base, 'sh\u001b[2J');
    copyFileSync('/bin/sh', shell);
    const holder = await hold(t, path, shell);
    const held = `held open for writing by ${holder.pid} (sh\\u001b[2J)`;
    const { code, stdout } = await world.run(['sync']);
    assert.equal(code, 3);
    const last = stdout.trimEnd().split('\n').at(-1) ?? '';
    assert.ok(last.startsWith(`  render.png: ${held} since 20`), stdout);

    const why = await world.run(['why', path]);
    assert.equal(why.code, 2);
    assert.ok(why.stderr.includes(`It is ${held}`), why.stderr);
    // No daemon runs that could tell: `ls` has what the ledger knows.
    assert.equal((await world.ls()).length, 2);

    const json = await world.run(['sync', '--json']);
    assert.equal(json.code, 3);
    const [summary] = jsonLines<{
      pending: number;
      unfinished: { count: number; files: (Settling & { path: string })[] };
    }>(json.stdout);
    assert.equal(summary?.pending, 1);
    assert.deepEqual([summary?.unfinished.count, summary?.unfinished.files[0]?.path], [1, path]);
    assert.deepEqual(summary?.unfinished.files[0]?.held_by, [{ pid: holder.pid, name: 'sh\u001b[2J' }]);

    await holder.close();
    const done = await world.run(['sync', '--json']);
    assert.equal(done.code, 0);
    assert.equal(JSON.parse(done.stdout).unfinished, undefined);
  });
});
