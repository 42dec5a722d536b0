/** How many bytes from the start of a file its judges get (fewer only if the file is shorter): as many as are read at once anyway. */
export const HEAD_BYTES = 1_048_576;

/** A file as its judges see it. */
export interface MediaSource {
  readonly sizeBytes: number;
  /** The first `HEAD_BYTES` of it, or all. */
  readonly head: Uint8Array;
  /** Bytes from anywhere in the file: fewer where it ends, none once too much was asked for. They hold as long as the head does. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** Looks behind the head are few: the tables of a film, what stands behind a tag. A hostile file gets no more of them. */
const mostReads = 200;
const mostBytes = 4 * HEAD_BYTES;

/**
 * A source that is served from the head where it has the bytes, and by `readFile` elsewhere.
 *
 * @param readFile bytes from a position on, fewer only at the end of the file
 */
export function mediaSource(
  sizeBytes: number,
  head: Uint8Array,
  readFile: (position: number, length: number) => Promise<Uint8Array>,
): MediaSource {
  let reads = 0;
  let bytes = 0;
  return {
    sizeBytes,
    head,
    async read(position, length) {
      const end = Math.min(position + length, sizeBytes);
      if (end <= head.length) return head.subarray(position, Math.max(position, end));
      reads += 1;
      bytes += end - position;
      if (!(end > position) || reads > mostReads || bytes > mostBytes) return new Uint8Array(0);
      return await readFile(position, end - position);
    },
  };
}
