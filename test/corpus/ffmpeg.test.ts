import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DEFAULT_ACCEPT } from '../../src/core/content-type.ts';
import { judgeMedia } from '../../src/local/read/media.ts';
import { findProgram } from '../support/programs.ts';
import { wholeSource } from '../support/whole-source.ts';

// Files that somebody else's program has written, and another of theirs has read.

const ffmpeg = findProgram('ffmpeg');
const sound = ['-f', 'lavfi', '-i', 'sine=d=1'];
const film = ['-f', 'lavfi', '-i', 'testsrc=d=1:s=64x48:r=10'];
const still = [...film, '-frames:v', '1', '-update', '1'];

const made: readonly (readonly [name: string, contentType: string, args: readonly string[]])[] = [
  ['a.mp4', 'video/mp4', [...film, ...sound]],
  ['fast.mp4', 'video/mp4', [...film, '-movflags', 'faststart']],
  ['fragments.mp4', 'video/mp4', [...film, '-movflags', 'frag_keyframe+empty_moov']],
  ['telephone.mp4', 'video/mp4', [...film, '-c:v', 'mpeg4', '-f', '3gp']],
  ['sound.mp4', 'audio/mp4', sound],
  ['sound.m4a', 'audio/mp4', [...sound, '-f', 'mp4']],
  ['a.mov', 'video/quicktime', film],
  ['a.webm', 'video/webm', [...film, '-c:v', 'libvpx']],
  ['a.mkv', 'video/matroska', [...film, '-c:v', 'mpeg4']],
  ['a.avi', 'video/vnd.avi', film],
  ['a.ts', 'video/mp2t', film],
  ['time-stamps.mp4', 'video/mp2t', [...film, '-f', 'mpegts', '-mpegts_m2ts_mode', '1']],
  ['a.mp3', 'audio/mpeg', [...sound, '-c:a', 'libmp3lame']],
  ['variable.mp3', 'audio/mpeg', [...sound, '-c:a', 'libmp3lame', '-q:a', '2', '-write_xing', '0']],
  ['slow.mp3', 'audio/mpeg', [...sound, '-c:a', 'libmp3lame', '-ar', '8000']],
  ['a.mp2', 'audio/mpeg', sound],
  ['a.wav', 'audio/wav', sound],
  ['large.wav', 'audio/wav', [...sound, '-rf64', 'always']],
  ['a.ogg', 'audio/ogg', [...sound, '-c:a', 'libvorbis']],
  ['a.opus', 'audio/ogg', [...sound, '-c:a', 'libopus']],
  ['aac.mp3', 'audio/aac', [...sound, '-f', 'adts']],
  ['ac3.mp3', 'audio/vnd.dolby.dd-raw', [...sound, '-f', 'ac3']],
  ['eac3.wav', 'audio/vnd.dolby.dd-raw', [...sound, '-f', 'eac3']],
  ['flac.mp3', 'audio/flac', [...sound, '-f', 'flac']],
  ['a.gif', 'image/gif', film],
  ['a.png', 'image/png', still],
  ['a.jpg', 'image/jpeg', still],
  ['a.webp', 'image/webp', still],
  ['bitmap.png', 'image/bmp', [...still, '-c:v', 'bmp', '-f', 'image2']],
  ['tiff.jpg', 'image/tiff', [...still, '-c:v', 'tiff', '-f', 'image2']],
];

describe('files that ffmpeg has made', { skip: ffmpeg === undefined && 'ffmpeg is not installed' }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'fs-made-'));
  after(() => rmSync(directory, { recursive: true }));
  for (const [name, contentType, args] of made) {
    it(`are known for what they are: ${name} is ${contentType}`, async (t) => {
      const path = join(directory, name);
      try {
        execFileSync(ffmpeg ?? '', ['-v', 'error', '-nostdin', '-y', ...args, path], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
      } catch (error) {
        // Each build of it has other codecs.
        if (/unknown encoder/i.test(String((error as { stderr?: unknown }).stderr)))
          return t.skip('it lacks the codec');
        throw error;
      }
      const verdict = await judgeMedia(wholeSource(readFileSync(path)), name, DEFAULT_ACCEPT);
      assert.equal(verdict.contentType, contentType);
      assert.equal(verdict.problem === null, DEFAULT_ACCEPT.includes(contentType), verdict.problem?.reason);
    });
  }
});
