import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { transition } from '../../../src/core/transition.ts';
import { context, facts, sent } from '../../support/contents.ts';

const conflict: ContentEvent = { type: 'conflict', reason: 'no bytes were uploaded' };
const pending: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };
const accepted: ContentEvent = { type: 'bytes-accepted' };

/** `complete` is refused and GET says pending, until something else than that is tried. */
function refusedUntilSomethingElse(from: Content): { readonly content: Content; readonly rounds: number } {
  let content = from;
  for (let rounds = 1; rounds <= 20; rounds += 1) {
    const checking = transition(content, conflict, context);
    assert.equal(checking.state, 'checking');
    content = transition(checking, pending, context);
    if (content.state !== 'uploaded') return { content, rounds };
  }
  throw new Error('complete is asked for for ever');
}

describe('bytes that the target accepted and FLORA does not have', () => {
  it('are sent again to the same asset, after a few refusals of complete and not at the first', () => {
    const before = sent();
    const { content, rounds } = refusedUntilSomethingElse(before);
    assert.ok(rounds > 2, `${rounds} rounds`);
    assert.deepEqual([content.state, content.assetId, content.target], ['reserved', before.assetId, before.target]);
    assert.equal(content.areBytesConfirmed, false);
  });

  it('go to a new target of the same asset where the old one has expired', () => {
    const { content } = refusedUntilSomethingElse(sent({ targetExpiresAtMs: 1 }));
    assert.deepEqual([content.state, content.assetId, content.generation], ['renewing', 'asset_1', sent().generation]);
  });

  it('are given up, with FLORA’s reason, when that has been tried often enough', () => {
    let content = sent();
    for (let sendings = 0; sendings < 20 && content.state === 'uploaded'; sendings += 1) {
      content = refusedUntilSomethingElse(content).content;
      if (content.state === 'reserved') content = transition(content, accepted, context);
    }
    assert.deepEqual([content.state, content.reasonCode], ['rejected', 'upload_refused']);
    assert.equal(content.reason, 'no bytes were uploaded');
  });

  it('are not doubted while FLORA processes them', () => {
    const ready: ContentEvent = { type: 'asset', facts: facts({ status: 'ready' }), by: 'get' };
    const checking = transition(sent(), conflict, context);
    assert.equal(transition(checking, ready, context).state, 'ready');
  });
});
