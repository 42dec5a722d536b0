import { createHash, hash as digestOf } from 'node:crypto';
import type { FilePath, Fingerprint, Problem } from '../core/entry.ts';
import { returnChunk, takeChunk } from './chunk-buffers.ts';
import { accessProblem } from './local-problem.ts';
import { HEAD_BYTES } from './media.ts';
import { type IsLocal, type NotOpen, type OpenFile, openRegularFile } from './safe-open.ts';

export interface FingerprintOptions {
  readonly signal: AbortSignal;
  /** See `openRegularFile`. */
  readonly isLocal?: IsLocal;
  /** The content type, from the first bytes (`HEAD_BYTES`, which hold only until it is told) and the name. */
  readonly identify: (head: Uint8Array, name: string) => Promise<string>;
  /** Why such a file is not wanted; asked before the rest of a large file is read. The head holds only during the call. */
  readonly judge?: (head: Uint8Array, contentType: string, sizeBytes: number) => Problem | null;
}

export type FingerprintResult = { readonly kind: 'fingerprint'; readonly fingerprint: Fingerprint } | NotOpen;

/**
 * Reads a file whole and digests it. `changed` when size, times or inode differ afterwards, by descriptor or by path, so a
 * fingerprint is always of one version. What is found on disk is a result; throws the signal's reason, and SyncError
 * `too_many_open_files` when there are no descriptors left.
 */
export async function fingerprintFile(path: FilePath, options: FingerprintOptions): Promise<FingerprintResult> {
  options.signal.throwIfAborted();
  const file = openRegularFile(path, options.isLocal);
  if (file.kind !== 'open') return file;
  const { stat } = file;
  let contentType = '';
  const refuse = async (head: Uint8Array): Promise<Problem | null> => {
    contentType = await options.identify(head, path.name);
    return options.judge?.(head, contentType, stat.sizeBytes) ?? null;
  };
  const buffer = takeChunk();
  try {
    const content = await (file.isQuick
      ? readAtOnce(file, buffer, refuse)
      : readInChunks(file, buffer, refuse, options.signal));
    if (content === 'changed' || content === 'gone') return { kind: content };
    if ('problem' in content) return { kind: 'problem', problem: content.problem };
    return { kind: 'fingerprint', fingerprint: { stat, sha256: content.sha256, contentType } };
  } catch (error) {
    options.signal.throwIfAborted();
    return { kind: 'problem', problem: accessProblem(error) };
  } finally {
    // Only after it is closed does nothing read into the buffer any more.
    await file.close();
    returnChunk(buffer);
  }
}

type Refuse = (head: Uint8Array) => Promise<Problem | null>;

type Content = { readonly sha256: string } | { readonly problem: Problem } | 'changed' | 'gone';

/** Nothing else runs between opening it and having read it, so that there is next to no time for a change. */
async function readAtOnce(file: OpenFile, buffer: Buffer, refuse: Refuse): Promise<Content> {
  const { sizeBytes } = file.stat;
  // One byte more than it should have, to see that it ends there.
  const bytesRead = file.readNow(buffer.subarray(0, sizeBytes + 1));
  const now = file.recheck();
  await file.close();
  if (now !== 'same') return now;
  if (bytesRead !== sizeBytes) return 'changed';
  const content = buffer.subarray(0, sizeBytes);
  const problem = await refuse(content);
  return problem === null ? { sha256: digestOf('sha256', content, 'hex') } : { problem };
}

async function readInChunks(file: OpenFile, buffer: Buffer, refuse: Refuse, signal: AbortSignal): Promise<Content> {
  const { sizeBytes } = file.stat;
  const hash = createHash('sha256');
  let problem: Problem | null = null;
  let position = 0;
  for (;;) {
    signal.throwIfAborted();
    const bytesRead = await file.readFully(buffer, position);
    hash.update(buffer.subarray(0, bytesRead));
    if (position === 0) problem = await refuse(buffer.subarray(0, Math.min(bytesRead, HEAD_BYTES)));
    position += bytesRead;
    if (problem !== null || bytesRead < buffer.byteLength || position > sizeBytes) break;
  }
  const now = file.recheck();
  if (now !== 'same') return now;
  if (problem !== null) return { problem };
  return position === sizeBytes ? { sha256: hash.digest('hex') } : 'changed';
}
