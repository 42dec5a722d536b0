import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Content, oneBufferBytes } from '../../../../src/core/content.ts';
import { freshCreation } from '../../../../src/core/creation.ts';
import { nothingLearnt } from '../../../../src/core/records.ts';
import { ContentStore } from '../../../../src/ledger/tables/contents.ts';
import { WaitReports } from '../../../../src/ledger/tables/waits.ts';
import { newContent, plansOf, strictLedger, withFolder } from '../../../support/ledgers.ts';

const target = { kind: 'put', url: 'https://host/upload' } as const;

/** A ledger with contents in these states, and for these reasons. */
async function ledgerWith(...rows: readonly Partial<Content>[]) {
  const { ledger, database } = strictLedger();
  const { destinationId } = await withFolder(ledger);
  const ids = await ledger.write(({ contents }) =>
    rows.map((row, at) => {
      const { sizeBytes = 3 } = row;
      const wanted = newContent(destinationId, { sha256: `${at}`, idempotencyKey: `${at}`, sizeBytes });
      const inserted = contents.insert(wanted, 1);
      const bound = row.state === undefined || row.state === 'queued' ? {} : { assetId: `asset_${at}`, target };
      assert.ok(contents.save(inserted, { ...inserted, ...bound, ...row }, 1));
      return inserted.id;
    }),
  );
  return { ledger, database, ids };
}

const waits = (reasonCode: string, state: Content['state'] = 'queued', reason = reasonCode) => ({
  state,
  reasonCode,
  reason,
});

describe('why contents wait', () => {
  it('is told by reason, the commonest first, over those with an asset and those without', async () => {
    const { database } = await ledgerWith(
      waits('server_error', 'queued', 'FLORA answered 503'),
      waits('creation_slow'),
      waits('server_error', 'reserved', 'FLORA answered 500'),
      waits('processing', 'checking'),
      waits('server_error', 'renewing', 'FLORA answered 502'),
      waits('creation_slow'),
    );
    assert.deepEqual(new WaitReports(database).waiting(), [
      { code: 'server_error', count: 3, reason: 'FLORA answered 500' },
      { code: 'creation_slow', count: 2, reason: 'creation_slow' },
      { code: 'processing', count: 1, reason: 'processing' },
    ]);
  });

  it('is told of nothing that is at its end, and of nothing that waits for no reason', async () => {
    const { database } = await ledgerWith(
      waits('asset_failed', 'rejected'),
      waits('source_lost', 'gone'),
      waits('asset_missing', 'missing'),
      waits('converted', 'ready'),
      { state: 'queued' },
      { state: 'uploaded' },
    );
    assert.deepEqual(new WaitReports(database).waiting(), []);
  });

  it('is told of what is looked for in FLORA, too', async () => {
    const { database } = await ledgerWith({ ...waits('match_pending', 'matching'), assetId: null });
    assert.equal(new WaitReports(database).waiting()[0]?.code, 'match_pending');
  });
});

describe('what is odd in FLORA', () => {
  it('is told by code, the commonest first, of what is ready only', async () => {
    const { database } = await ledgerWith(
      waits('converted', 'ready', 'Converted b'),
      waits('other_size', 'ready'),
      waits('converted', 'ready', 'Converted a'),
      waits('unknown_status', 'ready'),
      waits('converted', 'checking'),
      { state: 'ready' },
    );
    assert.deepEqual(new WaitReports(database).findings(), [
      { code: 'converted', count: 2, reason: 'Converted a' },
      { code: 'other_size', count: 1, reason: 'other_size' },
      { code: 'unknown_status', count: 1, reason: 'unknown_status' },
    ]);
  });
});

describe('the reports of what waits', () => {
  it('read the few contents that they are about, through their indexes, and never all of them', () => {
    const { database } = strictLedger();
    const plans = plansOf(database, (recording) => new WaitReports(recording), /FROM content/);
    const [waiting = '', findings = ''] = plans;
    assert.equal(plans.length, 2);
    assert.match(waiting, /USING INDEX content_due/);
    assert.match(waiting, /USING INDEX content_queued/);
    assert.match(findings, /USING INDEX content_finding/);
    for (const plan of plans) assert.doesNotMatch(plan, /SCAN content(?! USING INDEX)/);
  });

  it('find contents without bytes through the index of those under way', () => {
    const { database } = strictLedger();
    const [plan = ''] = plansOf(
      database,
      (recording) => new ContentStore(recording),
      /asset_id IS NOT NULL AND complete_sent = 0/,
    );
    assert.match(plan, /USING INDEX content_due/);
  });
});

describe('contents without bytes', () => {
  it('are those that have an asset to which complete was never sent, until they are at an end', async () => {
    const { ledger, ids } = await ledgerWith(
      { state: 'queued' },
      { state: 'reserved' },
      { state: 'checking' },
      { state: 'renewing' },
      { state: 'checking', isCompleteSent: true },
      { state: 'uploaded', isCompleteSent: true },
      { state: 'rejected' },
      { state: 'gone' },
      { state: 'ready' },
    );
    assert.deepEqual(new Set(ledger.contents.withoutBytes()), new Set(ids.slice(1, 4)));
  });
});

describe('what was about to be sent in one piece when the last process ended', () => {
  it('may have been sent whole; what leaves in several pieces, or is further on, says so itself', async () => {
    const large = oneBufferBytes + 1;
    const { ledger, ids } = await ledgerWith(
      { state: 'reserved' },
      { state: 'reserved', sizeBytes: large },
      { state: 'checking' },
      { state: 'renewing' },
      { state: 'queued' },
    );
    await ledger.write(({ contents }) => contents.doubtUnanswered());
    const unclear = ids.filter((id) => ledger.contents.get(id)?.mayHaveAllBytes === true);
    assert.deepEqual(unclear, ids.slice(0, 1));
  });
});

describe('what is learnt of FLORA', () => {
  it('is nothing before anything was seen, for each workspace by itself', async () => {
    const { ledger } = strictLedger();
    assert.deepEqual(ledger.facts.learnt('ws_1'), nothingLearnt);
    await ledger.write(({ facts }) => facts.setLearnt('ws_1', { ...nothingLearnt, body: 'none', lagMs: 0 }));
    assert.deepEqual(ledger.facts.learnt('ws_1'), { ...nothingLearnt, body: 'none', lagMs: 0 });
    assert.deepEqual(ledger.facts.learnt('ws_2'), nothingLearnt);
    assert.deepEqual(ledger.facts.allLearnt(), { ws_1: ledger.facts.learnt('ws_1') });
  });

  it('has null for what a version before did not write down', async () => {
    const { ledger, database } = strictLedger();
    database.prepare(`INSERT INTO fact (key, value) VALUES ('learnt:ws_1', '{"body":"json"}')`).run();
    assert.deepEqual(ledger.facts.learnt('ws_1'), { ...nothingLearnt, body: 'json' });
    assert.deepEqual(ledger.facts.allLearnt(), { ws_1: { ...nothingLearnt, body: 'json' } });
  });

  it('is listed for each workspace, whatever characters its id has', async () => {
    const { ledger } = strictLedger();
    const ids = ['ws_*', 'ws_[a]', 'ws_learnt:x', 'ws_1'];
    await ledger.write(({ facts }) => {
      for (const id of ids) facts.setLearnt(id, { ...nothingLearnt, assetId: id });
    });
    assert.deepEqual(new Set(Object.keys(ledger.facts.allLearnt())), new Set(ids));
    for (const id of ids) assert.equal(ledger.facts.allLearnt()[id]?.assetId, id);
  });
});

describe('the budget of assets', () => {
  it('is null before any was asked for, and then as it was written', async () => {
    const { ledger } = strictLedger();
    assert.equal(ledger.facts.creation, null);
    const creation = { ...freshCreation('1'), barren: 1.125, lost: 2, slowSinceMs: 5, nextProbeMs: 6, reason: 'why' };
    await ledger.write(({ facts }) => facts.setCreation(creation));
    assert.deepEqual(ledger.facts.creation, creation);
  });
});
