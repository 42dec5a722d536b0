import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { linkSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDetours } from '../../../../src/local/walk/detours.ts';
import { standIn, systemError } from '../../../support/fs-calls.ts';
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

describe('a directory that does not exist but for what is asked of it', () => {
  /** Roots, each with the same names. Where they fold, every case of a name opens. */
  const imaginary = (t: TestContext) => {
    const here = statSync('.');
    const asked: string[] = [];
    const names = new Set(['a.png', 'caf\u00e9']);
    let isFolding = false;
    let before: (name: string) => void = () => {};
    standIn(t, 'statSync', ([path]) => ({ ...here, birthtimeMs: String(path).length }));
    standIn(t, 'lstatSync', ([path]) => {
      const name = basename(String(path));
      before(name);
      asked.push(`look ${name}`);
      const opens = isFolding ? [...names].some((each) => each.toLowerCase() === name.toLowerCase()) : names.has(name);
      return opens ? ({ isDirectory: () => true } as Stats) : undefined;
    });
    standIn(t, 'readdirSync', ([path]) => {
      asked.push(`read ${basename(String(path))}`);
      return [...names];
    });
    const detours = openDetours({ now: () => 0 });
    return {
      names,
      find: (directory: string, name = 'a.png') => detours.find({ root: `/x/${directory}`, directory: '', name }),
      fold: () => {
        isFolding = true;
      },
      /** What happens right before a look at a name. */
      at: (what: (name: string) => void) => {
        before = what;
      },
      reads: () => asked.splice(0).flatMap((each) => (each.startsWith('read ') ? [each.slice(5)] : [])),
      looks: () => asked.splice(0).length,
    };
  };
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

  it('is read once a turn, up to sixty-four of them', async (t) => {
    const { find, fold, reads } = imaginary(t);
    fold();
    const directories = Array.from({ length: 64 }, (_, at) => `d${at}`);
    for (const directory of [...directories, ...directories]) assert.equal(find(directory), null);
    assert.equal(reads().length, 64);
    assert.equal(find('d64'), null);
    assert.deepEqual([find('d64', 'A.png'), reads()], ['A.png', ['d64']]);
    find('d0');
    assert.deepEqual(reads(), ['d0'], 'by then the others are forgotten');
    await nextTurn();
    find('d0');
    find('d0');
    assert.deepEqual(reads(), ['d0']);
    await nextTurn();
    find('d0');
    assert.deepEqual(reads(), ['d0']);
  });

  it('is known to tell cases apart for as long as ten thousand others are', (t) => {
    const { find, looks } = imaginary(t);
    for (let at = 0; at < 9_999; at += 1) find(`d${at}`);
    const cost = (directory: string) => {
      looks();
      find(directory);
      return looks();
    };
    const first = cost('d9999');
    const again = cost('d0');
    assert.ok(again < first, `${again} after ${first}`);
    find('d10000');
    assert.ok(cost('d0') > again, 'then all of them are asked anew');
  });

  it('is read where a name opens in the other composition, and not where it does not', (t) => {
    const { find, names, reads } = imaginary(t);
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    assert.deepEqual([find('d', composed), reads()], [null, []]);
    names.add(decomposed);
    assert.deepEqual([find('d', composed), reads()], [null, ['d']]);
    assert.deepEqual([find('e', decomposed), reads()], [null, ['e']]);
    names.delete(composed);
    assert.deepEqual([find('f', decomposed), reads()], [null, []]);
  });

  for (const when of ['before', 'after'] as const) {
    it(`says nothing of cases where the entry is not there ${when} the look at the other spelling`, (t) => {
      const { find, fold, names, at } = imaginary(t);
      names.delete(when === 'before' ? 'a.png' : 'b.png');
      at((name) => {
        if (name !== 'a.pnG') return;
        if (when === 'before') names.add('a.png');
        else names.delete('a.png');
      });
      assert.equal(find('d'), null);
      at(() => {});
      names.add('a.png');
      fold();
      assert.equal(find('d', 'a.pnG'), 'a.pnG', 'so it is asked again');
    });
  }

  it('is not known where it cannot be asked what it is', (t) => {
    const { find } = imaginary(t);
    standIn(t, 'statSync', () => {
      throw systemError('ENOENT');
    });
    assert.equal(find('d'), null);
  });
});
