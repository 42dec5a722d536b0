import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshCreation } from '../../../../src/core/creation.ts';
import { nothingLearnt } from '../../../../src/core/records.ts';
import { strictLedger } from '../../../support/ledgers.ts';

const reconciled = {
  ...{ atMs: 1, isFull: true, pages: 1, assets: 2, ours: 1, unknown: 1, unreadable: 3, drift: 0, asked: 0 },
  ...{ missing: 0, seconds: 1, error: null },
};
const search = {
  ...{ sinceMs: 1, endedMs: null, assets: 2, fetchedBytes: 3, adopted: 1 },
  ...{ unreadable: 4, trouble: 'down' },
};
const pace = { kind: 'bucket', perSecond: 2, recoverMs: 3, cycleMs: 4, limitedAtMs: 5 } as const;

describe('small facts', () => {
  it('are none at first, and then as they were written last, each by itself', async () => {
    const { ledger } = strictLedger();
    const { facts } = ledger;
    const read = () => [facts.lastReconcile, facts.matching, facts.creation, facts.pace, facts.listingOrder('a')];
    assert.deepEqual(read(), [null, null, null, null, null]);
    const creation = freshCreation('1');
    const order = { fullAtMs: 1, isNewestFirst: true };
    await ledger.write((tables) => {
      tables.facts.setPace({ ...pace, perSecond: 1 });
      tables.facts.setPace(pace);
      tables.facts.setLastReconcile(reconciled);
      tables.facts.setMatching(search);
      tables.facts.setCreation(creation);
      tables.facts.setListingOrder('a', order);
    });
    assert.deepEqual(read(), [reconciled, search, creation, pace, order]);
    assert.equal(facts.listingOrder('b'), null);
  });

  it('of an earlier version lack what it did not count', async () => {
    const { ledger } = strictLedger();
    const { unreadable: _, ...before } = reconciled;
    const { unreadable: __, trouble: ___, ...searched } = search;
    await ledger.write(({ facts }) => {
      facts.setLastReconcile(before as typeof reconciled);
      facts.setMatching(searched as typeof search);
    });
    assert.equal(ledger.facts.lastReconcile?.unreadable, 0);
    assert.deepEqual([ledger.facts.matching?.unreadable, ledger.facts.matching?.trouble], [0, null]);
  });

  it('tell how far each listing has come, until all of that is forgotten, and nothing else is', async () => {
    const { ledger } = strictLedger();
    const { facts } = ledger;
    assert.deepEqual([facts.listing('a'), facts.isListed('a')], [{ walks: 0, isDone: false }, false]);
    await ledger.write((tables) => {
      tables.facts.setListing('a', { walks: 5, isDone: true });
      tables.facts.setListing('b', { walks: 1, isDone: false });
      tables.facts.setPace(pace);
    });
    assert.deepEqual(
      [facts.listing('b'), facts.isListed('a'), facts.isListed('b')],
      [{ walks: 1, isDone: false }, true, false],
    );
    await ledger.write((tables) => tables.facts.forgetListed());
    assert.deepEqual([facts.isListed('a'), facts.listing('b').walks, facts.pace], [false, 0, pace]);
  });

  it('are learnt for each workspace, and listed by it', async () => {
    const { ledger } = strictLedger();
    const learnt = { ...nothingLearnt, assetId: 'asset_1' };
    assert.deepEqual([ledger.facts.learnt('ws'), ledger.facts.allLearnt()], [nothingLearnt, {}]);
    await ledger.write(({ facts }) => {
      facts.setLearnt('ws', learnt);
      facts.setLearnt('a:b', nothingLearnt);
      facts.setPace(pace);
    });
    assert.deepEqual(ledger.facts.learnt('ws'), learnt);
    assert.deepEqual(Object.keys(ledger.facts.allLearnt()), ['a:b', 'ws']);
    assert.deepEqual(ledger.facts.allLearnt()['ws'], learnt);
  });
});
