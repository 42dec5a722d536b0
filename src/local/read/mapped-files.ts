import { closeSync, openSync, readFile, readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fileKey } from '../../core/entry.ts';
import { errnoCode, isOutOfDescriptors } from '../../errors.ts';
import { briefly } from '../descriptors.ts';

// A process may write to a file through memory, and needs no descriptor for that any more (mmap(2)): some that fetch files in
// pieces do. Its maps tell (Documentation/filesystems/proc.rst).

/** Memory that is written through to a file; a path may look so too. */
const writtenThrough = /w[-x]s /g;
/** The line of such memory: the device, the inode and the path. */
const mappedFile = /^[0-9a-f]+-[0-9a-f]+ .w.s [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) (\d+)\s+(\/.*)$/;

/** To list the maps takes a lock of the process, which one that hangs on a dead network mount may never give. */
const patienceMs = 1_000;

/**
 * Which files each process writes to through memory, as `fileKey`s. A browser has thousands of maps and takes milliseconds to
 * list them: one that had none of these is listed again only when the size of its memory has changed. One that has some may
 * put another file in the place of the last.
 */
export class MappedFiles {
  /** The sizes of the memory of those that had none. */
  readonly #without = new Map<string, string>();
  #stuck = 0;

  /** Those with one of these inodes. Nothing for a process that may not be looked into, has ended, or does not answer. */
  async of(process: string, inodes: ReadonlySet<number>): Promise<readonly string[]> {
    const sizes = sizesOf(process);
    if (sizes === undefined || this.#stuck > 0 || this.#without.get(process) === sizes) return [];
    const maps = await this.#list(process);
    if (maps === undefined) return [];
    const { hasAny, keys } = writtenIn(maps, inodes);
    if (hasAny) this.#without.delete(process);
    else this.#without.set(process, sizes);
    return keys;
  }

  /** Forgets processes that have ended. */
  keep(processes: ReadonlySet<string>): void {
    for (const process of this.#without.keys()) if (!processes.has(process)) this.#without.delete(process);
  }

  /** On the thread pool, of which those that do not answer take no more than a thread or two. */
  async #list(process: string): Promise<string | undefined> {
    const descriptor = readOfProcess(() => openSync(`/proc/${process}/maps`, 'r'));
    if (descriptor === undefined) return undefined;
    const reading = promisify(readFile)(descriptor, 'latin1')
      // It has ended.
      .catch(() => undefined)
      .finally(() => closeSync(descriptor));
    const over = new AbortController();
    const late = pause(patienceMs, null, { signal: over.signal }).catch(() => null);
    const maps = await Promise.race([reading, late]);
    over.abort();
    if (maps !== null) return maps;
    this.#stuck += 1;
    void reading.then(() => {
      this.#stuck -= 1;
    });
    return undefined;
  }
}

/** In pages: all, code, data. */
function sizesOf(process: string): string | undefined {
  const fields = readOfProcess(() => readFileSync(`/proc/${process}/statm`, 'latin1'))?.split(' ');
  return fields === undefined ? undefined : [fields[0], fields[3], fields[5]].join(' ');
}

/** The files that memory is written through to: whether there are any at all, and which of them have one of these inodes. */
function writtenIn(maps: string, inodes: ReadonlySet<number>): { readonly hasAny: boolean; readonly keys: string[] } {
  const keys = new Set<string>();
  let hasAny = false;
  for (const { index } of maps.matchAll(writtenThrough)) {
    const line = maps.slice(maps.lastIndexOf('\n', index) + 1, maps.indexOf('\n', index));
    const [, major = '', minor = '', inode = '', path = ''] = mappedFile.exec(line) ?? [];
    if (inode === '') continue;
    // Most have no name any more, and are no file of ours.
    hasAny ||= !path.endsWith(' (deleted)');
    if (!inodes.has(Number(inode))) continue;
    const device = deviceNumber(Number.parseInt(major, 16), Number.parseInt(minor, 16));
    keys.add(fileKey({ device, inode: Number(inode) }));
    // Some file systems (btrfs, overlay) have another device number there than `stat` gives.
    const key = readOfProcess(() => keyOf(Buffer.from(path.replaceAll('\\012', '\n'), 'latin1')));
    if (key !== undefined) keys.add(key);
  }
  return { hasAny, keys: [...keys] };
}

/** As glibc's `makedev` has it, and `st_dev` with it. */
function deviceNumber(major: number, minor: number): number {
  const high = BigInt(major);
  const low = BigInt(minor);
  return Number(((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn));
}

export function keyOf(path: string | Buffer): string {
  const stats = statSync(path);
  return fileKey({ device: stats.dev, inode: stats.ino });
}

/**
 * What may be gone in the next moment, or be none of our business: then undefined. Only what was not looked at for want of
 * descriptors is not: it may be just the one that writes.
 *
 * @throws SyncError `too_many_open_files`
 */
export function readOfProcess<T>(read: () => T): T | undefined {
  try {
    return briefly('look for writers', read);
  } catch (error) {
    if (isOutOfDescriptors(error) || errnoCode(error) === undefined) throw error;
    return undefined;
  }
}
