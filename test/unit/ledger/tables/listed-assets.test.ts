import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { RemoteAsset } from '../../../../src/core/records.ts';
import { newContent, strictLedger, withFolder } from '../../../support/ledgers.ts';

const asset: Omit<RemoteAsset, 'sha256'> = {
  assetId: 'a',
  workspaceId: 'ws_1',
  projectId: null,
  name: 'x.png',
  sizeBytes: 3,
  status: 'ready',
  url: 'u',
  createdAtMs: 7,
  isConverted: false,
  isAnonymous: false,
};
const query = {
  workspaceId: 'ws_1',
  projectId: null,
  sizeBytes: 3,
  sha256: 'digest',
  names: ['x.png'],
  isSizeKept: false,
};

describe('an asset that was listed', () => {
  it('is kept as it was listed last, with its first workspace, date and kind', async () => {
    const { ledger } = strictLedger();
    const { remoteAssets } = ledger;
    assert.deepEqual(
      [remoteAssets.hasAny(), remoteAssets.count(), remoteAssets.candidate(query)],
      [false, 0, undefined],
    );
    await ledger.write((tables) => tables.remoteAssets.save(asset));
    assert.deepEqual([remoteAssets.hasAny(), remoteAssets.count()], [true, 1]);
    assert.deepEqual(remoteAssets.candidate(query), { ...asset, sha256: null });
    const later = { name: 'x.png', sizeBytes: null, url: 'v', isConverted: true, projectId: 'p' };
    await ledger.write((tables) => tables.remoteAssets.save({ ...asset, ...later }));
    assert.deepEqual(remoteAssets.candidate(query), { ...asset, ...later, sha256: null });
    await ledger.write((tables) => tables.remoteAssets.save({ ...asset, projectId: null }));
    assert.equal(remoteAssets.candidate(query)?.projectId, 'p', 'a listing without a project takes none away');
    assert.equal(remoteAssets.count(), 1);
  });

  it('has the digest that was fetched of it, and what GET told, by its id', async () => {
    const { ledger } = strictLedger();
    const { remoteAssets } = ledger;
    await ledger.write((tables) => {
      tables.remoteAssets.save(asset);
      tables.remoteAssets.save({ ...asset, assetId: 'b', name: 'other', sizeBytes: 9 });
      tables.remoteAssets.saveDigest('b', 'digest');
      tables.remoteAssets.saveTold({ assetId: 'a', status: 'failed', sizeBytes: 4 });
    });
    assert.equal(remoteAssets.candidate(query)?.assetId, 'b', 'by its digest');
    assert.equal(remoteAssets.candidate({ ...query, sha256: 'else' }), undefined);
    await ledger.write((tables) =>
      tables.remoteAssets.saveTold({ assetId: 'a', status: 'pending_upload', sizeBytes: null }),
    );
    const pending = (sizeBytes: number) => remoteAssets.pending({ ...query, sizeBytes }).map(({ assetId }) => assetId);
    assert.deepEqual([pending(4), pending(3)], [['a'], []], 'the size stays where none is told');
  });

  it('is pending where its name is ours, its size may be, and it is neither ready nor by a word that nobody knows', async () => {
    const { ledger } = strictLedger();
    await ledger.write((tables) => {
      const save = (assetId: string, patch: Partial<RemoteAsset>) =>
        tables.remoteAssets.save({ ...asset, assetId, status: 'pending_upload', ...patch });
      save('pending', {});
      save('failed', { status: 'failed' });
      save('sizeless', { sizeBytes: null });
      save('ready', { status: 'ready' });
      save('unknown', { status: 'unknown' });
      save('larger', { sizeBytes: 4 });
      save('named otherwise', { name: 'y.png' });
      save('elsewhere', { workspaceId: 'ws_2' });
    });
    const ids = ledger.remoteAssets.pending(query).map(({ assetId }) => assetId);
    assert.deepEqual(ids.sort(), ['failed', 'pending', 'sizeless']);
  });

  it('is forgotten with all others when the search is over', async () => {
    const { ledger } = strictLedger();
    await ledger.write((tables) => {
      tables.remoteAssets.save(asset);
      tables.remoteAssets.save({ ...asset, assetId: 'b' });
      tables.remoteAssets.clear();
    });
    assert.equal(ledger.remoteAssets.hasAny(), false);
  });
});

describe('which assets are ours', () => {
  const bound = async () => {
    const { ledger } = strictLedger();
    const { destinationId } = await withFolder(ledger);
    const make = (assetId: string | null, patch: Partial<Content> = {}) =>
      ledger.write(({ contents }) => {
        const own = { sha256: `of ${assetId}`, idempotencyKey: `key of ${assetId}`, sizeBytes: 7 };
        const content = contents.insert(newContent(destinationId, own), 1);
        if (assetId !== null) assert.ok(contents.save(content, { ...content, state: 'ready', assetId, ...patch }, 1));
        return content.id;
      });
    const ids = [await make('b'), await make('a"'), await make(null)];
    ids.push(await make('c', { state: 'checking', url: 'u', remoteSizeBytes: 5, reasonCode: 'converted' }));
    return { boundAssets: ledger.boundAssets, ids };
  };

  it('is told with what a listing can differ from, by their places among those that are asked for', async () => {
    const { boundAssets, ids } = await bound();
    const [b = 0, a = 0, , c = 0] = ids;
    const of = (...assets: readonly string[]) => [...boundAssets.of(assets)].sort((one, other) => one.at - other.at);
    assert.deepEqual(of(), []);
    assert.deepEqual(of('never', 'A"'), []);
    const plain = { state: 'ready', url: null, sizeBytes: 7, remoteSizeBytes: null, reasonCode: null };
    assert.deepEqual(of('c', 'never', 'a"', 'b'), [
      {
        ...plain,
        at: 0,
        id: c,
        assetId: 'c',
        state: 'checking',
        url: 'u',
        remoteSizeBytes: 5,
        reasonCode: 'converted',
      },
      { ...plain, at: 2, id: a, assetId: 'a"' },
      { ...plain, at: 3, id: b, assetId: 'b' },
    ]);
  });

  it('is told in the order of their ids, so many at a time, until there is none', async () => {
    const { boundAssets, ids } = await bound();
    const [b = 0, a = 0, , c = 0] = ids;
    const after = (assetId: string, most: number) => {
      const { ids: found, last } = boundAssets.idsAfter(assetId, most);
      return [[...found].sort(), last];
    };
    assert.deepEqual(after('', 9), [[a, b, c].sort(), 'c']);
    assert.deepEqual(after('', 2), [[a, b].sort(), 'b']);
    assert.deepEqual(
      [after('b', 2), after('a"', 1)],
      [
        [[c], 'c'],
        [[b], 'b'],
      ],
    );
    assert.deepEqual(after('c', 2), [[], null]);
  });
});

describe('the writes of a moment', () => {
  it('are told as many when the last group held several', async () => {
    const told: boolean[] = [];
    const defer = (flush: () => void, isBusy?: boolean) => {
      told.push(isBusy === true);
      setImmediate(flush);
    };
    const { ledger } = strictLedger(defer);
    await ledger.write(() => 1);
    await Promise.all([ledger.write(() => 1), ledger.write(() => 2)]);
    await ledger.write(() => 1);
    await ledger.write(() => 1);
    assert.deepEqual(told, [false, false, true, false]);
  });

  it('are given back what each has made, also where a neighbour fails', async () => {
    const { ledger } = strictLedger();
    const three = [
      ledger.write(() => 'one'),
      ledger.write(() => {
        throw new Error('two');
      }),
      ledger.write(() => 'three'),
    ];
    const settled = await Promise.allSettled(three);
    assert.deepEqual(
      settled.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason))),
      ['one', 'Error: two', 'three'],
    );
    assert.equal(
      ledger.readTogether(() => 4),
      4,
    );
  });

  it('that come after the end are refused, and those before it are kept', async () => {
    const { ledger, database } = strictLedger(() => {});
    const last = ledger.write(() => 5);
    ledger.close();
    assert.equal(await last, 5);
    await assert.rejects(
      ledger.write(() => 6),
      { code: 'ledger_closed' },
    );
    assert.equal(database.open, false);
  });
});
