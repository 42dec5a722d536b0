import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeName, displayName, encodeName, isUtf8Name, remoteName } from '../../src/core/name.ts';

// Arbitrary bytes seldom hold multi-byte sequences, so pieces of real text are mixed in.
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => new TextEncoder().encode(text)),
);
const anyBytes = fc
  .array(piece, { maxLength: 8 })
  .map((pieces) => Uint8Array.from(pieces.flatMap((part) => [...part])));

test('any bytes come back from their name', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      assert.deepEqual([...encodeName(decodeName(bytes))], [...bytes]);
    }),
    { numRuns: 2000 },
  );
});

test('different bytes have different names', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => {
      assert.equal(decodeName(a) === decodeName(b), Buffer.from(a).equals(b));
    }),
  );
});

test('a name is UTF-8 exactly when Node can spell it', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const isValid = Buffer.from(Buffer.from(bytes).toString('utf8')).equals(bytes);
      assert.equal(isUtf8Name(decodeName(bytes)), isValid);
    }),
    { numRuns: 2000 },
  );
});

test('what is shown and what is sent is always well-formed', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const name = decodeName(bytes);
      assert.ok(displayName(name).isWellFormed());
      assert.ok(remoteName(name).isWellFormed());
    }),
  );
});
