import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ReconcileWork, reconcileAsked } from '../../../src/operations/reconcile.ts';

it('a comparison that somebody waits for has FLORA asked at once, however long it is to be left alone', async () => {
  const order: string[] = [];
  const ended = { atMs: 0, isFull: false, error: null };
  const work = {
    remote: { workspaceIds: async () => void order.push('FLORA answers') },
    gate: { trouble: null, listeners: new Set(), hurry: () => void order.push('hurry') },
    pathOf: () => null,
    run: async () => {
      order.push('walk');
      return ended;
    },
  } as unknown as ReconcileWork;
  await reconcileAsked(work, {}, async () => {}, new AbortController().signal);
  assert.deepEqual(order, ['FLORA answers', 'hurry', 'walk']);
});
