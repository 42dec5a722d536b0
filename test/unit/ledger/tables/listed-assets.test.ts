import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RemoteAsset } from '../../../../src/core/records.ts';
import { strictLedger } from '../../../support/ledgers.ts';

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
