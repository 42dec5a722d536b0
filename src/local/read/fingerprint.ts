import { createHash, hash as digestOf } from 'node:crypto';
import type { FilePath, Fingerprint, Problem } from '../../core/entry.ts';
import { HEAD_BYTES, type MediaSource, mediaSource } from '../../media/source.ts';
import { accessProblem } from '../local-problem.ts';
import { returnChunk, takeChunk } from './chunk-buffers.ts';
import { type IsLocal, type NotOpen, type OpenFile, openRegularFile } from './safe-open.ts';

interface FingerprintOptions {
  readonly signal: AbortSignal;
  /** See `openRegularFile`. */
  readonly isLocal?: IsLocal;
  /** What the file is, and why it is not wanted: asked before the rest of a large file is read. The bytes hold only until it is told. */
  readonly judge?: (media: MediaSource, name: string) => Promise<Judgement>;
}

export interface Judgement {
  readonly contentType: string;
  readonly problem: Problem | null;
  /** For so many quiet periods more nothing of this is to be believed; by default it is at once. */
  readonly doubtfulFor?: number;
}

/** See `Judgement`. */
interface Unfinished {
  readonly kind: 'unfinished';
  readonly quietPeriods: number;
}

export type FingerprintResult =
  | { readonly kind: 'fingerprint'; readonly fingerprint: Fingerprint }
  | Unfinished
  | NotOpen;

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
  const refuse: Refuse = async (head) => {
    if (options.judge === undefined) return null;
    const media = mediaSource(stat.sizeBytes, head, (position, length) => readPart(file, position, length));
    const judgement = await options.judge(media, path.name);
    contentType = judgement.contentType;
    const { doubtfulFor = 0, problem } = judgement;
    if (doubtfulFor > 0) return { kind: 'unfinished', quietPeriods: doubtfulFor };
    return problem === null ? null : { kind: 'problem', problem };
  };
  const buffer = takeChunk();
  try {
    const content = await (file.isQuick
      ? readAtOnce(file, buffer, refuse)
      : readInChunks(file, buffer, refuse, options.signal));
    if (typeof content === 'string') return { kind: content };
    if ('kind' in content) return content;
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

type Refusal = Unfinished | { readonly kind: 'problem'; readonly problem: Problem };

type Refuse = (head: Uint8Array) => Promise<Refusal | null>;

type Content = { readonly sha256: string } | Refusal | 'changed' | 'gone';

async function readPart(file: OpenFile, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, await file.readFully(bytes, position));
}

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
  const refused = await refuse(content);
  return refused ?? { sha256: digestOf('sha256', content, 'hex') };
}

async function readInChunks(file: OpenFile, buffer: Buffer, refuse: Refuse, signal: AbortSignal): Promise<Content> {
  const { sizeBytes } = file.stat;
  const hash = createHash('sha256');
  let refused: Refusal | null = null;
  let position = 0;
  for (;;) {
    signal.throwIfAborted();
    const bytesRead = await file.readFully(buffer, position);
    hash.update(buffer.subarray(0, bytesRead));
    if (position === 0) refused = await refuse(buffer.subarray(0, Math.min(bytesRead, HEAD_BYTES)));
    position += bytesRead;
    if (refused !== null || bytesRead < buffer.byteLength || position > sizeBytes) break;
  }
  const now = file.recheck();
  if (now !== 'same') return now;
  if (refused !== null) return refused;
  return position === sizeBytes ? { sha256: hash.digest('hex') } : 'changed';
}
