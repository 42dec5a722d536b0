import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createLocalFiles } from '../../../../src/local/local-files.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import type { IntakeDeps } from '../../../../src/sync/intake/intake.ts';
import { openDrop } from '../../../support/drop.ts';
import { folding } from '../../../support/folding.ts';
import { fifo, plant, type Tree } from '../../../support/tree.ts';
import { until } from '../../../support/until.ts';

const local = createLocalFiles({ now: systemClock.monotonic, accept: ['*'] });
const composed = 'caf\u00e9.png';
const decomposed = composed.normalize('NFD');

/** A drop folder that was scanned, and what events would tell of it. */
async function scanned(t: TestContext, tree: Tree, patch: Partial<IntakeDeps['local']> = {}) {
  // Each file has one asset, so that a file that is taken for two is sent twice.
  const drop = await openDrop(t, tree, patch, 'separate');
  await drop.scan();
  const contents = () => drop.database.prepare('SELECT count(*) AS count FROM content').get();
  const hint = async (...paths: readonly (readonly [directory: string, name: string | null])[]) => {
    for (const [directory, name] of paths) drop.hint(directory, name);
    await until('the hints are handled', () => drop.intake.isIdle);
  };
  const rename = (from: string, to: string) => renameSync(join(drop.root, from), join(drop.root, to));
  /** All rows of files that are there, with their directories. */
  const rows = () =>
    drop.database
      .prepare(
        `SELECT directory.path AS directory, file.name AS name, file.problem_code AS problem, directory.is_gone AS gone
         FROM file JOIN directory ON directory.id = file.directory_id WHERE file.is_gone = 0 AND file.excluded_by IS NULL`,
      )
      .all()
      .map((row) => {
        const { directory, name, problem, gone } = row as Record<string, string | number | null>;
        const path = directory === '' ? `${name}` : `${directory}/${name}`;
        return `${path}${problem === null ? '' : ` (${problem})`}${gone === 1 ? ' in a directory that is gone' : ''}`;
      })
      .sort();
  return { ...drop, tell: drop.hint, contents, hint, rename, rows };
}

describe('a rename in case only, where case does not matter', () => {
  const onFolding = (t: TestContext, tree: Tree) => scanned(t, tree, folding(local));

  for (const [what, from, to] of [
    ['a file in another case', 'shot.png', 'Shot.PNG'],
    ['a file in another composition', decomposed, composed],
  ] as const) {
    const orders: Readonly<Record<string, readonly (readonly [string, string | null])[]>> = {
      'of the old name, then of the new': [
        ['', from],
        ['', to],
      ],
      'of the new name, then of the old': [
        ['', to],
        ['', from],
      ],
      'of the directory': [['', null]],
    };
    for (const [order, hints] of Object.entries(orders)) {
      it(`leaves ${what} once, told by hints ${order}`, async (t) => {
        const { rows, rename, hint, contents } = await onFolding(t, { [from]: 'one', keep: 'two' });
        rename(from, to);
        await hint(...hints);
        assert.deepEqual(rows(), [to, 'keep'].sort());
        assert.deepEqual(contents(), { count: 2 });
      });
    }

    for (const only of [from, to]) {
      it(`leaves ${what} once where only ${only === from ? 'the old' : 'the new'} name is hinted`, async (t) => {
        const { rows, rename, hint, contents } = await onFolding(t, { [from]: 'one', keep: 'two' });
        rename(from, to);
        await hint(['', only]);
        // The old name may be a ghost until the directory is read, unless it is what was hinted.
        if (only === from) assert.deepEqual(rows(), [to, 'keep'].sort());
        await hint(['', null]);
        assert.deepEqual(rows(), [to, 'keep'].sort());
        assert.deepEqual(contents(), { count: 2 });
      });
    }

    it(`leaves ${what} once, seen by a scan`, async (t) => {
      const { rows, rename, scan, contents } = await onFolding(t, { [from]: 'one', keep: 'two' });
      rename(from, to);
      await scan();
      await scan();
      assert.deepEqual(rows(), [to, 'keep'].sort());
      assert.deepEqual(contents(), { count: 2 });
    });
  }

  it('of what is reported is reported once, by a hint or a scan', async (t) => {
    const { rows, rename, hint, scan } = await onFolding(t, { pipe: fifo(), keep: 'two' });
    rename('pipe', 'Pipe');
    await hint(['', null]);
    assert.deepEqual(rows(), ['Pipe (not_a_regular_file)', 'keep']);
    rename('Pipe', 'PIPE');
    await scan();
    assert.deepEqual(rows(), ['PIPE (not_a_regular_file)', 'keep']);
  });

  it('there and back within one batch changes nothing', async (t) => {
    const { rows, rename, hint, contents } = await onFolding(t, { 'A.png': 'one' });
    rename('A.png', 'a.png');
    rename('a.png', 'A.png');
    await hint(['', 'A.png'], ['', 'a.png'], ['', 'a.png'], ['', 'A.png']);
    assert.deepEqual(rows(), ['A.png']);
    assert.deepEqual(contents(), { count: 1 });
  });

  it('a name that somebody spelled otherwise is the one that is listed', async (t) => {
    const { rows, root, hint, contents } = await onFolding(t, {});
    writeFileSync(join(root, 'Shot.png'), 'one');
    await hint(['', 'SHOT.PNG']);
    assert.deepEqual(rows(), ['Shot.png']);
    assert.deepEqual(contents(), { count: 1 });
  });

  for (const [how, hints] of [
    ['hints of both names', [['', 'Shots'] as const, ['', 'shots'] as const]],
    ['the hint that its own watch gives', [['Shots', null] as const]],
    ['a hint of a file by its old path', [['Shots', 'a.png'] as const]],
    ['a scan', []],
  ] as const) {
    it(`of a directory moves all that is in it, by ${how}`, async (t) => {
      const { rows, rename, hint, scan, contents } = await onFolding(t, {
        Shots: { 'a.png': 'one', deep: { 'b.png': 'two' } },
      });
      rename('Shots', 'shots');
      if (hints.length === 0) await scan();
      else await hint(...hints);
      assert.deepEqual(rows(), hints.length === 1 ? [] : ['shots/a.png', 'shots/deep/b.png']);
      // The new name has a hint of its own; until then nothing stands under the old one.
      await hint(['', 'shots']);
      assert.deepEqual(rows(), ['shots/a.png', 'shots/deep/b.png']);
      assert.deepEqual(contents(), { count: 2 });
    });
  }

  it('of a directory whose new name is walked before the old one is missed sends nothing again', async (t) => {
    const { rows, rename, hint, intake, folder, contents } = await onFolding(t, { Shots: { 'a.png': 'one' } });
    rename('Shots', 'shots');
    await intake.scan(folder, 'shots');
    await hint(['', 'Shots']);
    assert.deepEqual(rows(), ['shots/a.png']);
    assert.deepEqual(contents(), { count: 1 });
  });

  it('while the file is waited for takes it under the new name only', async (t) => {
    let rename = () => {};
    const folded = folding(local);
    const drop = await scanned(
      t,
      {},
      {
        ...folded,
        inspect: async (path, signal) => {
          rename();
          return await folded.inspect(path, signal);
        },
      },
    );
    writeFileSync(join(drop.root, 'late.png'), 'one');
    rename = () => {
      rename = () => {};
      drop.rename('late.png', 'Late.png');
      drop.tell('', 'Late.png');
    };
    await drop.hint(['', 'late.png']);
    assert.deepEqual(drop.rows(), ['Late.png']);
    assert.deepEqual(drop.contents(), { count: 1 });
  });
});

describe('names that differ in case only, where case matters', () => {
  it('are two files', async (t) => {
    const { rows, hint, scan, contents } = await scanned(t, {
      'a.png': 'one',
      'A.png': 'two',
      sub: { x: '1' },
      Sub: { x: '2' },
    });
    assert.deepEqual(rows(), ['A.png', 'Sub/x', 'a.png', 'sub/x']);
    await hint(['', 'a.png'], ['', 'A.png'], ['sub', 'x'], ['Sub', 'x']);
    await scan();
    assert.deepEqual(rows(), ['A.png', 'Sub/x', 'a.png', 'sub/x']);
    assert.deepEqual(contents(), { count: 4 });
  });

  it('and the same bytes have an asset each', async (t) => {
    const { rows, hint, contents, root } = await scanned(t, { 'a.png': 'one', keep: 'two' });
    writeFileSync(join(root, 'A.png'), 'one');
    await hint(['', 'A.png']);
    assert.deepEqual(rows(), ['A.png', 'a.png', 'keep']);
    assert.deepEqual(contents(), { count: 3 });
  });
});

describe('a name that changes its kind', () => {
  it('a file whose name becomes the directory that it moves into is there once, at its new place', async (t) => {
    const { rows, root, rename, hint, contents, database } = await scanned(t, { shot: 'one', keep: 'two' });
    rename('shot', 't');
    mkdirSync(join(root, 'shot'));
    rename('t', 'shot/a.png');
    await hint(['', 'shot'], ['', 't']);
    assert.deepEqual(rows(), ['keep', 'shot/a.png']);
    assert.deepEqual(contents(), { count: 2 });
    const events = database.prepare('SELECT event, detail FROM history ORDER BY id').all() as Record<string, string>[];
    assert.match(`${events.findLast(({ event }) => event === 'moved')?.['detail']}`, /\/shot \(the same inode/);
  });

  it('a file whose name becomes a link into the folder is gone, and is where it was moved to', async (t) => {
    const { rows, root, rename, hint, contents } = await scanned(t, { 'a.png': 'one', sub: { keep: 'two' } });
    rename('a.png', 'sub/b.png');
    symlinkSync('sub/b.png', join(root, 'a.png'));
    await hint(['', 'a.png'], ['sub', 'b.png']);
    assert.deepEqual(rows(), ['sub/b.png', 'sub/keep']);
    assert.deepEqual(contents(), { count: 2 });
  });

  it('a directory whose name becomes a link to where it went has its files there only, each sent once', async (t) => {
    const { rows, root, rename, hint, intake, folder, contents } = await scanned(t, {
      a: { b: { x: 'one' } },
      keep: 'two',
    });
    rename('a', 'z');
    symlinkSync('z', join(root, 'a'));
    // The new name first: through the link, the file is still under its old path.
    await intake.scan(folder, 'z');
    await hint(['a/b', 'x'], ['a/b', null], ['a', null], ['', 'a']);
    assert.deepEqual(rows(), ['keep', 'z/b/x']);
    assert.deepEqual(contents(), { count: 2 });
  });

  for (const [what, make, problem] of [
    ['a file', (path: string) => writeFileSync(path, 'three'), ''],
    ['a link out of the folder', (path: string) => symlinkSync('/etc', path), ' (symlink_outside)'],
    ['a link to nothing', (path: string) => symlinkSync('nowhere', path), ' (symlink_dangling)'],
    [
      'a pipe',
      (path: string) => plant(join(path, '..'), { [path.split('/').at(-1) ?? '']: fifo() }),
      ' (not_a_regular_file)',
    ],
  ] as const) {
    for (const how of ['a hint', 'a scan'] as const) {
      it(`a directory whose name becomes ${what} has no files any more, by ${how}`, async (t) => {
        const { rows, root, hint, scan } = await scanned(t, { a: { x: 'one', deep: { y: 'two' } }, keep: 'k' });
        rmSync(join(root, 'a'), { recursive: true });
        make(join(root, 'a'));
        await (how === 'a hint' ? hint(['', 'a']) : scan());
        assert.deepEqual(rows(), [`a${problem}`, 'keep']);
      });
    }
  }

  it('a pipe whose name becomes a directory is reported no more', async (t) => {
    const { rows, root, hint } = await scanned(t, { a: fifo(), keep: 'k' });
    assert.deepEqual(rows(), ['a (not_a_regular_file)', 'keep']);
    rmSync(join(root, 'a'));
    plant(root, { a: { x: 'one' } });
    await hint(['', 'a']);
    assert.deepEqual(rows(), ['a/x', 'keep']);
  });

  it('a file that is waited for below a directory that becomes a link is not waited for without end', async (t) => {
    const { rows, root, rename, hint } = await scanned(t, { a: {}, keep: 'k' }, { isRemote: () => true });
    writeFileSync(join(root, 'a', 'late'), 'one');
    rename('a', 'z');
    symlinkSync('z', join(root, 'a'));
    await hint(['a', 'late'], ['', 'z']);
    assert.deepEqual(rows(), ['keep', 'z/late']);
  });
});

describe('a file beside which a transfer tool keeps its state', () => {
  for (const [ending, how] of [
    ['.aria2', 'a hint'],
    ['.st', 'a scan'],
    ['.lftp-pget-status', 'a hint'],
    ['.aspx', 'a scan'],
  ] as const) {
    it(`is not taken, and is once NAME${ending} is gone, by ${how}; neither is reported`, async (t) => {
      const { rows, root, hint, scan } = await scanned(t, { 'a.mp4': 'half', [`a.mp4${ending}`]: 'state', keep: 'k' });
      assert.deepEqual(rows(), ['keep']);
      await hint(['', 'a.mp4'], ['', `a.mp4${ending}`]);
      assert.deepEqual(rows(), ['keep']);
      writeFileSync(join(root, 'a.mp4'), 'whole');
      rmSync(join(root, `a.mp4${ending}`));
      await (how === 'a hint' ? hint(['', 'a.mp4']) : scan());
      assert.deepEqual(rows(), ['a.mp4', 'keep']);
    });
  }

  it('stays what it was while it is loaded again, and is looked at once that is over', async (t) => {
    const { rows, root, hint, scan, contentOf } = await scanned(t, { 'a.mp4': 'first' });
    writeFileSync(join(root, 'a.mp4.aria2'), 'state');
    writeFileSync(join(root, 'a.mp4'), 'sec');
    await hint(['', 'a.mp4'], ['', null]);
    await scan();
    assert.deepEqual(rows(), ['a.mp4']);
    assert.equal(contentOf('sec'), undefined);
    writeFileSync(join(root, 'a.mp4'), 'second');
    rmSync(join(root, 'a.mp4.aria2'));
    await hint(['', 'a.mp4']);
    assert.equal(contentOf('second')?.state, 'queued');
  });

  it('of which the tool begins while it is read is not taken', async (t) => {
    let begin = () => {};
    const { rows, root, hint } = await scanned(
      t,
      {},
      {
        openForWriting: async () => {
          begin();
          return new Map();
        },
      },
    );
    begin = () => writeFileSync(join(root, 'a.mp4.aria2'), 'state');
    writeFileSync(join(root, 'a.mp4'), 'half');
    await hint(['', 'a.mp4']);
    assert.deepEqual(rows(), []);
  });

  it('in a directory whose own state lies beside that is not taken either', async (t) => {
    const { rows, root, hint, scan } = await scanned(t, {
      album: { deep: { x: 'half' } },
      'album.aria2': 'state',
      keep: 'k',
    });
    await hint(['album/deep', 'x'], ['', 'album'], ['album', null]);
    assert.deepEqual(rows(), ['keep']);
    rmSync(join(root, 'album.aria2'));
    await hint(['', 'album']);
    await scan();
    assert.deepEqual(rows(), ['album/deep/x', 'keep']);
  });
});

describe('names that an older version did not skip', () => {
  it('are reported no more, and what is in FLORA of them stays there', async (t) => {
    const { rows, root, scan, hint, ledger, folder, contents } = await scanned(t, {
      'a.png': 'one',
      sub: { x: 'two' },
    });
    const nowMs = systemClock.now();
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    const stat = { sizeBytes: 1, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
    await ledger.write((tables) => {
      tables.files.saveProblem(directoryId, 'desktop.ini', stat, { code: 'unsupported_type', reason: 'text' }, nowMs);
      const eaDir = tables.directories.save(folder.folderId, '@eaDir');
      const content = tables.files.get(directoryId, 'a.png')?.contentId ?? 0;
      tables.files.saveContent(eaDir, 'SYNOPHOTO_THUMB_M.jpg', stat, content, nowMs);
      tables.files.saveContent(directoryId, 'b.temp', stat, content, nowMs);
      tables.rules.saveJudged(folder.folderId, 'the rules of an older version', null);
    });
    plant(root, { 'desktop.ini': 'x', 'b.temp': 'one', '@eaDir': { 'SYNOPHOTO_THUMB_M.jpg': 'one' } });
    await scan();
    await hint(['', 'desktop.ini'], ['', '@eaDir']);
    assert.deepEqual(rows(), ['a.png', 'sub/x']);
    assert.deepEqual(contents(), { count: 2 });
  });
});
