/** What large files are read in. */
export const chunkBytes = 1_048_576;

/** As many as a few uploads have free at the same moment. */
const mostIdle = 8;
const idle: ArrayBuffer[] = [];

/** A buffer of `chunkBytes` for the taker alone. A fresh one costs the kernel as much as reading and sending it. */
export function takeChunk(): Buffer {
  const memory = idle.pop();
  return memory === undefined ? Buffer.allocUnsafeSlow(chunkBytes) : Buffer.from(memory);
}

/** Takes one back that came from `takeChunk`, or a part of it; only once, and only when nothing uses it any more. */
export function returnChunk(chunk: Uint8Array): void {
  if (idle.length < mostIdle && chunk.buffer instanceof ArrayBuffer && chunk.buffer.byteLength === chunkBytes) {
    idle.push(chunk.buffer);
  }
}
