import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { perform } from '../../../../src/sync/upload/perform.ts';
import { FakeLocal } from '../../../support/fake-root.ts';
import { creatingOver, NoLearning } from '../../../support/flora-knowledge.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

const { signal } = new AbortController();
const random = { fraction: () => 0.5, token: () => 'token' };
const target = { kind: 'put', url: 'https://upload.example/x' } as const;

/** Sends a file that turns out not to hold its bytes any more; `isThere` says what may be believed by then. */
async function sendChanged(isThere: boolean, livesForMs: number | null = null) {
  const clock = new HandClock();
  const wanted: (number | null | undefined)[] = [];
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  await knowFiles(ledger, folder, ['a.png']);
  const content = ledger.contents.get(1);
  assert.ok(content !== undefined);
  let isRootThere = true;
  const unused = () => assert.fail('not part of this test');
  const upload: RemotePort['upload'] = async (asked) => {
    wanted.push(asked.livesForMs);
    isRootThere = isThere;
    throw new SyncError('It changed', { code: 'source_changed', scope: 'file', disposition: 'retry', op: 'upload' });
  };
  const remote: RemotePort = {
    upload,
    reserve: unused,
    complete: unused,
    renew: unused,
    get: unused,
    list: unused,
    fetchDigest: unused,
    workspaceIds: unused,
  };
  const deps = {
    ledger,
    remote,
    local: {
      ...new FakeLocal({ identity: '1:1:1', entries: {} }).port,
      openSource: async () => ({ kind: 'source', sizeBytes: 3, async *chunks() {}, close: async () => {} }) as const,
    },
    gate: new Gate({ most: 8, clock, random, onChange: () => {} }),
    transfers: new Transfers(8),
    roots: { isThere: () => isRootThere },
    clock,
    matching: { match: unused },
    creating: creatingOver(ledger, clock),
    learning: new NoLearning(ledger),
    onSent: () => {},
  };
  const targetExpiresAtMs = livesForMs === null ? null : clock.now() + livesForMs;
  const outcome = await perform(
    deps,
    { ...content, targetExpiresAtMs },
    { type: 'upload', assetId: 'asset_1', target },
    { stopping: signal, abort: signal },
  );
  return { outcome, wanted };
}

describe('an upload', () => {
  it('is told how long its target lives, where that is known', async () => {
    for (const livesForMs of [90_000, -5, null]) {
      assert.deepEqual((await sendChanged(true, livesForMs)).wanted, [livesForMs]);
    }
  });
});

describe('an upload whose file does not hold its bytes any more', () => {
  it('has lost its source, and the file is in doubt', async () => {
    const { outcome } = await sendChanged(true);
    assert.ok(outcome?.event.type === 'source-lost');
    assert.equal(outcome.event.reason, 'The file changed or went away before its bytes were sent');
    assert.deepEqual(
      outcome.doubted.map(({ name }) => name),
      ['a.png'],
    );
  });

  it('waits when its drive went away, or another came, while it was sent', async () => {
    const { outcome } = await sendChanged(false);
    assert.ok(outcome?.event.type === 'trouble');
    assert.equal(outcome.event.code, 'folder_away');
    assert.equal(outcome.event.reason, 'Its drop folder, or a drive in it, is not there just now');
    assert.deepEqual(outcome.doubted, []);
  });
});
