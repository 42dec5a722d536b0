import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { findOwner, type Owner, takeOwnership } from '../../../../src/ledger/recovery/owner-lock.ts';
import { between, failing } from '../../../support/fs-calls.ts';

const owner = { pid: 4242, since: 7 };

function stateDir(t: TestContext): string {
  const base = mkdtempSync(join(tmpdir(), 'fs-owner-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  return join(base, 'state');
}

/** How many descriptors of this process are of the lock. SQLite keeps those of closed connections until the owner's is closed. */
function heldOpen(dir: string): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that lists the others has gone.
      return '';
    }
  });
  return links.filter((link) => link.startsWith(join(dir, 'owner.lock'))).length;
}

const isOwned = (message: string, dir: string) => (error: unknown) => {
  assert.ok(error instanceof SyncError, String(error));
  assert.deepEqual([error.code, error.scope, error.op, error.path], ['ledger_owned', 'process', 'open ledger', dir]);
  assert.equal(error.message, message);
  assert.equal(error.hint, 'Stop it first, or give this one its own --state-dir.');
  return true;
};

describe('the owner of a ledger', () => {
  it('is named to the second, who waits for a second and leaves nothing open', (t) => {
    const dir = stateDir(t);
    const lock = takeOwnership(dir, owner);
    assert.deepEqual(JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8')), owner);
    assert.equal(statSync(join(dir, 'owner.json')).mode & 0o777, 0o600);
    const askedMs = performance.now();
    const another = isOwned(`Another flora-sync (pid 4242) owns the ledger in ${dir}`, dir);
    assert.throws(() => takeOwnership(dir, owner), another);
    // Not before: `findOwner` of another process holds it for an instant.
    assert.ok(performance.now() - askedMs >= 900);
    writeFileSync(join(dir, 'owner.json'), '');
    assert.throws(() => takeOwnership(dir, owner), isOwned(`Another flora-sync owns the ledger in ${dir}`, dir));
    lock.release();
    assert.equal(heldOpen(dir), 0);
  });

  it('is found by any number that ask, who leave nothing open', (t) => {
    const dir = stateDir(t);
    assert.equal(findOwner(dir), undefined, 'there is no directory');
    takeOwnership(dir, owner).release();
    assert.equal(findOwner(dir), undefined);
    assert.equal(heldOpen(dir), 0);
    rmSync(join(dir, 'owner.lock'));
    assert.equal(findOwner(dir), undefined, 'there is no lock');
    assert.equal(existsSync(join(dir, 'owner.lock')), false, 'and asking makes none');
    const lock = takeOwnership(dir, owner);
    assert.deepEqual([findOwner(dir), findOwner(dir)], [owner, owner]);
    lock.release();
    assert.equal(heldOpen(dir), 0);
  });

  it('is unknown where what is written down is not whole', (t) => {
    const dir = stateDir(t);
    const lock = takeOwnership(dir, owner);
    const unknown = { pid: null, since: null };
    for (const text of [
      'null',
      '4',
      '{}',
      '{"pid":1}',
      '{"since":1}',
      '{"pid":"1","since":1}',
      '{"pid":1,"since":"1"}',
    ]) {
      writeFileSync(join(dir, 'owner.json'), text);
      assert.deepEqual(findOwner(dir), unknown, text);
    }
    lock.release();
  });

  it('is no more than one who could not write down who he is', (t) => {
    const dir = stateDir(t);
    const nameless: Owner = {
      pid: 1,
      get since(): number {
        throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      },
    };
    assert.throws(() => takeOwnership(dir, nameless), { code: 'ledger_io', op: 'ledger lock' });
    assert.equal(heldOpen(dir), 0);
    assert.equal(existsSync(join(dir, 'owner.json')), false);
    takeOwnership(dir, owner).release();
  });

  it('is not guessed where the lock is no lock', (t) => {
    const dir = stateDir(t);
    takeOwnership(dir, owner).release();
    writeFileSync(join(dir, 'owner.lock'), 'this is not a database'.repeat(100));
    assert.throws(() => findOwner(dir), { code: 'SQLITE_NOTADB' });
    assert.throws(() => takeOwnership(dir, owner), { code: 'ledger_io', op: 'ledger lock' });
    assert.equal(heldOpen(dir), 0);
  });

  it('is not looked for where links may lead elsewhere', (t) => {
    const dir = stateDir(t);
    mkdirSync(dir);
    symlinkSync(join(dir, '..', 'elsewhere'), join(dir, 'owner.lock'));
    assert.throws(() => findOwner(dir), { code: 'state_dir' });
  });

  it('is written down in a file of its own: another name of the former one keeps what it has', (t) => {
    const dir = stateDir(t);
    takeOwnership(dir, owner).release();
    linkSync(join(dir, 'owner.json'), join(dir, 'kept'));
    takeOwnership(dir, { pid: 1, since: 2 }).release();
    assert.deepEqual(JSON.parse(readFileSync(join(dir, 'kept'), 'utf8')), owner);
    assert.deepEqual(JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8')), { pid: 1, since: 2 });
  });

  it('is not written down in what somebody else puts there meanwhile', (t) => {
    const dir = stateDir(t);
    const file = join(dir, 'owner.json');
    between(
      t,
      'rmSync',
      'after',
      (path) => path === file,
      () => writeFileSync(file, 'another'),
    );
    assert.throws(() => takeOwnership(dir, owner), { code: 'ledger_io' });
    assert.deepEqual([readFileSync(file, 'utf8'), heldOpen(dir)], ['another', 0]);
  });

  it('is nobody where the disk fails: that is told as of the ledger', (t) => {
    const dir = stateDir(t);
    failing(t, 'openSync', 'EIO', (path) => path === dir);
    assert.throws(() => takeOwnership(dir, owner), { code: 'ledger_io', op: 'ledger lock' });
  });
});
