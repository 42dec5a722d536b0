import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { watchMounts } from '../../../../src/local/watch/mounts.ts';
import { plantTemporary } from '../../../support/tree.ts';

function line(id: number, point: string, { device = `0:${id}`, source = 'tmpfs' } = {}): string {
  return `${id} 1 ${device} / ${point} rw,relatime shared:1 - tmpfs ${source} rw\n`;
}

/** A watch over a list that the test writes; it begins with nothing mounted but `/`. */
function watching(...roots: readonly string[]) {
  let list = line(1, '/');
  const watch = watchMounts(roots, () => Buffer.from(list, 'latin1'));
  const after = (...lines: readonly string[]) => {
    list = line(1, '/') + lines.join('');
    return watch.changes().map(({ root, path }) => [root, path]);
  };
  return { after };
}

describe('watchMounts', () => {
  it('tells what was mounted and unmounted below a root, once each', (t) => {
    const root = plantTemporary(t, { card: {} });
    const { after } = watching(root);
    assert.deepEqual(after(line(2, `${root}/card`)), [[root, 'card']]);
    assert.deepEqual(after(line(2, `${root}/card`)), []);
    assert.deepEqual(after(), [[root, 'card']]);
    assert.deepEqual(after(), []);
  });

  it('tells of another drive in the place of one, and of one on top of it', (t) => {
    const root = plantTemporary(t, {});
    const { after } = watching(root);
    const card = (id: number, device: string) => line(id, `${root}/card`, { device });
    after(card(2, '8:1'));
    assert.deepEqual(after(card(2, '8:17')), [[root, 'card']]);
    assert.deepEqual(after(card(2, '8:17'), card(3, '8:33')), [[root, 'card']]);
    assert.deepEqual(after(card(2, '8:17')), [[root, 'card']]);
  });

  it('says nothing of mounts at a root, above or beside it, and in directories that are skipped', (t) => {
    const root = plantTemporary(t, { sub: {} });
    const { after } = watching(root);
    const beside = [root, join(root, '..'), `${root}-beside/card`, `${root}/.hidden/card`, `${root}/_done`];
    assert.deepEqual(after(...beside.map((point, at) => line(at + 2, point))), []);
  });

  it('knows names with spaces, backslashes, newlines and bytes that are not UTF-8', (t) => {
    const root = plantTemporary(t, {});
    const { after } = watching(root);
    assert.deepEqual(after(line(2, `${root}/my\\040card\\134x\\012\xe9`)), [[root, 'my card\\x\n\uDCE9']]);
  });

  it('follows a root that is a link to where it leads, and tells what is above before what is below', (t) => {
    const base = plantTemporary(t, { real: {} });
    symlinkSync(join(base, 'real'), join(base, 'link'));
    const { after } = watching(join(base, 'link'), join(base, 'missing'));
    assert.deepEqual(after(line(2, `${base}/real/a/b`), line(3, `${base}/real/a`)), [
      [join(base, 'link'), 'a'],
      [join(base, 'link'), 'a/b'],
    ]);
  });

  it('tells of all below a root that is the whole system', () => {
    const { after } = watching('/');
    assert.deepEqual(after(line(2, '/card'), line(3, '/card/deep')), [
      ['/', 'card'],
      ['/', 'card/deep'],
    ]);
  });

  it('tells each root of a mount below both', (t) => {
    const root = plantTemporary(t, {});
    mkdirSync(join(root, 'inner'));
    const { after } = watching(root, join(root, 'inner'));
    assert.deepEqual(after(line(2, `${root}/inner/card`)), [
      [root, 'inner/card'],
      [join(root, 'inner'), 'card'],
    ]);
  });

  it('sees nothing where there is no list, and reads the real one where there is', (t) => {
    const root = plantTemporary(t, {});
    assert.deepEqual(watchMounts([root], () => null).changes(), []);
    assert.deepEqual(watchMounts([root]).changes(), []);
  });
});
