import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertReadyOnce, mark, requests } from '../support/flora.ts';
import * as media from '../support/media.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended } from '../support/process.ts';
import { areAll, type World, worldWithFlora } from '../support/world.ts';

const { bytes, utf8 } = media;
const noise = media.noiseBytes(30_000);
const zeros = new Uint8Array(30_000);
const page = '<!DOCTYPE html>\n<html><body>The file was moved. Façade.</body></html>\n';
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 4096\n`;

/** Name, bytes, and what the reason has to say. */
const wrong: readonly (readonly [name: string, content: Uint8Array, reason: RegExp])[] = [
  ['zeros.png', zeros, /^Named \.png, but does not begin like a PNG: zeros\.$/],
  ['zeros.mp3', zeros, /^Named \.mp3, but does not begin like an MP3: zeros\.$/],
  ['noise.png', noise, /^Named \.png, but does not begin like a PNG: unknown bytes \(/],
  ['noise.mp3', noise, /^Named \.mp3, but does not begin like an MP3: unknown bytes/],
  ['noise.mp4', noise, /^Named \.mp4, but does not begin like an MP4 film: unknown bytes/],
  ['page.jpg', bytes(page), /like a JPEG: an HTML page in an old encoding\.$/],
  [
    'page-16.jpg',
    bytes([0xff, 0xfe], new Uint8Array(Buffer.from(page, 'utf16le'))),
    /like a JPEG: an HTML page in UTF-16\.$/,
  ],
  ['page.pdf', utf8(page), /like a PDF: an HTML page\.$/],
  ['pointer.pdf', utf8(pointer), /like a PDF: a Git LFS pointer, not the file itself\.$/],
  [
    'notes',
    bytes([0xff, 0xfe], new Uint8Array(Buffer.from('Notes', 'utf16le'))),
    /^Neither its content nor .*: text in UTF-16/,
  ],
  ['tagged.mp3', bytes(media.id3(100_000), 'Words, and no sound\n'), /like an MP3: behind its tag text\.$/],
  ['tagged-2.mp3', bytes(media.id3(1_500_000), 'fLaC', noise), /^Named \.mp3, but it is FLAC sound \(audio\/flac\)/],
  ['program.mp4', media.windowsProgram(), /^Named \.mp4, but it is a Windows program/],
  ['bitmap.jpg', media.bmp(), /^Named \.jpg, but it is a BMP picture/],
  ['icon.png', media.ico(), /^Named \.png, but it is an icon/],
  ['stream.mp4', media.transportStream(188, 0, 40), /^Named \.mp4, but it is an MPEG transport stream/],
  ['stream-192.mov', media.transportStream(192, 4, 40), /^Named \.mov, but it is an MPEG transport stream/],
  ['sound.mp3', bytes(...Array.from({ length: 9 }, media.adtsFrame)), /^Named \.mp3, but it is AAC sound/],
  ['dolby.wav', bytes(...Array.from({ length: 9 }, media.ac3Frame)), /^Named \.wav, but it is Dolby Digital sound/],
  ['packed.png', gzipSync(noise), /^Named \.png, but it is a gzip archive/],
  ['sound.mp4', bytes(media.ftyp('isom', 'isom'), media.moov('soun')), /^Named \.mp4, but it is MP4 with sound only/],
  [
    'half.mp4',
    bytes(media.ftyp('isom', 'isom'), media.box('mdat', noise), zeros),
    /^Half a file: it begins like an MP4 film/,
  ],
  ['huge.jpg', media.jpeg(20_000, 10_000, 9), /^The image has 200 megapixels/],
];

const posts = async (world: World, since?: number) =>
  (await requests(world, since)).filter(({ method }) => method === 'POST');

describe('files that are not what their names say', () => {
  it('are rejected for what they are, without a request for any of them, and the others go on', async (t) => {
    const world = await worldWithFlora(t);
    for (const [name, content] of wrong) writeFileSync(join(world.drop, name), content);
    const good = writePictures(world.drop, 2);
    const { code, stdout, stderr } = await world.run(['sync', '--json']);
    assert.equal(code, 3, stderr);
    const { ready, rejected, failed, pending } = JSON.parse(stdout);
    assert.deepEqual({ ready, rejected, failed, pending }, { ready: 2, rejected: wrong.length, failed: 0, pending: 0 });
    assert.equal((await posts(world)).length, 3 * good.length);
    const lines = await world.ls('--state', 'rejected');
    for (const [name, , reason] of wrong) {
      const line = lines.find(({ path }) => path === join(world.drop, name));
      assert.match(line?.reason ?? '', reason, name);
      assert.doesNotMatch(line?.reason ?? '', /webp/, 'what is accepted is not said of each file');
    }
    const why = await world.run(['why', join(world.drop, 'icon.png')]);
    assert.match(why.stdout, /FLORA takes image\/jpeg, image\/png, .*application\/pdf\./, 'but where somebody asks');
  });

  it('are left to FLORA where everything is accepted', async (t) => {
    const world = await worldWithFlora(t);
    writeFileSync(join(world.drop, 'noise.png'), noise);
    writeFileSync(join(world.drop, 'zeros.png'), zeros);
    const { code } = await world.run(['sync'], { FLORA_SYNC_ACCEPT: '*' });
    assert.equal(code, 3);
    assert.ok((await posts(world)).length > 0);
  });
});

describe('a file that is not finished', () => {
  it('of 4 GB of holes is neither sent nor read, and taken once it has its bytes', async (t) => {
    const world = await worldWithFlora(t);
    const daemon = await world.startDaemon();
    const before = await mark(world);
    const holes = join(world.drop, 'holes.mp4');
    const copy = join(world.drop, 'copy.png');
    for (const path of [holes, copy]) writeFileSync(path, '');
    truncateSync(holes, 4 * 2 ** 30);
    const content = picture(1);
    truncateSync(copy, content.length);
    const reasons = [
      [holes, 'Named .mp4, but does not begin like an MP4 film: zeros.'],
      [copy, 'Named .png, but does not begin like a PNG: zeros.'],
    ];
    await world.lsUntil('both are rejected', (lines) =>
      reasons.every(([path, reason]) =>
        lines.some((line) => line.path === path && line.state === 'rejected' && line.reason === reason),
      ),
    );
    assert.deepEqual(await posts(world, before), []);
    if (process.platform === 'linux') {
      const [, readBytes] = /rchar: (\d+)/.exec(readFileSync(`/proc/${daemon.pid}/io`, 'utf8')) ?? [];
      assert.ok(Number(readBytes) < 200 * 2 ** 20, `${readBytes} bytes were read`);
    }

    // The copy goes on, in the place that it had reserved.
    const descriptor = openSync(copy, 'r+');
    writeSync(descriptor, content);
    closeSync(descriptor);
    await world.lsUntil('the copy is ready', areAll('ready', copy));
    truncateSync(holes, 0);
    writeFileSync(holes, content);
    await world.lsUntil('what came in place of the holes is ready', areAll('ready', holes));
    daemon.kill('SIGTERM');
    assert.equal((await ended(daemon)).code, 0);
    assert.equal(await assertReadyOnce(world, [world.drop]), 1);
    assert.equal((await posts(world, before)).length, 3, 'one asset, in three requests');
  });
});
