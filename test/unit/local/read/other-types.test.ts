import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileTypeFromBuffer } from 'file-type';
import { hasSignature, otherType } from '../../../../src/local/read/other-types.ts';
import * as media from '../../../support/media.ts';

const { bytes, utf8 } = media;
const some = new Uint8Array(40);
const tiff = bytes('II*\0', [0, 0, 0, 0x7f], new Uint8Array(64));

/** So many bytes of a number, the lowest first. */
const le = (value: number, length: number) => Array.from({ length }, (_, at) => Math.floor(value / 256 ** at) % 256);

/** An archive that is Java's, as a name in it tells that stands behind another file of so many bytes. */
function jar(otherBytes: number): Uint8Array {
  const entry = (name: string, length: number) => {
    const sizes = [...le(length, 4), ...le(length, 4), ...le(name.length, 2), 0, 0];
    return bytes('PK\x03\x04', le(20, 2), new Uint8Array(12), sizes, name, new Uint8Array(length));
  };
  return bytes(entry('a.bin', otherBytes), entry('META-INF/MANIFEST.MF', 10), some);
}

/** Windows Media whose stream is told by an object behind another of so many bytes. */
function asf(otherBytes: number): Uint8Array {
  const guid = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  const object = (id: Uint8Array, content: Uint8Array) => bytes(id, le(24 + content.length, 8), content);
  const sound = bytes(guid('409e69f84d5bcf11a8fd00805f5c442b'), some);
  return bytes(
    guid('3026b2758e66cf11a6d900aa0062ce6c'),
    [...le(9_999, 8), ...le(2, 4), 1, 2],
    object(new Uint8Array(16).fill(1), new Uint8Array(otherBytes)),
    object(guid('9107dcb7b7a9cf118ee600c00c205365'), sound),
    some,
  );
}

describe('the type of what is no file for FLORA', () => {
  for (const [type, content] of [
    ['image/heic-sequence', media.ftyp('hevc')],
    ['image/heif-sequence', media.ftyp('msf1')],
    ['image/heif', media.ftyp('mif1')],
    ['image/bmp', bytes('BM', some)],
    ['image/x-icon', bytes([0, 0, 1, 0], some)],
    ['image/x-canon-cr3', media.ftyp('crx ')],
    ['image/gif', utf8('GIFs are what this is about')],
    ['video/3gpp', media.ftyp('3gp4')],
    ['video/3gpp2', media.ftyp('3g2a')],
    ['video/matroska', media.ebml('matroska')],
    ['video/vnd.avi', media.riff('AVI ')],
    ['video/mp2t', media.transportStream(188)],
    ['video/ogg', media.oggPage('\x80theora')],
    ['audio/x-m4a', media.ftyp('M4A ')],
    ['audio/aac', bytes([0xff, 0xf1, 0x50], new Uint8Array(500))],
    ['audio/mpeg', bytes([0xff, 0xfb, 0x90, 0], new Uint8Array(600))],
    ['audio/vnd.dolby.dd-raw', bytes([0x0b, 0x77], some)],
    ['application/ogg', media.oggPage('whatever')],
    ['application/gzip', bytes([0x1f, 0x8b, 8], some)],
    ['application/x-msdownload', bytes('MZ', some)],
    ['video/x-flv', bytes(media.id3(10), 'FLV\x01', some)],
  ] as const) {
    it(`is not taken from file-type where our own readers are stricter: ${type}`, async () => {
      assert.equal((await fileTypeFromBuffer(content))?.mime, type);
      for (const byName of [null, 'text/plain', 'image/png']) assert.equal(await otherType(content, byName), null);
    });
  }

  for (const [type, content] of [
    ['application/postscript', bytes('%!', some)],
    ['application/x-apple-diskimage', bytes([0x78, 1], some)],
    ['application/x-arj', bytes([0x60, 0xea], some)],
    ['application/x-bzip2', utf8('BZhang is a name')],
    ['application/x-compress', bytes([0x1f, 0x9d], some)],
    ['application/x-cpio', bytes([0xc7, 0x71], some)],
    ['application/x-shockwave-flash', utf8('CWS is what this begins with')],
  ] as const) {
    it(`is told by two bytes only where the name says nothing, or something that they speak against: ${type}`, async () => {
      assert.equal(await otherType(content, 'text/plain'), null);
      assert.equal(await otherType(content, 'video/mpeg'), null);
      assert.equal(await otherType(content, null), type);
      assert.equal(await otherType(content, 'image/png'), type);
    });
  }

  it('is told by more bytes whatever the name is', async () => {
    const photoshop = bytes('8BPS', some);
    for (const byName of [null, 'text/plain', 'image/svg+xml', 'image/png'])
      assert.equal(await otherType(photoshop, byName), 'image/vnd.adobe.photoshop');
    assert.equal(await otherType(bytes('PK\x05\x06', some), 'text/plain'), 'application/zip');
  });

  it('is XML, or what the name says that is XML too', async () => {
    const xml = utf8('<?xml version="1.0"?><svg/>');
    assert.equal(await otherType(xml, 'image/svg+xml'), 'image/svg+xml');
    for (const byName of [null, 'image/png', 'text/plain'])
      assert.equal(await otherType(xml, byName), 'application/xml');
  });

  it('is a TIFF whose directory nobody can see; the name tells which of them', async () => {
    for (const [byName, type] of [
      [null, 'image/tiff'],
      ['text/plain', 'image/tiff'],
      ['image/png', 'image/tiff'],
      ['image/x-sony-arw', 'image/x-sony-arw'],
    ] as const)
      assert.equal(await otherType(tiff, byName), type);
  });

  it('is none of text, noise, little and nothing', async () => {
    for (const content of [utf8('Nothing but words'), media.noiseBytes(20_000), utf8('OggS'), new Uint8Array(0)])
      assert.equal(await otherType(content, null), null);
  });

  it('of archives and Windows Media is told by their first 4,100 bytes', async () => {
    assert.equal(await otherType(jar(4_000), null), 'application/java-archive');
    assert.equal(await otherType(jar(5_000), null), 'application/zip');
    assert.equal((await fileTypeFromBuffer(jar(5_000)))?.mime, 'application/java-archive');
    assert.equal(await otherType(asf(3_800), null), 'audio/x-ms-asf');
    assert.notEqual(await otherType(asf(5_000), null), 'audio/x-ms-asf');
    assert.equal((await fileTypeFromBuffer(asf(5_000)))?.mime, 'audio/x-ms-asf');
  });
});

describe('a beginning that shows', () => {
  for (const [contentType, shows] of [
    ['image/png', true],
    ['audio/mpeg', true],
    ['application/pdf', true],
    ['image/tiff', true],
    ['image/bmp', true],
    ['audio/flac', true],
    ['video/matroska', true],
    ['video/mpeg', false],
    ['audio/aac', false],
    ['audio/vnd.dolby.dd-raw', false],
    ['image/svg+xml', false],
    ['application/zip', false],
    ['text/plain', false],
  ] as const) {
    it(`${shows ? 'have' : 'do not have'} all files of ${contentType}`, () =>
      assert.equal(hasSignature(contentType), shows));
  }
});
