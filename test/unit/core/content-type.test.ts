import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  canonicalContentType,
  DEFAULT_ACCEPT,
  isAcceptedType,
  UNKNOWN_CONTENT_TYPE,
} from '../../../src/core/content-type.ts';

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

  it('is one of those that FLORA takes, or unknown', () => {
    const taken = [
      ['image', 'jpeg png webp gif avif heic heif'],
      ['video', 'mp4 webm quicktime'],
      ['audio', 'mpeg wav ogg'],
      ['application', 'pdf'],
    ].flatMap(([family, kinds = '']) => kinds.split(' ').map((kind) => `${family}/${kind}`));
    assert.deepEqual(DEFAULT_ACCEPT, taken);
    assert.equal(UNKNOWN_CONTENT_TYPE, 'application/octet-stream');
  });

  it('is known by each of its other spellings', () => {
    for (const [canonical, ...spellings] of [
      ['image/jpeg', 'image/jpg', 'image/pjpeg'],
      ['image/png', 'image/x-png', 'image/apng'],
      ['video/mp4', 'video/x-m4v'],
      ['video/quicktime', 'video/x-quicktime'],
      ['video/matroska', 'video/x-matroska'],
      ['audio/mpeg', 'audio/mp3', 'audio/mpeg3', 'audio/x-mp3', 'audio/x-mpeg'],
      ['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave', 'audio/x-pn-wav'],
      ['audio/ogg', 'audio/opus', 'audio/vorbis', 'audio/x-ogg'],
      ['audio/mp4', 'audio/x-m4a', 'audio/m4a'],
      ['application/pdf', 'application/x-pdf'],
    ])
      assert.deepEqual(spellings.map(canonicalContentType), Array(spellings.length).fill(canonical));
    assert.ok(!isAcceptedType('image', ['image/*']));
    assert.ok(!isAcceptedType('imagery/png', ['image/*']));
  });
});
