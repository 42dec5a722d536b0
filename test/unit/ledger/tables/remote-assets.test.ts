import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { RemoteAsset } from '../../../../src/core/records.ts';
import type { AssetQuery } from '../../../../src/ledger/tables/remote-assets.ts';
import { newContent, strictLedger, withFolder } from '../../../support/ledgers.ts';

type Listed = Omit<RemoteAsset, 'sha256'>;

const wanted: AssetQuery = {
  workspaceId: 'ws_1',
  projectId: null,
  sizeBytes: 100,
  sha256: 'ours',
  names: ['a.png'],
  isSizeKept: false,
};

function listed(assetId: string, patch: Partial<Listed> = {}): Listed {
  return {
    assetId,
    workspaceId: 'ws_1',
    projectId: null,
    name: 'a.png',
    sizeBytes: 100,
    status: 'ready',
    url: `https://media.flora.ai/${assetId}`,
    createdAtMs: null,
    isConverted: false,
    isAnonymous: false,
    ...patch,
  };
}

async function shelf(...assets: readonly Listed[]) {
  const { ledger } = strictLedger();
  const { destinationId } = await withFolder(ledger);
  await ledger.write(({ remoteAssets }) => {
    for (const asset of assets) remoteAssets.save(asset);
  });
  const { remoteAssets } = ledger;
  return {
    ledger,
    candidate: (patch: Partial<AssetQuery> = {}, compared: readonly string[] = []) =>
      remoteAssets.candidate({ ...wanted, ...patch }, compared)?.assetId,
    pending: () => remoteAssets.pending(wanted).map(({ assetId }) => assetId),
    /** A content of ours that has an asset. */
    bind: (patch: Partial<Content>) =>
      ledger.write(({ contents }) => {
        const inserted = contents.insert(newContent(destinationId, { sha256: 'theirs' }), 1);
        assert.ok(contents.save(inserted, { ...inserted, state: 'ready', ...patch }, 1));
      }),
    digest: (assetId: string, sha256: string) =>
      ledger.write((tables) => tables.remoteAssets.saveDigest(assetId, sha256)),
  };
}

describe('an asset that may be these bytes', () => {
  it('is ready, or is called by a word that nobody knows: that may mean ready', async () => {
    assert.equal(await shelf(listed('a', { status: 'unknown' })).then(({ candidate }) => candidate()), 'a');
    for (const status of ['pending_upload', 'failed'] as const) {
      const { candidate, pending } = await shelf(listed('a', { status }));
      assert.equal(candidate(), undefined);
      assert.deepEqual(pending(), ['a'], 'it is waited for instead');
    }
  });

  it('of an unknown word is not waited for as an upload on its way', async () => {
    assert.deepEqual((await shelf(listed('a', { status: 'unknown' }))).pending(), []);
  });

  it('has their digest, whatever its name and size; else their name; else their size', async () => {
    const { candidate, digest } = await shelf(
      listed('digest', { name: 'b.png', sizeBytes: 7 }),
      listed('name', { sizeBytes: null }),
      listed('size', { name: 'c.png' }),
      listed('other', { name: 'd.png', sizeBytes: 7 }),
    );
    await digest('digest', 'ours');
    const order: (string | undefined)[] = [];
    for (let at = 0; at < 4; at += 1)
      order.push(
        candidate(
          {},
          order.filter((id) => id !== undefined),
        ),
      );
    assert.deepEqual(order, ['digest', 'name', 'size', undefined]);
  });

  it('is none whose digest is another', async () => {
    const { candidate, digest } = await shelf(listed('a'));
    await digest('a', 'theirs');
    assert.equal(candidate(), undefined);
  });

  it('has another size and their name, where FLORA says that it converted it', async () => {
    const { candidate } = await shelf(listed('a', { sizeBytes: 60, isConverted: true }));
    assert.equal(candidate({ isSizeKept: true }), 'a');
    assert.equal(candidate({ names: ['b.png'] }), undefined, 'size and name are both others');
  });

  it('has another size and their name only while FLORA is not known to keep sizes', async () => {
    const { candidate } = await shelf(listed('a', { sizeBytes: 60 }));
    assert.equal(candidate({ isSizeKept: false }), 'a');
    assert.equal(candidate({ isSizeKept: true }), undefined);
  });

  it('is nearer with their size than with another', async () => {
    const { candidate } = await shelf(listed('a', { sizeBytes: 60, isConverted: true }), listed('b', { name: 'x' }));
    assert.equal(candidate(), 'b');
    assert.equal(candidate({}, ['b']), 'a');
  });

  it('is not one that a content of ours has', async () => {
    const { candidate, bind } = await shelf(listed('a'), listed('b'));
    await bind({ assetId: candidate() ?? '' });
    assert.equal(candidate({}, []), 'b');
    assert.equal(candidate({}, ['b']), undefined);
  });

  it('lies in the workspace, and in the project where one is wanted', async () => {
    const { candidate } = await shelf(
      listed('elsewhere', { workspaceId: 'ws_2' }),
      listed('mine', { projectId: 'prj_1' }),
      listed('theirs', { projectId: 'prj_2' }),
    );
    assert.equal(candidate({ projectId: 'prj_2' }), 'theirs');
    assert.equal(candidate({ projectId: 'prj_2' }, ['theirs']), undefined);
    assert.notEqual(candidate(), 'elsewhere');
  });

  it('has the digest that was fetched of it also after it was listed again', async () => {
    const { ledger, candidate, digest } = await shelf(listed('a', { name: 'b.png', sizeBytes: 1 }));
    await digest('a', 'ours');
    await ledger.write(({ remoteAssets }) => remoteAssets.save(listed('a', { name: 'c.png', sizeBytes: 2 })));
    assert.equal(candidate(), 'a');
    await ledger.write(({ remoteAssets }) =>
      remoteAssets.saveTold({ assetId: 'a', status: 'failed', sizeBytes: null }),
    );
    assert.equal(candidate(), undefined);
  });
});

describe('an item without an id', () => {
  const anonymous = listed('made up', { isAnonymous: true, url: 'https://media.flora.ai/x' });

  it('may be these bytes: they are in FLORA, and must not be sent again', async () => {
    const { ledger, candidate } = await shelf(anonymous);
    assert.equal(candidate(), 'made up');
    assert.equal(ledger.remoteAssets.candidate(wanted)?.isAnonymous, true);
  });

  it('is no candidate where another item names the asset at its URL', async () => {
    const { candidate } = await shelf(anonymous, listed('a', { url: anonymous.url, name: 'z', sizeBytes: 1 }));
    assert.equal(candidate(), undefined);
    const two = await shelf(anonymous, { ...anonymous, assetId: 'made up too' });
    assert.notEqual(two.candidate(), undefined, 'another item without an id names nothing');
  });

  it('is no candidate where a content of ours has the asset at its URL', async () => {
    const { candidate, bind } = await shelf(anonymous);
    await bind({ assetId: 'asset_1', url: anonymous.url });
    assert.equal(candidate(), undefined);
  });

  it('is one where a content of ours has had that URL, and no asset any more', async () => {
    const { candidate, bind } = await shelf(anonymous);
    await bind({ state: 'queued', assetId: null, url: anonymous.url });
    assert.equal(candidate(), 'made up');
  });

  it('without a URL is as good as any', async () => {
    const { candidate } = await shelf({ ...anonymous, url: null });
    assert.equal(candidate(), 'made up');
  });
});
