import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { GroupCommit } from '../../../src/ledger/group-commit.ts';
import { openSqlite } from '../../../src/runtime/sqlite.ts';

/** A group over one table, whose commits and pauses end when the test says so. */
function world() {
  const database = openSqlite(':memory:');
  database.exec('CREATE TABLE one (id INTEGER PRIMARY KEY)');
  const insert = database.prepare('INSERT INTO one VALUES (?)');
  const rows = database.prepare<[], number>('SELECT id FROM one ORDER BY id').pluck();
  const deferred: { readonly flush: () => void; readonly isBusy: boolean }[] = [];
  const pauses: (() => void)[] = [];
  const told: (string | null)[] = [];
  const group = new GroupCommit(database, {
    defer: (flush, isBusy) => void deferred.push({ flush, isBusy }),
    pause: (retry) => void pauses.push(retry),
    onBlocked: (code) => void told.push(code),
  });
  const ran: number[] = [];
  /** What comes of a write, in words. */
  const write = (id: number, before: () => void = () => {}) =>
    group
      .write(() => {
        ran.push(id);
        before();
        insert.run(id);
      })
      .then(
        () => `${id} is written`,
        (error: unknown) => (error instanceof SyncError ? error.code : String(error)),
      );
  return { database, group, write, ran, rows: () => rows.all(), deferred, pauses, told };
}

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};
const closed = () => new SyncError('It is closed', { code: 'ledger_closed', op: 'ledger close' });

describe('the call for a group', () => {
  it('is made once for each, and tells whether the last one held several', async () => {
    const { write, deferred } = world();
    const groups: string[][] = [];
    for (const ids of [[1], [2, 3], [4], [5]]) {
      const writes = ids.map((id) => write(id));
      deferred.at(-1)?.flush();
      groups.push(await Promise.all(writes));
    }
    assert.deepEqual(
      groups.flat(),
      [1, 2, 3, 4, 5].map((id) => `${id} is written`),
    );
    assert.deepEqual(
      deferred.map(({ isBusy }) => isBusy),
      [false, false, true, false],
    );
  });

  it('that finds nothing changes nothing', () => {
    const { group, write, deferred, told } = world();
    group.flush();
    assert.deepEqual([deferred, told], [[], []]);
    void write(1);
    void write(2);
    group.flush();
    group.flush();
    void write(3);
    assert.equal(deferred.at(-1)?.isBusy, true, 'the last one that held any');
  });
});

describe('a group that was given up', () => {
  it('is not written, and is told why; so is whoever comes later', async () => {
    const { group, write, ran, rows, deferred } = world();
    const waiting = write(1);
    group.giveUp(closed());
    assert.equal(await waiting, 'ledger_closed');
    assert.equal(await write(2), 'ledger_closed');
    group.giveUp(new Error('the second reason'));
    assert.equal(await write(3), 'ledger_closed', 'the first reason stays');
    assert.equal(deferred.length, 1);
    assert.deepEqual([ran, rows()], [[], []]);
  });

  it('does not wait for the disk, even where that was the reason', async () => {
    const { group, write, pauses, told } = world();
    const waiting = write(1);
    group.giveUp(Object.assign(new Error('full'), { code: 'SQLITE_FULL' }));
    assert.match(await waiting, /full/);
    assert.deepEqual([pauses, told], [[], []]);
  });

  it('keeps the reason that it failed for', async () => {
    const { group, write } = world();
    const failed = write(1, failing('SQLITE_IOERR_WRITE'));
    group.flush();
    assert.equal(await failed, 'ledger_io');
    group.giveUp(closed());
    assert.equal(await write(2), 'ledger_io');
  });
});

describe('a group that the disk does not take', () => {
  it('is tried whole at each try, first come first, and nobody calls for it meanwhile', async () => {
    const { group, write, ran, rows, deferred, pauses, told } = world();
    let isFull = true;
    const whenThereIsRoom = () => {
      if (isFull) failing('SQLITE_FULL')();
    };
    const first = [write(1), write(2, whenThereIsRoom)];
    group.flush();
    const later = write(3);
    assert.deepEqual([deferred.length, pauses.length, told], [1, 1, ['SQLITE_FULL']]);
    assert.deepEqual([ran, rows()], [[1, 2], []]);
    pauses[0]?.();
    assert.deepEqual([deferred.length, pauses.length, told], [1, 2, ['SQLITE_FULL']]);
    assert.deepEqual(ran, [1, 2, 1, 2]);
    isFull = false;
    pauses[1]?.();
    assert.deepEqual(await Promise.all([...first, later]), ['1 is written', '2 is written', '3 is written']);
    assert.deepEqual(ran, [1, 2, 1, 2, 1, 2, 3]);
    assert.deepEqual(told, ['SQLITE_FULL', null]);
    isFull = true;
    void write(4, whenThereIsRoom);
    assert.equal(deferred.length, 2, 'and then one is called for again');
    group.flush();
    assert.deepEqual(told, ['SQLITE_FULL', null, 'SQLITE_FULL']);
  });

  it('waits also where that shows only as its writes are made one by one', async () => {
    const { group, write, rows, pauses, told } = world();
    let isFull = true;
    const wrong = write(1, failing('ANOTHER'));
    const held = write(2, () => {
      if (isFull) failing('SQLITE_READONLY_DBMOVED')();
    });
    group.flush();
    assert.deepEqual([told, rows()], [['SQLITE_READONLY_DBMOVED'], []]);
    isFull = false;
    pauses[0]?.();
    assert.match(await wrong, /ANOTHER/);
    assert.equal(await held, '2 is written');
    assert.deepEqual(rows(), [2]);
  });
});

describe('a write that ends the transaction of its group', () => {
  it('takes nobody else’s write for done', async () => {
    const { database, group, write, rows } = world();
    const neighbour = write(1);
    const wrong = write(2, () => {
      database.exec('ROLLBACK');
      failing('SQLITE_ERROR')();
    });
    group.flush();
    assert.deepEqual(await Promise.all([neighbour, wrong]), ['ledger_io', 'ledger_io']);
    assert.deepEqual(rows(), []);
  });
});

describe('a group in which the ledger fails', () => {
  it('at its commit is not made again: nobody knows what is on the disk', async () => {
    const { database, group, write, ran, rows, told } = world();
    database.exec('CREATE TABLE child (one INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)');
    const both = [write(1), write(2, () => database.exec('INSERT INTO child VALUES (99)'))];
    group.flush();
    assert.deepEqual(await Promise.all(both), ['ledger_io', 'ledger_io']);
    assert.deepEqual([ran, rows(), told], [[1, 2], [], []]);
    assert.equal(await write(3), 'ledger_io', 'and for good');
  });

  for (const code of ['SQLITE_IOERR_READ', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_NOMEM']) {
    it(`with ${code} is not tried again`, async () => {
      const { group, write, ran, rows, told } = world();
      const both = [write(1), write(2, failing(code))];
      group.flush();
      assert.deepEqual(await Promise.all(both), ['ledger_io', 'ledger_io']);
      assert.deepEqual([ran, rows(), told], [[1, 2], [], []]);
    });
  }
});
