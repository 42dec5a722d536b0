import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULT_ACCEPT } from '../../../../src/core/content-type.ts';
import { judgeMedia } from '../../../../src/local/read/media.ts';
import { HEAD_BYTES, mediaSource } from '../../../../src/media/source.ts';
import * as media from '../../../support/media.ts';
import { wholeSource } from '../../../support/whole-source.ts';

const { bytes, utf8 } = media;
const text = utf8('Nothing but words, which have no magic number at all.');
const utf16 = (words: string) => bytes([0xff, 0xfe], new Uint8Array(Buffer.from(words, 'utf16le')));
const nothing = media.noiseBytes(20_000);
const zeros = new Uint8Array(20_000);

/** The verdict about a file of these bytes, of which the judge is given no more at once than of any other. */
function judge(content: Uint8Array, name: string, accept = DEFAULT_ACCEPT) {
  const source = mediaSource(content.length, content.subarray(0, HEAD_BYTES), async (position, length) =>
    content.slice(position, position + length),
  );
  return judgeMedia(source, name, accept);
}

async function typeOf(content: Uint8Array, name: string): Promise<string> {
  return (await judge(content, name)).contentType;
}

async function reasonOf(content: Uint8Array, name: string, accept = DEFAULT_ACCEPT): Promise<string> {
  return (await judge(content, name, accept)).problem?.reason ?? 'sent';
}

describe('what a file is', () => {
  const vorbis = media.oggPage('\x01vorbis');
  const theora = media.oggPage('\x80theora');
  const skeleton = media.oggPage('fishead\0');

  for (const [what, content, contentType] of [
    ['a JPEG', media.jpeg(3, 2), 'image/jpeg'],
    ['a PNG', media.png(3, 2), 'image/png'],
    ['an animated PNG', media.png(3, 2, 'acTL'), 'image/png'],
    ['a GIF', media.gif(3, 2), 'image/gif'],
    ['a WebP', media.webp(3, 2), 'image/webp'],
    ['an MP4', media.ftyp('isom', 'isom', 'mp41'), 'video/mp4'],
    ['an AVIF', media.isoImage('avif', 3, 2), 'image/avif'],
    ['a WebM', media.ebml('webm'), 'video/webm'],
    ['a Matroska', media.ebml('matroska'), 'video/matroska'],
    ['a WAV', media.riff('WAVE'), 'audio/wav'],
    ['a WAV of more than 4 GB', media.riff('WAVE', 'RF64'), 'audio/wav'],
    ['a broadcast WAV of more than 4 GB', media.riff('WAVE', 'BW64'), 'audio/wav'],
    ['a WAV of big-endian numbers', media.riff('WAVE', 'RIFX'), 'audio/wav'],
    ['an AVI', media.riff('AVI '), 'video/vnd.avi'],
    ['an MP3 with a tag', bytes(media.id3(100), media.mp3Frames()), 'audio/mpeg'],
    ['an MP3 with two tags', bytes(media.id3(100), media.id3(9_000), media.mp3Frames()), 'audio/mpeg'],
    ['an MP3 with a tag longer than its head', bytes(media.id3(1_500_000), media.mp3Frames()), 'audio/mpeg'],
    [
      'an MP3 whose tag is followed by zeros',
      bytes(media.id3(100), zeros, media.mp3Frames(), media.mp3Frames()),
      'audio/mpeg',
    ],
    ['an MP3 without a tag', media.mp3Frames(), 'audio/mpeg'],
    ['a FLAC behind a large tag', bytes(media.id3(300_000), 'fLaC', nothing), 'audio/flac'],
    ['an AAC behind a large tag', bytes(media.id3(300_000), media.adtsFrame(), media.adtsFrame()), 'audio/aac'],
    [
      'an AC-3 behind a large tag',
      bytes(media.id3(300_000), media.ac3Frame(), media.ac3Frame()),
      'audio/vnd.dolby.dd-raw',
    ],
    ['an AAC', bytes(media.adtsFrame(), media.adtsFrame()), 'audio/aac'],
    ['an AC-3', bytes(media.ac3Frame(), media.ac3Frame()), 'audio/vnd.dolby.dd-raw'],
    ['an Ogg Vorbis', bytes(vorbis, text), 'audio/ogg'],
    ['an Ogg Opus', media.oggPage('OpusHead'), 'audio/ogg'],
    ['an Ogg FLAC', media.oggPage('\x7fFLAC'), 'audio/ogg'],
    ['an Ogg Theora', bytes(theora, vorbis), 'video/ogg'],
    ['an Ogg Theora whose sound comes first', bytes(skeleton, vorbis, theora), 'video/ogg'],
    ['an Ogg Vorbis with a skeleton', bytes(skeleton, vorbis), 'audio/ogg'],
    ['an Ogg of something unheard of', media.oggPage('whatever'), 'application/ogg'],
    ['a PDF', utf8('%PDF-1.7\n%âãÏÓ\n1 0 obj\n'), 'application/pdf'],
    ['a PDF behind a byte order mark', utf8('\ufeff%PDF-1.7\n'), 'application/pdf'],
    ['a PDF behind 1,000 bytes of junk', bytes(nothing.subarray(0, 1_000), '%PDF-1.4\n'), 'application/pdf'],
    ['a TIFF whose directory is at its end', bytes('II*\0', [0, 0, 0, 0x7f], new Uint8Array(64)), 'image/tiff'],
    ['a gzip', gzipSync(text), 'application/gzip'],
    ['a ZIP', bytes('PK\x03\x04\x14\0\0\0\0\0', new Uint8Array(60)), 'application/zip'],
    ['a BMP', media.bmp(), 'image/bmp'],
    ['an icon', media.ico(), 'image/x-icon'],
    ['a Windows program', media.windowsProgram(), 'application/x-msdownload'],
    ['a transport stream', media.transportStream(188), 'video/mp2t'],
    ['a transport stream with time stamps', media.transportStream(192, 4), 'video/mp2t'],
    ['a transport stream with parity', media.transportStream(204), 'video/mp2t'],
  ] as const) {
    for (const name of ['file', 'file.txt', 'file.png', 'file.mp3']) {
      it(`is told by its content: ${what} called ${name}`, async () =>
        assert.equal(await typeOf(content, name), contentType));
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
    it(`is called by its name where its content says nothing: ${JSON.stringify(name)}`, async () => {
      assert.equal(await typeOf(text, name), contentType);
      assert.equal(await typeOf(new Uint8Array(0), name), contentType);
    });
  }

  it('is told by the name among the types of one container', async () => {
    assert.equal(await typeOf(media.oggPage('whatever'), 'a.ogv'), 'video/ogg');
    assert.equal(await typeOf(media.oggPage('whatever'), 'a.mp4'), 'application/ogg');
    assert.equal(await typeOf(utf8('<?xml version="1.0"?><svg/>'), 'a.svg'), 'image/svg+xml');
    assert.equal(await typeOf(utf8('<?xml version="1.0"?><svg/>'), 'a.png'), 'application/xml');
    assert.equal(await typeOf(bytes('II*\0', [0, 0, 0, 0x7f], new Uint8Array(64)), 'a.tif'), 'image/tiff');
  });

  it('is not concluded from two bytes', async () => {
    for (const [content, name] of [
      [bytes([0xff, 0xfb, 0x90, 0], new Uint8Array(600)), 'a'],
      [bytes([0xff, 0xfb], text), 'a'],
      [utf16('Notes without a name, which were an MP3 once'), 'a'],
      [bytes('BM', text), 'a'],
      [bytes('MZ', text), 'a'],
      [bytes([0x47], nothing), 'a'],
      [bytes([0xff, 0xf1, 0x50], nothing), 'a'],
      [bytes([0x0b, 0x77], nothing), 'a'],
      [bytes([0x1f, 0x8b], nothing), 'a'],
      [utf8('GIFs are what this is about'), 'a'],
      [utf8('The free world'), 'a'],
      [utf8('What %PDF-1.4 means at the beginning of a file'), 'a'],
    ] as const) {
      assert.equal(await typeOf(content, name), 'application/octet-stream');
    }
    assert.equal(await typeOf(utf16('Hello'), 'notes.txt'), 'text/plain');
    assert.equal(await typeOf(utf8('BZhang is a name'), 'notes.txt'), 'text/plain');
  });
});

describe('what is sent', () => {
  it('is what FLORA accepts, whatever it is called', async () => {
    for (const name of ['a.png', 'a.jpg', 'a.mp4', 'a.txt', 'a']) {
      assert.deepEqual(await judge(media.png(10, 10), name), {
        contentType: 'image/png',
        problem: null,
        doubtfulFor: 0,
      });
    }
    assert.equal(await reasonOf(utf8('%PDF-1.4\nrest'), 'a.pdf'), 'sent');
    assert.equal(await reasonOf(bytes('HTTP/1.1 200 OK\r\n\r\n', '%PDF-1.4\nrest'), 'a.pdf'), 'sent');
    assert.equal(await reasonOf(bytes(nothing.subarray(0, 9_000), ...[1, 2, 3].map(media.mp3Frames)), 'a.mp3'), 'sent');
    assert.equal(await reasonOf(media.mp3Frames().subarray(0, 417), 'a.mp3'), 'sent', 'one frame that is all of it');
  });

  it('is never an empty file, not even where everything is accepted', async () => {
    const problem = { code: 'empty', reason: 'The file is empty.' };
    for (const accept of [DEFAULT_ACCEPT, ['*']])
      assert.deepEqual(await judge(new Uint8Array(0), 'a.png', accept), {
        contentType: 'image/png',
        problem,
        doubtfulFor: 0,
      });
    assert.equal(await reasonOf(bytes([1]), 'a.txt', ['text/plain']), 'sent', 'one byte is a file');
  });

  it('is no other type; the reason is short, and the detail says what is accepted', async () => {
    assert.deepEqual((await judge(text, 'a.txt', ['image/*', 'video/mp4'])).problem, {
      code: 'unsupported_type',
      reason: 'It is text (text/plain) by its name; that is not accepted.',
      detail: 'It is text (text/plain) by its name; that is not accepted. FLORA_SYNC_ACCEPT allows image/*, video/mp4.',
    });
    assert.match((await judge(text, 'a.txt')).problem?.detail ?? '', /FLORA takes image\/jpeg, .*application\/pdf\.$/);
    assert.equal(
      await reasonOf(gzipSync(text), 'a.png'),
      'Named .png, but it is a gzip archive (application/gzip); that is not accepted.',
    );
    assert.equal(
      await reasonOf(gzipSync(text), 'a.gz'),
      'It is a gzip archive (application/gzip); that is not accepted.',
    );
    assert.equal(
      await reasonOf(media.png(1, 1), 'a.png', ['video/*']),
      'It is a PNG (image/png); that is not accepted.',
    );
    assert.equal(await reasonOf(gzipSync(text), 'a'), 'It is a gzip archive (application/gzip); that is not accepted.');
    for (const name of ['a', 'a.bin'])
      assert.match(await reasonOf(text, name), /^Neither its content nor its name tells what it is: text; /);
    assert.match(await reasonOf(text, 'a.png', ['imagex/*']), /not accepted/);
  });

  it('is what FLORA takes, unless somebody chose otherwise: some of that, or something else', async () => {
    const saysOf = async (accept: readonly string[]) =>
      (await judge(text, 'a.txt', accept)).problem?.detail?.match(/FLORA\S* \w+/)?.[0];
    assert.equal(await saysOf([...DEFAULT_ACCEPT].reverse()), 'FLORA takes');
    assert.equal(await saysOf(['video/mp4']), 'FLORA_SYNC_ACCEPT allows');
    assert.equal(await saysOf([...DEFAULT_ACCEPT.slice(1), 'image/tiff']), 'FLORA_SYNC_ACCEPT allows');
  });

  const claims: readonly (readonly [name: string, called: string])[] = [
    ['a.jpg', 'a JPEG'],
    ['a.png', 'a PNG'],
    ['a.webp', 'a WebP picture'],
    ['a.gif', 'a GIF'],
    ['a.avif', 'an AVIF picture'],
    ['a.heic', 'a HEIC picture'],
    ['a.heif', 'a HEIF picture'],
    ['a.mp4', 'an MP4 film'],
    ['a.webm', 'a WebM film'],
    ['a.mov', 'a QuickTime film'],
    ['a.mp3', 'an MP3'],
    ['a.wav', 'a WAV'],
    ['a.ogg', 'Ogg sound'],
    ['a.pdf', 'a PDF'],
  ];
  const latin1 = bytes('Fa\xe7ade: a page in an old encoding\r\n'.repeat(9));
  const page = '<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>';
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`;
  for (const [what, content, found] of [
    ['zeros', zeros, /^zeros$/],
    ['few zeros', new Uint8Array(3), /^zeros$/],
    ['random bytes', nothing, /^unknown bytes \([0-9a-f]{2}( [0-9a-f]{2}){7}\)$/],
    ['text', text, /^text$/],
    ['text of other letters', utf8('Zeilen\r\n\tund Ümläute \u{1f33b}\n'.repeat(300)), /^text$/],
    ['text in an old encoding', latin1, /^text in an old encoding$/],
    ['text in UTF-16', utf16('Words, two bytes each'), /^text in UTF-16$/],
    ['text in UTF-16 without a mark', utf16('Words, two bytes each').subarray(2), /^text in UTF-16$/],
    ['a page', utf8(page), /^an HTML page$/],
    [
      'a page in an old encoding',
      bytes(page.replace('404', 'Page non trouv\xe9e')),
      /^an HTML page in an old encoding$/,
    ],
    ['a page in UTF-16', utf16(page), /^an HTML page in UTF-16$/],
    ['a pointer of Git LFS', utf8(pointer), /^a Git LFS pointer, not the file itself$/],
  ] as const) {
    it(`is nothing that does not begin as its name says: ${what}`, async () => {
      for (const [name, called] of claims) {
        const { problem } = await judge(content, name);
        const reason = `Named ${name.slice(1)}, but does not begin like ${called}: `;
        assert.equal(problem?.code, 'unsupported_type', name);
        assert.ok(problem.reason.startsWith(reason) && problem.reason.endsWith('.'), problem.reason);
        assert.match(problem.reason.slice(reason.length, -1), found);
        assert.equal((await judge(content, name, ['*'])).problem, null, 'FLORA judges');
      }
    });
  }

  it('is nothing that is recognised as something else, under any name', async () => {
    for (const content of [
      media.windowsProgram(),
      media.bmp(),
      media.ico(),
      media.transportStream(188),
      bytes(media.adtsFrame(), media.adtsFrame()),
      bytes(media.ac3Frame(), media.ac3Frame()),
      gzipSync(nothing),
      bytes(media.id3(5_000), 'fLaC', nothing),
      media.ebml('matroska'),
      bytes(media.ftyp('M4A ', 'M4A ', 'isom')),
    ]) {
      for (const [name] of claims)
        assert.match(await reasonOf(content, name), /^Named \.\w+, but it is .*not accepted\.$/);
    }
  });

  it('is no page that speaks of PDF in its first lines, and no noise that ends where a frame would', async () => {
    const page = '<html><!-- %PDF-1.4 --><body>What a PDF begins with</body></html>';
    assert.match(await reasonOf(utf8(page), 'a.pdf'), /like a PDF: an HTML page/);
    const frame = media.mp3Frames().subarray(0, 417);
    assert.match(await reasonOf(bytes(nothing.subarray(0, 5_000), frame), 'a.mp3'), /like an MP3: unknown bytes/);
  });

  it('is no text or zeros behind a tag', async () => {
    assert.equal(
      await reasonOf(bytes(media.id3(9_000), text), 'a.mp3'),
      'Named .mp3, but does not begin like an MP3: behind its tag text.',
    );
    assert.match(await reasonOf(bytes(media.id3(9_000), zeros), 'a.mp3'), /behind its tag zeros/);
    assert.match(await reasonOf(media.id3(9_000).subarray(0, 500), 'a.mp3'), /behind its tag nothing/);
    assert.match(await reasonOf(bytes(media.id3(9_000), text), 'a.txt'), /text\/plain/);
  });

  it('is everything where everything is accepted', async () => {
    assert.equal(await reasonOf(text, 'a.txt', ['*']), 'sent');
    assert.equal(await reasonOf(media.png(100_000, 100_000), 'a.png', ['image/png', '*']), 'sent');
  });

  it('may be of more types where more are accepted, as long as nothing speaks against it', async () => {
    const accept = ['image/*', 'text/plain', 'application/x-unheard'];
    assert.equal(await reasonOf(utf8('<svg/>'), 'a.svg', accept), 'sent');
    assert.equal(await reasonOf(media.bmp(), 'a.bmp', accept), 'sent');
    assert.equal(await reasonOf(bytes('BM', text), 'a.txt', accept), 'sent');
    assert.equal(await reasonOf(text, 'a.txt', accept), 'sent');
    assert.match(await reasonOf(zeros, 'a.txt', accept), /zeros/);
    assert.match(await reasonOf(zeros, 'a.tif', accept), /zeros/);
    assert.match(await reasonOf(nothing, 'a.tif', accept), /^Named \.tif, but does not begin like a TIFF picture/);
  });
});

describe('the largest image', () => {
  for (const [contentType, exactly, above] of [
    ['image/png', media.png(15_000, 10_000), media.png(15_000, 10_001)],
    ['image/jpeg', media.jpeg(15_000, 10_000), media.jpeg(15_001, 10_000)],
    ['image/gif', media.gif(15_000, 10_000), media.gif(15_000, 10_001)],
    ['image/webp', media.webp(15_000, 10_000), media.webp(15_000, 10_001)],
    ['image/heic', media.isoImage('heic', 15_000, 10_000), media.isoImage('heic', 15_000, 10_001)],
    ['image/avif', media.isoImage('avif', 15_000, 10_000), media.isoImage('avif', 15_000, 10_001)],
  ] as const) {
    it(`has 150 megapixels: ${contentType}`, async () => {
      assert.deepEqual(await judge(exactly, 'a'), { contentType, problem: null, doubtfulFor: 0 });
      const { problem } = await judge(above, 'a');
      assert.equal(problem?.code, 'too_many_megapixels');
      assert.match(problem?.reason ?? '', /150\.1 megapixels \(1500\d × 1000\d\); FLORA takes at most 150/);
    });
  }

  it('is measured behind any number of a JPEG’s profiles', async () => {
    for (const segments of [3, 5, 9, 15, 16, 17, 40]) {
      const { problem } = await judge(media.jpeg(20_000, 20_000, segments), 'a.jpg');
      assert.equal(problem?.code, 'too_many_megapixels', `${segments} segments`);
    }
  });

  it('has 150 megapixels also where FLORA lists its type no more than we know it', async () => {
    const accept = ['image/*', 'text/plain'];
    const bitmap = (width: number, height: number) => {
      const content = Buffer.from(media.bmp());
      content.writeUInt32LE(width, 18);
      content.writeInt32LE(height, 22);
      return content;
    };
    const svg = (attributes: string) => utf8(`<?xml version="1.0"?><svg ${attributes}></svg>`);
    assert.equal(await reasonOf(bitmap(15_000, 10_000), 'a.bmp', accept), 'sent');
    const tooLarge = /^The image has 150\.1 megapixels \(15000 × 10001\)/;
    assert.match(await reasonOf(bitmap(15_000, 10_001), 'a.bmp', accept), tooLarge);
    const narrow = 'The image has 150.1 megapixels (1 × 150010000); FLORA takes at most 150.';
    assert.equal(await reasonOf(svg('width="1" height="150010000"'), 'a.svg', accept), narrow);
    for (const unknown of ['', 'viewBox="0 0 x y"', 'viewBox="0 0 20000 y"', 'width="100%" height="20000"'])
      assert.equal(await reasonOf(svg(unknown), 'a.svg', accept), 'sent', unknown);
    const words = utf8('<svg width="20000" height="20000"></svg>');
    assert.equal(await reasonOf(words, 'a.txt', accept), 'sent', 'what is text is no image');
  });

  it('is looked for in the first 32 KiB of other types, some of which take long', async () => {
    const tiff = (directoryAt: number) => {
      const content = Buffer.alloc(directoryAt + 100, 1);
      content.write('II*\0', 'latin1');
      content.writeUInt32LE(directoryAt, 4);
      content.writeUInt16LE(3, directoryAt);
      for (const [at, tag] of [256, 257, 258].entries()) {
        content.writeUInt16LE(tag, directoryAt + 2 + 12 * at);
        content.writeUInt16LE(4, directoryAt + 4 + 12 * at);
        content.writeUInt32LE(1, directoryAt + 6 + 12 * at);
        content.writeUInt32LE(20_000, directoryAt + 10 + 12 * at);
      }
      return content;
    };
    for (const [directoryAt, expected] of [
      [100, /^The image has 400 megapixels/],
      [32_000, /^The image has 400 megapixels/],
      [33_000, /^sent$/],
    ] as const)
      assert.match(await reasonOf(tiff(directoryAt), 'a.tif', ['image/*']), expected);
  });

  it('is left to FLORA where the dimensions are not there, or the head is broken', async () => {
    assert.equal(await reasonOf(media.jpeg(20_000, 20_000, 5).subarray(0, 200_000), 'a.jpg'), 'sent');
    assert.equal(await reasonOf(media.png(20_000, 20_000).subarray(0, 18), 'a.png'), 'sent');
  });
});

describe('what looks unfinished', () => {
  const isUnfinished = async (content: Uint8Array, name: string) => (await judge(content, name)).doubtfulFor === 1;

  it('is what begins with zeros, also behind a tag, or ends within it', async () => {
    assert.ok(await isUnfinished(zeros, 'a.mp4'));
    assert.ok(await isUnfinished(new Uint8Array(3_000_000), 'a'));
    assert.ok(await isUnfinished(bytes(media.id3(1_500_000), zeros), 'a.mp3'));
    assert.ok(await isUnfinished(media.id3(1_500_000).subarray(0, 1_200_000), 'a.mp3'));
    assert.equal((await judge(zeros, 'a.mp4', ['*'])).doubtfulFor, 1, 'whatever is accepted');
  });

  it('is a film whose tables were not written yet; it is half a file', async () => {
    const start = bytes(media.ftyp('isom', 'isom', 'mp41'), media.box('mdat', nothing));
    for (const half of [start.subarray(0, 10_000), bytes(start, zeros), bytes(media.ftyp('isom', 'isom'), zeros)]) {
      const verdict = await judge(half, 'a.mp4');
      assert.equal(verdict.doubtfulFor, 1);
      assert.equal(verdict.problem?.code, 'unfinished');
      const where = half.length === 10_000 ? 'the end of the file' : 'zeros';
      assert.equal(
        verdict.problem?.reason,
        `Half a file: it begins like an MP4 film, but where its tables should be there is ${where}.`,
      );
      assert.equal((await judge(half, 'a.mp4', ['*'])).problem, null);
    }
    assert.equal(await reasonOf(bytes(start, media.moov('vide')), 'a.mp4'), 'sent');
    assert.equal(await reasonOf(bytes(media.ftyp('isom'), media.moov('vide'), zeros), 'a.mp4'), 'sent');
  });

  it('is, for longer, what ends with zeros where nothing says that they belong there; it is sent then', async () => {
    const verdict = async (content: Uint8Array, name: string, accept = DEFAULT_ACCEPT) => {
      const { problem, doubtfulFor } = await judge(content, name, accept);
      return [problem, doubtfulFor];
    };
    const film = bytes(media.ftyp('isom'), media.moov('vide'), media.box('mdat', nothing, zeros));
    const long = bytes(media.png(3, 2), new Uint8Array(3 * HEAD_BYTES));
    for (const content of [bytes(media.png(3, 2), zeros), bytes(media.riff('WAVE'), zeros), film, long]) {
      assert.deepEqual(await verdict(content, 'a.png'), [null, 4]);
      assert.deepEqual(await verdict(content, 'a.png', ['*']), [null, 4]);
    }
    const padded = bytes(media.ftyp('isom'), media.moov('vide'), media.box('mdat', nothing), media.box('free', zeros));
    assert.deepEqual(await verdict(padded, 'a.mp4'), [null, 0]);
    assert.deepEqual(await verdict(bytes(media.png(3, 2), zeros.subarray(0, 500)), 'a.png'), [null, 0]);
    assert.equal((await verdict(bytes(media.bmp(), zeros), 'a.png'))[1], 0, 'what is not sent is not waited for');
    const cut = bytes(media.ftyp('isom'), media.moov('vide'), media.box('mdat', nothing).subarray(0, 10_000));
    assert.deepEqual(await verdict(cut, 'a.mp4'), [null, 4], 'it ends within a part of it');
    for (const [zerosAtEnd, periods] of [
      [511, 0],
      [512, 4],
    ] as const)
      assert.equal((await verdict(bytes(media.gif(3, 2), zeros.subarray(0, zerosAtEnd)), 'a.gif'))[1], periods);
    assert.equal((await verdict(bytes(media.gif(3, 2), zeros.subarray(0, 400)), 'a.gif'))[1], 0, 'shorter than that');
  });

  it('is nothing else', async () => {
    for (const content of [media.png(1, 1), text, nothing, utf16('Hello'), media.mp3Frames()]) {
      assert.equal(await isUnfinished(content, 'a.png'), false);
    }
    assert.equal(
      await isUnfinished(bytes(zeros.subarray(0, 5_000), ...[1, 2, 3].map(media.mp3Frames)), 'a.mp3'),
      false,
    );
  });
});

it('a whole source has no other bytes', async () => {
  assert.deepEqual(await wholeSource(text).read(text.length - 3, 10), text.subarray(-3));
});
