import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Holder } from '../../core/entry.ts';
import { keyOf, MappedFiles, readOfProcess } from './mapped-files.ts';

interface OpenWriterOptions {
  readonly signal: AbortSignal;
  /** Whether all holders of a file are wanted, for people; one is enough to wait for. */
  readonly areAllWanted?: boolean;
  /** How long the event loop may be held at a stretch. */
  readonly sliceMs?: number;
  readonly yieldTurn: () => Promise<void>;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** A Set or Map whose keys are `fileKey`s. */
interface FileKeys {
  readonly size: number;
  has(key: string): boolean;
  keys(): Iterable<string>;
}

/** In octal. The lowest two bits are the access mode: none of them is set for reading alone (open(2)). */
const writableFlags = /^flags:\s*[0-7]*[123567]$/m;
const processId = /^\d+$/;

/** So many holders of one file are told. */
const mostHolders = 8;

/** What was listed for one look serves the next. */
const mappedFiles = new MappedFiles();

/**
 * Which candidates some process holds open for writing, by descriptor or through a memory map, and who that is; from one pass
 * over `/proc`. Processes that we may not look into count as harmless, as do writers on other hosts. `unsupported` where there
 * is no such `/proc` (macOS).
 *
 * @throws SyncError `too_many_open_files` when `/proc` itself cannot be read for that: nothing is known then
 */
export async function findOpenForWriting(
  candidates: FileKeys,
  options: OpenWriterOptions,
): Promise<ReadonlyMap<string, readonly Holder[]> | 'unsupported'> {
  const { signal, areAllWanted = false, sliceMs = 8, yieldTurn, now } = options;
  const found = new Map<string, Holder[]>();
  if (process.platform !== 'linux') return 'unsupported';
  const processes = listDirectory('/proc')?.filter((name) => processId.test(name));
  if (processes === undefined || processes.length === 0) return 'unsupported';
  const inodes = new Set<number>();
  for (const key of candidates.keys()) inodes.add(Number(key.slice(key.indexOf(':') + 1)));

  signal.throwIfAborted();
  let sliceStart = now();
  const isDue = () => now() - sliceStart >= sliceMs;
  const breathe = async (): Promise<void> => {
    await yieldTurn();
    signal.throwIfAborted();
    sliceStart = now();
  };
  for (const process of processes) {
    if (!areAllWanted && found.size === candidates.size) break;
    for (const descriptor of listDirectory(`/proc/${process}/fd`) ?? []) {
      const key = fileBehind(process, descriptor, inodes);
      if (key !== undefined && candidates.has(key)) note(found, key, process);
      if (isDue()) await breathe();
    }
    for (const key of await mappedFiles.of(process, inodes)) if (candidates.has(key)) note(found, key, process);
    if (isDue()) await breathe();
  }
  mappedFiles.keep(new Set(processes));
  return found;
}

function note(found: Map<string, Holder[]>, key: string, process: string): void {
  const pid = Number(process);
  const holders = found.get(key) ?? [];
  found.set(key, holders);
  if (holders.length >= mostHolders || holders.some((holder) => holder.pid === pid)) return;
  holders.push({ pid, name: nameOf(process) });
}

/** As the process calls itself; empty where it has ended meanwhile. */
function nameOf(process: string): string {
  return readOfProcess(() => readFileSync(`/proc/${process}/comm`, 'utf8'))?.replace(/\n$/, '') ?? '';
}

/**
 * The file behind a descriptor if it is open for writing and may be a candidate. The cheap questions come first, and
 * `stat` last, since it blocks for files on a dead network mount (fdinfo has had the inode since Linux 5.14).
 */
function fileBehind(process: string, descriptor: string, inodes: ReadonlySet<number>): string | undefined {
  const link = `/proc/${process}/fd/${descriptor}`;
  return readOfProcess(() => {
    const target = readlinkSync(link);
    if (!target.startsWith('/') || target === '/dev/null') return undefined;
    const info = readFileSync(`/proc/${process}/fdinfo/${descriptor}`, 'latin1');
    if (!writableFlags.test(info)) return undefined;
    const inode = /^ino:\s*(\d+)$/m.exec(info)?.[1];
    return inode === undefined || inodes.has(Number(inode)) ? keyOf(link) : undefined;
  });
}

function listDirectory(path: string): string[] | undefined {
  return readOfProcess(() => readdirSync(path));
}
