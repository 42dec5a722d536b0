import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { onAbort } from '../../../src/core/on-abort.ts';

describe('what is to be done when a signal is aborted', () => {
  it('is done once when it is aborted, and leaves no listener behind', () => {
    const stopping = new AbortController();
    let calls = 0;
    onAbort(stopping.signal, () => {
      calls += 1;
    });
    assert.equal(calls, 0);
    stopping.abort();
    stopping.abort();
    assert.equal(calls, 1);
    assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
  });

  it('is done at once where it was aborted before', () => {
    let calls = 0;
    const off = onAbort(AbortSignal.abort(), () => {
      calls += 1;
    });
    assert.equal(calls, 1);
    off();
    assert.equal(calls, 1);
  });

  it('is not done any more once it was taken off, and the same function twice is two', () => {
    const stopping = new AbortController();
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    const off = onAbort(stopping.signal, count);
    onAbort(stopping.signal, count);
    off();
    off();
    assert.equal(getEventListeners(stopping.signal, 'abort').length, 1);
    stopping.abort();
    assert.equal(calls, 1);
  });
});
