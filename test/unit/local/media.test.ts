import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULT_ACCEPT } from '../../../src/core/content-type.ts';
import { HEAD_BYTES, identifyMedia, judgeMedia } from '../../../src/local/media.ts';
import * as media from '../../support/media.ts';

const { bytes, utf8 } = media;
const text = utf8('Nothing but words, which have no magic number at all.');

async function identifies(head: Uint8Array, name: string, contentType: string): Promise<void> {
  assert.equal(await identifyMedia(head, name), contentType);
}

describe('what a file is', () => {
  const vorbis = media.oggPage('\x01vorbis');
  const theora = media.oggPage('\x80theora');
  const skeleton = media.oggPage('fishead\0');

  for (const [what, head, contentType] of [
    ['a JPEG', media.jpeg(3, 2), 'image/jpeg'],
    ['a PNG', media.png(3, 2), 'image/png'],
    ['an animated PNG', media.png(3, 2, 'acTL'), 'image/png'],
    ['a GIF', media.gif(3, 2), 'image/gif'],
    ['a WebP', media.webp(3, 2), 'image/webp'],
    ['an AVIF', media.isoImage('avif', 3, 2), 'image/avif'],
    ['an animated AVIF', media.ftyp('avis', 'avis', 'msf1'), 'image/avif'],
    ['an AVIF with the generic brand', media.ftyp('mif1', 'mif1', 'avif'), 'image/avif'],
    ['a HEIC', media.isoImage('heic', 3, 2), 'image/heic'],
    ['a HEIC with 10 bits', media.ftyp('heix', 'mif1', 'heix'), 'image/heic'],
    ['a HEIC with the generic brand', media.ftyp('mif1', 'mif1', 'miaf', 'heic'), 'image/heic'],
    ['a HEIF of another coding', media.ftyp('mif1', 'mif1', 'jpeg'), 'image/heif'],
    ['a HEIC sequence', media.ftyp('hevc', 'msf1', 'hevc'), 'image/heic-sequence'],
    ['a HEIC sequence with the generic brand', media.ftyp('msf1', 'heic', 'hevc'), 'image/heic-sequence'],
    ['an MP4', media.ftyp('isom', 'isom', 'mp41'), 'video/mp4'],
    ['an MP4 of Apple’s', media.ftyp('M4V ', 'M4V ', 'mp42'), 'video/mp4'],
    ['a QuickTime movie', media.ftyp('qt  ', 'qt  '), 'video/quicktime'],
    ['a QuickTime movie without a brand', media.box('moov', new Uint8Array(40)), 'video/quicktime'],
    ['audio in MP4', media.ftyp('M4A ', 'M4A ', 'isom'), 'audio/mp4'],
    ['a WebM', media.ebml('webm'), 'video/webm'],
    ['a Matroska', media.ebml('matroska'), 'video/matroska'],
    ['a WAV', media.riff('WAVE'), 'audio/wav'],
    ['an AVI', media.riff('AVI '), 'video/vnd.avi'],
    ['an MP3 with a tag', bytes(media.id3(100), media.mp3Frames()), 'audio/mpeg'],
    ['an MP3 with a tag longer than its head', media.id3(1_000_000).subarray(0, HEAD_BYTES), 'audio/mpeg'],
    ['an MP3 without a tag', media.mp3Frames(), 'audio/mpeg'],
    ['an Ogg Vorbis', bytes(vorbis, text), 'audio/ogg'],
    ['an Ogg Opus', media.oggPage('OpusHead'), 'audio/ogg'],
    ['an Ogg FLAC', media.oggPage('\x7fFLAC'), 'audio/ogg'],
    ['an Ogg Theora', bytes(theora, vorbis), 'video/ogg'],
    ['an Ogg Theora whose sound comes first', bytes(skeleton, vorbis, theora), 'video/ogg'],
    ['an Ogg Vorbis with a skeleton', bytes(skeleton, vorbis), 'audio/ogg'],
    ['an Ogg of something unheard of', media.oggPage('whatever'), 'application/ogg'],
    ['a PDF', utf8('%PDF-1.7\n%âãÏÓ\n1 0 obj\n'), 'application/pdf'],
    ['a TIFF whose directory is at its end', bytes('II*\0', [0, 0, 0, 0x7f], new Uint8Array(64)), 'image/tiff'],
    ['a gzip', gzipSync(text), 'application/gzip'],
  ] as const) {
    it(`is told by its content: ${what} without a name`, () => identifies(head, 'file', contentType));
    if (contentType !== 'audio/mpeg' && contentType !== 'application/gzip' && contentType !== 'application/ogg') {
      it(`is told by its content: ${what} with another’s name`, () => identifies(head, 'file.txt', contentType));
    }
  }

  for (const [name, contentType] of [
    ['a.JPG', 'image/jpeg'],
    ['a.mov', 'video/quicktime'],
    ['a.m4v', 'video/mp4'],
    ['a.wav', 'audio/wav'],
    ['a.opus', 'audio/ogg'],
    ['a.svg', 'image/svg+xml'],
    ['a.txt', 'text/plain'],
    ['a', 'application/octet-stream'],
    ['a.bin', 'application/octet-stream'],
    ['a.unheard-of', 'application/octet-stream'],
    ['png', 'application/octet-stream'],
    ['.png', 'application/octet-stream'],
    ['\udcff\udcfe.png', 'image/png'],
  ] as const) {
    it(`is told by its name where its content says nothing: ${JSON.stringify(name)}`, async () => {
      await identifies(text, name, contentType);
      await identifies(new Uint8Array(0), name, contentType);
    });
  }

  it('is told by the name among the types of one container', async () => {
    await identifies(media.oggPage('whatever'), 'a.ogv', 'video/ogg');
    await identifies(media.oggPage('whatever'), 'a.mp4', 'application/ogg');
    await identifies(utf8('<?xml version="1.0"?><svg/>'), 'a.svg', 'image/svg+xml');
    await identifies(utf8('<?xml version="1.0"?><svg/>'), 'a.png', 'application/xml');
    await identifies(bytes('II*\0', [0, 0, 0, 0x7f], new Uint8Array(64)), 'a.tif', 'image/tiff');
  });

  it('is told by the name where two bytes are all that speaks against it', async () => {
    await identifies(bytes([0xff, 0xfb], text), 'a.png', 'image/png');
    await identifies(bytes('BM', text), 'a.txt', 'text/plain');
    await identifies(bytes([0xff, 0xfe], 'H\0i\0'), 'notes.txt', 'text/plain');
    await identifies(utf8('GIFs are what this is about'), 'a.txt', 'text/plain');
    await identifies(bytes([0xff, 0xfb, 0x90, 0], new Uint8Array(600)), 'a', 'audio/mpeg');
  });
});

describe('what is sent', () => {
  const judge = (contentType: string, head: Uint8Array, accept = DEFAULT_ACCEPT, sizeBytes = head.length) =>
    judgeMedia({ contentType, sizeBytes, head, accept });

  it('is what FLORA accepts', () => {
    assert.equal(judge('image/png', media.png(10, 10)), null);
    assert.equal(judge('application/pdf', text), null);
  });

  it('is never an empty file, not even where everything is accepted', () => {
    assert.equal(judge('image/png', new Uint8Array(0))?.code, 'empty');
    assert.equal(judge('image/png', new Uint8Array(0), ['*'])?.code, 'empty');
  });

  it('is no other type, and the reason says which it is and what is accepted', () => {
    const problem = judge('text/plain', text, ['image/*', 'video/mp4']);
    assert.deepEqual(problem, {
      code: 'unsupported_type',
      reason: 'The file is text/plain; what is accepted is image/*, video/mp4.',
    });
    assert.match(judge('application/octet-stream', text)?.reason ?? '', /^Neither the content nor the name/);
    assert.match(judge('image/png', text, ['video/*'])?.reason ?? '', /FLORA_SYNC_ACCEPT allows video\/\*\.$/);
    assert.equal(judge('imagex/png', text, ['image/*'])?.code, 'unsupported_type');
  });

  it('is everything where everything is accepted', () => {
    assert.equal(judge('text/plain', text, ['*']), null);
    assert.equal(judge('image/png', media.png(100_000, 100_000), ['image/png', '*']), null);
  });

  for (const [contentType, exactly, above] of [
    ['image/png', media.png(15_000, 10_000), media.png(15_000, 10_001)],
    ['image/jpeg', media.jpeg(15_000, 10_000), media.jpeg(15_001, 10_000)],
    ['image/gif', media.gif(15_000, 10_000), media.gif(15_000, 10_001)],
    ['image/webp', media.webp(15_000, 10_000), media.webp(15_000, 10_001)],
    ['image/heic', media.isoImage('heic', 15_000, 10_000), media.isoImage('heic', 15_000, 10_001)],
    ['image/avif', media.isoImage('avif', 15_000, 10_000), media.isoImage('avif', 15_000, 10_001)],
  ] as const) {
    it(`is an image up to 150 megapixels: ${contentType}`, () => {
      assert.equal(judge(contentType, exactly), null);
      const problem = judge(contentType, above);
      assert.equal(problem?.code, 'too_many_megapixels');
      assert.match(problem?.reason ?? '', /150\.1 megapixels \(1500\d × 1000\d\); FLORA takes at most 150/);
    });
  }

  it('is measured behind three full segments of a JPEG’s profiles', () => {
    const head = media.jpeg(20_000, 20_000, 3).subarray(0, HEAD_BYTES);
    assert.equal(judge('image/jpeg', head)?.code, 'too_many_megapixels');
  });

  it('is left to FLORA where the dimensions are not in the head, or the head is broken', () => {
    assert.equal(judge('image/jpeg', media.jpeg(20_000, 20_000, 5).subarray(0, HEAD_BYTES)), null);
    assert.equal(judge('image/png', media.png(20_000, 20_000).subarray(0, 18)), null);
    assert.equal(judge('image/avif', bytes('broken', [0, 1, 2, 3])), null);
  });

  it('is no text under the name of a picture, a film or a sound', () => {
    for (const contentType of ['image/png', 'image/avif', 'video/mp4', 'audio/mpeg']) {
      for (const head of [text, utf8('Zeilen\r\n\tund Ümläute \u{1f33b}\n'), utf8('ü'.repeat(5_000))]) {
        const problem = judge(contentType, head);
        assert.equal(problem?.code, 'unsupported_type');
        assert.match(problem?.reason ?? '', new RegExp(`${contentType}.* text`));
        assert.equal(judge(contentType, head, ['*']), null);
      }
    }
    assert.equal(judge('image/png', bytes([0xff, 0xfe], 'not UTF-8')), null);
    assert.equal(judge('image/svg+xml', utf8('<svg/>'), ['image/*']), null);
  });

  it('measures images only', () => {
    assert.equal(judge('video/mp4', media.png(20_000, 20_000)), null);
  });
});
