import '../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, type Stats, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { outOfDescriptors, type SyncError } from '../../../src/errors.ts';
import { briefly, descriptorsLeft, untilTriedAgain, whenDescriptorsAreFree } from '../../../src/local/descriptors.ts';
import { remoteDevices } from '../../../src/local/file-system.ts';
import { createLocalFiles } from '../../../src/local/local-files.ts';
import {
  accessProblem,
  directoryProblem,
  folderError,
  notRegularProblem,
  systemErrno,
} from '../../../src/local/local-problem.ts';
import { mountsIn, readMountInfo } from '../../../src/local/mount-info.ts';
import { between, failing, standIn, subject, systemError } from '../../support/fs-calls.ts';
import { link, plantTemporary } from '../../support/tree.ts';

const isLinux = process.platform === 'linux';
const never = new AbortController().signal;
const png = Buffer.from('89504e470d0a1a0a', 'hex');

function localFiles(accept: readonly string[] = ['*']) {
  const shortages: string[] = [];
  const local = createLocalFiles({ now: () => 0, accept, onShort: ({ code }) => void shortages.push(code) });
  return { local, shortages };
}

describe('the files of a drop folder', () => {
  it('a directory that is read: its listing, gone, or the problem', async (t) => {
    const root = plantTemporary(t, { sub: { 'a.png': '' }, file: '' });
    const { local } = localFiles();
    assert.equal((await local.read(root, 'sub', never)).kind, 'listing');
    assert.deepEqual(await local.read(root, 'none', never), { kind: 'gone' });
    assert.deepEqual(await local.read(root, 'file', never), { kind: 'gone' });
    assert.deepEqual(
      await local.read(join(root, 'none'), '', never),
      { kind: 'gone' },
      'of the root the scan says why',
    );
    failing(t, 'readdirSync', 'EIO', (about) => about === join(root, 'sub'));
    const reason = 'Reading it failed (EIO): check the disk or the network mount.';
    const problem = { code: 'unreadable_directory', reason };
    assert.deepEqual(await local.read(root, 'sub', never), { kind: 'problem', problem });
    standIn(t, 'readdirSync', () => {
      throw new TypeError('a bug');
    });
    await assert.rejects(local.read(root, 'sub', never), TypeError);
  });

  it('a walk hands on what could not be read, and waits until that is written down', async (t) => {
    const root = plantTemporary(t, { a: {}, b: {} });
    failing(t, 'readdirSync', 'EIO', (about) => about === join(root, 'a'));
    const done: string[] = [];
    const handlers = {
      onDirectory: async () => {},
      onUnreadable: async (directory: string, { code }: { readonly code: string }) => {
        await new Promise((resolve) => setImmediate(resolve));
        done.push(`${directory} ${code}`);
      },
    };
    await localFiles().local.walk(root, '', handlers, never);
    assert.deepEqual(done, ['a unreadable_directory']);
    const failed = { ...handlers, onUnreadable: () => Promise.reject(new Error('the ledger is closed')) };
    await assert.rejects(localFiles().local.walk(root, '', failed, never), { message: 'the ledger is closed' });
  });

  for (const errno of ['EMFILE', 'ENFILE']) {
    it(`waits for descriptors (${errno}), is told each time, and ends with the signal`, async (t) => {
      const root = plantTemporary(t, { 'a.png': png });
      const path = { root, directory: '', name: 'a.png' };
      const { local, shortages } = localFiles();
      let left = 2;
      failing(t, 'openSync', errno, (about) => about === join(root, 'a.png') && left-- > 0);
      assert.equal((await local.inspect(path, never)).kind, 'fingerprint');
      assert.deepEqual(shortages, ['too_many_open_files', 'too_many_open_files']);
      failing(t, 'openSync', errno, (about) => about === join(root, 'a.png'));
      const stop = new AbortController();
      const inspecting = local.inspect(path, stop.signal);
      while (shortages.length < 3) await new Promise((resolve) => setImmediate(resolve));
      stop.abort(new Error('enough'));
      await assert.rejects(inspecting, { message: 'enough' });
      assert.equal(shortages.length, 3);
    });
  }

  it('a look tells a problem with its stat, or without one, and what is excluded', (t) => {
    const root = plantTemporary(t, { to: link('/'), '.hidden': '', sub: {}, 'a.png': '' });
    const { local } = localFiles();
    const look = (name: string) => local.look({ root, directory: '', name });
    assert.deepEqual(
      ['.hidden', 'sub', 'a.png', 'none'].map((name) => look(name).kind),
      ['excluded', 'directory', 'file', 'gone'],
    );
    const found = look('to');
    assert.ok(found.kind === 'problem' && found.stat !== null && found.problem.code === 'symlink_outside');
    failing(t, 'lstatSync', 'EIO', (about) => about.startsWith(root));
    const failed = look('a.png');
    assert.ok(failed.kind === 'problem' && failed.stat === null && failed.problem.code === 'read_error');
  });

  it('the identity of a root is none where it cannot be had, for whatever reason', (t) => {
    const root = plantTemporary(t, {});
    const { local } = localFiles();
    assert.match(local.rootIdentity(root) ?? '', /^\d+:\d+:[\d.]+$/);
    assert.equal(local.rootIdentity(join(root, 'none')), null);
    for (const errno of ['EACCES', 'EIO', 'ELOOP', 'ESTALE', 'ENOTDIR']) {
      failing(t, 'statSync', errno, (about) => about === root);
      assert.equal(local.rootIdentity(root), null, errno);
    }
    standIn(t, 'statSync', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => local.rootIdentity(root), TypeError);
  });

  describe('a file that was read', () => {
    it('is gone where its name is listed otherwise by then', async (t) => {
      const root = plantTemporary(t, { sub: { 'a.png': png } });
      const path = { root, directory: 'sub', name: 'a.png' };
      const { local } = localFiles();
      const become = () => {
        renameSync(join(root, 'sub'), join(root, 'other'));
        symlinkSync('other', join(root, 'sub'));
      };
      // Right after the last look at the file itself.
      const afterwards = (happens: () => void) => {
        let looks = 0;
        standIn(t, 'lstatSync', (args, real) => {
          const result = real();
          if (subject(args) === join(root, 'sub', 'a.png') && ++looks === 2) happens();
          return result;
        });
      };
      afterwards(become);
      assert.deepEqual(await local.inspect(path, never), { kind: 'gone' });
      execFileSync('rm', [join(root, 'sub')]);
      renameSync(join(root, 'other'), join(root, 'sub'));
      afterwards(become);
      assert.deepEqual(await local.digest(path, never), { kind: 'gone' });
    });

    it('has changed where a transfer tool has begun with it again', async (t) => {
      const root = plantTemporary(t, { 'a.png': png });
      const path = { root, directory: '', name: 'a.png' };
      between(
        t,
        'openSync',
        'after',
        (about) => about === join(root, 'a.png'),
        () => writeFileSync(join(root, 'a.png.aria2'), ''),
      );
      assert.deepEqual(await localFiles().local.inspect(path, never), { kind: 'changed' });
      // To compare, it is what it is.
      assert.equal((await localFiles().local.digest(path, never)).kind, 'fingerprint');
    });

    it('and is a problem is looked at so as well: it may be another name’s', async (t) => {
      const root = plantTemporary(t, { 'a.png': '', 'a.png.aria2': '' });
      assert.deepEqual(await localFiles(['image/png']).local.inspect({ root, directory: '', name: 'a.png' }, never), {
        kind: 'changed',
      });
    });

    it('is told as it was found where it changed or went away', async (t) => {
      const root = plantTemporary(t, { 'a.png': png });
      const path = { root, directory: '', name: 'a.png' };
      const { local } = localFiles();
      between(
        t,
        'fstatSync',
        'after',
        () => true,
        () => truncateSync(join(root, 'a.png'), 3),
      );
      assert.deepEqual(await local.inspect(path, never), { kind: 'changed' });
      assert.deepEqual(await local.inspect({ ...path, name: 'none' }, never), { kind: 'gone' });
    });

    it('and seems to be unfinished is taken as it is at the last look', async (t) => {
      const root = plantTemporary(t, { 'a.png': Buffer.alloc(20_000) });
      const path = { root, directory: '', name: 'a.png' };
      const { local } = localFiles();
      assert.deepEqual(await local.inspect(path, never), { kind: 'unfinished', quietPeriods: 1 });
      assert.equal((await local.inspect(path, never, true)).kind, 'fingerprint');
      assert.equal((await local.digest(path, never)).kind, 'fingerprint');
    });
  });

  it('whether others may write to a device is asked again where it could not be asked', (t) => {
    const root = plantTemporary(t, { 'a.png': '' });
    const path = { root, directory: '', name: 'a.png' };
    const isRemote = remoteDevices(() => 0);
    const failed = failing(t, 'statfsSync', 'EIO');
    assert.equal(isRemote(path, 7), true);
    assert.equal(isRemote(path, 7), true);
    assert.equal(failed.count, isLinux ? 2 : 0);
  });
});

describe('everybody else', () => {
  const opened = (t: TestContext, root: string) => {
    const turns: boolean[] = [];
    let hasTurned = false;
    standIn(t, 'openSync', (args, real) => {
      if (subject(args) === join(root, 'a.png')) turns.push(hasTurned);
      return real();
    });
    const begin = () => {
      hasTurned = false;
      setImmediate(() => {
        hasTurned = true;
      });
    };
    return { turns, begin, hasTurned: () => hasTurned };
  };

  it('has a turn before a file is read, two milliseconds after the last one', async (t) => {
    const root = plantTemporary(t, { 'a.png': png });
    let nowMs = 0;
    const local = createLocalFiles({ now: () => nowMs, accept: ['*'] });
    const { turns, begin } = opened(t, root);
    for (const ms of [0, 1, 1.9, 2, 3, 4]) {
      nowMs = ms;
      begin();
      await local.inspect({ root, directory: '', name: 'a.png' }, never);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(turns, [true, false, false, true, false, true]);
  });

  for (const [stepMs, isDue] of [
    [7, false],
    [8, true],
  ] as const) {
    it(`has ${isDue ? 'a' : 'no'} turn while a directory is read, after ${stepMs} ms`, async (t) => {
      const root = plantTemporary(t, Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`f${at}`, ''])));
      let nowMs = 0;
      const now = () => {
        nowMs += stepMs;
        return nowMs;
      };
      const local = createLocalFiles({ now, accept: ['*'] });
      const { begin, hasTurned } = opened(t, root);
      begin();
      const read = await local.read(root, '', never);
      assert.deepEqual([read.kind, hasTurned()], ['listing', isDue]);
    });
  }
});

describe('descriptors', () => {
  it('that are kept in reserve serve a short job, and are taken back at once', { skip: !isLinux }, () => {
    const count = () => readdirSync('/proc/self/fd').length;
    briefly('test', () => 1);
    const before = count();
    let tries = 0;
    const within: number[] = [];
    const result = briefly('test', () => {
      tries += 1;
      within.push(count());
      if (tries < 3) throw systemError('EMFILE');
      return 'done';
    });
    assert.deepEqual([result, tries], ['done', 3]);
    assert.deepEqual(within, [before, before - 1, before - 2]);
    assert.equal(count(), before);
  });

  it('that are not there at all are an error of their own, and the job is tried once for each in reserve', () => {
    let tries = 0;
    const job = () => {
      tries += 1;
      throw systemError('ENFILE');
    };
    assert.throws(() => briefly('test', job), { name: 'SyncError', code: 'too_many_open_files', op: 'test' });
    assert.equal(tries, 4);
  });

  it('do not matter for what fails otherwise', () => {
    let tries = 0;
    const job = () => {
      tries += 1;
      throw systemError('EIO');
    };
    assert.throws(() => briefly('test', job), { code: 'EIO' });
    assert.equal(tries, 1);
  });

  it('that cannot be kept in reserve are done without', (t) => {
    failing(t, 'openSync', 'EMFILE', (about) => about === '/dev/null');
    assert.equal(
      briefly('test', () => 'done'),
      'done',
    );
  });

  it('that could not be kept in reserve are kept before the next job', (t) => {
    const end = standIn(t, 'openSync', () => {
      throw systemError('EMFILE');
    });
    const short = () => {
      throw systemError('EMFILE');
    };
    assert.throws(() => briefly('test', short), { code: 'too_many_open_files' });
    end();
    let tries = 0;
    const job = () => {
      tries += 1;
      return tries < 4 ? short() : 'done';
    };
    assert.equal(briefly('test', job), 'done');
  });

  it('are waited for a tenth of a second', async () => {
    const order: string[] = [];
    const told: SyncError[] = [];
    const after = (ms: number) => setTimeout(() => order.push(`${ms} ms`), ms);
    const timers = [after(50), after(500)];
    const shortage = outOfDescriptors('read', systemError('EMFILE'));
    await untilTriedAgain(shortage, never, (error) => void told.push(error));
    order.push('again');
    for (const timer of timers) clearTimeout(timer);
    assert.deepEqual([order, told], [['50 ms', 'again'], [shortage]]);
  });

  it('are waited for, and nothing else is', async () => {
    const told: SyncError[] = [];
    let tries = 0;
    const job = async () => {
      tries += 1;
      if (tries === 1) throw systemError('EMFILE');
      return 'done';
    };
    assert.equal(await whenDescriptorsAreFree(job, never, (error) => void told.push(error)), 'done');
    assert.deepEqual(
      told.map(({ name, code }) => [name, code]),
      [['SyncError', 'too_many_open_files']],
    );
    const fails = () => Promise.reject(systemError('EIO'));
    await assert.rejects(
      whenDescriptorsAreFree(fails, never, () => assert.fail('told')),
      { code: 'EIO' },
    );
  });

  it('that are left are counted; none where not even that can be asked for want of one', { skip: !isLinux }, (t) => {
    const left = descriptorsLeft();
    assert.ok(left !== null && left > 0);
    const limit = (soft: string) =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}   4096   files\n`;
    const isLimits = (about: string) => about === '/proc/self/limits';
    const said = (text: string) =>
      standIn(t, 'readFileSync', (args, real) => (isLimits(subject(args)) ? text : real()));
    const open = readdirSync('/proc/self/fd').length;
    said(limit('1000'));
    const now = descriptorsLeft();
    assert.ok(now !== null && Math.abs(1_000 - open - now) <= 4, String(now));
    said(limit('3'));
    assert.equal(descriptorsLeft(), 0);
    said('nothing of it');
    assert.equal(descriptorsLeft(), null);
    failing(t, 'readFileSync', 'EACCES', isLimits);
    assert.equal(descriptorsLeft(), null);
    failing(t, 'readFileSync', 'EMFILE', isLimits);
    assert.equal(descriptorsLeft(), 0);
  });
});

describe('the list of mounts', { skip: !isLinux }, () => {
  it('has the root of the system, where it can be read', () => {
    assert.ok(mountsIn(readMountInfo() ?? Buffer.of()).some(({ mountPoint }) => mountPoint === '/'));
  });

  it('is none where it cannot be read', (t) => {
    failing(t, 'readFileSync', 'EACCES');
    assert.equal(readMountInfo(), null);
    standIn(t, 'readFileSync', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => readMountInfo(), TypeError);
  });

  it('leaves out lines that are cut', () => {
    const whole = '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw';
    const mounts = mountsIn(Buffer.from(`36 35 98:0 /mnt1\n36 35\n\n${whole}\n`));
    const mount = { id: '36', device: '98:0', root: '/mnt1', mountPoint: '/mnt2', source: ' - ext3 /dev/root rw' };
    assert.deepEqual(mounts, [mount]);
  });
});

describe('what is said of a failure', () => {
  it('names what is no file as what it is', () => {
    const kinds = {
      isFIFO: 'a named pipe',
      isSocket: 'a socket',
      isCharacterDevice: 'a character device',
      isBlockDevice: 'a block device',
      isNothing: 'something else',
    };
    for (const [kind, words] of Object.entries(kinds)) {
      const is = Object.fromEntries(Object.keys(kinds).map((each) => [each, () => each === kind]));
      const problem = { code: 'not_a_regular_file', reason: `It is ${words}, not a file.` };
      assert.deepEqual(notRegularProblem(is as unknown as Stats), problem);
    }
  });

  it('of a root is said with its path and its cause', () => {
    const said = (errno: string) => {
      const cause = systemError(errno);
      const error = folderError('/drop', cause);
      assert.equal(error.cause, cause);
      assert.deepEqual([error.op, error.path, error.scope], ['scan', '/drop', 'folder']);
      return error.message;
    };
    assert.equal(said('ENOENT'), 'The drop folder /drop does not exist');
    assert.equal(said('ENOTDIR'), 'The drop folder /drop is not a directory');
    assert.equal(said('EIO'), 'The drop folder /drop cannot be read (EIO)');
  });

  it('of rights names the user who lacks them, by number where the system has numbers', (t) => {
    const said = () => [accessProblem(systemError('EACCES')).reason, directoryProblem(systemError('EPERM')).reason];
    const words = (user: string) => [
      `Not allowed to read it (EACCES): give ${user} read permission.`,
      `Not allowed to list it (EPERM): give ${user} read and search permission.`,
    ];
    const { getuid } = process;
    t.after(() => Object.assign(process, { getuid }));
    Object.assign(process, { getuid: () => 1234 });
    assert.deepEqual(said(), words('the user of flora-sync (uid 1234)'));
    Object.assign(process, { getuid: undefined });
    assert.deepEqual(said(), words('the user of flora-sync'));
  });

  it('is only what a system says', () => {
    for (const error of [new TypeError('a bug'), systemError('ERR_INVALID_ARG_TYPE'), systemError('xE1'), 'E1', null]) {
      const isSame = (thrown: unknown) => thrown === error;
      for (const say of [accessProblem, directoryProblem, systemErrno, (each: unknown) => folderError('/drop', each)])
        assert.throws(() => say(error), isSame);
    }
    assert.equal(systemErrno(systemError('E2BIG')), 'E2BIG');
  });
});
