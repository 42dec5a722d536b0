// Files of every type that FLORA takes, in each of its containers and codings, and of their neighbours; made by ffmpeg.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/programs.ts';

const execute = promisify(execFile);

/** Why nothing can be made here, for a test's `skip`; false when it can. */
export const whyNotMade: string | false = findProgram('ffmpeg') === undefined ? 'ffmpeg is not installed' : false;

const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=10:d=1'];
const sound = ['-f', 'lavfi', '-i', 'sine=d=1:r=44100'];
const film = [...picture, ...sound, '-shortest'];
const still = [...picture, '-frames:v', '1'];
const h264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
const covered = [
  ...sound,
  ...picture,
  '-map',
  '0',
  '-map',
  '1',
  '-c:v',
  'mjpeg',
  '-frames:v',
  '1',
  '-disposition:v',
  'attached_pic',
];

/** File name, and what ffmpeg is told. */
const recipes: Readonly<Record<string, readonly string[]>> = {
  'still.png': still,
  'still16.png': [...still, '-pix_fmt', 'rgb48be'],
  'grey.png': [...still, '-pix_fmt', 'gray'],
  'moving.apng': [...picture, '-f', 'apng'],
  'still.jpg': [...still, '-pix_fmt', 'yuvj420p'],
  'grey.jpg': [...still, '-pix_fmt', 'gray'],
  'huffman.jpg': [...still, '-pix_fmt', 'yuvj444p', '-huffman', 'optimal'],
  'lossless.jls': [...still, '-c:v', 'jpegls', '-f', 'image2'],
  'lossless.ljpg': [...still, '-c:v', 'ljpeg', '-f', 'image2'],
  'still.jp2': [...still, '-c:v', 'jpeg2000'],
  'still.gif': still,
  'moving.gif': picture,
  'lossy.webp': [...still, '-c:v', 'libwebp'],
  'lossless.webp': [...still, '-c:v', 'libwebp', '-lossless', '1', '-pix_fmt', 'bgra'],
  'moving.webp': [...picture, '-c:v', 'libwebp_anim'],
  'still.avif': [...still, '-c:v', 'libaom-av1', '-cpu-used', '8', '-still-picture', '1'],
  'moving.avif': [...picture, '-frames:v', '2', '-c:v', 'libaom-av1', '-cpu-used', '8'],
  'still.bmp': still,
  'still.tiff': still,
  'still.tga': still,
  'still.ppm': still,
  'still.dpx': still,
  'still.exr': [...still, '-pix_fmt', 'gbrpf32le'],
  'still.qoi': still,
  'still.pcx': still,
  'still.sgi': still,
  'still.xwd': still,

  'usual.mp4': [...film, ...h264],
  'faststart.mp4': [...film, ...h264, '-movflags', 'faststart'],
  'fragmented.mp4': [...film, ...h264, '-movflags', 'frag_keyframe+empty_moov'],
  'cmaf.mp4': [...film, ...h264, '-movflags', 'cmaf+frag_keyframe+empty_moov'],
  'dash.mp4': [...film, ...h264, '-movflags', 'dash+frag_keyframe+empty_moov+default_base_moof'],
  'hevc.mp4': [...film, '-c:v', 'libx265', '-x265-params', 'log-level=none', '-tag:v', 'hvc1'],
  'av1.mp4': [...film, '-c:v', 'libaom-av1', '-cpu-used', '8', '-frames:v', '2'],
  'vp9.mp4': [...film, '-c:v', 'libvpx-vp9'],
  'mpeg4.mp4': [...film, '-c:v', 'mpeg4'],
  'mute.mp4': [...picture, ...h264],
  'sound-only.mp4': sound,
  'sound-mp3.mp4': [...sound, '-c:a', 'libmp3lame'],
  'itunes.m4v': [...film, ...h264],
  'psp.mp4': [...film, ...h264, '-s', '320x240', '-f', 'psp'],
  'isml.ismv': [...film, ...h264, '-f', 'ismv'],
  'adobe.f4v': [...film, ...h264],
  'phone.3gp': [...film, '-s', '176x144', '-c:v', 'h263', '-c:a', 'aac'],
  'phone-h264.3gp': [...film, ...h264],
  'phone.3g2': [...film, ...h264],
  'usual.m4a': sound,
  'cover.m4a': covered,
  'alac.m4a': [...sound, '-c:a', 'alac'],
  'isom.m4a': [...sound, '-f', 'mp4'],
  'brand.m4a': [...sound, '-f', 'mp4', '-brand', 'M4A '],
  'book.m4b': [...sound, '-f', 'ipod'],
  'usual.mov': [...film, ...h264],
  'prores.mov': [...film, '-c:v', 'prores'],
  'mjpeg.mov': [...film, '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
  'png.mov': [...film, '-c:v', 'png'],
  'faststart.mov': [...film, ...h264, '-movflags', 'faststart'],
  'fragmented.mov': [...film, ...h264, '-movflags', 'frag_keyframe+empty_moov'],
  'sound-only.mov': sound,
  'pcm.mov': [...sound, '-c:a', 'pcm_s16le'],

  'vp8.webm': [...film, '-c:v', 'libvpx', '-c:a', 'libvorbis'],
  'vp9.webm': [...film, '-c:v', 'libvpx-vp9', '-c:a', 'libopus'],
  'av1.webm': [...film, '-c:v', 'libaom-av1', '-cpu-used', '8', '-frames:v', '2', '-c:a', 'libopus'],
  'live.webm': [...film, '-c:v', 'libvpx', '-c:a', 'libvorbis', '-live', '1'],
  'sound-only.webm': [...sound, '-c:a', 'libopus'],
  'usual.mkv': [...film, ...h264],
  'vp9.mkv': [...film, '-c:v', 'libvpx-vp9', '-c:a', 'libopus'],
  'sound.mka': [...sound, '-c:a', 'flac'],

  'usual.mp3': sound,
  'bare.mp3': [...sound, '-id3v2_version', '0', '-write_xing', '0'],
  'vbr.mp3': [...sound, '-q:a', '4'],
  'v1.mp3': [...sound, '-write_id3v1', '1', '-id3v2_version', '0'],
  'low.mp3': [...sound, '-ar', '11025', '-b:a', '8k', '-ac', '1'],
  'mpeg2.mp3': [...sound, '-ar', '22050'],
  'cover.mp3': [...covered, '-id3v2_version', '3'],
  'layer2.mp2': [...sound, '-c:a', 'mp2'],
  'twolame.mp2': [...sound, '-c:a', 'libtwolame', '-ar', '48000'],
  'usual.wav': sound,
  'float.wav': [...sound, '-c:a', 'pcm_f32le'],
  'rf64.wav': [...sound, '-rf64', 'always'],
  'adpcm.wav': [...sound, '-c:a', 'adpcm_ms'],
  'mp3.wav': [...sound, '-c:a', 'libmp3lame'],
  'alaw.wav': [...sound, '-c:a', 'pcm_alaw'],
  'broadcast.wav': [...sound, '-write_bext', '1', '-metadata', 'description=corpus'],
  'peaks.wav': [...sound, '-write_peak', 'on'],
  'wave.w64': sound,
  'vorbis.ogg': [...sound, '-c:a', 'libvorbis'],
  'opus.ogg': [...sound, '-c:a', 'libopus'],
  'opus.opus': [...sound, '-c:a', 'libopus'],
  'flac.oga': [...sound, '-c:a', 'flac'],
  'speex.spx': [...sound, '-ar', '16000', '-ac', '1', '-c:a', 'libspeex'],
  'theora.ogv': [...film, '-c:v', 'libtheora', '-c:a', 'libvorbis'],
  'theora-mute.ogg': [...picture, '-c:v', 'libtheora', '-f', 'ogg'],

  'raw.aac': sound,
  'latm.aac': [...sound, '-f', 'latm'],
  'dolby.ac3': sound,
  'dolby.eac3': sound,
  'dts.dts': [...sound, '-strict', '-2', '-c:a', 'dca', '-ar', '48000'],
  'usual.flac': sound,
  'sound.aiff': sound,
  'sound.aifc': [...sound, '-c:a', 'pcm_s16le', '-f', 'aiff'],
  'sound.au': sound,
  'sound.caf': sound,
  'sound.voc': [...sound, '-c:a', 'pcm_u8'],
  'sound.wv': sound,
  'sound.tta': sound,
  'sound.amr': [...sound, '-ar', '8000', '-ac', '1', '-c:a', 'libopencore_amrnb'],
  'sound.wma': sound,
  'usual.ts': [...film, ...h264],
  'mpeg2.ts': [...film, '-c:v', 'mpeg2video', '-c:a', 'mp2', '-r', '25'],
  'disc.m2ts': [...film, ...h264],
  'usual.mpg': [...film, '-r', '25'],
  'dvd.vob': [...film, '-r', '25', '-f', 'vob'],
  'usual.m2v': [...picture, '-r', '25', '-c:v', 'mpeg2video', '-f', 'mpeg2video'],
  'usual.avi': film,
  'mjpeg.avi': [...film, '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
  'usual.wmv': film,
  'usual.flv': film,
  'usual.swf': [...film, '-ar', '44100'],
  'usual.mxf': [...film, '-c:v', 'mpeg2video', '-ar', '48000', '-r', '25'],
  'usual.gxf': [...picture, '-s', '720x576', '-r', '25', '-c:v', 'mpeg2video'],
  'usual.nut': film,
  'usual.ivf': [...picture, '-c:v', 'libvpx'],
  'usual.y4m': [...picture, '-frames:v', '2', '-pix_fmt', 'yuv420p'],
  'raw.h264': [...picture, ...h264, '-f', 'h264'],
  'raw.hevc': [...picture, '-c:v', 'libx265', '-x265-params', 'log-level=none', '-f', 'hevc'],
  'raw.obu': [...picture, '-frames:v', '2', '-c:v', 'libaom-av1', '-cpu-used', '8', '-f', 'obu'],
  'raw.dv': [
    ...film,
    '-s',
    '720x576',
    '-r',
    '25',
    '-pix_fmt',
    'yuv420p',
    '-ar',
    '48000',
    '-ac',
    '2',
    '-target',
    'pal-dv',
  ],
  'stream.mjpeg': [...picture, '-pix_fmt', 'yuvj420p', '-f', 'mjpeg'],
};

/** Makes what is not there yet; what this ffmpeg has no codec for is told and left out. Returns the directory. */
export async function make(directory: string, tell: (line: string) => void): Promise<string> {
  mkdirSync(directory, { recursive: true });
  if (whyNotMade !== false) {
    tell(`${whyNotMade}: nothing is made`);
    return directory;
  }
  for (const [name, words] of Object.entries(recipes)) {
    const path = join(directory, name);
    if (existsSync(path)) continue;
    const part = join(directory, `.part-${name}`);
    // The same bytes in every run.
    const same = ['-fflags', '+bitexact', '-flags:v', '+bitexact', '-flags:a', '+bitexact'];
    try {
      await execute('ffmpeg', ['-v', 'error', '-y', ...words, ...same, part], { timeout: 120_000 });
      renameSync(part, path);
    } catch (error) {
      rmSync(part, { force: true });
      tell(`made:${name} cannot be made: ${error instanceof Error ? error.message.split('\n')[1] : error}`);
    }
  }
  return directory;
}
