import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openSqlite } from '../../../src/runtime/sqlite.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function surviveCollection(made: WeakRef<object>): Promise<boolean> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise(setImmediate);
    collectGarbage();
  }
  return made.deref() !== undefined;
}

describe('openSqlite', () => {
  it('leaves neither database, statement nor iterator to the garbage collector, which would abort Node 24', async () => {
    const made = (() => {
      const database = openSqlite(':memory:');
      const statement = database.prepare('SELECT 1 AS one');
      const rows = statement.iterate();
      assert.deepEqual([...rows], [{ one: 1 }]);
      return [database, statement, rows].map((each) => new WeakRef<object>(each));
    })();
    for (const each of made) assert.equal(await surviveCollection(each), true);
  });

  it('collects what nobody keeps: the test above can fail', async () => {
    const unkept = (() => new WeakRef({ nobody: true }))();
    assert.equal(await surviveCollection(unkept), false);
  });

  it('reads and sets pragmas as better-sqlite3 does', () => {
    const database = openSqlite(':memory:');
    database.pragma('user_version = 7');
    assert.equal(database.pragma('user_version', { simple: true }), 7);
    assert.deepEqual(database.pragma('user_version'), [{ user_version: 7 }]);
    assert.equal(database.pragma('quick_check(1)', { simple: true }), 'ok');
    database.close();
  });
});
