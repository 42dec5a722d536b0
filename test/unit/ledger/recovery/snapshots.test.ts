import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { listSnapshots, snapshotPath, snapshotsDirectory } from '../../../../src/ledger/recovery/snapshot-files.ts';
import { isSnapshotDue, takeSnapshot } from '../../../../src/ledger/recovery/snapshots.ts';
import { failing, standIn } from '../../../support/fs-calls.ts';
import { freshStateDir, ledgerIn } from '../../../support/state-dir.ts';
import { until } from '../../../support/until.ts';

// The process that takes one is a script here; integration/snapshots.test.ts has the real one.

const now = Date.UTC(2026, 10, 22, 12);
const dayMs = 24 * 3_600_000;
const mebibyte = 1024 * 1024;
const untilDone = new AbortController().signal;

/** A state directory with a ledger of `sizes`, and a script that takes its snapshots: its words are those after `node`. */
function world(t: TestContext, script: string, sizes: Readonly<Record<string, number>> = { '': 10 }) {
  const dir = freshStateDir(t);
  mkdirSync(dir);
  for (const [suffix, size] of Object.entries(sizes)) writeFileSync(ledgerIn(dir) + suffix, Buffer.alloc(size));
  const program = join(dir, '..', 'node');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const { execPath } = process;
  process.execPath = program;
  t.after(() => {
    process.execPath = execPath;
  });
  const directory = snapshotsDirectory(dir);
  return { dir, directory, names: () => readdirSync(directory).sort() };
}

const copying = 'cp "$2" "$4"';

/** A disk of which so many bytes are free. */
function disk(t: TestContext, { blocks = 1_000, free }: { blocks?: number; free: number }): void {
  standIn(t, 'statfs (promise)', () => Promise.resolve({ blocks, bavail: free / 512, bsize: 512 }));
}

async function failure(taking: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await taking.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  return error;
}

function isFailed(error: SyncError, why: string): void {
  assert.deepEqual(
    [error.code, error.scope, error.disposition, error.op],
    ['snapshot_failed', 'process', 'retry', 'snapshot'],
  );
  assert.equal(error.message, `No snapshot of the ledger could be taken (${why})`);
  assert.match(error.hint ?? '', /is healthy/);
  assert.ok(error.cause instanceof Error);
}

describe('the process that takes a snapshot', () => {
  it('is given the ledger, and a name to write under before the snapshot has its own; and no setting of ours', async (t) => {
    const { dir } = world(t, `${copying}\necho "$@" > "$2.words"; env > "$2.env"`);
    process.env['FLORA_API_KEY'] = 'sk_test';
    process.env['LD_LIBRARY_PATH'] = '/lib';
    t.after(() => {
      delete process.env['FLORA_API_KEY'];
      delete process.env['LD_LIBRARY_PATH'];
    });
    const snapshot = await takeSnapshot(dir, now, untilDone);
    const path = snapshotPath(dir, now);
    assert.deepEqual(snapshot, { name: basename(path), path, takenAtMs: now });
    const [program = '', ...words] = readFileSync(`${ledgerIn(dir)}.words`, 'utf8')
      .trim()
      .split(' ');
    assert.match(program, /recovery\/snapshot-process\.js$/);
    assert.ok(existsSync(program));
    assert.deepEqual(words, [ledgerIn(dir), `${path}.partial`, path]);
    const environment = readFileSync(`${ledgerIn(dir)}.env`, 'utf8');
    assert.match(environment, /^LD_LIBRARY_PATH=\/lib$/m);
    assert.doesNotMatch(environment, /FLORA|HOME/);
  });

  it('is believed when it ends well, and a snapshot that is not there then is none', async (t) => {
    const { dir } = world(t, 'exit 0');
    assert.equal(await takeSnapshot(dir, now, untilDone), null);
  });

  it('says why it failed: by a code, or by words alone', async (t) => {
    const { dir } = world(t, `echo '{"code":"SQLITE_CORRUPT","message":"it is odd"}'; exit 1`);
    const coded = await failure(takeSnapshot(dir, now, untilDone));
    isFailed(coded, 'SQLITE_CORRUPT');
    assert.equal((coded.cause as Error).message, 'it is odd');
    const second = world(t, `echo '{"code":null,"message":"it is odd"}'; exit 1`);
    isFailed(await failure(takeSnapshot(second.dir, now, untilDone)), 'it is odd');
  });

  it('may find the disk full', async (t) => {
    const { dir } = world(t, `echo '{"code":"SQLITE_FULL","message":"x"}'; exit 1`);
    const { code, message, hint } = await failure(takeSnapshot(dir, now, untilDone));
    assert.equal(code, 'snapshot_no_room');
    assert.match(message, /\(the disk is almost full\)$/);
    assert.match(hint ?? '', /^Uploads go on, .*Make room/);
  });

  it('that says nothing failed with its status, or by the signal that ended it', async (t) => {
    const silent = world(t, 'exit 7');
    isFailed(await failure(takeSnapshot(silent.dir, now, untilDone)), 'The process that takes it ended with 7');
    const killed = world(t, 'kill -9 $$');
    isFailed(await failure(takeSnapshot(killed.dir, now, untilDone)), 'The process that takes it ended with SIGKILL');
  });

  it('leaves nothing behind where it fails, and all that there was before', async (t) => {
    const { dir, directory, names } = world(t, 'touch "$3" "$3-journal"; exit 1');
    mkdirSync(directory);
    writeFileSync(snapshotPath(dir, now - dayMs), 'older');
    writeFileSync(join(directory, 'notes.sqlite.partial'), 'of somebody else');
    await failure(takeSnapshot(dir, now, untilDone));
    assert.deepEqual(names(), [basename(snapshotPath(dir, now - dayMs)), 'notes.sqlite.partial']);
  });

  it('fails for its own reason, also where what it left cannot be removed', async (t) => {
    const { dir } = world(t, 'touch "$3"; exit 7');
    const removal = failing(t, 'rm (promise)', 'EIO');
    isFailed(await failure(takeSnapshot(dir, now, untilDone)), 'The process that takes it ended with 7');
    assert.equal(removal.count, 1);
  });

  it('is not asked to go on where nobody waits for it any more', async (t) => {
    const { dir, names } = world(t, 'touch "$3"; while :; do sleep 1; done');
    const stopping = new AbortController();
    const taking = takeSnapshot(dir, now, stopping.signal);
    await until('it has begun', () => existsSync(`${snapshotPath(dir, now)}.partial`));
    stopping.abort();
    assert.equal(await taking, null);
    assert.deepEqual(names(), []);
  });
});

describe('a snapshot', () => {
  it('is one of three, of which the oldest goes', async (t) => {
    const { dir } = world(t, copying);
    for (let day = 5; day >= 0; day -= 1) await takeSnapshot(dir, now - day * dayMs, untilDone);
    assert.deepEqual(
      listSnapshots(dir, now).map(({ takenAtMs }) => (now - takenAtMs) / dayMs),
      [0, 1, 2],
    );
  });

  it('is taken also where somebody removes meanwhile what is to go', async (t) => {
    const { dir, names } = world(t, copying);
    for (let day = 3; day > 0; day -= 1) await takeSnapshot(dir, now - day * dayMs, untilDone);
    writeFileSync(`${snapshotPath(dir, now - dayMs)}.partial`, '');
    const removed: string[] = [];
    standIn(t, 'rm (promise)', ([path], real) => {
      removed.push(basename(String(path)));
      rmSync(String(path));
      return real();
    });
    assert.ok(await takeSnapshot(dir, now, untilDone));
    assert.equal(removed.length, 2);
    assert.equal(names().length, 3);
  });

  it('is taken where it leaves the ledger 16 MiB, counted with its log, and not where it leaves less', async (t) => {
    const { dir } = world(t, copying, { '': 3 * mebibyte, '-wal': 2 * mebibyte });
    disk(t, { free: 21 * mebibyte });
    assert.ok(await takeSnapshot(dir, now, untilDone));
    disk(t, { free: 21 * mebibyte - 512 });
    const error = await failure(takeSnapshot(dir, now + 1, untilDone));
    assert.deepEqual([error.code, error.scope, error.disposition], ['snapshot_no_room', 'process', 'retry']);
    assert.equal((error.cause as Error).message, `It needs ${21 * mebibyte} bytes`);
  });

  it('is taken where the file system knows no numbers', async (t) => {
    const { dir } = world(t, copying);
    disk(t, { blocks: 0, free: 0 });
    assert.ok(await takeSnapshot(dir, now, untilDone));
    disk(t, { blocks: 1, free: 0 });
    assert.equal((await failure(takeSnapshot(dir, now + 1, untilDone))).code, 'snapshot_no_room');
  });

  it('is not taken of what cannot be looked at', async (t) => {
    const { dir } = world(t, copying);
    failing(t, 'stat (promise)', 'EIO', (path) => path.endsWith('.sqlite'));
    isFailed(await failure(takeSnapshot(dir, now, untilDone)), 'EIO');
  });

  it('lies in a directory that is private, also where it was not, and is not made with those above it', async (t) => {
    const { dir, directory } = world(t, copying);
    const umask = process.umask(0);
    t.after(() => process.umask(umask));
    await takeSnapshot(dir, now, untilDone);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    chmodSync(directory, 0o777);
    await takeSnapshot(dir, now + 1, untilDone);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    const gone = join(dir, 'gone');
    isFailed(await failure(takeSnapshot(gone, now, untilDone)), 'ENOENT');
    assert.equal(existsSync(gone), false);
  });

  it('is in a directory whose name lasts', { skip: process.platform !== 'linux' }, async (t) => {
    const { dir } = world(t, copying);
    const synced: string[] = [];
    standIn(t, 'fsyncSync', ([descriptor], real) => {
      synced.push(readlinkSync(`/proc/self/fd/${descriptor}`));
      return real();
    });
    await takeSnapshot(dir, now, untilDone);
    await takeSnapshot(dir, now + 1, untilDone);
    assert.deepEqual(synced, [dir], 'which it is given once');
  });

  it('is not taken where its directory cannot be made', async (t) => {
    const { dir, directory } = world(t, copying);
    mkdirSync(directory);
    failing(t, 'mkdir (promise)', 'EROFS');
    isFailed(await failure(takeSnapshot(dir, now, untilDone)), 'EROFS');
  });

  it('is not taken where its directory is a file, whose rights stay', async (t) => {
    const { dir, directory } = world(t, copying);
    writeFileSync(directory, 'a file', { mode: 0o644 });
    isFailed(await failure(takeSnapshot(dir, now, untilDone)), 'EEXIST');
    assert.equal(statSync(directory).mode & 0o777, 0o644);
  });
});

describe('the times of snapshots', () => {
  const names = (dir: string, ...times: readonly number[]) => {
    mkdirSync(snapshotsDirectory(dir), { recursive: true });
    for (const at of times) writeFileSync(snapshotPath(dir, at), '');
  };

  it('are in their names, to the millisecond, the newest first; a day ahead is not far', (t) => {
    const dir = freshStateDir(t);
    const times = [now + dayMs, now + 1, now, now - 1, now + dayMs + 2, now + dayMs + 1];
    names(dir, ...times.toReversed());
    const listed = listSnapshots(dir, now);
    assert.deepEqual(
      listed.map(({ takenAtMs }) => takenAtMs),
      times,
    );
    assert.deepEqual(
      listed.map(({ path, name }) => [path, name]),
      times.map((at) => [snapshotPath(dir, at), basename(snapshotPath(dir, at))]),
    );
  });

  it('are none of other files', (t) => {
    const dir = freshStateDir(t);
    names(dir, now);
    const real = basename(snapshotPath(dir, now));
    for (const name of [`x${real}`, `${real}.corrupt`, real.replace('2026-11', '2026-13'), 'ledger-.sqlite', 'notes'])
      writeFileSync(join(snapshotsDirectory(dir), name), '');
    assert.deepEqual(
      listSnapshots(dir, now).map(({ name }) => name),
      [real],
    );
  });

  it('make one due after just as long as is wanted, whether it lies behind or ahead', (t) => {
    for (const [at, isDue] of [
      [now - dayMs, true],
      [now - dayMs + 1, false],
      [now + dayMs - 1, false],
      [now + dayMs, true],
    ] as const) {
      const dir = freshStateDir(t);
      names(dir, at);
      assert.equal(isSnapshotDue(dir, now, dayMs), isDue, String(now - at));
    }
  });
});
