import type { MultipartFrame } from './multipart.ts';
import { whenWritten } from './written.ts';

/** The bytes to send, once. */
export interface UploadSource {
  readonly sizeBytes: number;
  /**
   * Puts all bytes at the beginning of `target`, which has room for more behind them, and throws as `chunks` does unless they
   * are the right ones. False where they cannot be had at once: then `chunks` gives them.
   */
  readInto?(target: Uint8Array): boolean;
  /** Fails with `source_changed` before its last piece unless all of them were the right ones. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Takes a chunk back, to be filled again: nothing reads it any more. */
  recycle?(chunk: Uint8Array): void;
}

/** Enough for the many: fresh memory costs more than reading a small file into it. */
const roomBytes = 64 * 1024;
const mostIdleRooms = 16;
const idleRooms: ArrayBuffer[] = [];

function takeRoom(lengthBytes: number): Buffer {
  if (lengthBytes > roomBytes) return Buffer.allocUnsafeSlow(lengthBytes);
  return Buffer.from(idleRooms.pop() ?? new ArrayBuffer(roomBytes), 0, lengthBytes);
}

function returnRoom({ buffer }: Uint8Array): void {
  const isRoom = buffer instanceof ArrayBuffer && buffer.byteLength === roomBytes;
  if (isRoom && idleRooms.length < mostIdleRooms) idleRooms.push(buffer);
}

/** The body in one buffer, with the file's bytes read to where they belong. Throws what the source throws. */
export async function wholeBody(
  frame: MultipartFrame,
  source: UploadSource,
  onSent: (bytes: number) => void,
): Promise<Buffer> {
  const { head, tail } = frame;
  const fromBytes = Buffer.byteLength(head);
  const toBytes = fromBytes + source.sizeBytes;
  const endBytes = toBytes + Buffer.byteLength(tail);
  // One byte more, for a source that looks whether the file ends where it should.
  const room = takeRoom(endBytes + 1);
  room.write(head);
  if (source.readInto?.(room.subarray(fromBytes)) !== true) await gather(source, room.subarray(fromBytes, toBytes));
  onSent(source.sizeBytes);
  room.write(tail, toBytes);
  const body = room.subarray(0, endBytes);
  whenWritten(body, () => returnRoom(body));
  return body;
}

async function gather(source: UploadSource, target: Buffer): Promise<void> {
  let lengthBytes = 0;
  for await (const chunk of source.chunks()) {
    target.set(chunk, lengthBytes);
    lengthBytes += chunk.length;
    source.recycle?.(chunk);
  }
  if (lengthBytes !== target.length) throw new Error(`The source gave ${lengthBytes} of ${target.length} bytes`);
}

/** A body in its pieces. */
export class UploadStream {
  readonly lengthBytes: number;
  /** What the source threw: the true reason behind the aborted request. */
  failure: unknown;
  readonly #head: Buffer;
  readonly #source: UploadSource;
  readonly #tail: Buffer;
  readonly #onSent: (bytes: number) => void;
  #handedBytes = 0;

  constructor(frame: MultipartFrame, source: UploadSource, onSent: (bytes: number) => void) {
    this.#head = Buffer.from(frame.head);
    this.#source = source;
    this.#tail = Buffer.from(frame.tail);
    this.#onSent = onSent;
    this.lengthBytes = this.#head.length + source.sizeBytes + this.#tail.length;
  }

  /** Whether the last piece was given out. */
  get isHandedOver(): boolean {
    return this.#handedBytes === this.lengthBytes;
  }

  /** Once only. It ends only if all bytes were there: what fails has no end, and the request is aborted. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    if (this.#head.length > 0) yield this.#hand(this.#head);
    try {
      for await (const chunk of this.#source.chunks()) {
        if (this.#source.recycle !== undefined) whenWritten(chunk, () => this.#source.recycle?.(chunk));
        yield this.#hand(chunk);
        this.#onSent(chunk.length);
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
    if (this.#tail.length > 0) yield this.#hand(this.#tail);
  }

  #hand(piece: Uint8Array): Uint8Array {
    this.#handedBytes += piece.length;
    return piece;
  }
}
