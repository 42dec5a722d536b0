import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { type FSWatcher, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { chokidarWatches, isChokidarPath } from '../../../../src/local/watch/chokidar-watches.ts';
import { plainWatches } from '../../../../src/local/watch/plain-watches.ts';
import type { WatchBackend, WatchEvents } from '../../../../src/local/watch/watch-backend.ts';
import { standIn, subject } from '../../../support/fs-calls.ts';
import { bytes, plantTemporary } from '../../../support/tree.ts';
import { until } from '../../../support/until.ts';

const isLinux = process.platform === 'linux';
type Listener = (event: string, name: string | null) => void;

function open(t: TestContext, make: (events: WatchEvents) => WatchBackend) {
  const raw: (readonly [string, string, string | null])[] = [];
  const added: string[] = [];
  const removed: string[] = [];
  const watches = make({
    onRaw: (...event) => void raw.push(event),
    onDirectoryAdded: (path) => void added.push(path),
    onDirectoryRemoved: (path) => void removed.push(path),
    onError: (path, error) => assert.fail(`${path}: ${String(error)}`),
  });
  t.after(() => watches.close());
  /** The kernel's watches: of which path, who is told, and whether it is still open. */
  const made: { readonly path: string; readonly tell: Listener; isOpen: boolean }[] = [];
  standIn(t, 'watch', (args, real) => {
    const watcher = real() as FSWatcher;
    const each = { path: subject(args), tell: args.at(-1) as Listener, isOpen: true };
    made.push(each);
    watcher.on('close', () => {
      each.isOpen = false;
    });
    return watcher;
  });
  const isOpen = (path: string) => made.some((each) => each.path === path && each.isOpen);
  const arm = async (path: string) => {
    watches.arm(path);
    await until(`${path} is watched`, () => watches.isArmed(path));
  };
  return { watches, raw, added, removed, made, isOpen, arm };
}

describe('chokidar’s watches', { skip: !isLinux }, () => {
  it('are for paths that it can spell', () => {
    assert.deepEqual(
      ['/a/b', '/', '/a\\b', '/a\uDCFF', '/a/./b', '/a//b', '/a/../b'].filter((path) => isChokidarPath(path)),
      ['/a/b', '/'],
    );
  });

  it('are of the directory alone, and tell of directories that come and go in it, and of nothing that was there', async (t) => {
    const root = plantTemporary(t, { there: { deep: {} }, 'a.png': '' });
    const { added, removed, made, arm, raw } = open(t, chokidarWatches);
    await arm(root);
    writeFileSync(join(root, 'b.png'), '');
    symlinkSync('there', join(root, 'link'));
    for (const name of ['new~', 'last']) mkdirSync(join(root, name));
    await until('the new ones are told', () => added.length >= 2);
    assert.deepEqual(added.map((path) => basename(path)).sort(), ['last', 'new~']);
    rmdirSync(join(root, 'last'));
    await until('its end is told', () => removed.length > 0);
    assert.deepEqual(removed, [join(root, 'last')]);
    assert.deepEqual(
      made.map(({ path }) => path),
      [root],
    );
    assert.ok(raw.every(([path]) => path === root));
  });

  it('give each event by the path that is watched, with its name, or without one that is not the name on disk', async (t) => {
    const root = plantTemporary(t, {});
    const { raw, made, arm } = open(t, chokidarWatches);
    await arm(root);
    const [watch] = made;
    watch?.tell('rename', 'a.png');
    watch?.tell('change', 'odd\uFFFD.png');
    watch?.tell('change', null);
    assert.deepEqual(raw.slice(0, 3), [
      [root, 'rename', 'a.png'],
      [root, 'change', null],
      [root, 'change', null],
    ]);
  });

  it('that were given up are closed, do not come back by themselves, and may be had again', async (t) => {
    const root = plantTemporary(t, { a: {}, b: {}, c: {} });
    const { watches, isOpen, arm, made, raw } = open(t, chokidarWatches);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(root, name)) as [string, string, string];
    await arm(a);
    watches.disarm(a);
    watches.disarm(b);
    assert.equal(watches.isArmed(a), false);
    await arm(c);
    assert.deepEqual([watches.isArmed(a), isOpen(c)], [false, true]);
    await until('it is closed', () => !isOpen(a));
    assert.deepEqual(
      made.map(({ path }) => path),
      [a, c],
      'and what was not watched is not either',
    );
    await arm(a);
    writeFileSync(join(a, 'x.png'), '');
    await until('its events are told', () => raw.some(([path, , name]) => path === a && name === 'x.png'));
  });

  it('are closed together', async (t) => {
    const root = plantTemporary(t, { a: {} });
    const { watches, isOpen, arm } = open(t, chokidarWatches);
    await arm(root);
    await arm(join(root, 'a'));
    await watches.close();
    await until('they are closed', () => !isOpen(root) && !isOpen(join(root, 'a')));
    assert.equal(watches.isArmed(root), false);
  });
});

describe('plain watches', { skip: !isLinux }, () => {
  it('know names of whatever bytes, of directories too', async (t) => {
    const root = plantTemporary(t, { 'd\uDCFF': {} });
    const { watches, raw } = open(t, plainWatches);
    const path = join(root, 'd\uDCFF');
    watches.arm(path);
    writeFileSync(bytes(join(path, 'x\uDCE9.png')), '');
    await until('its event is told', () => raw.length > 0);
    assert.deepEqual(raw[0], [path, 'rename', 'x\uDCE9.png']);
  });

  it('are closed together', async (t) => {
    const root = plantTemporary(t, { a: {} });
    const { watches, isOpen } = open(t, plainWatches);
    const paths = [root, join(root, 'a')];
    for (const path of paths) watches.arm(path);
    assert.ok(paths.every((path) => watches.isArmed(path) && isOpen(path)));
    await watches.close();
    assert.ok(paths.every((path) => !watches.isArmed(path)));
    await until('they are closed', () => !paths.some((path) => isOpen(path)));
  });
});
