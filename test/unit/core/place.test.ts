import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Place, relationOf } from '../../../src/core/place.ts';

function place(path: string, more: Partial<Place> = {}): Place {
  return { path, realPath: path, line: [], exists: true, trees: [], ...more };
}

describe('how one directory lies to another', () => {
  it('is told by the real paths', () => {
    const outer = place('/a');
    assert.equal(relationOf(place('/link', { realPath: '/a/b' }), outer), 'inside');
    assert.equal(relationOf(outer, place('/link', { realPath: '/a/b' })), 'contains');
    assert.equal(relationOf(place('/link', { realPath: '/a' }), outer), 'same');
    assert.equal(relationOf(place('/ab'), outer), null);
    assert.equal(relationOf(place('/b'), place('/')), 'inside');
  });

  it('is told by device and inode where the paths say nothing', () => {
    const upper = place('/Drop', { line: ['8:5', '8:2'] });
    assert.equal(relationOf(upper, place('/drop', { line: ['8:5', '8:2'] })), 'same');
    assert.equal(relationOf(place('/drop/sub', { line: ['8:9', '8:5', '8:2'] }), upper), 'inside');
    assert.equal(relationOf(place('/other', { line: ['8:6', '8:2'] }), upper), null);
  });

  it('a directory that is still to be made is no other one because it has the same above it', () => {
    const missing = (path: string) => place(path, { line: ['8:2'], exists: false });
    assert.equal(relationOf(missing('/new'), missing('/newer')), null);
    assert.equal(relationOf(missing('/a/new'), place('/a', { line: ['8:2'] })), 'inside');
  });

  it('is told by the place in the file system, wherever that is mounted', () => {
    const outer = place('/a', { trees: [{ device: '8:1', path: '/data' }] });
    const bound = (path: string) => place('/b', { trees: [{ device: '8:1', path }] });
    assert.equal(relationOf(bound('/data/sub'), outer), 'inside');
    assert.equal(relationOf(bound('/'), outer), 'contains');
    assert.equal(relationOf(bound('/data'), outer), 'same');
    assert.equal(relationOf(bound('/database'), outer), null);
    assert.equal(relationOf(place('/b', { trees: [{ device: '8:2', path: '/data' }] }), outer), null);
  });

  it('what is mounted in both is shared, what is mounted in one is inside that one', () => {
    const card = { device: '8:9', path: '/' };
    const a = place('/a', { trees: [{ device: '8:1', path: '/a' }, card] });
    const b = place('/b', {
      trees: [
        { device: '8:1', path: '/b' },
        { ...card, path: '/dcim' },
      ],
    });
    assert.equal(relationOf(a, b), 'shares');
    assert.equal(relationOf(b, a), 'shares');
    assert.equal(relationOf(place('/other'), a), null, 'of which nobody knows where it lies');
    assert.equal(relationOf(a, place('/other')), null);
    assert.equal(relationOf(place('/card', { trees: [card] }), a), 'inside');
  });
});
