import '../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { relationOf } from '../../../src/core/place.ts';
import { placeOf } from '../../../src/local/place.ts';
import { openDescriptors } from '../../support/descriptors.ts';
import { failing, standIn, subject, systemError } from '../../support/fs-calls.ts';
import { link, plantTemporary } from '../../support/tree.ts';

/** What tells a directory from others, and each above it. */
function lineAt(path: string): readonly string[] {
  const { dev, ino } = statSync(path);
  return [`${dev}:${ino}`, ...(path === '/' ? [] : lineAt(dirname(path)))];
}

const isLinux = process.platform === 'linux';

describe('a place', { skip: !isLinux }, () => {
  const all = (t: TestContext) => {
    const root = plantTemporary(t, {
      real: { sub: {} },
      way: link('real'),
      dead: link('none/deeper'),
      self: link('self'),
    });
    return { root, of: (path: string) => placeOf(join(root, path)) };
  };

  it('is where links lead to, also where nothing is there yet', (t) => {
    const { root, of } = all(t);
    assert.deepEqual([of('way/sub').realPath, of('way/sub').exists], [join(root, 'real/sub'), true]);
    assert.deepEqual([of('way/new/er').realPath, of('way/new/er').exists], [join(root, 'real/new/er'), false]);
    assert.deepEqual([of('dead/er').realPath, of('dead/er').exists], [join(root, 'none/deeper/er'), false]);
    assert.equal(of('self').realPath, join(root, 'self'), 'as it is spelled');
  });

  for (const errno of ['EACCES', 'EIO', 'ELOOP', 'ENAMETOOLONG']) {
    it(`stays as it is spelled where it cannot be looked at (${errno}), and nothing stays open`, (t) => {
      const { root, of } = all(t);
      const path = join(root, 'real/sub');
      const { line, trees } = of('real/sub');
      assert.equal(trees.length, 1);
      failing(t, 'openSync', errno, (about) => about === path);
      assert.deepEqual(of('real/sub').trees, [], 'of the mount nothing is known');
      failing(t, 'statSync', errno, (about) => about === path);
      assert.deepEqual(of('real/sub').line, line.slice(1));
      failing(t, 'realpathSync.native', errno, (about) => about === path);
      assert.deepEqual([of('real/sub').realPath, of('real/sub').exists], [path, false]);
      failing(t, 'readlinkSync', errno, (about) => about === join(root, 'dead'));
      assert.equal(of('dead').realPath, join(root, 'dead'));
      assert.equal(openDescriptors(root), 0);
    });
  }

  it('fails with what no system says', (t) => {
    const { of } = all(t);
    for (const call of ['realpathSync.native', 'readlinkSync', 'statSync', 'openSync'] as const) {
      const end = standIn(t, call, () => {
        throw new TypeError('a bug');
      });
      assert.throws(() => of('dead/er'), TypeError, call);
      end();
    }
  });

  it('is told from others by what it is and all that is above it, as far as that is there', (t) => {
    const { root, of } = all(t);
    assert.deepEqual(of('way/sub').line, lineAt(join(root, 'real/sub')));
    assert.deepEqual(of('real/sub/new/er').line, lineAt(join(root, 'real/sub')));
    assert.equal(of('way/sub').path, join(root, 'way/sub'), 'and is called as it was named');
    const { path, realPath, line, exists } = placeOf('/');
    assert.deepEqual([path, realPath, line, exists], ['/', '/', lineAt('/'), true]);
  });

  it('at links that lead back to themselves is not there, and has nothing in it that lies beside it', (t) => {
    const { root, of } = all(t);
    for (const path of ['self', 'self/new', 'way/self', 'way/self/new']) {
      if (path === 'way/self') symlinkSync('self', join(root, 'real/self'));
      const place = of(path);
      assert.deepEqual([place.realPath, place.exists], [join(root, path.replace('way', 'real')), false]);
      assert.equal(relationOf(of('real/sub'), place), null);
    }
  });

  it('is where forty links in a row lead to that end nowhere, as the system has it', (t) => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, at) => [`l${at}`, link(at === length - 1 ? 'none' : `l${at + 1}`)]),
      );
    const root = plantTemporary(t, { most: chain(40), more: chain(41) });
    assert.equal(placeOf(join(root, 'most/l0/new')).realPath, join(root, 'most/none/new'));
    assert.equal(placeOf(join(root, 'more/l0/new')).realPath, join(root, 'more/l0/new'));
  });

  it('has the name that a link says, of whatever bytes', (t) => {
    const root = plantTemporary(t, {});
    symlinkSync(Buffer.from([0x6e, 0xff]), join(root, 'odd'));
    assert.equal(placeOf(join(root, 'odd/new')).realPath, join(root, 'n\uDCFF/new'));
  });

  it('stays as it is spelled where no directory above it can be resolved', (t) => {
    const { root, of } = all(t);
    failing(t, 'realpathSync.native', 'EACCES');
    const { realPath, exists, line } = of('real/sub');
    assert.deepEqual([realPath, exists, line], [join(root, 'real/sub'), false, lineAt('/')]);
  });
});

describe('a place where case does not matter', { skip: !isLinux }, () => {
  /** Each link stands for another spelling that opens: it is in no listing, and is what it leads to. */
  const folding = (t: TestContext) => {
    const root = plantTemporary(t, { Card: { Sub: {}, SuB: link('Sub'), other: {} }, CarD: link('Card'), other: {} });
    standIn(t, 'lstatSync', ([path, options]) => statSync(path as string, options as { throwIfNoEntry: false }));
    standIn(t, 'realpathSync.native', ([path], real) => {
      real();
      return Buffer.from(String(path));
    });
    const listed = (isListed: (name: string) => boolean) =>
      standIn(t, 'readdirSync', (_, real) => (real() as string[]).filter((name) => isListed(name)));
    const isLink = (name: string) => name === 'CarD' || name === 'SuB';
    listed((name) => !isLink(name));
    return { root, listed, isLink };
  };

  it('is spelled as the directories list it, and what is not there yet as it was named', (t) => {
    const { root } = folding(t);
    const right = placeOf(join(root, 'Card/Sub'));
    for (const spelled of ['Card/Sub', 'CarD/Sub', 'Card/SuB', 'CarD/SuB']) {
      const path = join(root, spelled);
      assert.deepEqual(placeOf(path), { ...right, path });
      assert.equal(placeOf(join(path, 'new/Er')).realPath, join(root, 'Card/Sub/new/Er'));
    }
  });

  it('stays as it is named where no listing has it, or none can be had', (t) => {
    const { root, listed, isLink } = folding(t);
    const named = join(root, 'CarD/SuB');
    listed((name) => !isLink(name) && name !== 'Card');
    assert.equal(placeOf(named).realPath, join(root, 'CarD/Sub'));
    for (const nth of [1, 2]) {
      let reads = 0;
      const failed = (error: Error) =>
        standIn(t, 'readdirSync', (args, real) => {
          if (subject(args) === root) reads += 1;
          if (reads === nth && subject(args) === root) throw error;
          return (real() as string[]).filter((name) => !isLink(name));
        });
      failed(systemError('EIO'));
      assert.equal(placeOf(named).realPath, join(root, 'CarD/Sub'), `reading ${nth}`);
      reads = 0;
      failed(new TypeError('a bug'));
      assert.throws(() => placeOf(named), TypeError);
    }
  });
});

describe('what is mounted', { skip: !isLinux }, () => {
  type Mounted = readonly [id: number, device: string, root: string, point: string];

  /** The kernel's list of mounts, and what it says of an open directory: what lies on top of it. */
  function mount(
    t: TestContext,
    mounts: readonly Mounted[],
    topOf = (path: string): number | undefined => {
      const above = mounts.filter(([, , , point]) => `${path}/`.startsWith(point === '/' ? point : `${point}/`));
      return above.reduce((top, each) => (each[3].length >= top[3].length ? each : top))[0];
    },
  ): { readonly flags: Set<unknown> } {
    const flags = new Set<unknown>();
    const opened = new Map<string, string>();
    standIn(t, 'openSync', (args, real) => {
      const fd = real();
      flags.add(args[1]);
      opened.set(`/proc/self/fdinfo/${fd}`, subject(args));
      return fd;
    });
    standIn(t, 'readFileSync', (args, real) => {
      const about = subject(args);
      if (about === '/proc/self/mountinfo')
        return Buffer.from(
          mounts.map(([id, device, from, point]) => `${id} 1 ${device} ${from} ${point} rw - x x rw\n`).join(''),
        );
      const path = opened.get(about);
      if (path === undefined) return real();
      const id = topOf(path);
      return `pos:\t0\nflags:\t012000000\n${id === undefined ? '' : `mnt_id:\t${id}\n`}ino:\t17\n`;
    });
    return { flags };
  }

  const disks = (root: string): readonly Mounted[] => [
    [21, '8:1', '/', '/'],
    [22, '8:2', '/data', `${root}/disk`],
    [23, '8:3', '/', `${root}/disk/card`],
    [24, '8:4', '/DCIM', `${root}/disk/card`],
    [25, '8:5', '/', `${root}/disk/sub/deep`],
    [26, '8:6', '/', `${root}/disk-beside`],
  ];
  const planted = (t: TestContext) =>
    plantTemporary(t, { disk: { card: {}, sub: { deep: {} }, file: '' }, 'disk-beside': {} });

  it('tells where a place lies within its file system, be it there or not', (t) => {
    const root = planted(t);
    const { flags } = mount(t, disks(root));
    assert.deepEqual(placeOf(join(root, 'disk-beside/new')).trees, [{ device: '8:6', path: '/new' }]);
    assert.deepEqual(placeOf(join(root, 'disk/sub/new/er')).trees, [{ device: '8:2', path: '/data/sub/new/er' }]);
    assert.deepEqual(placeOf(join(root, 'disk/file')).trees, [{ device: '8:2', path: '/data/file' }], 'also a file');
    assert.deepEqual(placeOf(join(root, 'new')).trees, [{ device: '8:1', path: `${root}/new` }]);
    assert.equal(openDescriptors(root), 0);
    // O_PATH alone, which needs no permission to read.
    assert.deepEqual([...flags], [0o10000000]);
  });

  it('and what lies below it, of each place what is on top', (t) => {
    const root = planted(t);
    mount(t, disks(root));
    assert.deepEqual(placeOf(join(root, 'disk')).trees, [
      { device: '8:2', path: '/data' },
      { device: '8:4', path: '/DCIM' },
      { device: '8:5', path: '/' },
    ]);
    assert.deepEqual(placeOf(join(root, 'disk/card')).trees, [{ device: '8:4', path: '/DCIM' }]);
  });

  it('is not known where the system says no number, one that it does not list, or one of another place', (t) => {
    const root = planted(t);
    for (const id of [undefined, 99, 26]) {
      mount(t, disks(root), () => id);
      assert.deepEqual(placeOf(join(root, 'disk')).trees, [], String(id));
    }
    mount(t, disks(root));
    failing(t, 'readFileSync', 'EACCES', (about) => about === '/proc/self/mountinfo');
    assert.deepEqual(placeOf(join(root, 'disk')).trees, []);
  });
});
