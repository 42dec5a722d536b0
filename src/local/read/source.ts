import { createHash, hash as digestOf } from 'node:crypto';
import { type FilePath, joinPath } from '../../core/entry.ts';
import { displayName } from '../../core/name.ts';
import { onAbort } from '../../core/on-abort.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { SyncError } from '../../errors.ts';
import { accessProblem } from '../local-problem.ts';
import { chunkBytes, returnChunk, takeChunk } from './chunk-buffers.ts';
import { type IsLocal, type NotOpen, type OpenFile, openRegularFile } from './safe-open.ts';

/** The bytes of one version of a file, to be sent once. */
export interface ByteSource {
  readonly kind: 'source';
  readonly sizeBytes: number;
  /**
   * Puts all bytes at the beginning of `target`, which must have room for at least one more, and closes. False, without having
   * done anything, where the file is not both small and on a disk of this machine. Otherwise it keeps the promises of
   * `chunks`, instead of which it is called.
   */
  readInto(target: Uint8Array): boolean;
  /**
   * Buffers that are nobody else's, of at most 1 MiB, exactly `sizeBytes` in all. The last one comes only after everything proved to be the
   * expected version; else it throws SyncError `source_changed` or `read_error` (scope `file`). Once only; closes at the
   * end, on failure, and when it is abandoned.
   */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Takes one of its chunks back, once, to be filled again for this source or another: nothing reads it any more. */
  recycle(chunk: Uint8Array): void;
  /** Lower-case hex SHA-256 of what was sent, once all of it was handed out; null before. */
  digest(): string | null;
  /** Idempotent. Needed where `chunks` may never be iterated; an abort closes too. */
  close(): Promise<void>;
}

interface ExpectedContent {
  readonly sizeBytes: number;
  /** Null when it is not known yet: then the file has only to stay as it was when it was opened. */
  readonly sha256: string | null;
}

/** Opens a file for upload, provided that it still has the expected size. Throws the signal's reason. */
export async function openSource(
  path: FilePath,
  expected: ExpectedContent,
  options: { readonly signal: AbortSignal; readonly isLocal?: IsLocal },
): Promise<ByteSource | NotOpen> {
  const { signal } = options;
  signal.throwIfAborted();
  const file = openRegularFile(path, options.isLocal);
  if (file.kind !== 'open') return file;
  if (file.stat.sizeBytes !== expected.sizeBytes) {
    await file.close();
    return { kind: 'changed' };
  }
  return toSource(file, path, expected, signal);
}

function toSource(file: OpenFile, path: FilePath, expected: ExpectedContent, signal: AbortSignal): ByteSource {
  const { sizeBytes } = expected;
  let isUsed = false;
  let sha256: string | null = null;

  let off = () => {};
  const close = (): Promise<void> => {
    off();
    return file.close();
  };
  off = onAbort(signal, () => void close());

  const use = (): void => {
    if (isUsed) throw new Error('A source was used a second time');
    isUsed = true;
  };

  const failedToRead = (error: unknown): SyncError => {
    // An abort has closed the file, and what is closed cannot be read.
    signal.throwIfAborted();
    const { code, reason } = accessProblem(error);
    return fileError(path, code, 'could not be read while it was being sent', reason, error);
  };

  const read = async (buffer: Uint8Array, position: number): Promise<number> => {
    const bytesRead = await file.readFully(buffer, position).catch((error: unknown) => {
      throw failedToRead(error);
    });
    signal.throwIfAborted();
    return bytesRead;
  };

  const readChunk = (position: number): Promise<Uint8Array> => {
    const chunk = takeChunk().subarray(0, sizeBytes - position);
    const reading = read(chunk, position).then((bytesRead) => {
      if (bytesRead < chunk.byteLength) throw changedError(path);
      return chunk;
    });
    // It may be given up before anybody waits for it.
    reading.catch(() => {});
    return reading;
  };

  const readNow = (buffer: Uint8Array): number => {
    try {
      return file.readNow(buffer);
    } catch (error) {
      throw failedToRead(error);
    }
  };

  const prove = (digest: string, isWhole: boolean): void => {
    const isExpected = expected.sha256 === null || expected.sha256 === digest;
    if (!isWhole || !isExpected || file.recheck() !== 'same') throw changedError(path);
    sha256 = digest;
  };

  function readInto(target: Uint8Array): boolean {
    if (!file.isQuick) return false;
    use();
    try {
      const bytesRead = readNow(target.subarray(0, sizeBytes + 1));
      prove(digestOf('sha256', target.subarray(0, sizeBytes), 'hex'), bytesRead === sizeBytes);
      return true;
    } finally {
      void close();
    }
  }

  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    use();
    try {
      const hash = createHash('sha256');
      let held: Uint8Array | null = null;
      let ahead = readChunk(0);
      for (let position = 0; position < sizeBytes; position += chunkBytes) {
        const chunk = await ahead;
        // The disk works while this one is digested and sent.
        if (position + chunkBytes < sizeBytes) ahead = readChunk(position + chunkBytes);
        hash.update(chunk);
        if (held !== null) yield held;
        held = chunk;
      }
      const extraBytes = await read(new Uint8Array(1), sizeBytes);
      prove(hash.digest('hex'), extraBytes === 0);
      if (held !== null) yield held;
    } finally {
      await close();
    }
  }

  return { kind: 'source', sizeBytes, readInto, chunks, recycle: returnChunk, digest: () => sha256, close };
}

function changedError(path: FilePath): SyncError {
  return fileError(path, 'source_changed', 'changed while it was being sent', 'It is sent again once it has settled.');
}

function fileError(path: FilePath, code: ErrorCode, what: string, hint: string, cause?: unknown): SyncError {
  const relative = joinPath(path.directory, path.name);
  return new SyncError(`${displayName(relative)} ${what}`, {
    code,
    scope: 'file',
    disposition: 'retry',
    op: 'upload',
    path: relative,
    hint,
    cause,
  });
}
