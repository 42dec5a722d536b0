import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { behindTags, framesType, hasMpegAudioBehindJunk } from '../../../src/media/mpeg-audio.ts';
import { HEAD_BYTES, mediaSource } from '../../../src/media/source.ts';
import { ac3Frame, adtsFrame, bytes, id3, mp3Frames, noiseBytes } from '../../support/media.ts';
import { wholeSource } from '../../support/whole-source.ts';

const frame = (header: readonly number[], length: number) => bytes(header, new Uint8Array(length - header.length));

describe('frames of sound', () => {
  // Lengths by ISO/IEC 11172-3 and ETSI TS 102 366, worked out by hand.
  for (const [what, header, length, type] of [
    ['MPEG-1 layer III, 128 kbit/s, 44.1 kHz', [0xff, 0xfb, 0x90, 0], 417, 'audio/mpeg'],
    ['the same with padding', [0xff, 0xfb, 0x92, 0], 418, 'audio/mpeg'],
    ['MPEG-1 layer III, 320 kbit/s, 48 kHz', [0xff, 0xfb, 0xe4, 0], 960, 'audio/mpeg'],
    ['MPEG-1 layer II, 192 kbit/s, 48 kHz', [0xff, 0xfd, 0xa4, 0], 576, 'audio/mpeg'],
    ['MPEG-1 layer I, 384 kbit/s, 44.1 kHz', [0xff, 0xff, 0xc0, 0], 416, 'audio/mpeg'],
    ['MPEG-2 layer III, 64 kbit/s, 22.05 kHz', [0xff, 0xf3, 0x80, 0], 208, 'audio/mpeg'],
    ['MPEG-2 layer II, 64 kbit/s, 24 kHz', [0xff, 0xf5, 0x84, 0], 384, 'audio/mpeg'],
    ['MPEG-2.5 layer III, 16 kbit/s, 8 kHz', [0xff, 0xe3, 0x28, 0], 144, 'audio/mpeg'],
    ['AC-3, 192 kbit/s, 48 kHz', [0x0b, 0x77, 0, 0, 0x14, 0x40], 768, 'audio/vnd.dolby.dd-raw'],
    ['AC-3, 192 kbit/s, 44.1 kHz', [0x0b, 0x77, 0, 0, 0x54, 0x40], 834, 'audio/vnd.dolby.dd-raw'],
    ['AC-3, 192 kbit/s, 32 kHz', [0x0b, 0x77, 0, 0, 0x94, 0x40], 1_152, 'audio/vnd.dolby.dd-raw'],
    ['E-AC-3', [0x0b, 0x77, 0, 0xff, 0x3f, 0x80], 512, 'audio/vnd.dolby.dd-raw'],
    ['AAC in ADTS', [0xff, 0xf1, 0x50, 0x80, 0x0c, 0x9f, 0xfc], 100, 'audio/aac'],
  ] as const) {
    it(`are known by the second where the first says: ${what}`, () => {
      const one = frame(header, length);
      assert.equal(framesType(bytes(one, one), false), type);
      assert.equal(framesType(one, true), type, 'or by the end of the file');
      assert.equal(framesType(one, false), null);
      assert.equal(framesType(bytes(one, [0], one), true), null);
      assert.equal(framesType(bytes(one, [0]), true), null);
      assert.equal(framesType(bytes(one, 'TAG', new Uint8Array(125)), true), type);
    });
  }

  it('are no two of different streams, and none with an impossible header', () => {
    const one = frame([0xff, 0xfb, 0x90, 0], 417);
    assert.equal(framesType(bytes(one, frame([0xff, 0xfb, 0x94, 0], 384)), false), null);
    for (const header of [
      [0xff, 0xeb, 0x90, 0],
      [0xff, 0xfb, 0xf0, 0],
      [0xff, 0xfb, 0x9c, 0],
      [0xff, 0xfb, 0x90, 2],
      [0xff, 0xfb, 0x00, 0],
      [0x0b, 0x77, 0, 0, 0xd4, 0x40],
      [0x0b, 0x77, 0, 0, 0x14, 0x88],
    ]) {
      const wrong = frame(header, 417);
      assert.equal(framesType(bytes(wrong, wrong), true), null, header.join());
    }
  });

  it('are looked for behind junk, five of them, within 64 KiB', () => {
    const six = bytes(mp3Frames(), mp3Frames(), mp3Frames());
    assert.ok(hasMpegAudioBehindJunk(bytes(noiseBytes(65_000), six), false));
    assert.ok(hasMpegAudioBehindJunk(bytes(new Uint8Array(5_000), six), false));
    assert.equal(hasMpegAudioBehindJunk(bytes(new Uint8Array(66_000), six), false), false);
    assert.equal(hasMpegAudioBehindJunk(bytes(noiseBytes(5_000), mp3Frames(), mp3Frames(), [0]), false), false);
    assert.equal(hasMpegAudioBehindJunk(noiseBytes(1_000_000, 7), false), false);
    assert.equal(hasMpegAudioBehindJunk(new Uint8Array(200_000).fill(0xff), true), false);
  });
});

describe('what stands behind tags', () => {
  const apev2 = bytes('APETAGEX', [0xd0, 7, 0, 0, 100, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xa0], new Uint8Array(108));

  it('is where they end, of any size, one behind the other', async () => {
    assert.equal(await behindTags(wholeSource(adtsFrame())), 0);
    assert.equal(await behindTags(wholeSource(bytes(id3(1_000), ac3Frame()))), 1_010);
    assert.equal(await behindTags(wholeSource(bytes(id3(1_000), id3(5), apev2, 'x'))), 1_010 + 15 + 132);
    const withFooter = bytes(id3(1_000));
    withFooter[5] = 0x10;
    assert.equal(await behindTags(wholeSource(bytes(withFooter, new Uint8Array(10)))), 1_020);
  });

  it('is found beyond what was read at once', async () => {
    const content = bytes(id3(2_000_000), id3(100), 'fLaC');
    const reads: number[] = [];
    const source = mediaSource(content.length, content.subarray(0, HEAD_BYTES), async (position, length) => {
      reads.push(length);
      return content.slice(position, position + length);
    });
    assert.equal(await behindTags(source), 2_000_010 + 110);
    assert.ok(reads.length <= 2 && Math.max(...reads) <= 32);
  });

  it('is no tag where the size has bits that it may not have', async () => {
    const broken = bytes(id3(1_000));
    broken[6] = 0x80;
    assert.equal(await behindTags(wholeSource(broken)), 0);
    assert.equal(await behindTags(wholeSource(bytes('ID3 is a kind of tag'))), 0);
  });

  it('is reached in few steps, however many there are', async () => {
    const tags = new Uint8Array(10_000);
    for (let at = 0; at < tags.length; at += 10) tags.set([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0], at);
    assert.equal(await behindTags(wholeSource(tags)), 160);
  });
});
