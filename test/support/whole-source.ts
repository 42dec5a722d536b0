import { type MediaSource, mediaSource } from '../../src/media/source.ts';

/** Bytes that are all of a file. */
export function wholeSource(bytes: Uint8Array): MediaSource {
  return mediaSource(bytes.length, bytes, async () => new Uint8Array(0));
}
