import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answers } from './claims.ts';
import { verdictOf } from './verdict.ts';

const unknown = { type: null, mime: null, error: null, warning: null, width: null, height: null };

/** `video/mp4`, `MP4 video/mp4`, `mov,mp4,m4a,3gp,3g2,mj2 100 video:h264`; empty for who knows nothing. */
function answers(file: string, exiftool: string, ffprobe: string, size: readonly [number, number] = [1, 1]): Answers {
  const [type = '', mime = ''] = exiftool.split(' ');
  const [format = '', score = '', ...streams] = ffprobe.split(' ');
  const [width, height] = size;
  return {
    file: file === '' ? 'application/octet-stream' : file,
    exiftool: exiftool === '' ? unknown : { ...unknown, type, mime, width, height },
    ffprobe: ffprobe === '' ? null : { format, score: Number(score), streams },
  };
}

const iso = 'mov,mp4,m4a,3gp,3g2,mj2 100';

describe('the verdict of the judges', () => {
  const sent: readonly (readonly [string, Answers, readonly string[]])[] = [
    ['all agree', answers('image/png', 'PNG image/png', 'png_pipe 99 video:png'), ['image/png']],
    ['another spelling', answers('audio/x-wav', 'WAV audio/x-wav', 'wav 99 audio:pcm_s16le'), ['audio/wav']],
    [
      'one container, told apart by the others',
      answers('video/quicktime', 'MOV video/quicktime', `${iso} video:h264`),
      ['video/quicktime'],
    ],
    ['ffprobe alone knows it', answers('', '', 'mp3 51 audio:mp3'), ['audio/mpeg']],
    ['ExifTool alone knows it', answers('', 'HEIC image/heic', ''), ['image/heic']],
    [
      'sound in Ogg with a cover',
      answers('audio/ogg', 'OGG audio/ogg', 'ogg 100 audio:vorbis cover:mjpeg'),
      ['audio/ogg'],
    ],
    ['two of three', answers('text/plain', 'MP3 audio/mpeg', 'mp3 51 audio:mp3'), ['audio/mpeg']],
  ];
  for (const [what, said, types] of sent) {
    it(`is to send: ${what}`, () => assert.deepEqual(verdictOf(said), { kind: 'send', types }));
  }

  const others: readonly (readonly [string, Answers, 'refuse' | 'either'])[] = [
    ['nobody knows it', answers('', '', ''), 'refuse'],
    ['ffprobe guesses', answers('', '', 'mp3 1 audio:mp3'), 'refuse'],
    ['a type that FLORA does not take', answers('image/bmp', 'BMP image/bmp', 'bmp_pipe 99 video:bmp'), 'refuse'],
    ['words', answers('text/html', 'HTML text/html', ''), 'refuse'],
    ['Ogg with a film', answers('video/ogg', 'OGV video/ogg', 'ogg 100 video:theora audio:vorbis'), 'refuse'],
    [
      'Matroska, by the others',
      answers('video/x-matroska', 'MKV video/x-matroska', 'matroska,webm 100 video:h264'),
      'refuse',
    ],
    ['two outvote the third', answers('audio/mpeg', 'AAC audio/aac', 'aac 51 audio:aac'), 'refuse'],
    [
      '150 megapixels',
      answers('image/jpeg', 'JPEG image/jpeg', 'jpeg_pipe 25 video:mjpeg', [15_001, 10_000]),
      'refuse',
    ],
    ['`file` alone knows it, by its first bytes', answers('image/gif', '', ''), 'either'],
    [
      'a PNG of which nobody knows the size',
      { ...answers('', '', ''), exiftool: { ...unknown, type: 'PNG', mime: 'image/png' } },
      'either',
    ],
    ['one against one', answers('text/plain', 'PDF application/pdf', ''), 'either'],
    ['a container of films and sound', answers('', '', `${iso} audio:aac`), 'either'],
  ];
  for (const [what, said, kind] of others) {
    it(`is to ${kind === 'either' ? 'leave it open' : kind}: ${what}`, () => assert.equal(verdictOf(said).kind, kind));
  }

  it('takes a large film for what it is: the limit is about pictures', () => {
    const film = answers('video/mp4', 'MP4 video/mp4', `${iso} video:h264`, [20_000, 20_000]);
    assert.deepEqual(verdictOf(film), { kind: 'send', types: ['video/mp4'] });
  });
});
