import { createHash } from 'node:crypto';
import type { FilePath, Fingerprint } from '../core/entry.ts';
import { accessProblem } from './local-problem.ts';
import { type NotOpen, type OpenFile, openRegularFile } from './safe-open.ts';

/** How much of the start of a file the content type and the picture's size are read from. */
export const HEAD_BYTES = 262_144;

export interface FingerprintOptions {
  readonly signal: AbortSignal;
  /** The content type, from the first bytes and the name. */
  readonly identify: (head: Uint8Array, name: string) => Promise<string>;
}

export type FingerprintResult =
  | { readonly kind: 'fingerprint'; readonly fingerprint: Fingerprint; readonly head: Uint8Array }
  | NotOpen;

const chunkBytes = 1_048_576;
const idleBuffersKept = 4;
const idleBuffers: Uint8Array[] = [];

/**
 * Reads a file whole and digests it. `changed` when size, times or inode differ afterwards, by descriptor or by path, so a
 * fingerprint is always of one version. What is found on disk is a result; throws the signal's reason, and a SyncError of
 * scope `process` when there are no descriptors left.
 */
export async function fingerprintFile(path: FilePath, options: FingerprintOptions): Promise<FingerprintResult> {
  options.signal.throwIfAborted();
  const file = openRegularFile(path);
  if (file.kind !== 'open') return file;
  let content: Content | 'changed';
  try {
    content = await readContent(file, options.signal);
    if (content === 'changed') return { kind: 'changed' };
    const now = file.recheck();
    if (now !== 'same') return { kind: now };
  } catch (error) {
    options.signal.throwIfAborted();
    return { kind: 'problem', problem: accessProblem(error) };
  } finally {
    await file.close();
  }
  const contentType = await options.identify(content.head, path.name);
  return {
    kind: 'fingerprint',
    fingerprint: { stat: file.stat, sha256: content.sha256, contentType },
    head: content.head,
  };
}

interface Content {
  readonly sha256: string;
  readonly head: Uint8Array;
}

async function readContent(file: OpenFile, signal: AbortSignal): Promise<Content | 'changed'> {
  const { sizeBytes } = file.stat;
  return sizeBytes <= HEAD_BYTES ? readSmall(file, sizeBytes) : readLarge(file, sizeBytes, signal);
}

async function readSmall(file: OpenFile, sizeBytes: number): Promise<Content | 'changed'> {
  // One byte more than it should have, to see that it ends there.
  const buffer = Buffer.allocUnsafeSlow(sizeBytes + 1);
  if ((await file.readFully(buffer, 0)) !== sizeBytes) return 'changed';
  const head = buffer.subarray(0, sizeBytes);
  return { sha256: createHash('sha256').update(head).digest('hex'), head };
}

async function readLarge(file: OpenFile, sizeBytes: number, signal: AbortSignal): Promise<Content | 'changed'> {
  const buffer = idleBuffers.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
  try {
    const hash = createHash('sha256');
    let head: Uint8Array | null = null;
    let position = 0;
    for (;;) {
      signal.throwIfAborted();
      const bytesRead = await file.readFully(buffer, position);
      hash.update(buffer.subarray(0, bytesRead));
      head ??= Uint8Array.from(buffer.subarray(0, HEAD_BYTES));
      position += bytesRead;
      if (bytesRead < buffer.byteLength || position > sizeBytes) break;
    }
    return position === sizeBytes ? { sha256: hash.digest('hex'), head } : 'changed';
  } finally {
    if (idleBuffers.length < idleBuffersKept) idleBuffers.push(buffer);
  }
}
