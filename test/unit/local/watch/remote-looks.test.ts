import assert from 'node:assert/strict';
import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openRemoteLooks } from '../../../../src/local/watch/remote-looks.ts';
import { readDirectory } from '../../../support/read-directory.ts';
import { plantTemporary, type Tree } from '../../../support/tree.ts';

const hour = 60 * 60_000;

/** The looks at a tree on "another host", at a wall clock that is years on, so that nothing in it is young. */
function bench(t: TestContext, tree: Tree, isRemote: (directory: string) => boolean = () => true) {
  const root = plantTemporary(t, tree);
  const clock = { wallMs: statSync(root).ctimeMs + 1_000 * hour, monotonicMs: 0 };
  const hints: string[] = [];
  const told: string[] = [];
  const looks = openRemoteLooks({
    root,
    isRemote,
    now: () => clock.wallMs,
    monotonic: () => clock.monotonicMs,
    onHint: (directory) => hints.push(directory),
    onRemote: (directory) => told.push(directory),
  });
  const read = (...directories: readonly string[]) => {
    for (const directory of directories) {
      const listing = readDirectory(root, directory);
      if (listing !== null) looks.add(listing);
    }
  };
  const look = async () => {
    hints.length = 0;
    await looks.look(new AbortController().signal);
    return [...hints].sort();
  };
  return { root, clock, looks, hints, told, read, look };
}

describe('the looks at directories on which other hosts write', () => {
  it('hint the one whose time moved, until it is read again', async (t) => {
    const { root, read, look, clock } = bench(t, { a: { 'x.png': 'x' }, b: {} });
    read('', 'a', 'b');
    assert.deepEqual(await look(), []);
    writeFileSync(join(root, 'b', 'new.png'), 'x');
    assert.deepEqual(await look(), ['b']);
    assert.deepEqual(await look(), ['b']);
    read('b');
    clock.monotonicMs += hour;
    assert.deepEqual(await look(), []);
  });

  it('hint one with a young file, whose rewrite in place moves no time of the directory', async (t) => {
    const { root, read, look, clock } = bench(t, { a: { 'x.png': 'x' }, b: { 'y.png': 'y' } });
    const youngS = (clock.wallMs - hour / 2) / 1_000;
    utimesSync(join(root, 'b', 'y.png'), youngS, youngS);
    read('', 'a', 'b');
    assert.deepEqual(await look(), ['b']);
    clock.wallMs += hour;
    assert.deepEqual(await look(), []);
  });

  it('hint what was seen to change for an hour, whatever the clock of the server says', async (t) => {
    const { root, read, look, clock } = bench(t, { a: { 'x.png': 'x' } });
    read('', 'a');
    writeFileSync(join(root, 'a', 'y.png'), 'y');
    read('a');
    assert.deepEqual(await look(), ['a']);
    clock.monotonicMs = hour;
    assert.deepEqual(await look(), []);
  });

  it('hint one that is another, or cannot be looked at; and forget what is gone, with all below', async (t) => {
    const { root, read, look, looks } = bench(t, { a: { deep: { er: {} } }, ab: {} });
    read('', 'a', 'a/deep', 'a/deep/er', 'ab');
    rmSync(join(root, 'a', 'deep'), { recursive: true });
    mkdirSync(join(root, 'a', 'deep'));
    assert.deepEqual(await look(), ['a', 'a/deep', 'a/deep/er']);
    looks.remove('a');
    assert.deepEqual(await look(), []);
    writeFileSync(join(root, 'ab', 'x.png'), 'x');
    assert.deepEqual(await look(), ['ab']);
  });

  it('leave alone what is on a disk of this machine, and tell of each other file system once', async (t) => {
    const { root, read, look, looks, told } = bench(t, { share: { deep: {} } }, (path) => path.startsWith('share'));
    read('', 'share', 'share/deep', '', 'share');
    assert.deepEqual(told, ['share']);
    assert.deepEqual(looks.places(), ['share']);
    writeFileSync(join(root, 'x.png'), 'x');
    writeFileSync(join(root, 'share', 'x.png'), 'x');
    assert.deepEqual(await look(), ['share']);
  });

  it('leave one alone for ten times as long as it took to be read', async (t) => {
    const { root, read, look, clock } = bench(t, { a: { 'x.png': 'x' } });
    read('', 'a');
    writeFileSync(join(root, 'a', 'y.png'), 'y');
    assert.deepEqual(await look(), ['a']);
    clock.monotonicMs += 1_000;
    assert.deepEqual(await look(), ['a'], 'it was not read yet');
    clock.monotonicMs += 2_000;
    read('a');
    writeFileSync(join(root, 'a', 'z.png'), 'z');
    clock.monotonicMs += 29_999;
    assert.deepEqual(await look(), []);
    clock.monotonicMs += 1;
    assert.deepEqual(await look(), ['a']);
  });

  it('hint one that is another by its device or its inode, though its time is the same', async (t) => {
    const { root, looks, look } = bench(t, { a: {} });
    const listing = readDirectory(root, 'a') ?? assert.fail();
    const { identity } = listing;
    for (const [other, isHinted] of [
      [{}, false],
      [{ device: identity.device + 1 }, true],
      [{ inode: identity.inode + 1 }, true],
    ] as const) {
      looks.remove('a');
      looks.add({ ...listing, identity: { ...identity, ...other } });
      assert.deepEqual(await look(), isHinted ? ['a'] : [], JSON.stringify(other));
    }
  });

  it('hint for an hour what was seen to be another directory, and no longer what was read unchanged since', async (t) => {
    const { root, looks, look, clock } = bench(t, { a: {} });
    const listing = readDirectory(root, 'a') ?? assert.fail();
    looks.add({ ...listing, identity: { ...listing.identity, inode: 0 } });
    looks.add(listing);
    assert.deepEqual(await look(), ['a']);
    clock.monotonicMs = hour - 1;
    looks.add(listing);
    clock.monotonicMs += 11 * hour;
    looks.add(listing);
    assert.deepEqual(await look(), []);
    looks.add({ ...listing, changedMs: 1 });
    looks.add(listing);
    looks.add(listing);
    assert.deepEqual(await look(), ['a'], 'whose time moved, though it was read again since');
  });

  for (const which of ['changedMs', 'mtimeMs', 'ctimeMs'] as const) {
    it(`take one for young for an hour before and after its youngest time (${which}), and no longer`, async (t) => {
      const { root, looks, look, clock } = bench(t, { a: { 'x.png': 'x', 'y.png': 'y' } });
      const listing = readDirectory(root, 'a') ?? assert.fail();
      const [x, y] = listing.files;
      assert.ok(x && y);
      const { changedMs } = listing;
      const youngestMs = which === 'changedMs' ? changedMs : changedMs + 100 * hour;
      const old = { ...x.stat, mtimeMs: 1, ctimeMs: 2 };
      const files = [
        { ...x, stat: { ...old, ...(which === 'changedMs' ? {} : { [which]: youngestMs }) } },
        { ...y, stat: old },
      ];
      looks.add({ ...listing, files });
      for (const [offMs, isHinted] of [
        [-hour, false],
        [1 - hour, true],
        [0, true],
        [hour - 1, true],
        [hour, false],
      ] as const) {
        clock.wallMs = youngestMs + offMs;
        assert.deepEqual(await look(), isHinted ? ['a'] : [], String(offMs));
      }
    });
  }

  it('name the uppermost directory of each file system, in whatever order they came', (t) => {
    const { root, looks, told } = bench(t, { a: { b: {} }, ab: {}, c: {} });
    const add = (directory: string, device: number) => {
      const listing = readDirectory(root, directory) ?? assert.fail();
      looks.add({ ...listing, identity: { ...listing.identity, device } });
    };
    add('a/b', 7);
    add('ab', 8);
    add('a', 7);
    add('c', 7);
    assert.deepEqual(
      [looks.places(), told],
      [
        ['a', 'ab'],
        ['a/b', 'ab'],
      ],
    );
    looks.remove('a');
    assert.deepEqual(looks.places(), ['ab', 'c']);
    looks.remove('');
    assert.deepEqual(looks.places(), []);
  });

  it('forget what is on a disk of this machine by now, and what goes while others are looked at', async (t) => {
    const remote = new Set(['', 'a', 'b']);
    const { root, looks, read, hints } = bench(t, { a: {}, b: {} }, (path) => remote.has(path));
    read('', 'a', 'b');
    for (const directory of ['a', 'b']) writeFileSync(join(root, directory, 'x.png'), 'x');
    remote.delete('b');
    read('b');
    const { signal } = new AbortController();
    await looks.look(signal);
    assert.deepEqual(hints, ['a']);
    const looking = looks.look(signal);
    looks.remove('a');
    await looking;
    assert.deepEqual(hints, ['a']);
  });

  it('end with the signal', async (t) => {
    const { looks, read } = bench(t, {});
    read('');
    await assert.doesNotReject(looks.look(AbortSignal.abort()));
  });
});
