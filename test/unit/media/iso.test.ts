import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IsoMedia, readIso } from '../../../src/media/iso.ts';
import { HEAD_BYTES, mediaSource } from '../../../src/media/source.ts';
import * as media from '../../support/media.ts';

const { box, bytes, ftyp, moov, pictureMeta, wideBox } = media;
const data = box('mdat', media.noiseBytes(3_000));
/** Longer than what is read at once. */
const longData = (wide = false) => (wide ? wideBox : box)('mdat', new Uint8Array(HEAD_BYTES + 5_000).fill(7));

function read(content: Uint8Array, byName: string | null = 'video/mp4', reads?: number[]): Promise<IsoMedia | null> {
  const source = mediaSource(content.length, content.subarray(0, HEAD_BYTES), async (position, length) => {
    reads?.push(length);
    return content.slice(position, position + length);
  });
  return readIso(source, byName);
}

async function typeOf(content: Uint8Array, byName?: string | null): Promise<string | null> {
  return (await read(content, byName))?.contentType ?? null;
}

describe('an ISO file', () => {
  const cases: readonly (readonly [what: string, content: Uint8Array, contentType: string | null])[] = [
    ['an AVIF', ftyp('avif', 'mif1', 'miaf'), 'image/avif'],
    ['an animated AVIF', ftyp('avis', 'avis', 'msf1'), 'image/avif'],
    ['an animated AVIF with tracks', bytes(ftyp('avis', 'avif', 'msf1', 'iso8'), moov('pict')), 'image/avif'],
    ['an AVIF with the generic brand', ftyp('mif1', 'mif1', 'avif'), 'image/avif'],
    [
      'an AVIF with the brand of MIAF',
      bytes(ftyp('miaf', 'miaf', 'avif', 'MA1B'), pictureMeta(3, 2, 'av01')),
      'image/avif',
    ],
    ['an AVIF with the second generic brand', ftyp('mif2', 'mif2', 'avif'), 'image/avif'],
    ['a HEIC', ftyp('heic', 'mif1', 'heic'), 'image/heic'],
    ['a HEIC with 10 bits', ftyp('heix', 'mif1', 'heix'), 'image/heic'],
    ['a scalable HEIC', ftyp('heim', 'mif1', 'heim'), 'image/heic'],
    ['a multiview HEIC', ftyp('heis', 'mif1', 'heis'), 'image/heic'],
    ['a HEIC with the generic brand', ftyp('mif1', 'mif1', 'miaf', 'heic'), 'image/heic'],
    ['a HEIC with the brand of MIAF', ftyp('miaf', 'mif1', 'heic'), 'image/heic'],
    ['a HEIC with a film’s brand', bytes(ftyp('isom', 'heic', 'mif1'), pictureMeta(3, 2)), 'image/heic'],
    ['a HEIF of another coding', ftyp('mif1', 'mif1', 'jpeg'), 'image/heif'],
    ['a HEIF with the brand of its coding', bytes(ftyp('jpeg', 'mif1'), pictureMeta(3, 2, 'jpeg')), 'image/heif'],
    ['a HEIF of AVC', bytes(ftyp('avci', 'mif1', 'avci'), pictureMeta(3, 2, 'avc1')), 'image/heif'],
    ['a picture without any brand of one', bytes(ftyp('isom', 'isom'), pictureMeta(3, 2, 'hvc1')), 'image/heic'],
    ['a picture of unknown coding without any brand', bytes(ftyp('XXXX'), pictureMeta(3, 2, 'unci')), 'image/heif'],
    ['a HEIC sequence', ftyp('hevc', 'msf1', 'hevc'), 'image/heic-sequence'],
    ['a HEIC sequence with the generic brand', ftyp('msf1', 'heic', 'hevc'), 'image/heic-sequence'],
    ['a sequence of another coding', ftyp('msf1', 'msf1', 'jpgs'), 'image/heif-sequence'],
    ['an MP4', ftyp('isom', 'isom', 'mp41'), 'video/mp4'],
    ['an MP4 of Apple’s', ftyp('M4V ', 'M4V ', 'mp42'), 'video/mp4'],
    [
      'an MP4 with a picture’s brand among others',
      bytes(ftyp('mp42', 'mp42', 'mif1'), moov('vide', 'soun')),
      'video/mp4',
    ],
    ['an MP4 whose sound comes first', bytes(ftyp('isom'), data, moov('soun', 'vide')), 'video/mp4'],
    [
      'an MP4 behind free space',
      bytes(box('free', new Uint8Array(900)), ftyp('isom', 'mp41'), data, moov('vide')),
      'video/mp4',
    ],
    ['an MP4 behind a UUID', bytes(box('uuid', new Uint8Array(40)), ftyp('mp42', 'mp41'), moov('vide')), 'video/mp4'],
    ['an MP4 behind what is skipped', bytes(box('skip', new Uint8Array(40)), ftyp('mp42'), moov('vide')), 'video/mp4'],
    ['an MP4 of a brand that nobody knows', bytes(ftyp('XAVC', 'XAVC', 'mp42', 'iso2'), moov('vide')), 'video/mp4'],
    ['a segment without its tables', bytes(box('styp', 'msdh', [0, 0, 0, 0], 'msdh'), box('moof'), data), null],
    ['a telephone’s MP4', bytes(ftyp('3gp4', 'isom', '3gp4'), moov('vide')), 'video/mp4'],
    ['sound with the brand of it', ftyp('M4A ', 'M4A ', 'isom'), 'audio/mp4'],
    ['sound with a film’s brand', bytes(ftyp('isom', 'isom', 'mp42'), moov('soun')), 'audio/mp4'],
    ['sound whose tables come last', bytes(ftyp('mp42', 'isom'), longData(), moov('soun', 'text')), 'audio/mp4'],
    ['a QuickTime movie', bytes(ftyp('qt  ', 'qt  '), data, moov('vide')), 'video/quicktime'],
    ['a QuickTime movie of sound', bytes(ftyp('qt  ', 'qt  '), data, moov('soun')), 'video/quicktime'],
    ['a QuickTime movie of Sony’s', ftyp('mqt ', 'mqt '), 'video/quicktime'],
    ['a QuickTime movie of an unknown brand', ftyp('pana', 'qt  '), 'video/quicktime'],
    ['a QuickTime movie without a brand', box('moov', new Uint8Array(40)), 'video/quicktime'],
    ['an old QuickTime movie', bytes(box('wide'), data, moov('vide')), 'video/quicktime'],
    ['an old QuickTime movie of 64 bits', bytes(longData(true), moov('vide')), 'video/quicktime'],
    ['a raw photo of Canon’s', ftyp('crx ', 'crx ', 'isom'), 'image/x-canon-cr3'],
    ['a JPEG 2000', ftyp('jp2 ', 'jp2 '), 'image/jp2'],
    ['words', media.utf8('The free world and its moov'), null],
    ['words that a movie might begin with', media.utf8('Why moov on?'), null],
    ['an impossible size', bytes([0, 0, 0, 3], 'ftypisom'), null],
    ['nothing', new Uint8Array(0), null],
  ];
  for (const [what, content, contentType] of cases) {
    it(`is told by its boxes: ${what}`, async () => assert.equal(await typeOf(content), contentType));
  }

  it('of a telephone is what its name says', async () => {
    const film = bytes(ftyp('3gp5', 'isom', '3gp5'), moov('vide'));
    assert.equal(await typeOf(film, 'video/3gpp'), 'video/3gpp');
    assert.equal(await typeOf(film, null), 'video/3gpp');
    assert.equal(await typeOf(film, 'video/mp4'), 'video/mp4');
    assert.equal(await typeOf(bytes(ftyp('3gp5'), moov('soun')), 'video/mp4'), 'audio/mp4');
    assert.equal(await typeOf(ftyp('3g2a'), null), 'video/3gpp2');
  });

  it('without tables is half a film, if the rest is missing', async () => {
    const start = bytes(ftyp('isom', 'isom'), data);
    const missing = async (content: Uint8Array, byName?: string) => (await read(content, byName))?.missing;
    assert.equal(await missing(start), 'the end of the file');
    assert.equal(await missing(ftyp('isom', 'iso2')), 'the end of the file');
    assert.equal(await missing(ftyp('heic', 'mif1')), 'the end of the file');
    assert.equal(await missing(bytes(ftyp('isom'), [0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8])), 'something else');
    assert.equal(await missing(start.subarray(0, 500)), 'the end of the file');
    assert.equal(await missing(bytes(start, new Uint8Array(100))), 'zeros');
    assert.equal(await missing(bytes(ftyp('isom'), new Uint8Array(3 * HEAD_BYTES))), 'zeros');
    assert.equal(await missing(data.subarray(0, 200), 'video/quicktime'), 'the end of the file');
    assert.equal(await missing(bytes(ftyp('heic', 'mif1'), data, new Uint8Array(64))), 'zeros');
    for (const tables of [moov('vide'), pictureMeta(3, 2), box('moof', new Uint8Array(16))]) {
      assert.equal(await missing(bytes(ftyp('isom', 'mif1'), tables, data.subarray(0, 500))), null);
    }
  });

  it('is whole where its boxes end with the file, and the last holds no data', async () => {
    const isWhole = async (content: Uint8Array) => (await read(content))?.isWhole;
    const film = bytes(ftyp('isom'), moov('vide'), data);
    assert.equal(await isWhole(film), false);
    assert.equal(await isWhole(bytes(film, new Uint8Array(600))), false);
    assert.equal(await isWhole(bytes(film, box('free', new Uint8Array(600)))), true);
    assert.equal(await isWhole(bytes(ftyp('isom'), data, moov('vide'))), true);
  });

  it('is cut where a box is longer than what there is', async () => {
    const isCut = async (content: Uint8Array) => (await read(content))?.isCut;
    const film = bytes(ftyp('isom'), moov('vide'), data);
    assert.deepEqual([await isCut(film), await isCut(film.subarray(0, film.length - 1))], [false, true]);
  });

  it('is not read but for its headers and tables, wherever they are', async () => {
    const reads: number[] = [];
    const tail = bytes(moov('vide'), box('free', new Uint8Array(100)));
    await read(bytes(ftyp('isom'), longData(), longData(true), tail), 'video/mp4', reads);
    assert.ok(reads.length > 0 && reads.length < 40, `${reads.length} reads`);
    assert.ok(Math.max(...reads) < 1_000, `${Math.max(...reads)} bytes at once`);
  });
});

describe('the size of a picture in an ISO file', () => {
  const large = { width: 20_000, height: 10_000 };
  const sizes: readonly (readonly [what: string, content: Uint8Array])[] = [
    ['of the primary item', bytes(ftyp('heic'), pictureMeta(20_000, 10_000))],
    ['of the largest one, where none is called primary', media.isoImage('avif', 20_000, 10_000)],
    ['behind much else', bytes(ftyp('heic'), box('free', new Uint8Array(200_000)), pictureMeta(20_000, 10_000))],
    ['behind the data', bytes(ftyp('heic', 'mif1'), longData(), pictureMeta(20_000, 10_000))],
    ['behind data of 64 bits', bytes(ftyp('heic', 'mif1'), longData(true), pictureMeta(20_000, 10_000))],
    ['in a box of 64 bits', bytes(ftyp('heic'), wideBox('meta', pictureMeta(20_000, 10_000).subarray(8)))],
    ['of a multiview picture', bytes(ftyp('heis', 'mif1'), pictureMeta(20_000, 10_000))],
    ['of an animation', bytes(ftyp('avis', 'avif'), pictureMeta(20_000, 10_000), moov('pict'))],
    ['behind a profile of 60,000 bytes', bytes(ftyp('heic'), withProfile(60_000))],
  ];
  for (const [what, content] of sizes) {
    it(`is found ${what}`, async () => assert.deepEqual((await read(content))?.dimensions, large));
  }

  function withProfile(length: number): Uint8Array {
    const ispe = box('ispe', [0, 0, 0, 0], [0, 0, 0x4e, 0x20], [0, 0, 0x27, 0x10]);
    return box('meta', [0, 0, 0, 0], box('iprp', box('ipco', box('colr', new Uint8Array(length)), ispe)));
  }

  it('is that of the track, where there are only tracks', async () => {
    const header = box('tkhd', new Uint8Array(76), [0x4e, 0x20, 0, 0], [0x27, 0x10, 0, 0]);
    const content = bytes(ftyp('avis', 'avif'), box('moov', box('trak', header)));
    assert.deepEqual((await read(content))?.dimensions, large);
  });

  it('is left open where nothing tells', async () => {
    for (const content of [
      ftyp('heic'),
      bytes(ftyp('heic'), box('meta', [0, 0, 0, 0])),
      bytes(ftyp('avif'), box('meta')),
    ]) {
      assert.equal((await read(content))?.dimensions, null);
    }
  });
});
