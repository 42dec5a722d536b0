import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { openDatabase, openDatabaseReadOnly } from '../../../../src/ledger/database.ts';
import { findOwner, takeOwnership } from '../../../../src/ledger/recovery/owner-lock.ts';
import { claimStateDir, requireTrustedStateDir } from '../../../../src/ledger/recovery/state-dir.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { between, failing, standIn } from '../../../support/fs-calls.ts';

const self = process.geteuid?.() ?? 0;
const owner = { pid: process.pid, since: 1 };

function temporary(t: TestContext): { base: string; dir: string; elsewhere: string } {
  const base = mkdtempSync(join(tmpdir(), 'fs-state-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const elsewhere = join(base, 'elsewhere');
  writeFileSync(elsewhere, 'precious');
  return { base, dir: join(base, 'state'), elsewhere };
}

function isStateDir(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SyncError, String(error));
    assert.deepEqual([error.code, error.scope, error.op], ['state_dir', 'config', 'open ledger']);
    assert.match(error.message, pattern);
    assert.equal(error.message.startsWith(`The state directory ${error.path} `), true, error.message);
    assert.match(error.hint ?? '', /FLORA_SYNC_STATE_DIR/);
    return true;
  };
}

const names = [
  'owner.lock',
  'owner.json',
  'control.sock',
  'ledger.sqlite',
  'ledger.sqlite-wal',
  'ledger.sqlite-shm',
  'ledger.sqlite.restoring',
  'snapshots',
];

describe('a state directory in which somebody else has put links', () => {
  for (const name of names) {
    it(`is not used: ${name}, whether it leads somewhere or not`, (t) => {
      const { base, dir, elsewhere } = temporary(t);
      mkdirSync(dir, { mode: 0o777 });
      const never = join(base, 'never');
      for (const target of [name === 'snapshots' ? base : elsewhere, never]) {
        symlinkSync(target, join(dir, name));
        const pattern = new RegExp(`${name.replaceAll('.', '\\.')} is a symbolic link`);
        assert.throws(() => takeOwnership(dir, owner), isStateDir(pattern));
        assert.throws(() => openDatabase(dir, 1, () => {}), isStateDir(pattern));
        assert.throws(() => openDatabaseReadOnly(dir), isStateDir(pattern));
        assert.throws(() => findOwner(dir), isStateDir(pattern));
        rmSync(join(dir, name));
      }
      assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
      assert.equal(existsSync(never), false);
      takeOwnership(dir, owner).release();
    });
  }

  it('is not used: a link among the snapshots', (t) => {
    const { dir, elsewhere } = temporary(t);
    mkdirSync(join(dir, 'snapshots'), { recursive: true });
    symlinkSync(elsewhere, join(dir, 'snapshots', 'ledger-2026-01-01T00-00-00-000Z.sqlite'));
    assert.throws(() => openDatabase(dir, 1, () => {}), isStateDir(/000Z\.sqlite is a symbolic link/));
  });

  it('is not used: a directory or a device in the place of a file', (t) => {
    const { dir } = temporary(t);
    mkdirSync(join(dir, 'owner.lock'), { recursive: true });
    assert.throws(() => takeOwnership(dir, owner), isStateDir(/owner\.lock is not what should be there/));
  });

  it('has the rest left alone, whatever it is', (t) => {
    const { dir, elsewhere } = temporary(t);
    mkdirSync(dir);
    symlinkSync(elsewhere, join(dir, 'notes'));
    takeOwnership(dir, owner).release();
    assert.ok(lstatSync(join(dir, 'notes')).isSymbolicLink());
  });
});

describe("another user's state directory", () => {
  it('is not used, and nothing is written or changed there; root only looks', (t) => {
    const { dir } = temporary(t);
    mkdirSync(dir, { mode: 0o755 });
    chmodSync(dir, 0o755);
    const other = { self: self + 1 };
    assert.throws(
      () => claimStateDir(dir, other),
      isStateDir(/belongs to another user \(uid \d+, and this is uid \d+\)/),
    );
    assert.throws(() => requireTrustedStateDir(dir, other), isStateDir(/belongs to another user/));
    assert.equal(statSync(dir).mode & 0o777, 0o755);
    requireTrustedStateDir(dir, { self: 0 });
  });

  const notRoot = self !== 0 && 'only root can give files to others';
  it('is not used by root either, nor is what another user has put into one of ours', { skip: notRoot }, (t) => {
    const { dir } = temporary(t);
    mkdirSync(dir);
    lchownSync(dir, 4_242, 4_242);
    assert.throws(
      () => takeOwnership(dir, owner),
      isStateDir(/belongs to another user \(uid 4242, and this is uid 0\)/),
    );
    assert.equal(existsSync(join(dir, 'owner.lock')), false);
    assert.equal(findOwner(dir), undefined);
    lchownSync(dir, 0, 0);
    for (const name of ['ledger.sqlite', 'owner.json', 'snapshots']) {
      if (name === 'snapshots') mkdirSync(join(dir, name));
      else writeFileSync(join(dir, name), '');
      lchownSync(join(dir, name), 4_242, 4_242);
      assert.throws(() => takeOwnership(dir, owner), isStateDir(/belongs to another user \(uid 4242\)/));
      rmSync(join(dir, name), { recursive: true });
    }
  });

  it('may be ours through a link of ours or of root, and not of anybody else', { skip: notRoot }, (t) => {
    const { base, dir } = temporary(t);
    mkdirSync(dir);
    const link = join(base, 'link');
    symlinkSync(dir, link);
    takeOwnership(link, owner).release();
    lchownSync(link, 4_242, 4_242);
    assert.throws(() => takeOwnership(link, owner), isStateDir(/is a link of another user \(uid 4242\)/));
    assert.equal(openDescriptors(base), 0);
    lchownSync(dir, 4_242, 4_242);
    assert.throws(() => requireTrustedStateDir(link), isStateDir(/owner\.\w+ belongs to another user \(uid 0\)/));
    for (const name of ['owner.lock', 'owner.json']) lchownSync(join(dir, name), 4_242, 4_242);
    requireTrustedStateDir(link);
    requireTrustedStateDir(dir, { self: 4_242 });
    assert.throws(() => requireTrustedStateDir(dir, { self: 4_243 }), isStateDir(/belongs to another user/));
  });
});

describe('a state directory of ours', () => {
  it('becomes private before anything is written in it', (t) => {
    const { dir } = temporary(t);
    for (const mode of [0o777, 0o755, 0o1777, 0o701, 0o710, 0o600]) {
      mkdirSync(dir);
      chmodSync(dir, mode);
      claimStateDir(dir);
      assert.equal(statSync(dir).mode & 0o777, 0o700);
      rmSync(dir, { recursive: true });
    }
    claimStateDir(join(dir, 'deep', 'down'));
    assert.equal(statSync(join(dir, 'deep', 'down')).mode & 0o777, 0o700);
  });

  it('that is private is not touched, and nothing of it is left open', (t) => {
    const { base, dir } = temporary(t);
    mkdirSync(dir, { mode: 0o700 });
    const { ctimeMs } = statSync(dir);
    claimStateDir(dir);
    requireTrustedStateDir(dir);
    assert.equal(statSync(dir).ctimeMs, ctimeMs);
    assert.throws(() => requireTrustedStateDir(dir, { self: self + 1 }), isStateDir(/belongs to another user/));
    assert.throws(() => claimStateDir(dir, { self: self + 1 }), isStateDir(/belongs to another user/));
    assert.equal(openDescriptors(base), 0);
  });

  it('may hold a socket, and whatever is no file of ours', async (t) => {
    const { base, dir, elsewhere } = temporary(t);
    mkdirSync(join(dir, 'snapshots', 'ledger-directory'), { recursive: true });
    writeFileSync(join(dir, 'snapshots', 'ledger-file'), '');
    for (const name of ['my-owner.lock', 'snapshots/notes']) symlinkSync(elsewhere, join(dir, name));
    const server = createServer().listen(join(base, 'socket'));
    t.after(() => server.close());
    await once(server, 'listening');
    renameSync(join(base, 'socket'), join(dir, 'control.sock'));
    claimStateDir(dir);
    spawnSync('mkfifo', [join(dir, 'snapshots', 'ledger-pipe')]);
    assert.throws(() => claimStateDir(dir), isStateDir(/ledger-pipe is not what should be there/));
    rmSync(join(dir, 'snapshots'), { recursive: true });
    writeFileSync(join(dir, 'snapshots'), 'a file');
    assert.throws(() => claimStateDir(dir), isStateDir(/snapshots is not what should be there/));
  });

  it('may lose what is SQLite’s or the daemon’s while it is looked at', (t) => {
    const { dir } = temporary(t);
    mkdirSync(dir);
    const log = join(dir, 'ledger.sqlite-wal');
    writeFileSync(log, '');
    between(
      t,
      'readdirSync',
      'after',
      (path) => path === dir,
      () => rmSync(log),
    );
    claimStateDir(dir);
    assert.equal(existsSync(log), false);
  });

  it('is told as such only where other settings would do: a disk that fails or is full passes', (t) => {
    const { dir } = temporary(t);
    mkdirSync(dir);
    for (const code of ['EROFS', 'ENOSPC', 'EIO']) {
      const failed = failing(t, 'openSync', code, (path) => path === dir);
      assert.throws(() => claimStateDir(dir), { name: 'Error', code });
      assert.throws(() => requireTrustedStateDir(dir), { name: 'Error', code });
      assert.equal(failed.count, 2);
    }
    failing(t, 'openSync', 'EACCES', (path) => path === dir);
    assert.throws(
      () => claimStateDir(dir),
      (error) => {
        assert.ok(isStateDir(/cannot be made or is not ours \(EACCES\)/)(error));
        assert.equal(((error as SyncError).cause as NodeJS.ErrnoException).code, 'EACCES');
        return true;
      },
    );
    const bug = new Error('a bug');
    standIn(t, 'openSync', () => {
      throw bug;
    });
    assert.throws(
      () => claimStateDir(dir),
      (error) => error === bug,
    );
  });

  it('is never waited for', (t) => {
    const { dir } = temporary(t);
    spawnSync('mkfifo', [dir]);
    assert.throws(() => requireTrustedStateDir(dir), isStateDir(/\(ENOTDIR\)/));
  });

  it('that is a file, or below one, is named', (t) => {
    const { elsewhere } = temporary(t);
    for (const dir of [elsewhere, join(elsewhere, 'state')]) {
      assert.throws(
        () => takeOwnership(dir, owner),
        isStateDir(/cannot be made or is not ours \((?:EEXIST|ENOTDIR)\)/),
      );
    }
  });

  it('that nobody has made yet may be looked for', (t) => {
    const { dir } = temporary(t);
    requireTrustedStateDir(dir);
    assert.equal(findOwner(dir), undefined);
  });
});
