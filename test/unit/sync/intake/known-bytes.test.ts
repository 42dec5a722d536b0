import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Content, ContentState } from '../../../../src/core/content.ts';
import { openDrop } from '../../../support/drop.ts';
import { newContent } from '../../../support/ledgers.ts';

const sha256 = createHash('sha256').update('one').digest('hex');

/** A folder whose one file has a content that has come into this state. */
async function withState(t: TestContext, state: ContentState, copies: 'share' | 'separate') {
  const drop = await openDrop(t, { a: 'one' }, {}, copies);
  await drop.scan();
  const { ledger, folder } = drop;
  const before = drop.contentOf('one');
  assert.ok(before !== undefined);
  const patch: Partial<Content> =
    state === 'ready' || state === 'missing' ? { assetId: 'asset_1', isCompleteSent: true } : {};
  const saved = await ledger.write(({ contents }) => contents.save(before, { ...before, ...patch, state }, 1));
  assert.ok(saved);
  const all = () => ledger.contents.withBytes(folder.destinationId, sha256);
  return { ...drop, id: before.id, all };
}

describe('bytes that the ledger knows', () => {
  for (const copies of ['share', 'separate'] as const) {
    for (const state of ['rejected', 'missing', 'ready', 'queued'] as const) {
      it(`begin no second content where they are ${state}, and copies ${copies}`, async (t) => {
        const { root, scan, all, id, ledger } = await withState(t, state, copies);
        writeFileSync(join(root, 'b'), 'one');
        if (copies === 'separate') rmSync(join(root, 'a'));
        await scan();
        assert.deepEqual(
          all().map((each) => [each.id, each.state]),
          [[id, state]],
        );
        assert.ok(ledger.files.sources(id).some(({ name }) => name === 'b'));
      });
    }

    it(`are wanted again where they were gone, under a new key, and copies ${copies}`, async (t) => {
      const { root, scan, all, id, ledger, folder } = await withState(t, 'gone', copies);
      await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, false));
      const [before] = all();
      writeFileSync(join(root, 'b'), 'one');
      if (copies === 'separate') rmSync(join(root, 'a'));
      await scan();
      const [back, ...others] = all();
      assert.deepEqual([back?.id, back?.state, back?.generation, others], [id, 'queued', 2, []]);
      assert.notEqual(back?.idempotencyKey, before?.idempotencyKey);
    });
  }

  it('begin a second content for a copy where copies are separate, while the first file is there', async (t) => {
    const { root, scan, all } = await withState(t, 'ready', 'separate');
    writeFileSync(join(root, 'b'), 'one');
    await scan();
    assert.deepEqual(
      all().map(({ twin, state }) => [twin, state]),
      [
        [0, 'ready'],
        [1, 'queued'],
      ],
    );
    await scan();
    assert.equal(all().length, 2, 'and no third');
  });

  it('belong to the twin that is ready, else to one that is on its way, else to the first', async (t) => {
    for (const [states, chosen] of [
      [['rejected', 'checking', 'ready'], 2],
      [['rejected', 'gone', 'checking'], 2],
      [['rejected', 'missing', 'rejected'], 0],
    ] as const) {
      const { root, scan, ledger, folder } = await openDrop(t, {});
      const ids = await ledger.write(({ contents }) =>
        states.map((state, twin) => {
          const own = { sha256, twin, idempotencyKey: `${root} ${twin}` };
          const made = contents.insert(newContent(folder.destinationId, own), 1);
          const patch = { assetId: `${root} ${twin}`, isCompleteSent: true };
          assert.ok(contents.save(made, { ...made, ...patch, state }, 1));
          return made.id;
        }),
      );
      writeFileSync(join(root, 'a'), 'one');
      await scan();
      const counts = ids.map((id) => ledger.files.sources(id).length);
      assert.deepEqual(
        counts,
        [0, 1, 2].map((twin) => Number(twin === chosen)),
        states.join(),
      );
    }
  });
});
