import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { absolutePath, fileKey, isAtOrBelow, joinPath, splitPath } from '../../../src/core/entry.ts';
import { locate } from '../../../src/core/locate.ts';

describe('paths', () => {
  it('are joined and split as inverses', () => {
    for (const [directory, name, path] of [
      ['', 'a', 'a'],
      ['a', 'b', 'a/b'],
      ['a/b', 'c', 'a/b/c'],
      ['', '', ''],
    ] as const) {
      assert.equal(joinPath(directory, name), path);
      assert.deepEqual(splitPath(path), { directory, name });
    }
  });

  it('of a directory are those of what is in it, and its own where nothing is named', () => {
    assert.deepEqual([joinPath('a', ''), joinPath('/', 'a'), joinPath('a/', 'b')], ['a', '/a', 'a/b']);
    assert.equal(absolutePath({ root: '/r', directory: 'd/e', name: 'f' }), '/r/d/e/f');
    assert.equal(absolutePath({ root: '/', directory: '', name: 'f' }), '/f');
    assert.equal(absolutePath({ root: '/r', directory: 'd', name: '' }), '/r/d');
  });

  it('are at or below another by whole names', () => {
    for (const [path, other] of [
      ['/a', '/a'],
      ['/a/b', '/a'],
      ['/a/b', '/'],
      ['/', '/'],
      ['a/b', ''],
      ['', ''],
      ['a/b/c', 'a/b'],
    ] as const)
      assert.ok(isAtOrBelow(path, other), `${path} in ${other}`);
    for (const [path, other] of [
      ['/ab', '/a'],
      ['/a', '/a/b'],
      ['/', '/a'],
      ['', 'a'],
      ['ab/c', 'a'],
    ] as const)
      assert.ok(!isAtOrBelow(path, other), `${path} in ${other}`);
  });

  it('are located below a root, and nowhere else', () => {
    assert.deepEqual(locate('/drop', '/drop/a/b.png'), { root: '/drop', directory: 'a', name: 'b.png' });
    assert.deepEqual(locate('/drop', '/drop/b.png'), { root: '/drop', directory: '', name: 'b.png' });
    assert.deepEqual(locate('/', '/b.png'), { root: '/', directory: '', name: 'b.png' });
    for (const path of ['/drop', '/drop/', '/drops/a', '/', '/other/a'])
      assert.equal(locate('/drop', path), null, path);
  });
});

describe('the key of a file', () => {
  it('is of its device and its inode, whatever else is known of it', () => {
    const stat = { sizeBytes: 1, mtimeMs: 2, ctimeMs: 3, device: 4, inode: 5 };
    assert.equal(fileKey(stat), '4:5');
    assert.notEqual(fileKey({ device: 1, inode: 11 }), fileKey({ device: 11, inode: 1 }));
  });
});
