// Asset bytes on disk: `<dataDir>/assets/<asset_id>`, byte-identical. Bytes are collected under `tmp/` and renamed into place
// only when they are whole, so a cut upload leaves nothing; what a killed process left in `tmp/` goes at the next start.
// Nothing is fsynced: the emulator survives its own death, not the machine's.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfBuffer, bytesOfFile } from './formats/bytes.ts';
import { type Sniffed, sniff } from './sniff.ts';

/** Whole bytes that wait under `tmp/` for their place. */
export interface ReceivedBytes {
  readonly tempPath: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sniffed: Sniffed;
}

/** Takes bytes in order. After `finish` or `discard` it is spent. */
export interface ByteSink {
  write(chunk: Buffer): Promise<void>;
  readonly sizeBytes: () => number;
  finish(): Promise<ReceivedBytes>;
  discard(): Promise<void>;
}

export interface Blobs {
  sink(): ByteSink;
  /** Puts received bytes in their place, over any earlier ones, at once. */
  place(received: ReceivedBytes, assetId: string): void;
  discard(received: ReceivedBytes): void;
  remove(assetId: string): void;
  pathOf(assetId: string): string;
}

/** Above this many collected bytes a sink goes to disk; smaller files are written in one call at the end. */
const bufferBytes = 1024 * 1024;

export function openBlobs(dataDir: string): Blobs {
  const assetDir = join(dataDir, 'assets');
  const tempDir = join(dataDir, 'tmp');
  rmSync(tempDir, { recursive: true, force: true });
  mkdirSync(assetDir, { recursive: true });
  mkdirSync(tempDir, { recursive: true });
  const pathOf = (assetId: string) => join(assetDir, assetId);
  return {
    sink: () => createSink(join(tempDir, randomBytes(12).toString('hex'))),
    place: (received, assetId) => renameSync(received.tempPath, pathOf(assetId)),
    discard: (received) => rmSync(received.tempPath, { force: true }),
    remove: (assetId) => rmSync(pathOf(assetId), { force: true }),
    pathOf,
  };
}

function createSink(tempPath: string): ByteSink {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let collected: Buffer[] = [];
  let collectedBytes = 0;
  let file: FileHandle | undefined;

  async function flush(): Promise<void> {
    file ??= await open(tempPath, 'wx');
    const batch = Buffer.concat(collected);
    collected = [];
    collectedBytes = 0;
    await writeFully(file, batch);
  }

  return {
    sizeBytes: () => sizeBytes,
    async write(chunk) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      collected.push(chunk);
      collectedBytes += chunk.length;
      if (collectedBytes >= bufferBytes) await flush();
    },
    async finish() {
      const digested = { tempPath, sizeBytes, sha256: hash.digest('hex') };
      if (file === undefined) {
        const whole = Buffer.concat(collected);
        writeFileSync(tempPath, whole, { flag: 'wx' });
        return { ...digested, sniffed: sniff(bytesOfBuffer(whole)) };
      }
      await flush();
      await file.close();
      return { ...digested, sniffed: sniffFile(tempPath, sizeBytes) };
    },
    async discard() {
      await file?.close();
      rmSync(tempPath, { force: true });
    },
  };
}

function sniffFile(path: string, sizeBytes: number): Sniffed {
  const fd = openSync(path, 'r');
  try {
    return sniff(bytesOfFile(fd, sizeBytes));
  } finally {
    closeSync(fd);
  }
}

async function writeFully(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}
