import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { errnoCode } from '../../src/errors.ts';
import { briefly } from '../../src/local/descriptors.ts';
import { plantTemporary } from '../support/tree.ts';

/** Runs a program of test/support over a small tree, with few descriptors; what it wrote down. */
async function play(t: TestContext, name: string, way: string) {
  const program = join(import.meta.dirname, '..', 'support', name);
  const root = plantTemporary(t, { a: 'x', deep: { b: 'y' } });
  const words = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, program, root, way];
  const child = spawn('sh', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

const everything = {
  directories: ['', 'deep'],
  unreadable: [],
  read: 'listing',
  writers: [true],
  inspection: 'fingerprint',
  source: 'source',
};

describe('without a descriptor left', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  it('everything waits for one, and nothing is concluded from that', async (t) => {
    assert.deepEqual(await play(t, 'few-descriptors.js', 'none'), { doneWithout: [], ...everything });
  });

  it('what opens and closes at once goes on with one that was kept; only what stays open waits', async (t) => {
    assert.deepEqual(await play(t, 'few-descriptors.js', 'spare'), {
      doneWithout: ['read', 'walk', 'writers'],
      ...everything,
    });
  });

  for (const [what, entryCount] of [
    ['small', '2'],
    ['large', '5000'],
  ]) {
    it(`a ${what} directory cannot be watched, and is watched once there is one`, async (t) => {
      const { unwatched, troubles } = await play(t, 'few-watches.js', entryCount ?? '');
      assert.deepEqual([unwatched, troubles], [1, ['watch_limit']]);
    });
  }
});

describe('briefly', () => {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  it('gives up with an error of its own after its last spare descriptor, and hands on all others', () => {
    let tries = 0;
    const job = () => {
      tries += 1;
      throw failure('EMFILE');
    };
    assert.throws(
      () => briefly('scan', job),
      (error) => errnoCode(error) === 'too_many_open_files',
    );
    assert.ok(tries > 1, `${tries} tries`);
    assert.throws(
      () =>
        briefly('scan', () => {
          throw failure('EACCES');
        }),
      { code: 'EACCES' },
    );
  });

  it('tries again with what it kept, and keeps others afterwards', () => {
    for (let round = 0; round < 5; round += 1) {
      let tries = 0;
      const value = briefly('scan', () => {
        tries += 1;
        if (tries < 3) throw failure(round % 2 === 0 ? 'EMFILE' : 'ENFILE');
        return tries;
      });
      assert.equal(value, 3);
    }
  });
});
