import assert from 'node:assert/strict';
import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { openDetours } from '../../../../src/local/walk/detours.ts';
import { link, plantTemporary } from '../../../support/tree.ts';

const detours = openDetours({ now: () => performance.now() });

it('a path whose names are listed as they are spelled is no detour, whatever other spellings there are', (t) => {
  const root = plantTemporary(t, {
    'a.png': 'x',
    'A.PNG': 'y',
    Sub: { deep: { 'caf\u00e9': 'x' } },
    sub: {},
    '123': 'x',
  });
  // The very spelling that is tried.
  linkSync(join(root, 'a.png'), join(root, 'a.pnG'));
  for (const name of ['a.png', 'A.PNG', 'a.pnG', '123', 'sub', 'Sub'])
    assert.equal(detours.find({ root, directory: '', name }), null, name);
  assert.equal(detours.find({ root, directory: 'Sub/deep', name: 'caf\u00e9' }), null);
});

it('names that are not UTF-8 are listed as they are', { skip: process.platform !== 'linux' }, (t) => {
  const root = plantTemporary(t, { 'd\uDCFF': { 'caf\uDCE9.png': 'x', 'caf\uDCE9.pnG': 'y' } });
  assert.equal(detours.find({ root, directory: 'd\uDCFF', name: 'caf\uDCE9.png' }), null);
});

it('a link on the way is where the path leaves, and so is what is no directory', (t) => {
  const root = plantTemporary(t, { a: { b: { x: '1' } }, z: link('a'), file: 'x' });
  assert.equal(detours.find({ root, directory: 'z/b', name: 'x' }), 'z');
  assert.equal(detours.find({ root, directory: 'a/b', name: 'x' }), null);
  assert.equal(detours.find({ root, directory: 'file/b', name: 'x' }), 'file');
  assert.equal(detours.find({ root, directory: 'a/none/b', name: 'x' }), 'a/none');
});

it('a root that is a link is on no way', (t) => {
  const real = plantTemporary(t, { sub: { x: '1' } });
  const root = join(plantTemporary(t, { root: link(real) }), 'root');
  assert.equal(detours.find({ root, directory: 'sub', name: 'x' }), null);
});
