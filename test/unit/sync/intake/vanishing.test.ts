import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { LedgerTables } from '../../../../src/ledger/ledger.ts';
import { isGone } from '../../../../src/sync/intake/absence.ts';
import type { LocalPort, Look } from '../../../../src/sync/ports/local.ts';
import { openDrop } from '../../../support/drop.ts';
import { knowFiles } from '../../../support/known-files.ts';

const count = 1_050;
const names = Array.from({ length: count }, (_, at) => `f${String(at).padStart(4, '0')}`);

/** A drop folder whose ledger knows many files in `many`, and what each write did to them. */
async function withMany(t: TestContext, before: (write: number) => void = () => {}) {
  const drop = await openDrop(t, { many: { keep: 'x' }, other: 'y' });
  await drop.scan();
  await knowFiles(
    drop.ledger,
    drop.folder,
    names.map((name) => `many/${name}`),
  );
  const { ledger } = drop;
  const goneByWrite: number[] = [];
  const { files } = ledger;
  const markGone = files.markGone.bind(files);
  let inWrite = 0;
  files.markGone = (...row) => {
    inWrite += 1;
    markGone(...row);
  };
  const write = ledger.write.bind(ledger);
  let writes = 0;
  Object.assign(ledger, {
    write: async <T>(run: (tables: LedgerTables) => T) => {
      writes += 1;
      before(writes);
      return await write((tables) => {
        inWrite = 0;
        const result = run(tables);
        if (inWrite > 0) goneByWrite.push(inWrite);
        return result;
      });
    },
  });
  const left = () => drop.present('many').length;
  const isKnown = () => ledger.directories.find(drop.folder.folderId, 'many')?.isGone === false;
  return { ...drop, goneByWrite, left, isKnown };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

/** Of a hundred thousand rows, those that hold the event loop up at a stretch. */
const mostAtOnce = 500;

describe('what vanishes with many names', () => {
  it('goes to the ledger in bounded writes: a directory', async (t) => {
    const { root, scan, goneByWrite, left, isKnown } = await withMany(t);
    rmSync(join(root, 'many'), { recursive: true });
    await scan();
    assert.equal(sum(goneByWrite), count + 1);
    assert.ok(Math.max(...goneByWrite) <= mostAtOnce, `${goneByWrite}`);
    assert.equal(left(), 0);
    assert.equal(isKnown(), false);
  });

  it('goes to the ledger in bounded writes: the names in a directory that stays', async (t) => {
    const { scan, goneByWrite, present, isKnown } = await withMany(t);
    await scan();
    assert.equal(sum(goneByWrite), count);
    assert.ok(Math.max(...goneByWrite) <= mostAtOnce, `${goneByWrite}`);
    assert.deepEqual(present('many'), ['keep']);
    assert.equal(isKnown(), true);
  });

  for (const cut of [1, 2, 3, 5, 6, 7]) {
    it(`is finished by the next scan when everything ends before write ${cut}`, async (t) => {
      let isCut = true;
      const { root, intake, folder, scan, left, isKnown, ledger, contentOf } = await withMany(t, (write) => {
        if (isCut && write === cut) throw new Error('The power went');
      });
      rmSync(join(root, 'many'), { recursive: true });
      await assert.rejects(intake.scan(folder), /The power went/);
      assert.equal(isKnown(), true, 'or nobody would look for what is left');
      isCut = false;
      await scan();
      assert.equal(left(), 0);
      assert.equal(isKnown(), false);
      // Nothing twice: each file has one line that says it went.
      const lines = ledger.files.get(ledger.directories.find(folder.folderId, 'many')?.id ?? 0, 'f0000');
      assert.equal(lines?.isGone, true);
      assert.equal(contentOf('y')?.state, 'queued');
    });
  }

  it('does not count what came back while the rest was written down', async (t) => {
    let root = '';
    let isBack = false;
    const drop = await withMany(t, (write) => {
      if (write !== 3 || isBack) return;
      isBack = true;
      mkdirSync(join(root, 'many'));
      for (const name of names.slice(-3)) writeFileSync(join(root, 'many', name), name);
    });
    root = drop.root;
    renameSync(join(root, 'many'), join(root, '.away'));
    await drop.scan();
    assert.ok(isBack);
    assert.equal(drop.isKnown(), true);
    await drop.scan();
    assert.deepEqual(drop.present('many'), names.slice(-3));
  });
});

describe('what stood at a name', () => {
  const stat = { sizeBytes: 1, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
  const problem = (code: string): Look => ({ kind: 'problem', stat: null, problem: { code, reason: 'why' } });
  for (const [what, look, goneFile, goneDirectory] of [
    ['nothing', { kind: 'gone' }, true, true],
    ['a file', { kind: 'file', stat }, false, true],
    ['a directory', { kind: 'directory' }, true, false],
    ['what is skipped', { kind: 'ignored' }, true, true],
    ['what cannot be read', problem('unreadable'), false, false],
    ['a pipe', problem('not_a_regular_file'), false, true],
    ['a link out of the folder', problem('symlink_outside'), false, true],
  ] as const) {
    it(`is gone where ${what} stands there: a file ${goneFile}, a directory ${goneDirectory}`, () => {
      const path = { root: '/drop', directory: 'd', name: 'a' };
      const local = (detour: string | null) =>
        ({ look: () => look, detour: (at: unknown) => (at === path ? detour : null) }) as unknown as LocalPort;
      assert.deepEqual(
        [isGone(local(null), path, 'file'), isGone(local(null), path, 'directory')],
        [goneFile, goneDirectory],
      );
      assert.deepEqual([isGone(local('D/a'), path, 'file'), isGone(local('D/a'), path, 'directory')], [true, true]);
    });
  }
});
