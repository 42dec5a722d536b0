import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { transition } from '../../../src/core/transition.ts';
import { context, facts, sent } from '../../support/contents.ts';

const conflict: ContentEvent = { type: 'conflict', reason: 'no bytes were uploaded' };
const pending: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };
const accepted: ContentEvent = { type: 'bytes-accepted' };

/** `complete` is refused and GET says pending, until something else than asking is tried. */
function askedUntilSomethingElse(from: Content): { readonly content: Content; readonly completes: number } {
  let content = from;
  let completes = 0;
  for (let steps = 0; steps < 500; steps += 1) {
    if (content.state === 'uploaded') {
      completes += 1;
      content = transition(content, conflict, context);
    } else if (content.state === 'checking') content = transition(content, pending, context);
    else return { content, completes };
  }
  return { content, completes };
}

describe('confirmed bytes whose asset stays pending', () => {
  it('are sent again to the same asset, after several refusals of complete and not at the first', () => {
    const before = sent();
    const { content, completes } = askedUntilSomethingElse(before);
    assert.ok(completes > 2, `${completes} completes`);
    assert.deepEqual([content.state, content.assetId, content.target], ['reserved', before.assetId, before.target]);
    assert.equal(content.areBytesConfirmed, false);
  });

  it('go to a new target of the same asset where the old one has expired', () => {
    const { content } = askedUntilSomethingElse(sent({ targetExpiresAtMs: 1 }));
    assert.deepEqual([content.state, content.assetId, content.generation], ['renewing', 'asset_1', sent().generation]);
  });

  it('go to the old target again when FLORA will not renew it: then it is open, and our clock is wrong', () => {
    const { content } = askedUntilSomethingElse(sent({ targetExpiresAtMs: 1 }));
    assert.equal(content.state, 'renewing');
    const checking = transition(content, conflict, context);
    const again = transition(checking, pending, context);
    assert.deepEqual([again.state, again.target, again.targetExpiresAtMs], ['reserved', sent().target, null]);
  });

  it('are sent a bounded number of times, and never given up: they may be ready in the end', () => {
    let content = sent();
    let sendings = 0;
    for (; sendings < 50; sendings += 1) {
      content = askedUntilSomethingElse(content).content;
      if (content.state !== 'reserved') break;
      content = transition(content, accepted, context);
    }
    assert.ok(sendings > 2 && sendings < 10, `${sendings} sendings`);
    const checking = transition({ ...content, state: 'uploaded' }, conflict, context);
    const waiting = transition(checking, pending, context);
    assert.ok(waiting.state === 'uploaded' || waiting.state === 'checking', 'FLORA is still asked');
    content = checking;
    const ready: ContentEvent = { type: 'asset', facts: facts({ status: 'ready' }), by: 'get' };
    assert.equal(transition(content, ready, context).state, 'ready');
  });

  it('are not sent again because complete could not be asked for: an outage says nothing about them', () => {
    const trouble: ContentEvent = { type: 'trouble', code: 'server_error', reason: '503', retryAfterMs: null };
    let content = sent();
    for (let tries = 0; tries < 1_000; tries += 1) {
      content = transition(transition(content, trouble, context), pending, context);
      assert.equal(content.state, 'uploaded');
    }
    assert.ok(content.notBeforeMs - context.nowMs <= 30_000, 'complete is asked for again within half a minute');
    assert.equal(content.strikes, 0);
  });

  it('are not doubted while FLORA processes them', () => {
    const ready: ContentEvent = { type: 'asset', facts: facts({ status: 'ready' }), by: 'get' };
    const checking = transition(sent(), conflict, context);
    assert.equal(transition(checking, ready, context).state, 'ready');
  });
});
