import { createHash } from 'node:crypto';
import type { FilePath, Fingerprint, Problem } from '../core/entry.ts';
import { accessProblem } from './local-problem.ts';
import { HEAD_BYTES } from './media.ts';
import { type NotOpen, type OpenFile, openRegularFile } from './safe-open.ts';

export interface FingerprintOptions {
  readonly signal: AbortSignal;
  /** See `openRegularFile`. */
  readonly isLocal?: boolean;
  /** The content type, from the first bytes and the name. */
  readonly identify: (head: Uint8Array, name: string) => Promise<string>;
  /** Why such a file is not wanted; asked before the rest of a large file is read. */
  readonly judge?: (head: Uint8Array, contentType: string, sizeBytes: number) => Problem | null;
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
  const file = openRegularFile(path, options.isLocal);
  if (file.kind !== 'open') return file;
  const { stat } = file;
  let contentType = '';
  const refuse = async (head: Uint8Array): Promise<Problem | null> => {
    contentType = await options.identify(head, path.name);
    return options.judge?.(head, contentType, stat.sizeBytes) ?? null;
  };
  try {
    const content = await readContent(file, refuse, options.signal);
    if (content === 'changed') return { kind: 'changed' };
    const now = file.recheck();
    if (now !== 'same') return { kind: now };
    if ('problem' in content) return { kind: 'problem', problem: content.problem };
    return { kind: 'fingerprint', fingerprint: { stat, sha256: content.sha256, contentType }, head: content.head };
  } catch (error) {
    options.signal.throwIfAborted();
    return { kind: 'problem', problem: accessProblem(error) };
  } finally {
    await file.close();
  }
}

type Refuse = (head: Uint8Array) => Promise<Problem | null>;

type Content = { readonly sha256: string; readonly head: Uint8Array } | { readonly problem: Problem };

async function readContent(file: OpenFile, refuse: Refuse, signal: AbortSignal): Promise<Content | 'changed'> {
  const { sizeBytes } = file.stat;
  return sizeBytes <= HEAD_BYTES ? readSmall(file, sizeBytes, refuse) : readLarge(file, sizeBytes, refuse, signal);
}

async function readSmall(file: OpenFile, sizeBytes: number, refuse: Refuse): Promise<Content | 'changed'> {
  // One byte more than it should have, to see that it ends there.
  const buffer = Buffer.allocUnsafeSlow(sizeBytes + 1);
  if ((await file.readFully(buffer, 0)) !== sizeBytes) return 'changed';
  const head = buffer.subarray(0, sizeBytes);
  const problem = await refuse(head);
  return problem === null ? { sha256: createHash('sha256').update(head).digest('hex'), head } : { problem };
}

async function readLarge(
  file: OpenFile,
  sizeBytes: number,
  refuse: Refuse,
  signal: AbortSignal,
): Promise<Content | 'changed'> {
  const buffer = idleBuffers.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
  try {
    const hash = createHash('sha256');
    let head: Uint8Array | null = null;
    let position = 0;
    for (;;) {
      signal.throwIfAborted();
      const bytesRead = await file.readFully(buffer, position);
      hash.update(buffer.subarray(0, bytesRead));
      if (head === null) {
        head = Uint8Array.from(buffer.subarray(0, HEAD_BYTES));
        const problem = await refuse(head);
        if (problem !== null) return { problem };
      }
      position += bytesRead;
      if (bytesRead < buffer.byteLength || position > sizeBytes) break;
    }
    return position === sizeBytes ? { sha256: hash.digest('hex'), head } : 'changed';
  } finally {
    if (idleBuffers.length < idleBuffersKept) idleBuffers.push(buffer);
  }
}
