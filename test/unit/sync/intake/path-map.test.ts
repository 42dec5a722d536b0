import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PathMap } from '../../../../src/sync/intake/path-map.ts';

const valueAt = (directory: string, name: string) => ({ file: { root: '/drop', directory, name } });

describe('what is kept for files', () => {
  it('goes by its path, alone or with all below a directory, and not with what only begins alike', () => {
    const map = new PathMap<ReturnType<typeof valueAt>>();
    for (const [directory, name] of [
      ['', 'a'],
      ['a', 'b'],
      ['a/c', 'd'],
      ['ab', 'c'],
      ['', 'e'],
    ] as const)
      map.set(valueAt(directory, name));
    assert.equal(map.size, 5);
    assert.ok(map.has('/drop/a/c/d') && !map.has('/drop/a/c'));
    map.deleteTree('/drop/a');
    assert.deepEqual(
      [...map].map(([path]) => path),
      ['/drop/ab/c', '/drop/e'],
    );
    map.deleteTree('/drop/e');
    map.deleteTree('/drop');
    assert.deepEqual([map.size, [...map.values()]], [0, []]);
  });

  it('is forgotten below a directory also where a file of it came twice, or went before', () => {
    const map = new PathMap<ReturnType<typeof valueAt>>();
    for (const name of ['b', 'c', 'b']) map.set(valueAt('a', name));
    map.delete('/drop/a/b');
    map.delete('/drop/a/b');
    map.deleteTree('/drop/a');
    assert.equal(map.size, 0);
    map.set(valueAt('a', 'b'));
    map.clear();
    map.set(valueAt('a', 'b'));
    map.deleteTree('/drop/a');
    assert.equal(map.size, 0);
  });
});
