import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createLocalFiles } from '../../../../src/local/local-files.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { LocalPort, ScannedListing } from '../../../../src/sync/ports/local.ts';
import { openDrop } from '../../../support/drop.ts';
import { link, plant, type Tree } from '../../../support/tree.ts';
import { until } from '../../../support/until.ts';

const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
const ours: Tree = { a: 'one', deep: { b: 'two' } };
const theirs: Tree = { stranger: 'not ours', album: { other: 'not ours either' }, broken: link('nowhere') };

/** A drop folder that was scanned, and a way to have another directory stand in its place. */
async function bench(t: TestContext, patch: Partial<LocalPort> = {}) {
  let walks = 0;
  const walk: LocalPort['walk'] = (...args) => {
    walks += 1;
    return local.walk(...args);
  };
  const drop = await openDrop(t, ours, { walk, ...patch });
  const { root, troubles, present } = drop;
  const away = `${root}-away`;
  t.after(() => rmSync(away, { recursive: true, force: true }));
  await drop.scan();
  const replace = (tree: Tree) => {
    renameSync(root, away);
    mkdirSync(root);
    plant(root, tree);
  };
  const putBack = () => {
    rmSync(root, { recursive: true });
    renameSync(away, root);
  };
  const codes = () => troubles.map((trouble) => trouble?.code ?? null);
  const known = () => [...present(), ...present('deep'), ...present('album')];
  return { ...drop, replace, putBack, codes, known, walks: () => walks };
}

describe('another directory in the place of a drop folder', () => {
  it('is not walked, nothing of ours is gone, and it goes on when the right one is back', async (t) => {
    const { scan, replace, putBack, root, known, codes, contentOf, walks } = await bench(t);
    replace(theirs);
    const before = walks();
    await scan();
    await scan();
    assert.equal(walks(), before);
    assert.deepEqual(known(), ['a', 'b']);
    assert.deepEqual(codes(), ['folder_replaced']);
    putBack();
    writeFileSync(join(root, 'new'), 'three');
    await scan();
    assert.deepEqual(known(), ['a', 'new', 'b']);
    assert.deepEqual(codes(), ['folder_replaced', null]);
    assert.equal(contentOf('not ours'), undefined);
  });

  it('is noticed without a full scan, and so is the right one when it is back', async (t) => {
    const { intake, replace, putBack, codes } = await bench(t);
    await intake.scanHalted();
    assert.deepEqual(codes(), []);
    replace(theirs);
    await intake.scanHalted();
    assert.deepEqual(codes(), ['folder_replaced']);
    putBack();
    await intake.scanHalted();
    assert.deepEqual(codes(), ['folder_replaced', null]);
  });

  for (const [what, name] of [
    ['a name', 'stranger'],
    ['a name that is a problem', 'broken'],
    ['a directory', null],
  ] as const) {
    it(`is not taken from because ${what} in it was hinted, before or after it was noticed`, async (t) => {
      const { intake, hint, replace, known, codes, contentOf } = await bench(t);
      replace(theirs);
      for (const round of [1, 2]) {
        hint('', name);
        await until('the hint is handled', () => intake.isIdle);
        assert.deepEqual(known(), ['a', 'b'], `round ${round}`);
      }
      assert.deepEqual(codes(), ['folder_replaced']);
      assert.equal(contentOf('not ours'), undefined);
    });
  }

  it('is not walked below a directory that appeared in it', async (t) => {
    const { intake, folder, replace, walks } = await bench(t);
    replace(theirs);
    const before = walks();
    await intake.scan(folder, 'album');
    assert.equal(walks(), before);
  });

  it('gives no file that settled under a name of ours', async (t) => {
    let replace: (tree: Tree) => void = () => {};
    const drop = await bench(t, {
      inspect: async (path, signal) => {
        if (path.name === 'late') replace({ ...theirs, late: 'not ours' });
        return await local.inspect(path, signal);
      },
    });
    replace = drop.replace;
    writeFileSync(join(drop.root, 'late'), 'ours');
    await drop.scan();
    assert.deepEqual(drop.known(), ['a', 'b']);
    assert.equal(drop.contentOf('not ours'), undefined);
  });

  it('gives no problem under a name of ours either', async (t) => {
    let replace: (tree: Tree) => void = () => {};
    const drop = await bench(t, {
      inspect: async (path, signal) => {
        if (path.name !== 'late') return await local.inspect(path, signal);
        replace(theirs);
        return { kind: 'problem', problem: { code: 'read_error', reason: 'EIO' } };
      },
    });
    replace = drop.replace;
    writeFileSync(join(drop.root, 'late'), 'ours');
    await drop.scan();
    assert.deepEqual(drop.known(), ['a', 'b']);
  });

  it('that comes in the middle of a scan ends the scan, told once, and nothing more is written down', async (t) => {
    let replace: ((tree: Tree) => void) | null = null;
    const problem = { name: 'not ours', stat: null, problem: { code: 'unreadable', reason: 'no' } };
    const drop = await bench(t, {
      walk: (root, directory, handlers, signal) => {
        const onDirectory = async (listing: ScannedListing) => {
          if (replace === null || listing.directory !== 'deep') return await handlers.onDirectory(listing);
          replace(theirs);
          await handlers.onDirectory({ ...listing, files: [], problems: [problem] });
        };
        return local.walk(root, directory, { ...handlers, onDirectory }, signal);
      },
    });
    replace = drop.replace;
    await drop.scan();
    assert.deepEqual(drop.known(), ['a', 'b']);
    assert.deepEqual(drop.codes(), ['folder_replaced']);
  });

  it('is taken in, and ours are gone, once a person accepts it', async (t) => {
    const { intake, folder, scan, replace, known, codes } = await bench(t);
    replace(theirs);
    await scan();
    assert.equal(await intake.accept(folder), null);
    await until('the intake is idle', () => intake.isIdle);
    assert.deepEqual(known(), ['broken', 'stranger', 'other']);
    assert.deepEqual(codes(), ['folder_replaced', null]);
  });

  it('cannot be accepted when it is not there', async (t) => {
    const { intake, folder, root, known } = await bench(t);
    rmSync(root, { recursive: true });
    assert.equal((await intake.accept(folder))?.code, 'folder_missing');
    assert.deepEqual(known(), ['a', 'b']);
    mkdirSync(root);
  });

  it('that will do is scanned whole at its first hint', async (t) => {
    const { intake, hint, replace, known, codes } = await bench(t);
    replace({ a: 'one', more: 'three' });
    hint('deep', 'nothing');
    await until('the hint is handled', () => intake.isIdle);
    assert.deepEqual(known(), ['a', 'more']);
    assert.deepEqual(codes(), []);
  });

  it('that holds a name of ours is believed: what is missing in it is gone', async (t) => {
    const { scan, replace, known, codes } = await bench(t);
    replace({ deep: { b: 'two' }, more: 'three' });
    await scan();
    assert.deepEqual(known(), ['more', 'b']);
    assert.deepEqual(codes(), []);
  });
});

describe('a drive mounted in a drop folder', () => {
  it('that is away leaves its mount point as a problem; nothing of it is gone, and all of it is read when it is back', async (t) => {
    const device = 999;
    let isMounted = true;
    const drop = await openDrop(
      t,
      { a: 'one', card: { dcim: { b: 'two' } } },
      {
        // The root, and so the mount point, is on another device than the files of the card.
        rootIdentity: () => `${device}:1:1`,
        glance: (root, directory) => {
          const glance = local.glance(root, directory);
          return glance === null || isMounted ? glance : { ...glance, device };
        },
      },
    );
    const { root, roots, hint, scan, intake, folder, present } = drop;
    const [here, away] = [join(root, 'card', 'dcim'), `${root}-away`];
    t.after(() => rmSync(away, { recursive: true, force: true }));
    await scan();

    isMounted = false;
    renameSync(here, away);
    for (const [directory, name] of [
      ['card/dcim', 'b'],
      ['card/dcim', null],
      ['card', 'dcim'],
      ['card', null],
    ] as const) {
      hint(directory, name);
      await until('the hint is handled', () => intake.isIdle);
      assert.deepEqual(present('card/dcim'), ['b'], `${directory}: ${name}`);
    }
    await scan();
    assert.deepEqual([present(), present('card/dcim')], [['a', 'card'], ['b']]);
    const known = drop.ledger.directories.find(folder.folderId, '');
    assert.equal(drop.ledger.files.get(known?.id ?? 0, 'card')?.problem?.code, 'mount_missing');
    assert.equal(roots.isThere({ root, directory: 'card/dcim' }), false);
    assert.equal(roots.isThere({ root }), true);

    await intake.scanHalted();
    assert.deepEqual(present(), ['a', 'card']);
    isMounted = true;
    renameSync(away, here);
    writeFileSync(join(here, 'new'), 'three');
    await intake.scanHalted();
    await until('the intake is idle', () => intake.isIdle);
    assert.deepEqual([present(), present('card/dcim')], [['a'], ['b', 'new']]);
    assert.deepEqual(drop.troubles, []);
  });

  it('that goes with its mount point is gone', async (t) => {
    let isMounted = true;
    const drop = await openDrop(
      t,
      { a: 'one', card: { b: 'two' } },
      {
        rootIdentity: () => '999:1:1',
        glance: (root, directory) => {
          const glance = local.glance(root, directory);
          return glance === null || isMounted ? glance : { ...glance, device: 999 };
        },
      },
    );
    await drop.scan();
    isMounted = false;
    rmSync(join(drop.root, 'card', 'b'));
    await drop.scan();
    assert.deepEqual([drop.present(), drop.present('card')], [['a', 'card'], ['b']]);
    rmSync(join(drop.root, 'card'), { recursive: true });
    await drop.intake.scanHalted();
    await until('the intake is idle', () => drop.intake.isIdle);
    assert.deepEqual([drop.present(), drop.present('card')], [['a'], []]);
  });
});

describe('a drop folder on a server', () => {
  it('that lists nothing any more is not emptied', async (t) => {
    const { root, intake, hint, scan, known, codes } = await bench(t, { isRemote: () => true });
    rmSync(join(root, 'deep'), { recursive: true });
    rmSync(join(root, 'a'));
    hint('', 'a');
    hint('', 'deep');
    await until('the hints are handled', () => intake.isIdle);
    await scan();
    assert.deepEqual(known(), ['a', 'b']);
    assert.deepEqual(codes(), ['folder_empty']);
    writeFileSync(join(root, 'new'), 'three');
    await intake.scanHalted();
    await until('the intake is idle', () => intake.isIdle);
    assert.deepEqual(known(), ['new']);
    assert.deepEqual(codes(), ['folder_empty', null]);
  });
});
