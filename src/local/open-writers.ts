import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { FileStat } from '../core/entry.ts';

export interface OpenWriterOptions {
  readonly signal: AbortSignal;
  /** How long the event loop may be held at a stretch. */
  readonly sliceMs?: number;
  readonly yieldTurn: () => Promise<void>;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** A Set or Map whose keys are `fileKey`s. */
export interface FileKeys {
  readonly size: number;
  has(key: string): boolean;
  keys(): Iterable<string>;
}

const accessMode = 0o3;
const readOnly = 0;
const processId = /^\d+$/;

/** How a file is named among the candidates: `device:inode`. */
export function fileKey(stat: Pick<FileStat, 'device' | 'inode'>): string {
  return `${stat.device}:${stat.inode}`;
}

/**
 * Which candidates some process holds open for writing, from one pass over `/proc`. Processes that we may not look into
 * count as harmless, as do writers on other hosts. `unsupported` where there is no such `/proc` (macOS).
 */
export async function findOpenForWriting(
  candidates: FileKeys,
  options: OpenWriterOptions,
): Promise<ReadonlySet<string> | 'unsupported'> {
  const { signal, sliceMs = 8, yieldTurn, now } = options;
  const found = new Set<string>();
  if (process.platform !== 'linux') return 'unsupported';
  const processes = listDirectory('/proc')?.filter((name) => processId.test(name));
  if (processes === undefined || processes.length === 0) return 'unsupported';
  const inodes = new Set<number>();
  for (const key of candidates.keys()) inodes.add(Number(key.slice(key.indexOf(':') + 1)));

  signal.throwIfAborted();
  let sliceStart = now();
  for (const process of processes) {
    if (found.size === candidates.size) break;
    for (const descriptor of listDirectory(`/proc/${process}/fd`) ?? []) {
      const key = writtenFile(process, descriptor, inodes);
      if (key !== null && candidates.has(key)) found.add(key);
      if (now() - sliceStart >= sliceMs) {
        await yieldTurn();
        signal.throwIfAborted();
        sliceStart = now();
      }
    }
  }
  return found;
}

/**
 * The file behind a descriptor if it is open for writing and may be a candidate. The cheap questions come first, and
 * `stat` last, since it blocks for files on a dead network mount (fdinfo has had the inode since Linux 5.14).
 */
function writtenFile(process: string, descriptor: string, inodes: ReadonlySet<number>): string | null {
  try {
    const link = `/proc/${process}/fd/${descriptor}`;
    const target = readlinkSync(link);
    if (!target.startsWith('/') || target === '/dev/null') return null;
    const info = readFileSync(`/proc/${process}/fdinfo/${descriptor}`, 'latin1');
    const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1];
    if (flags === undefined || (Number.parseInt(flags, 8) & accessMode) === readOnly) return null;
    const inode = /^ino:\s*(\d+)$/m.exec(info)?.[1];
    if (inode !== undefined && !inodes.has(Number(inode))) return null;
    const stats = statSync(link);
    return fileKey({ device: stats.dev, inode: stats.ino });
  } catch {
    // The process or the descriptor went away, or is none of our business.
    return null;
  }
}

function listDirectory(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}
