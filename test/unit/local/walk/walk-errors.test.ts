import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmdirSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDetours } from '../../../../src/local/walk/detours.ts';
import { glance } from '../../../../src/local/walk/glance.ts';
import { readNames } from '../../../../src/local/walk/names.ts';
import {
  readDirectoryInSteps,
  rootIdentity,
  type ScannedDirectory,
  statFile,
} from '../../../../src/local/walk/scanner.ts';
import { isUnfinished } from '../../../../src/local/walk/sidecars.ts';
import { type WalkOptions, walk } from '../../../../src/local/walk/walk.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { between, failing, standIn, subject } from '../../../support/fs-calls.ts';
import { link, plantTemporary } from '../../../support/tree.ts';

const user = process.getuid?.() === undefined ? '' : ` (uid ${process.getuid?.()})`;
const device = 'Check the disk or the network mount.';
const searchable = `Give the user of flora-sync${user} read and search permission on it.`;

function read(root: string, directory = ''): ScannedDirectory | null {
  const steps = readDirectoryInSteps(root, directory);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** What a root that fails so is called, and the advice. */
const ofRoot: readonly (readonly [errno: string, code: string, hint: string])[] = [
  ['EACCES', 'folder_unreadable', searchable],
  ['EPERM', 'folder_unreadable', searchable],
  ['EIO', 'folder_unreadable', device],
  ['ELOOP', 'folder_unreadable', device],
  ['ESTALE', 'folder_unreadable', device],
  ['ENAMETOOLONG', 'folder_unreadable', device],
  ['ENOENT', 'folder_missing', 'Create it, mount it, or correct FLORA_SYNC_FOLDER; it is picked up when it is there.'],
  ['ENOTDIR', 'folder_not_directory', 'Name the directory that holds the files in FLORA_SYNC_FOLDER.'],
];

describe('a root that cannot be read', () => {
  for (const call of ['statSync', 'readdirSync'] as const) {
    for (const [errno, code, hint] of ofRoot) {
      it(`because ${call} says ${errno} is ${code}`, (t) => {
        const root = plantTemporary(t, { 'a.png': '' });
        failing(t, call, errno, (about) => about === root);
        const error = { name: 'SyncError', code, hint, scope: 'folder', op: 'scan', path: root };
        assert.throws(() => read(root), error);
        if (call === 'statSync') assert.throws(() => rootIdentity(root), error);
      });
    }

    it(`because ${call} fails as no system does is a bug`, (t) => {
      const root = plantTemporary(t, { 'a.png': '' });
      standIn(t, call, (args, real) => {
        if (subject(args) !== root) return real();
        throw new TypeError('a bug');
      });
      assert.throws(() => read(root), TypeError);
    });
  }

  it('is missing where it goes away between the look and the reading, and no directory where it is a file by then', (t) => {
    const root = join(plantTemporary(t, { root: {} }), 'root');
    between(
      t,
      'readdirSync',
      'before',
      (about) => about === root,
      () => rmdirSync(root),
    );
    assert.throws(() => read(root), { code: 'folder_missing' });
    mkdirSync(root);
    between(
      t,
      'readdirSync',
      'before',
      (about) => about === root,
      () => {
        rmdirSync(root);
        writeFileSync(root, '');
      },
    );
    assert.throws(() => read(root), { code: 'folder_not_directory' });
    assert.throws(() => read(root), { code: 'folder_not_directory' });
  });

  for (const errno of ['EMFILE', 'ENFILE']) {
    it(`for ${errno} is not unreadable: it is for whoever waits for descriptors`, (t) => {
      const root = plantTemporary(t, { sub: {} });
      failing(t, 'readdirSync', errno, (about) => about.startsWith(root));
      for (const directory of ['', 'sub']) assert.throws(() => read(root, directory), { code: 'too_many_open_files' });
    });
  }
});

/** What a subdirectory that fails so comes to. */
const ofDirectory: readonly (readonly [errno: string, code: string | null, reason?: string])[] = [
  ['ENOENT', null],
  ['ENOTDIR', null],
  [
    'EACCES',
    'unreadable_directory',
    `Not allowed to list it (EACCES): give the user of flora-sync${user} read and search permission.`,
  ],
  [
    'EPERM',
    'unreadable_directory',
    `Not allowed to list it (EPERM): give the user of flora-sync${user} read and search permission.`,
  ],
  ['EIO', 'unreadable_directory', 'Reading it failed (EIO): check the disk or the network mount.'],
  ['ELOOP', 'unreadable_directory', 'Reading it failed (ELOOP): check the disk or the network mount.'],
  ['ESTALE', 'unreadable_directory', 'Reading it failed (ESTALE): check the disk or the network mount.'],
  ['ENAMETOOLONG', 'path_too_long', 'Its path is longer than the system allows: move it further up.'],
];

describe('a subdirectory that cannot be read', () => {
  for (const call of ['lstatSync', 'readdirSync'] as const) {
    for (const [errno, code, reason] of ofDirectory) {
      it(`because ${call} says ${errno} is ${code ?? 'gone'}`, (t) => {
        const root = plantTemporary(t, { sub: { 'a.png': '' } });
        const path = join(root, 'sub');
        failing(t, call, errno, (about) => about === path);
        if (code === null) assert.equal(read(root, 'sub'), null);
        else {
          const message = `The directory ${path} cannot be read (${errno})`;
          assert.throws(() => read(root, 'sub'), {
            name: 'SyncError',
            code,
            hint: reason,
            scope: 'file',
            op: 'scan',
            path,
            message,
          });
        }
      });
    }
  }

  it('because it went away, or became a file, between the look and the reading, is gone', (t) => {
    const root = plantTemporary(t, { sub: {} });
    const path = join(root, 'sub');
    between(
      t,
      'readdirSync',
      'before',
      (about) => about === path,
      () => rmdirSync(path),
    );
    assert.equal(read(root, 'sub'), null);
    mkdirSync(path);
    between(
      t,
      'readdirSync',
      'before',
      (about) => about === path,
      () => {
        rmdirSync(path);
        writeFileSync(path, '');
      },
    );
    assert.equal(read(root, 'sub'), null);
  });

  for (const [errno, code, reason] of ofDirectory) {
    it(`because accessSync says ${errno} is ${code ?? 'none'} in the listing that has its name`, (t) => {
      const root = plantTemporary(t, { sub: {} });
      failing(t, 'accessSync', errno, (about) => about === join(root, 'sub'));
      const listing = read(root);
      const problems = listing?.problems.map(({ name, problem }) => [name, problem.code, problem.reason]);
      assert.deepEqual(problems, code === null ? [] : [['sub', code, reason]]);
      assert.deepEqual(listing?.subdirectories, code === null ? ['sub'] : []);
      assert.equal(listing?.problems[0]?.stat === null, false);
    });
  }

  it('whose names are not UTF-8 and that goes away between its two readings is gone', {
    skip: process.platform !== 'linux',
  }, (t) => {
    const root = plantTemporary(t, { sub: {} });
    const path = join(root, 'sub');
    const odd = Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff])]);
    writeFileSync(odd, '');
    between(
      t,
      'readdirSync',
      'after',
      (about) => about === path,
      () => {
        unlinkSync(odd);
        rmdirSync(path);
      },
    );
    assert.equal(read(root, 'sub'), null);
    mkdirSync(path);
    writeFileSync(odd, '');
    assert.equal(readNames(path).length, 1);
  });
});

const ofFile: readonly (readonly [errno: string, code: string | null])[] = [
  ['ENOENT', null],
  ['ENOTDIR', null],
  ['EACCES', 'unreadable'],
  ['EPERM', 'unreadable'],
  ['EIO', 'read_error'],
  ['ESTALE', 'read_error'],
  ['ELOOP', 'read_error'],
  ['ENAMETOOLONG', 'path_too_long'],
];

describe('an entry that cannot be looked at', () => {
  for (const [errno, code] of ofFile) {
    it(`because of ${errno} is ${code ?? 'gone'}, in a listing and alone, and hides no other`, (t) => {
      const root = plantTemporary(t, { 'a.png': '', 'b.png': '' });
      failing(t, 'lstatSync', errno, (about) => about === join(root, 'a.png'));
      const listing = read(root);
      assert.deepEqual(
        listing?.files.map(({ name }) => name),
        ['b.png'],
      );
      const found = listing?.problems.map(({ name, stat, problem }) => [name, stat, problem.code]);
      assert.deepEqual(found, code === null ? [] : [['a.png', null, code]]);
      const alone = statFile({ root, directory: '', name: 'a.png' });
      assert.equal(alone.kind === 'problem' ? alone.found.problem.code : alone.kind, code ?? 'gone');
    });
  }

  for (const [errno, code, reason] of [
    ['ENOENT', 'symlink_dangling', 'It is a link to something that does not exist.'],
    ['ENOTDIR', 'symlink_dangling', 'It is a link to something that does not exist.'],
    ['ELOOP', 'symlink_dangling', 'It is a link that leads back to itself.'],
    ['EACCES', 'symlink_outside', 'It is a link that cannot be resolved (EACCES).'],
    ['EIO', 'symlink_outside', 'It is a link that cannot be resolved (EIO).'],
    ['ENAMETOOLONG', 'symlink_outside', 'It is a link that cannot be resolved (ENAMETOOLONG).'],
  ] as const) {
    for (const which of ['link', 'root'] as const) {
      it(`of a link, because its ${which} says ${errno}, is ${code}`, (t) => {
        const root = plantTemporary(t, { a: link('b.png'), 'b.png': '' });
        failing(t, 'realpathSync.native', errno, (about) => about === (which === 'link' ? join(root, 'a') : root));
        const [found] = read(root)?.problems ?? [];
        assert.deepEqual([found?.name, found?.problem.code, found?.problem.reason], ['a', code, reason]);
      });
    }
  }

  it('of a link, because of what no system says, is a bug', (t) => {
    const root = plantTemporary(t, { a: link('b.png') });
    standIn(t, 'realpathSync.native', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => read(root), TypeError);
  });
});

describe('whether a transfer tool is still at work', () => {
  const beside = (t: TestContext) => plantTemporary(t, { deep: { 'a.mov': '', 'a.mov.aria2': '' } });

  it('is told by what lies beside the file, or beside a directory on its way', (t) => {
    const root = plantTemporary(t, { 'deep.aria2': '', deep: { deeper: { 'a.mov': '' } } });
    assert.equal(isUnfinished({ root: beside(t), directory: 'deep', name: 'a.mov' }), true);
    assert.equal(isUnfinished({ root, directory: 'deep/deeper', name: 'a.mov' }), isHeldByDirectory(root));
    assert.equal(isUnfinished({ root: plantTemporary(t, { 'a.mov': '' }), directory: '', name: 'a.mov' }), false);
  });

  for (const errno of ['EACCES', 'EIO', 'ENOTDIR', 'ENAMETOOLONG']) {
    it(`is not told where that cannot be looked at (${errno})`, (t) => {
      const root = beside(t);
      failing(t, 'lstatSync', errno, (about) => about.startsWith(root));
      assert.equal(isUnfinished({ root, directory: 'deep', name: 'a.mov' }), false);
    });
  }

  it('fails with what no system says', (t) => {
    const root = beside(t);
    standIn(t, 'lstatSync', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => isUnfinished({ root, directory: 'deep', name: 'a.mov' }), TypeError);
  });
});

/** As a listing of the root has it. */
function isHeldByDirectory(root: string): boolean {
  return read(root)?.subdirectories.length === 0;
}

describe('a walk', () => {
  const options = (more: Partial<WalkOptions>): WalkOptions => ({
    signal: new AbortController().signal,
    onDirectory: () => {},
    onUnreadable: (directory) => assert.fail(`unreadable: ${directory}`),
    yieldTurn: async () => {},
    now: () => 0,
    ...more,
  });

  for (const [errno, code] of ofRoot) {
    it(`is void where its root says ${errno} between two directories`, async (t) => {
      const root = plantTemporary(t, { a: {}, b: {} });
      const seen: string[] = [];
      const onDirectory = ({ directory }: ScannedDirectory) => {
        seen.push(directory);
        if (directory === 'a') failing(t, 'statSync', errno, (about) => about === root);
      };
      await assert.rejects(walk(root, options({ onDirectory })), { code, scope: 'folder' });
      assert.deepEqual(seen.sort(), ['', 'a', 'b']);
    });
  }

  const replacements: Readonly<Record<string, (root: string) => void>> = {
    'another directory': (root) => {
      renameSync(root, `${root}.old`);
      mkdirSync(root);
    },
    'a link to another directory': (root) => {
      renameSync(root, `${root}.old`);
      mkdirSync(`${root}.new`);
      symlinkSync(`${root}.new`, root);
    },
    nothing: (root) => renameSync(root, `${root}.old`),
  };
  for (const [what, replace] of Object.entries(replacements)) {
    it(`is void where ${what} takes the place of its root on the way: what was missing in between means nothing`, async (t) => {
      const root = join(plantTemporary(t, { root: { a: {}, b: {} } }), 'root');
      const onDirectory = ({ directory }: ScannedDirectory) => {
        if (directory === '') replace(root);
      };
      await assert.rejects(walk(root, options({ onDirectory })), { code: 'folder_missing', scope: 'folder' });
    });
  }

  it('goes on where the same root is under another name by a link', async (t) => {
    const root = join(plantTemporary(t, { root: { a: {} } }), 'root');
    const onDirectory = ({ directory }: ScannedDirectory) => {
      if (directory !== '') return;
      renameSync(root, `${root}.old`);
      symlinkSync(`${root}.old`, root);
    };
    assert.equal((await walk(root, options({ onDirectory }))).directories, 2);
  });

  it('tells a directory that it cannot read, with the reason, and goes on', async (t) => {
    const root = plantTemporary(t, { a: {}, b: {}, c: {} });
    failing(t, 'readdirSync', 'EIO', (about) => about === join(root, 'b'));
    const seen: string[] = [];
    const told: unknown[] = [];
    await walk(
      root,
      options({
        onDirectory: ({ directory }) => void seen.push(directory),
        onUnreadable: (...each) => void told.push(each),
      }),
    );
    assert.deepEqual(seen.sort(), ['', 'a', 'c']);
    const reason = 'Reading it failed (EIO): check the disk or the network mount.';
    assert.deepEqual(told, [['b', { code: 'unreadable_directory', reason }]]);
  });

  for (const errno of ['EMFILE', 'ENFILE']) {
    it(`waits where nothing can be opened (${errno}), reads that directory again, and gives each out once`, async (t) => {
      const root = plantTemporary(t, { a: {}, b: {} });
      let left = 3;
      failing(t, 'readdirSync', errno, (about) => about === join(root, 'a') && left > 0);
      const seen: string[] = [];
      const onShort = async (error: unknown) => {
        assert.equal((error as { code?: unknown }).code, 'too_many_open_files');
        left -= 1;
      };
      const summary = await walk(root, options({ onShort, onDirectory: ({ directory }) => void seen.push(directory) }));
      assert.equal(left, 0);
      assert.deepEqual(seen.sort(), ['', 'a', 'b']);
      assert.equal(summary.directories, 3);
      // Who does not wait is told: it is no directory that cannot be read.
      failing(t, 'readdirSync', errno, (about) => about === join(root, 'a'));
      await assert.rejects(walk(root, options({})), { code: 'too_many_open_files' });
    });
  }

  it('ends with what is no failure of a directory', async (t) => {
    const root = plantTemporary(t, { a: {} });
    standIn(t, 'readdirSync', (args, real) => {
      if (subject(args) === join(root, 'a')) throw new TypeError('a bug');
      return real();
    });
    await assert.rejects(walk(root, options({})), TypeError);
  });
});

describe('a glance', () => {
  for (const [call, errno] of [
    ['statSync', 'EIO'],
    ['statSync', 'ENOENT'],
    ['statfsSync', 'ESTALE'],
    ['opendirSync', 'EACCES'],
    ['opendirSync', 'ENOTDIR'],
  ] as const) {
    it(`sees nothing where ${call} says ${errno}`, (t) => {
      const root = plantTemporary(t, { 'a.png': '' });
      assert.equal(glance(root, '')?.isEmpty, false);
      failing(t, call, errno, (about) => about === root);
      assert.equal(glance(root, ''), null);
      assert.equal(openDescriptors(root), 0);
    });
  }

  for (const errno of ['EMFILE', 'ENFILE']) {
    it(`takes a directory that cannot be opened now (${errno}) for an empty one, the careful answer`, (t) => {
      const root = plantTemporary(t, { 'a.png': '' });
      failing(t, 'opendirSync', errno);
      assert.equal(glance(root, '')?.isEmpty, true);
    });
  }

  it('closes what it opened where its reading fails', (t) => {
    const root = plantTemporary(t, { 'a.png': '' });
    standIn(t, 'opendirSync', (_, real) => {
      const opened = real() as { readSync(): unknown };
      opened.readSync = () => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      };
      return opened;
    });
    assert.equal(glance(root, ''), null);
    assert.equal(openDescriptors(root), 0);
  });

  it('fails with what no system says', (t) => {
    const root = plantTemporary(t, {});
    standIn(t, 'statSync', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => glance(root, ''), TypeError);
  });
});

describe('a detour', () => {
  const path = (root: string) => ({ root, directory: 'sub', name: 'a.png' });

  for (const [call, errno] of [
    ['lstatSync', 'EIO'],
    ['lstatSync', 'EACCES'],
    ['statSync', 'EIO'],
  ] as const) {
    it(`is none where a name cannot be looked at (${call}, ${errno}): whoever opens it is told`, (t) => {
      const root = plantTemporary(t, { sub: { 'a.png': '' } });
      failing(t, call, errno, (about) => about.startsWith(root));
      assert.equal(openDetours({ now: () => 0 }).find(path(root)), null);
    });
  }

  for (const errno of ['ENOENT', 'ENOTDIR']) {
    it(`is where the way ends (${errno})`, (t) => {
      const root = plantTemporary(t, { sub: { 'a.png': '' } });
      failing(t, 'lstatSync', errno, (about) => about === join(root, 'sub'));
      assert.equal(openDetours({ now: () => 0 }).find(path(root)), 'sub');
    });
  }

  it('fails with what no system says', (t) => {
    const root = plantTemporary(t, { sub: { 'a.png': '' } });
    standIn(t, 'lstatSync', () => {
      throw new TypeError('a bug');
    });
    assert.throws(() => openDetours({ now: () => 0 }).find(path(root)), TypeError);
  });

  it('is none where the listing that would tell cannot be read', (t) => {
    // Another spelling opens, too: only the listing tells.
    const root = plantTemporary(t, { sub: { 'a.png': '', 'a.pnG': '' } });
    const detours = openDetours({ now: () => 0 });
    const listed = failing(t, 'readdirSync', 'EIO', (about) => about === join(root, 'sub'));
    assert.equal(detours.find(path(root)), null);
    assert.equal(listed.count, 1);
  });
});

describe('a name that is not there', () => {
  it('is no detour, and says nothing of whether its directory tells cases apart', (t) => {
    const root = plantTemporary(t, { 'a.png': '' });
    const detours = openDetours({ now: () => 0 });
    const find = (name: string) => detours.find({ root, directory: '', name });
    assert.equal(find('none.png'), null);
    // From now on it opens names in any case.
    standIn(t, 'lstatSync', ([path]) => {
      const { dir, base } = parse(String(path));
      return statSync(join(dir, base.toLowerCase()), { throwIfNoEntry: false });
    });
    assert.deepEqual([find('A.png'), find('a.png')], ['A.png', null]);
  });
});

describe('what a detour costs', () => {
  const look = (t: TestContext) => {
    // Two spellings that open, as where case does not matter: only the listing tells which is there.
    const root = plantTemporary(t, { sub: { 'a.png': '', 'a.pnG': '' }, plain: { 'b.png': '', 'c.png': '' } });
    const clock = { ms: 0 };
    const asked: string[] = [];
    standIn(t, 'readdirSync', (args, real) => {
      asked.push(subject(args));
      clock.ms += 10;
      return real();
    });
    const detours = openDetours({ now: () => clock.ms });
    const find = (name: string, mayBeOld = false) => detours.find({ root, directory: 'sub', name }, mayBeOld);
    const reads = () => asked.splice(0).length;
    return { root, clock, detours, find, reads };
  };
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

  it('is one listing a turn, however many names it is asked for', async (t) => {
    const { find, reads } = look(t);
    assert.deepEqual([find('a.png'), find('a.pnG'), find('a.Png')], [null, null, 'sub/a.Png']);
    assert.equal(reads(), 1);
    await nextTurn();
    assert.equal(find('a.png'), null);
    assert.equal(reads(), 1, 'what it found is as old as its turn');
  });

  it('is none while an older listing will do that has the name, for fifty times as long as it took', async (t) => {
    const { root, find, reads, clock } = look(t);
    find('a.png');
    assert.equal(reads(), 1);
    await nextTurn();
    clock.ms += 499;
    assert.equal(find('a.png', true), null);
    assert.equal(reads(), 0);
    // A name that it lacks is looked for anew.
    writeFileSync(join(root, 'sub', 'a.pNg'), '');
    writeFileSync(join(root, 'sub', 'a.pNG'), '');
    assert.equal(find('a.pNg', true), null);
    assert.equal(reads(), 1);
    await nextTurn();
    clock.ms += 500;
    assert.equal(find('a.png', true), null);
    assert.equal(reads(), 1, 'it is too old by then');
  });

  it('is a look or two where a directory is known to tell cases apart, as long as it is the same', (t) => {
    const { root, detours } = look(t);
    const path = (name: string) => ({ root, directory: 'plain', name });
    let looks = 0;
    standIn(t, 'lstatSync', (_, real) => {
      looks += 1;
      return real();
    });
    const cost = (name: string) => {
      looks = 0;
      assert.equal(detours.find(path(name)), null);
      return looks;
    };
    const first = cost('b.png');
    const later = cost('c.png');
    assert.ok(later < first, `${later} after ${first}`);
    renameSync(join(root, 'plain'), join(root, 'old'));
    mkdirSync(join(root, 'plain'));
    writeFileSync(join(root, 'plain', 'c.png'), '');
    assert.ok(cost('c.png') > later, 'another directory is asked anew');
  });
});
