import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { Inventory } from '../../../src/ledger/inventory.ts';
import { type RetryItem, type RetryRequest, retryFiles } from '../../../src/operations/retry.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../support/ledgers.ts';

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
/** A name whose second byte is not UTF-8. */
const odd = 'n\udcff.png';

/** Three rejected files in the drop folder `/drop`, one of them in `/drop/sub`, and whatever the inventory was asked for. */
async function world() {
  const { ledger, database } = memoryLedger();
  const { folderId, destinationId } = await withFolder(ledger);
  await ledger.write((tables) => {
    tables.directories.setNeedsMatching(folderId, false);
    for (const [at, [directory, name]] of [
      ['', 'a.png'],
      ['sub', 'b.png'],
      ['', odd],
    ].entries()) {
      const key = `key-${at}`;
      const patch = { sha256: `${at}`.repeat(64), idempotencyKey: key };
      const content = tables.contents.insert(newContent(destinationId, patch), 0);
      tables.contents.save(content, { ...content, state: 'rejected', reason: 'refused' }, 0);
      const directoryId = tables.directories.save(folderId, directory ?? '');
      tables.files.saveContent(directoryId, name ?? '', stat, content.id, 0);
    }
  });
  const looks: string[] = [];
  class Asked extends Inventory {
    override file(folder: number, directory: string, name: string) {
      looks.push(`${directory}/${name}`);
      return super.file(folder, directory, name);
    }
  }
  const deps = {
    ledger,
    inventory: new Asked(database),
    clock: new HandClock(),
    random: { fraction: () => 0, token: () => `token-${looks.length}-${Math.trunc(told.length)}` },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    onChange: () => {},
    creating: null,
    uploadsMissing: () => false,
    onLook: () => {},
    onWork: () => {},
  };
  const told: RetryItem[] = [];
  const tell = async (item: RetryItem) => void told.push(item);
  const states = () => database.prepare('SELECT state FROM content ORDER BY id').pluck().all();
  const { signal } = new AbortController();
  return { deps, looks, told, states, retry: (request: RetryRequest) => retryFiles(deps, request, tell, signal) };
}

describe('retrying files', () => {
  it('looks each path up once, and counts what came of them', async () => {
    const { retry, looks, told, states } = await world();
    const counts = await retry({ paths: ['/drop/a.png', '/drop/sub/b.png'] });
    assert.deepEqual(looks, ['/a.png', 'sub/b.png']);
    assert.deepEqual(counts, { retried: 2, looked_at: 0, unchanged: 0, unknown: 0 });
    assert.deepEqual(
      told.map(({ path, outcome, state }) => [path, outcome, state]),
      [
        ['/drop/a.png', 'retried', 'queued'],
        ['/drop/sub/b.png', 'retried', 'queued'],
      ],
    );
    assert.deepEqual(states(), ['queued', 'queued', 'rejected']);
  });

  it('tries a file once, however often and in whatever spelling it is named', async () => {
    const { retry, told } = await world();
    const paths = ['/drop/a.png', '/drop/sub/../a.png', '/drop//a.png', `/drop/${odd}`, '/drop/n\\xff.png'];
    assert.equal((await retry({ paths })).retried, 2);
    assert.deepEqual(
      told.map(({ path }) => path),
      ['/drop/a.png', '/drop/n\\xff.png'],
    );
  });

  it('of what failed looks nothing up that the ledger has listed already', async () => {
    const { retry, looks, told } = await world();
    assert.equal((await retry({ failed: true })).retried, 3);
    assert.deepEqual(looks, []);
    assert.equal(told.length, 3);
  });

  const wrong: readonly (readonly [string, string, RegExp, RegExp])[] = [
    ['a file that was never there', '/drop/never.png', /never seen \/drop\/never\.png/, /`flora-sync ls`/],
    ['a path outside every folder', '/else/a.png', /never seen \/else\/a\.png/, /in no drop folder.*It knows \/drop\./],
    ['a directory', '/drop/sub', /\/drop\/sub is a directory/, /Name the files/],
    ['the drop folder', '/drop', /\/drop is a directory/, /Name the files/],
    ['a name that shows characters which a terminal obeys', '/drop/\u001b[2J', /never seen \/drop\/\\u001b\[2J/i, /ls/],
  ];
  for (const [what, path, message, hint] of wrong) {
    it(`does nothing where one of them is ${what}`, async () => {
      const { retry, told, states } = await world();
      await assert.rejects(retry({ paths: ['/drop/a.png', path] }), (error: unknown) => {
        assert.ok(error instanceof SyncError);
        assert.equal(error.code, 'usage');
        assert.match(error.message, message);
        assert.match(error.hint ?? '', hint);
        return true;
      });
      assert.deepEqual(told, []);
      assert.deepEqual(states(), ['rejected', 'rejected', 'rejected']);
    });
  }
});
