import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { resumeFolder } from '../../../src/operations/resume.ts';

/** A folder whose last byte is not UTF-8. */
const odd = '/drop/n\udcff';

function work(halted: readonly string[], trouble: { readonly message: string } | null = null) {
  const accepted: string[] = [];
  const folders = [{ root: '/drop/a' }, { root: odd }];
  return {
    accepted,
    folders,
    isHalted: ({ root }: { readonly root: string }) => halted.includes(root),
    accept: async ({ root }: { readonly root: string }) => {
      accepted.push(root);
      return trouble;
    },
  };
}

describe('resuming a folder', () => {
  it('takes it as it is where it is halted, and leaves it alone where it is not', async () => {
    const halted = work(['/drop/a']);
    assert.deepEqual(await resumeFolder(halted, { folder: '/drop/a/' }), {
      folder: '/drop/a',
      outcome: 'accepted',
      message: 'is taken as it is from now on',
    });
    assert.deepEqual(halted.accepted, ['/drop/a']);
    const fine = work([]);
    assert.equal((await resumeFolder(fine, { folder: '/drop/a' })).outcome, 'unchanged');
    assert.deepEqual(fine.accepted, []);
  });

  it('says what still keeps it halted', async () => {
    const stuck = work(['/drop/a'], { message: 'is not there' });
    const { outcome, message } = await resumeFolder(stuck, { folder: '/drop/a' });
    assert.deepEqual([outcome, message], ['halted', 'is not there']);
  });

  it('finds a name that is not UTF-8 as it is, as `ls` shows it, and as Node hands it over', async () => {
    for (const folder of [odd, '/drop/n\\xff', '/drop/n\ufffd']) {
      assert.equal((await resumeFolder(work([odd]), { folder })).folder, '/drop/n\\xff', folder);
    }
  });

  it('of what is no drop folder names those that are', async () => {
    for (const folder of ['/drop', '/drop/a/sub', '/elsewhere']) {
      await assert.rejects(resumeFolder(work([]), { folder }), (error: unknown) => {
        assert.ok(error instanceof SyncError);
        assert.deepEqual(
          [error.code, error.message, error.hint],
          ['usage', `${folder} is not a drop folder that the ledger knows`, 'It knows /drop/a, /drop/n\\xff.'],
        );
        return true;
      });
    }
    const none = { ...work([]), folders: [] };
    await assert.rejects(resumeFolder(none, { folder: '/drop' }), { hint: /^It knows none: it begins/ });
  });
});
