import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { locate } from '../../../src/core/locate.ts';

describe('an absolute path as one below a root', () => {
  it('is its directory and its name', () => {
    assert.deepEqual(locate('/drop', '/drop/a.png'), { root: '/drop', directory: '', name: 'a.png' });
    assert.deepEqual(locate('/drop', '/drop/2026/11/a.png'), { root: '/drop', directory: '2026/11', name: 'a.png' });
  });

  it('is none for the root itself, and for what lies elsewhere', () => {
    for (const elsewhere of ['/drop', '/', '/other/a.png', '/dropped/a.png', '/a/drop/a.png']) {
      assert.equal(locate('/drop', elsewhere), null, elsewhere);
    }
  });

  it('is one also where the root is the root of all', () => {
    assert.deepEqual(locate('/', '/srv/a.png'), { root: '/', directory: 'srv', name: 'a.png' });
    assert.equal(locate('/', '/'), null);
  });
});
