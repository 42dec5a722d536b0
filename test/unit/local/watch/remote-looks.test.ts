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
  return { root, clock, looks, told, read, look };
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

  it('end with the signal', async (t) => {
    const { looks, read } = bench(t, {});
    read('');
    await assert.doesNotReject(looks.look(AbortSignal.abort()));
  });
});
