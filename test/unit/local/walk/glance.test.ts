import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { mkdirSync, statfsSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { glance } from '../../../../src/local/walk/glance.ts';
import { standIn } from '../../../support/fs-calls.ts';
import { plantTemporary } from '../../../support/tree.ts';

describe('glance', () => {
  it('tells an empty directory from one with entries, skipped names included', (t) => {
    const root = plantTemporary(t, { empty: {}, full: { '.hidden': 'x' } });
    assert.equal(glance(root, '')?.isEmpty, false);
    assert.equal(glance(root, 'empty')?.isEmpty, true);
    assert.equal(glance(root, 'full')?.isEmpty, false);
  });

  it('tells the device of a directory, or (of an overlay) that it says nothing about the files', (t) => {
    const root = plantTemporary(t, { sub: {} });
    const isOverlay = statfsSync(root).type === 0x794c7630;
    assert.equal(glance(root, 'sub')?.device, isOverlay ? null : statSync(root).dev);
  });

  it('says nothing of devices on an overlay alone, and asks for no more than one entry', {
    skip: process.platform !== 'linux',
  }, (t) => {
    const root = plantTemporary(t, { a: {}, b: {} });
    const asked: unknown[] = [];
    standIn(t, 'opendirSync', (args, real) => {
      asked.push(args[1]);
      return real();
    });
    const { dev } = statSync(root);
    for (const [type, device] of [
      [0x794c7630, null],
      [0x794c7631, dev],
      [0, dev],
    ] as const) {
      standIn(t, 'statfsSync', () => ({ type }));
      assert.deepEqual(glance(root, ''), { isEmpty: false, device });
    }
    assert.deepEqual(asked, Array(3).fill({ bufferSize: 1 }));
  });

  it('is null for what is no directory', (t) => {
    const root = plantTemporary(t, { file: 'x' });
    assert.equal(glance(root, 'file'), null);
    assert.equal(glance(root, 'nothing'), null);
    assert.equal(glance(join(root, 'file'), ''), null);
    assert.equal(glance(join(root, 'nothing'), ''), null);
  });

  it('follows a link at the root, and no other', (t) => {
    const root = plantTemporary(t, { real: { file: 'x' }, links: {} });
    symlinkSync(join(root, 'real'), join(root, 'links', 'to'));
    mkdirSync(join(root, 'real', 'sub'));
    assert.equal(glance(join(root, 'links', 'to'), '')?.isEmpty, false);
    assert.equal(glance(join(root, 'links', 'to'), 'sub')?.isEmpty, true);
    assert.equal(glance(root, 'links/to'), null);
  });
});
