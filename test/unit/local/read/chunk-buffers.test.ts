import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chunkBytes, returnChunk, takeChunk } from '../../../../src/local/read/chunk-buffers.ts';

describe('the buffers of large files', () => {
  it('are a mebibyte each, and eight of them are kept for the next', () => {
    const taken = Array.from({ length: 12 }, takeChunk);
    assert.ok(taken.every((chunk) => chunk.length === 1_048_576 && chunk.byteOffset === 0));
    assert.equal(chunkBytes, 1_048_576);
    const memory = new Set(taken.map(({ buffer }) => buffer));
    assert.equal(memory.size, 12);
    for (const chunk of taken) returnChunk(chunk.subarray(0, 10));
    const again = Array.from({ length: 12 }, takeChunk);
    assert.equal(again.filter(({ buffer }) => memory.has(buffer)).length, 8);
    assert.equal(new Set(again.map(({ buffer }) => buffer)).size, 12);
    assert.ok(again.every((chunk) => chunk.length === 1_048_576));
  });

  it('are none that came from elsewhere', () => {
    for (const other of [
      new Uint8Array(1_048_575),
      new Uint8Array(1_048_577),
      new Uint8Array(new SharedArrayBuffer(chunkBytes)),
    ]) {
      returnChunk(other);
      assert.notEqual(takeChunk().buffer, other.buffer);
    }
  });
});
