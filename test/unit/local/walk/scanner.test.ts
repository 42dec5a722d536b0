import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, rmdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import {
  isSameDirectory,
  readDirectoryInSteps,
  rootIdentity,
  type ScannedDirectory,
  statFile,
} from '../../../../src/local/walk/scanner.ts';
import { isUnfinished } from '../../../../src/local/walk/sidecars.ts';
import { withoutRights } from '../../../support/nobody.ts';
import { readDirectory } from '../../../support/read-directory.ts';
import { fifo, link, plantTemporary } from '../../../support/tree.ts';

// macOS refuses names that are not UTF-8.
const isLinux = process.platform === 'linux';
const scanner = import.meta.resolve('../../../support/read-directory.js');

function read(root: string, directory = ''): ScannedDirectory {
  const listing = readDirectory(root, directory);
  assert.ok(listing);
  return listing;
}

function problems(listing: Pick<ScannedDirectory, 'problems'>): Record<string, string> {
  return Object.fromEntries(listing.problems.map(({ name, problem }) => [name, problem.code]));
}

test('a listing has the files with their stat, the directories to walk, and neither hidden nor temporary names', (t) => {
  const root = plantTemporary(t, {
    'a.png': 'abc',
    '.hidden': 'x',
    'b.part': 'x',
    sub: { 'c.png': 'x' },
    '.git': {},
    _done: {},
  });
  const listing = read(root);
  const stats = lstatSync(join(root, 'a.png'));
  assert.deepEqual(listing.files, [
    {
      name: 'a.png',
      stat: { sizeBytes: 3, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, inode: stats.ino, device: stats.dev },
    },
  ]);
  assert.deepEqual(listing.subdirectories, ['sub']);
  assert.deepEqual(listing.problems, []);
  assert.equal(listing.entryCount, 6);
});

test('names with newlines, quotes, emoji and bytes that are not UTF-8 are files like others', {
  skip: !isLinux,
}, (t) => {
  const names = [
    'a\nb.png',
    `"it's"; rm.png`,
    '\u{1F480}.png',
    'caf\uDCE9.png',
    'really \uFFFD.png',
    'back\\slash.png',
  ];
  const root = plantTemporary(t, Object.fromEntries(names.map((name) => [name, 'x'])));
  const listing = read(root);
  assert.deepEqual(listing.files.map(({ name }) => name).sort(), [...names].sort());
  assert.deepEqual(listing.problems, []);
});

test('a directory whose name is not UTF-8 can be read', { skip: !isLinux }, (t) => {
  const root = plantTemporary(t, { 'd\uDCFF': { 'a.png': 'x' } });
  assert.deepEqual(read(root).subdirectories, ['d\uDCFF']);
  assert.deepEqual(
    read(root, 'd\uDCFF').files.map(({ name }) => name),
    ['a.png'],
  );
});

test('links are never followed: inside the root they are left out, else they are problems', (t) => {
  const outside = plantTemporary(t, { 'secret.png': 'x' });
  const root = plantTemporary(t, {
    'a.png': 'x',
    sub: {},
    'to-file': link('a.png'),
    'to-directory': link('sub'),
    'to-root': link('.'),
    'out-file': link(join(outside, 'secret.png')),
    'out-directory': link(outside),
    nowhere: link('gone.png'),
    loop: link('loop'),
  });
  // A path that begins like the root's is not inside it.
  const sibling = `${root}-sibling`;
  mkdirSync(sibling);
  t.after(() => rmdirSync(sibling));
  symlinkSync(sibling, join(root, 'out-sibling'));
  const listing = read(root);
  assert.deepEqual(listing.subdirectories, ['sub']);
  assert.equal(listing.files.length, 1);
  assert.deepEqual(problems(listing), {
    'out-file': 'symlink_outside',
    'out-directory': 'symlink_outside',
    'out-sibling': 'symlink_outside',
    nowhere: 'symlink_dangling',
    loop: 'symlink_dangling',
  });
});

test('a root that is a link itself is read, and links inside it count as inside', (t) => {
  const real = plantTemporary(t, { 'a.png': 'x', alias: link('a.png') });
  const root = join(plantTemporary(t, { root: link(real) }), 'root');
  const listing = read(root);
  assert.deepEqual(
    listing.files.map(({ name }) => name),
    ['a.png'],
  );
  assert.deepEqual(listing.problems, []);
});

test('FIFOs and sockets are problems that say what they are', async (t) => {
  const root = plantTemporary(t, { pipe: fifo() });
  const server = createServer().listen(join(root, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const listing = read(root);
  assert.deepEqual(problems(listing), { pipe: 'not_a_regular_file', socket: 'not_a_regular_file' });
  assert.deepEqual(listing.problems.map(({ problem }) => problem.reason).sort(), [
    'It is a named pipe, not a file.',
    'It is a socket, not a file.',
  ]);
});

test('a device is a problem', () => {
  const result = statFile({ root: '/dev', directory: '', name: 'null' });
  assert.equal(result.kind === 'problem' && result.found.problem.reason, 'It is a character device, not a file.');
});

test('a directory that we may not list is a problem in the listing that has its name', (t) => {
  const root = plantTemporary(t, { 'a.png': 'x', locked: { 'b.png': 'x' } });
  chmodSync(root, 0o755);
  chmodSync(join(root, 'locked'), 0o700);
  if (process.getuid?.() !== 0) chmodSync(join(root, 'locked'), 0o000);
  const listing = withoutRights({ scanner }, `scanner.readDirectory(${JSON.stringify(root)}, '')`) as ScannedDirectory;
  assert.deepEqual(listing.subdirectories, []);
  assert.deepEqual(problems(listing), { locked: 'unreadable_directory' });
  assert.match(listing.problems[0]?.problem.reason ?? '', /EACCES.*permission/);
  assert.equal(listing.files.length, 1);
  chmodSync(join(root, 'locked'), 0o755);
});

test('a root that is missing, a file or unreadable is an error of the folder that names it', (t) => {
  const root = plantTemporary(t, { file: 'x', locked: {} });
  const codeOf = (path: string): string => {
    try {
      readDirectory(path, '');
    } catch (error) {
      assert.ok(error instanceof SyncError);
      assert.equal(error.scope, 'folder');
      assert.ok(error.message.includes(path));
      assert.ok(error.hint);
      return error.code;
    }
    return 'none';
  };
  assert.equal(codeOf(join(root, 'nowhere')), 'folder_missing');
  assert.equal(codeOf(join(root, 'file')), 'folder_not_directory');
  assert.equal(codeOf(join(root, 'file', 'below')), 'folder_not_directory');
  chmodSync(root, 0o755);
  chmodSync(join(root, 'locked'), process.getuid?.() === 0 ? 0o700 : 0o000);
  const locked = JSON.stringify(join(root, 'locked'));
  const code = `{ try { scanner.readDirectory(${locked}, '') } catch (error) { return error.code } }`;
  assert.equal(withoutRights({ scanner }, code), 'folder_unreadable');
  chmodSync(join(root, 'locked'), 0o755);
});

test('a subdirectory that is gone, or became a file or a link, reads as null', (t) => {
  const root = plantTemporary(t, { file: 'x', real: {}, alias: link('real') });
  for (const directory of ['gone', 'gone/below', 'file', 'file/below', 'alias']) {
    assert.equal(readDirectory(root, directory), null, directory);
  }
});

test('a path longer than the system allows is an error of that directory, not a crash', (t) => {
  const root = plantTemporary(t, {});
  const long = Array.from({ length: 20 }, () => 'x'.repeat(250)).join('/');
  assert.throws(() => readDirectory(root, long), { name: 'SyncError', scope: 'file', code: 'path_too_long' });
  const result = statFile({ root, directory: '', name: 'x'.repeat(300) });
  assert.equal(result.kind === 'problem' && result.found.problem.code, 'path_too_long');
});

test('a file that vanishes between the names and its stat is left out', (t) => {
  const names = Array.from({ length: 300 }, (_, n) => `${n}.png`);
  const root = plantTemporary(t, Object.fromEntries(names.map((name) => [name, 'x'])));
  const steps = readDirectoryInSteps(root, '');
  assert.equal(steps.next().done, false);
  for (const name of names) rmSync(join(root, name));
  let step = steps.next();
  while (!step.done) step = steps.next();
  assert.ok(step.value);
  assert.ok(step.value.files.length < 300);
  assert.deepEqual(step.value.problems, []);
});

test('one named entry tells file, directory, excluded, link and gone apart', (t) => {
  const root = plantTemporary(t, { 'a.png': 'x', sub: { 'b.png': 'xy' }, _failed: {}, alias: link('a.png') });
  const kind = (directory: string, name: string): string => statFile({ root, directory, name }).kind;
  assert.equal(kind('', 'a.png'), 'file');
  assert.equal(kind('', 'sub'), 'directory');
  assert.equal(kind('', '_failed'), 'excluded');
  assert.equal(kind('', 'alias'), 'ignored');
  assert.equal(kind('', '.hidden'), 'excluded');
  assert.equal(kind('', 'none'), 'gone');
  assert.equal(kind('a.png', 'below'), 'gone');
  const result = statFile({ root, directory: 'sub', name: 'b.png' });
  assert.equal(result.kind === 'file' && result.stat.sizeBytes, 2);
});

test('what a transfer tool keeps its state beside is held back, alone and in a listing, and the state is none of the files', (t) => {
  const root = plantTemporary(t, {
    'a.mov': 'x',
    'a.mov.aria2': 'x',
    'b.mov': 'x',
    c: 'x',
    'c.st': 'x',
    'd.st': 'x',
    pack: { deep: { x: 'x' } },
    'pack.aria2': 'x',
    dir: { x: 'x' },
    'dir.st': 'x',
    '.st': { x: 'x' },
  });
  const listing = read(root);
  assert.deepEqual(listing.files.map(({ name }) => name).sort(), ['b.mov', 'd.st']);
  assert.deepEqual([listing.subdirectories, listing.problems], [['dir'], []]);
  const kinds = (...names: readonly string[]) => names.map((name) => statFile({ root, directory: '', name }).kind);
  assert.deepEqual(kinds('a.mov', 'b.mov', 'c', 'd.st', 'pack', 'dir'), [
    ...['file', 'file', 'file', 'file', 'directory', 'directory'],
  ]);
  assert.deepEqual(kinds('a.mov.aria2', 'c.st', 'dir.st', 'pack.aria2'), Array(4).fill('excluded'));
  const unfinished = (directory: string, name: string) => isUnfinished({ root, directory, name });
  assert.deepEqual(
    [unfinished('', 'a.mov'), unfinished('', 'c'), unfinished('pack', 'x'), unfinished('pack/deep', 'x')],
    Array(4).fill(true),
  );
  assert.deepEqual([unfinished('', 'b.mov'), unfinished('dir', 'x')], [false, false]);
});

test('a directory is told by device, inode and birth time, and when it last changed by the later of its times', (t) => {
  const root = plantTemporary(t, { sub: { deep: {} } });
  for (const directory of ['', 'sub']) {
    const path = join(root, directory);
    const { dev, ino, birthtimeMs } = lstatSync(path);
    const identity = { device: dev, inode: ino, birthtimeMs };
    assert.deepEqual(read(root, directory).identity, identity);
    if (directory === '') assert.deepEqual(rootIdentity(root), identity);
    for (const seconds of [1, 5_000_000_000]) {
      utimesSync(path, seconds, seconds);
      const { mtimeMs, ctimeMs } = lstatSync(path);
      assert.equal(read(root, directory).changedMs, seconds === 1 ? ctimeMs : mtimeMs);
    }
    const listing = read(root, directory);
    assert.deepEqual([listing.root, listing.directory], [root, directory]);
  }
});

test('two directories are the same where device, inode and birth time are', () => {
  const identity = { device: 1, inode: 2, birthtimeMs: 3 };
  assert.equal(isSameDirectory(identity, { ...identity }), true);
  for (const other of ['device', 'inode', 'birthtimeMs'] as const)
    assert.equal(isSameDirectory(identity, { ...identity, [other]: 9 }), false, other);
});

test('a listing has a pause after every 128 entries, whatever they are', (t) => {
  for (const [count, pauses] of [
    [127, 0],
    [128, 1],
    [255, 1],
    [256, 2],
  ] as const) {
    const root = plantTemporary(t, Object.fromEntries(Array.from({ length: count }, (_, at) => [`.${at}`, ''])));
    const steps = readDirectoryInSteps(root, '');
    let seen = 0;
    for (let step = steps.next(); !step.done; step = steps.next()) seen += 1;
    assert.equal(seen, pauses, `${count} entries`);
  }
});
