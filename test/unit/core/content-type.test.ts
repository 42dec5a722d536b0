import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalContentType, DEFAULT_ACCEPT, isAcceptedType } from '../../../src/core/content-type.ts';

describe('a content type', () => {
  for (const [given, canonical] of [
    ['audio/ogg; codecs=opus', 'audio/ogg'],
    ['Audio/X-WAV', 'audio/wav'],
    ['audio/vnd.wave', 'audio/wav'],
    ['audio/mp3', 'audio/mpeg'],
    ['image/jpg', 'image/jpeg'],
    ['video/x-m4v', 'video/mp4'],
    ['text/plain', 'text/plain'],
    ['', ''],
  ] as const) {
    it(`has one spelling: ${given} is ${canonical}`, () => assert.equal(canonicalContentType(given), canonical));
  }

  it('is written canonically in the list of what FLORA accepts', () => {
    assert.deepEqual(DEFAULT_ACCEPT.map(canonicalContentType), DEFAULT_ACCEPT);
    assert.ok(Object.isFrozen(DEFAULT_ACCEPT));
  });

  it('matches itself, its family and *', () => {
    for (const pattern of ['image/png', 'image/*', '*']) assert.ok(isAcceptedType('image/png', ['video/mp4', pattern]));
    for (const pattern of ['image/jpeg', 'video/*', 'image/p*', 'image'])
      assert.ok(!isAcceptedType('image/png', [pattern]));
    assert.ok(!isAcceptedType('image/png', []));
  });
});
