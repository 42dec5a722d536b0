import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { constants, linkSync, lstatSync, mkdirSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type NotOpen, type OpenFile, openRegularFile } from '../../../../src/local/read/safe-open.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { between, failing, standIn, subject } from '../../../support/fs-calls.ts';
import { fifo, link, plantTemporary } from '../../../support/tree.ts';

const isLinux = process.platform === 'linux';

function planted(t: TestContext, content = 'content') {
  const root = plantTemporary(t, { sub: { 'a.png': content } });
  const path = { root, directory: 'sub', name: 'a.png' };
  return { root, path, target: join(root, 'sub', 'a.png') };
}

/** Its kind, and of a problem its code and what people are told. */
function told(result: OpenFile | NotOpen): readonly string[] {
  return result.kind === 'problem' ? ['problem', result.problem.code, result.problem.reason] : [result.kind];
}

const user = process.getuid?.() === undefined ? '' : ` (uid ${process.getuid?.()})`;

const expected: readonly (readonly [string, readonly string[]])[] = [
  ['ENOENT', ['gone']],
  ['ENOTDIR', ['gone']],
  ['ELOOP', ['changed']],
  ['EMLINK', ['changed']],
  ['EAGAIN', ['changed']],
  ['EWOULDBLOCK', ['changed']],
  ['ESTALE', ['changed']],
  [
    'EACCES',
    ['problem', 'unreadable', `Not allowed to read it (EACCES): give the user of flora-sync${user} read permission.`],
  ],
  [
    'EPERM',
    ['problem', 'unreadable', `Not allowed to read it (EPERM): give the user of flora-sync${user} read permission.`],
  ],
  ['EIO', ['problem', 'read_error', 'Reading it failed (EIO): check the disk or the network mount.']],
  ['ENAMETOOLONG', ['problem', 'path_too_long', 'Its path is longer than the system allows: move it further up.']],
];

describe('a file that cannot be opened', () => {
  for (const call of ['lstatSync', 'openSync', 'fstatSync'] as const) {
    for (const [errno, result] of expected) {
      it(`because ${call} says ${errno} is ${result.slice(0, 2).join(': ')}, and nothing stays open`, (t) => {
        const { root, path, target } = planted(t);
        const failed = failing(t, call, errno, (about) => call === 'fstatSync' || about === target);
        assert.deepEqual(told(openRegularFile(path)), result);
        assert.equal(failed.count, 1);
        assert.equal(openDescriptors(root), 0);
      });
    }

    for (const errno of ['EMFILE', 'ENFILE']) {
      it(`because ${call} says ${errno} is waited for: that is no matter of the file`, (t) => {
        const { root, path, target } = planted(t);
        failing(t, call, errno, (about) => call === 'fstatSync' || about === target);
        assert.throws(() => openRegularFile(path), { name: 'SyncError', code: 'too_many_open_files' });
        assert.equal(openDescriptors(root), 0);
      });
    }

    it(`because ${call} throws what no system says is a bug, and nothing stays open`, (t) => {
      const { root, path, target } = planted(t);
      standIn(t, call, (args, real) => {
        if (call !== 'fstatSync' && subject(args) !== target) return real();
        throw new TypeError('a bug');
      });
      assert.throws(() => openRegularFile(path), TypeError);
      assert.equal(openDescriptors(root), 0);
    });
  }

  it('because it is a pipe, a link or a directory is not even tried to be: the mere opening may act on a device', (t) => {
    const root = plantTemporary(t, { pipe: fifo(), to: link('pipe'), sub: {} });
    const opened = failing(t, 'openSync', 'EIO', (about) => about.startsWith(root));
    assert.deepEqual(
      ['pipe', 'to', 'sub'].map((name) => told(openRegularFile({ root, directory: '', name }))),
      [['problem', 'not_a_regular_file', 'It is a named pipe, not a file.'], ['changed'], ['gone']],
    );
    assert.equal(opened.count, 0);
  });

  it('is neither waited for nor followed: so it is opened', async (t) => {
    const { path, target } = planted(t);
    const flags: unknown[] = [];
    standIn(t, 'openSync', (args, real) => {
      if (subject(args) === target) flags.push(args[1]);
      return real();
    });
    const file = openRegularFile(path);
    assert.ok(file.kind === 'open');
    await file.close();
    assert.deepEqual(flags, [constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW]);
  });

  it('and was not opened closes nothing', (t) => {
    const { root } = planted(t);
    const closed: unknown[] = [];
    standIn(t, 'closeSync', ([fd], real) => {
      closed.push(fd);
      return real();
    });
    assert.deepEqual(told(openRegularFile({ root, directory: '', name: 'none' })), ['gone']);
    assert.deepEqual(closed, []);
  });

  it('because a link took its place between the look and the opening has changed', (t) => {
    const { path, target, root } = planted(t);
    between(
      t,
      'openSync',
      'before',
      (about) => about === target,
      () => {
        renameSync(target, join(root, 'other.png'));
        link('../other.png').make(Buffer.from(target));
      },
    );
    assert.deepEqual(told(openRegularFile(path)), ['changed']);
    assert.equal(openDescriptors(root), 0);
  });

  it('because a directory took its place between the look and the opening is gone', (t) => {
    const { path, target, root } = planted(t);
    between(
      t,
      'openSync',
      'before',
      (about) => about === target,
      () => {
        rmSync(target);
        mkdirSync(target);
      },
    );
    assert.deepEqual(told(openRegularFile(path)), ['gone']);
    assert.equal(openDescriptors(root), 0);
  });

  it('because it went away between the look and the opening is gone', (t) => {
    const { path, target } = planted(t);
    between(
      t,
      'openSync',
      'before',
      (about) => about === target,
      () => rmSync(target),
    );
    assert.deepEqual(told(openRegularFile(path)), ['gone']);
  });
});

describe('where a file that was opened really lies', { skip: !isLinux }, () => {
  const isDescriptor = (about: string) => about.startsWith('/proc/self/fd/');

  it('does not matter any more once it was moved out of the root and removed: it is gone', (t) => {
    const { path, target, root } = planted(t);
    const outside = plantTemporary(t, {});
    between(
      t,
      'fstatSync',
      'before',
      () => true,
      () => {
        renameSync(target, join(outside, 'a.png'));
        rmSync(join(outside, 'a.png'));
      },
    );
    assert.deepEqual(told(openRegularFile(path)), ['gone']);
    assert.equal(openDescriptors(root) + openDescriptors(outside), 0);
  });

  it('is outside once it was moved out of the root', (t) => {
    const { path, target } = planted(t);
    const outside = plantTemporary(t, {});
    between(
      t,
      'fstatSync',
      'before',
      () => true,
      () => renameSync(target, join(outside, 'a.png')),
    );
    const reason = 'A directory on its way is a link out of the drop folder: copy the files themselves.';
    assert.deepEqual(told(openRegularFile(path)), ['problem', 'outside_root', reason]);
    assert.equal(openDescriptors(outside), 0);
  });

  it('is told by its path where the kernel does not tell: a link out of the root is seen all the same', async (t) => {
    const outside = plantTemporary(t, { 'a.png': 'content' });
    const root = plantTemporary(t, { sub: { 'a.png': 'content' }, way: link(outside) });
    failing(t, 'readlinkSync', 'ENOENT', isDescriptor);
    const inside = openRegularFile({ root, directory: 'sub', name: 'a.png' });
    assert.ok(inside.kind === 'open');
    await inside.close();
    assert.deepEqual(told(openRegularFile({ root, directory: 'way', name: 'a.png' })).slice(0, 2), [
      'problem',
      'outside_root',
    ]);
    assert.equal(openDescriptors(root) + openDescriptors(outside), 0);
  });

  for (const [errno, result] of [
    ['ENOENT', ['gone']],
    ['ESTALE', ['changed']],
    ['EIO', ['problem', 'read_error']],
  ] as const) {
    it(`cannot be told where its root answers ${errno} meanwhile: ${result.join(': ')}`, (t) => {
      const { path, root } = planted(t);
      failing(t, 'readlinkSync', 'ENOENT', isDescriptor);
      failing(t, 'realpathSync.native', errno, (about) => about === root);
      assert.deepEqual(told(openRegularFile(path)).slice(0, 2), result);
      assert.equal(openDescriptors(root), 0);
    });
  }

  for (const [what, isSame, otherDevice = 0] of [
    ['the same file', true],
    ['another file', false],
    ['a file of that number on another disk', false, 1],
  ] as const) {
    it(`may have another case in the kernel's words, if ${what} is under that name`, async (t) => {
      const { path, target, root } = planted(t);
      const folded = join(root, 'SUB', 'A.PNG');
      mkdirSync(join(root, 'SUB'));
      if (isSame || otherDevice > 0) linkSync(target, folded);
      else writeFileSync(folded, 'content');
      const end = standIn(t, 'readlinkSync', (args, real) => {
        if (!isDescriptor(subject(args))) return real();
        const options = args[1] as { encoding?: string } | undefined;
        return options?.encoding === 'buffer' ? Buffer.from(folded) : folded;
      });
      standIn(t, 'lstatSync', (args, real) => {
        const stats = real() as Stats;
        return subject(args) === folded ? Object.assign(stats, { dev: stats.dev + otherDevice }) : stats;
      });
      const file = openRegularFile(path);
      end();
      assert.equal(file.kind, isSame ? 'open' : 'changed');
      if (file.kind === 'open') await file.close();
      assert.equal(openDescriptors(root), 0);
    });
  }
});

describe('an open file', () => {
  const opened = (t: TestContext, isLocal: boolean, content = 'content') => {
    const { path, target, root } = planted(t, content);
    const file = openRegularFile(path, isLocal);
    assert.ok(file.kind === 'open');
    t.after(() => file.close());
    return { file, target, root };
  };

  it('is closed once, and when the read that is under way has ended', async (t) => {
    const { file } = opened(t, false);
    const order: string[] = [];
    let go = () => {};
    standIn(t, 'read', (_, real) => {
      go = () => {
        order.push('read');
        real();
      };
    });
    standIn(t, 'closeSync', (_, real) => {
      order.push('close');
      return real();
    });
    const reading = file.readFully(new Uint8Array(7), 0);
    const closing = [file.close(), file.close()];
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(order, []);
    go();
    assert.equal(await reading, 7);
    await Promise.all(closing);
    assert.deepEqual(order, ['read', 'close']);
    await assert.rejects(file.readFully(new Uint8Array(7), 0), { message: 'Read from a file after it was closed' });
    assert.throws(() => file.readNow(new Uint8Array(7)), { message: 'Read from a file after it was closed' });
    assert.equal(file.recheck(), 'changed');
  });

  it('is not read on once it was closed between two pieces', async (t) => {
    const { file } = opened(t, false);
    let reads = 0;
    standIn(t, 'read', ([fd, buffer, offset, , position, callback]) => {
      reads += 1;
      // A piece of one byte, however much was asked for.
      const done = callback as (error: null, bytes: number, buffer: unknown) => void;
      assert.deepEqual([typeof fd, typeof offset, typeof position], ['number', 'number', 'number']);
      setImmediate(() => done(null, 1, buffer));
    });
    const reading = file.readFully(new Uint8Array(7), 0);
    const failed = assert.rejects(reading, { message: 'Read from a file after it was closed' });
    await file.close();
    await failed;
    assert.equal(reads, 1);
  });

  it('is closed after a read that failed, too', async (t) => {
    const { file, root } = opened(t, false);
    failing(t, 'read', 'EIO');
    const failed = assert.rejects(file.readFully(new Uint8Array(7), 0), { code: 'EIO' });
    await file.close();
    await failed;
    assert.equal(openDescriptors(root), 0);
  });

  it('is read on where a call gives less than was asked for, each piece behind the one before', async (t) => {
    const { file } = opened(t, true, 'abcdef');
    const inPieces = (args: readonly unknown[]) => [
      ...args.slice(0, 3),
      Math.min(2, Number(args[3])),
      ...args.slice(4),
    ];
    const { read, readSync } = await import('node:fs');
    let isWithin = false;
    const twoBytes = (call: (...args: never[]) => unknown) => (args: readonly unknown[], real: () => unknown) => {
      if (isWithin) return real();
      isWithin = true;
      try {
        return call(...(inPieces(args) as never[]));
      } finally {
        isWithin = false;
      }
    };
    standIn(t, 'read', twoBytes(read));
    standIn(t, 'readSync', twoBytes(readSync));
    const later = new Uint8Array(7);
    assert.equal(await file.readFully(later, 0), 6);
    assert.equal(Buffer.from(later).toString(), 'abcdef\0');
    const part = new Uint8Array(3);
    assert.equal(await file.readFully(part, 2), 3);
    assert.equal(Buffer.from(part).toString(), 'cde');
    const now = new Uint8Array(7);
    assert.equal(file.readNow(now), 6);
    assert.equal(Buffer.from(now).toString(), 'abcdef\0');
  });

  it('is quick only where it is known to be on a disk of this machine, and small', async (t) => {
    const { path } = planted(t, 'x'.repeat(262_144));
    const { path: large } = planted(t, 'x'.repeat(262_145));
    const isQuick = async (...asked: Parameters<typeof openRegularFile>) => {
      const file = openRegularFile(...asked);
      assert.ok(file.kind === 'open');
      await file.close();
      return file.isQuick;
    };
    assert.deepEqual(
      [await isQuick(path), await isQuick(path, false), await isQuick(path, true)],
      [false, false, true],
    );
    assert.deepEqual([await isQuick(path, () => true), await isQuick(path, () => false)], [true, false]);
    assert.equal(await isQuick(large, true), false);
  });

  it('is read in one call where that gives all of it', (t) => {
    const { file } = opened(t, true, 'abcdef');
    let reads = 0;
    standIn(t, 'readSync', (_, real) => {
      reads += 1;
      return real();
    });
    assert.equal(file.readNow(new Uint8Array(7)), 6);
    assert.equal(reads, 1);
    assert.equal(file.readNow(new Uint8Array(3)), 3);
    assert.equal(reads, 2, 'nor more than is wanted');
  });

  it('that ends early gives what there is', (t) => {
    const { file } = opened(t, true, 'abcdef');
    let reads = 0;
    standIn(t, 'readSync', () => {
      reads += 1;
      return reads === 1 ? 2 : 0;
    });
    assert.equal(file.readNow(new Uint8Array(7)), 2);
  });

  it('has changed where a server shows another file by its handle than by its name', (t) => {
    const { file, target, root } = opened(t, false);
    assert.equal(file.recheck(), 'same');
    writeFileSync(join(root, 'other.png'), 'content');
    standIn(t, 'fstatSync', () => lstatSync(join(root, 'other.png')));
    assert.equal(lstatSync(target).size, 7);
    assert.equal(file.recheck(), 'changed');
  });

  it('on a disk of this machine is known by its name alone', (t) => {
    const { file, target } = opened(t, true);
    failing(t, 'fstatSync', 'EIO');
    assert.equal(file.recheck(), 'same');
    writeFileSync(target, 'other');
    assert.equal(file.recheck(), 'changed');
    rmSync(target);
    assert.equal(file.recheck(), 'gone');
  });
});
