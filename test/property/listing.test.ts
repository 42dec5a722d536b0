import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { seeded } from '../support/pictures.ts';
import { ListingModel, listed, reconciling } from '../support/remote-listing.ts';

const schedule = fc.record({
  seed: fc.nat(),
  ours: fc.integer({ min: 1, max: 60 }),
  others: fc.integer({ min: 0, max: 400 }),
  /** Of all assets, coming or going between two pages. */
  churn: fc.double({ min: 0, max: 0.2, noNaN: true }),
  /** Of ours, really gone from the start. */
  gone: fc.double({ min: 0, max: 0.3, noNaN: true }),
  order: fc.constantFrom('front', 'back', 'anywhere'),
  walks: fc.integer({ min: 1, max: 3 }),
});

it('a listing that grows and shrinks between its pages never makes an asset of ours missing, and what is gone is found', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ seed, ours, others, churn, gone, order, walks }) => {
      const random = seeded(seed);
      const model = new ListingModel();
      const { ledger, reconcile, work, clock, changes } = await reconciling(ours, model);
      const lost = new Set<string>();
      for (let at = 0; at < ours; at += 1) {
        const assetId = `ours_${String(at).padStart(6, '0')}`;
        if (random() < gone) lost.add(assetId);
        else model.assets.splice(Math.floor(random() * (model.assets.length + 1)), 0, listed(assetId));
      }
      let made = 0;
      const add = () => {
        const at =
          order === 'front' ? 0 : order === 'back' ? model.assets.length : random() * (model.assets.length + 1);
        model.assets.splice(Math.floor(at), 0, listed(`theirs_${made}`));
        made += 1;
      };
      for (let count = 0; count < others; count += 1) add();
      model.onPage = () => {
        const times = Math.floor(random() * churn * model.assets.length);
        for (let count = 0; count < times; count += 1) {
          const at = Math.floor(random() * model.assets.length);
          if (model.assets[at]?.assetId.startsWith('theirs') === true) model.assets.splice(at, 1);
          else add();
        }
      };
      for (let walk = 0; walk < walks; walk += 1) {
        await reconcile();
        for (let round = 0; round < 3; round += 1) {
          await clock.advance(601_000);
          await work();
        }
      }
      for (const { after } of changes) {
        if (after.state === 'missing') assert.ok(lost.has(after.assetId ?? ''), `${after.assetId} is there`);
      }
      const isShown = model.assets.length > 0;
      for (let id = 1; id <= ours; id += 1) {
        const content = ledger.contents.get(id);
        const isLost = lost.has(content?.assetId ?? '');
        assert.equal(content?.state, isLost ? (isShown ? 'missing' : 'checking') : 'ready', `${content?.assetId}`);
      }
    }),
    { numRuns: 60 },
  );
});
