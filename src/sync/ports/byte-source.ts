/** Bytes for an upload. `chunks` throws `source_changed` before its last piece unless all of them were the right ones. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** All bytes at once, by the same promise, where that waits for nothing; false elsewhere. Either this or `chunks`. */
  readInto?(target: Uint8Array): boolean;
  chunks(): AsyncIterable<Uint8Array>;
  /** Takes a chunk back, to be filled again: nothing reads it any more. */
  recycle?(chunk: Uint8Array): void;
  close(): Promise<void>;
}
