import type { FilePath, FileStat, Holder, Problem } from '../../src/core/entry.ts';
import { isSameStat, joinPath, splitPath } from '../../src/core/entry.ts';
import { SyncError } from '../../src/errors.ts';
import type { ByteSource } from '../../src/sync/ports/byte-source.ts';
import type {
  Inspection,
  LocalPort,
  Look,
  OpenedSource,
  ReadResult,
  ScannedListing,
} from '../../src/sync/ports/local.ts';
import { bytesOf, type Directory, device, type Inode, type Root, statOf as shortStatOf } from './disk.ts';
import type { RulesOf } from './ignore-files.ts';
import type { Life } from './machine.ts';
import type { World } from './world.ts';

const emptyMount: Directory = { number: 3, birthtimeMs: 1 };
const unsupported: Problem = { code: 'unsupported_type', reason: 'FLORA does not take text/plain' };

/** What src/local promises, over the model disk: reading takes time, and the file may change in between. */
export function createLocal(world: World, life: Life, rulesOf: RulesOf): LocalPort {
  const { disk, faultRng, knobs, economy } = world;
  const { scale } = knobs.nature;
  const moment = () => life.wait(faultRng.between(0, 20));
  const statOf = (inode: Inode): FileStat => {
    const stat = shortStatOf(inode);
    return { ...stat, sizeBytes: stat.sizeBytes * scale };
  };

  const inodeAt = ({ root, directory, name }: FilePath): Inode | undefined => {
    const at = disk.root(root);
    return at.mount === 'there' ? at.files.get(joinPath(directory, name)) : undefined;
  };
  const isSame = (path: FilePath, inode: Inode, stat: FileStat): 'same' | 'changed' | 'gone' => {
    const now = inodeAt(path);
    if (now === undefined) return 'gone';
    return now === inode && isSameStat(statOf(inode), stat) ? 'same' : 'changed';
  };
  const list = (root: Root, directory: string, identity: Directory): ScannedListing => {
    const isHere = (path: string) => root.mount === 'there' && splitPath(path).directory === directory;
    const files = [...root.files]
      .filter(([path]) => isHere(path))
      .map(([path, inode]) => ({ name: splitPath(path).name, stat: statOf(inode) }));
    const rules = rulesOf(root.path).within(directory);
    const subdirectories = [...root.directories.keys()]
      .filter(isHere)
      .map((path) => splitPath(path).name)
      .filter((name) => !rules.isPassedOver(name, 'directory'));
    const { number, birthtimeMs } = identity;
    return {
      root: root.path,
      directory,
      files,
      subdirectories,
      problems: [],
      identity: { device, inode: number, birthtimeMs },
      entryCount: files.length + subdirectories.length,
    };
  };
  const identityOf = (root: Root): Directory | null => {
    if (root.mount === 'away') return null;
    return root.mount === 'empty' ? emptyMount : root.identity;
  };
  const directoryAt = (root: Root, directory: string): Directory | null => {
    if (directory === '') return identityOf(root);
    return root.mount === 'there' ? (root.directories.get(directory) ?? null) : null;
  };

  const rootIdentity = (path: string): string | null => {
    const identity = identityOf(disk.root(path));
    return identity === null ? null : `${device}:${identity.number}:${identity.birthtimeMs}`;
  };

  return {
    async walk(rootPath, from, handlers, signal) {
      const identity = rootIdentity(rootPath);
      if (identity === null) throw folderMissing(rootPath);
      const pending = [from];
      for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
        const root = disk.root(rootPath);
        const found = directoryAt(root, directory);
        if (directory === '' && found === null) throw folderMissing(rootPath);
        if (found === null) continue;
        economy.spend('walk', joinPath(rootPath, directory));
        const listing = list(root, directory, found);
        for (const name of listing.subdirectories) pending.push(joinPath(directory, name));
        // A large directory is read in steps: by its end the first entries are old.
        await moment();
        signal.throwIfAborted();
        await handlers.onDirectory(listing);
        signal.throwIfAborted();
      }
      if (rootIdentity(rootPath) !== identity) throw folderMissing(rootPath);
    },
    async read(rootPath, directory): Promise<ReadResult> {
      const root = disk.root(rootPath);
      economy.spend('walk', joinPath(rootPath, directory));
      const found = directoryAt(root, directory);
      if (found === null) return { kind: 'gone' };
      const listing = list(root, directory, found);
      await moment();
      return { kind: 'listing', listing };
    },
    look(path): Look {
      economy.spend('look', whole(path));
      const inode = inodeAt(path);
      if (inode !== undefined) return { kind: 'file', stat: statOf(inode) };
      const root = disk.root(path.root);
      const isDirectory = root.mount === 'there' && root.directories.has(joinPath(path.directory, path.name));
      if (!isDirectory) return { kind: 'gone' };
      const isExcluded = rulesOf(path.root).within(path.directory).isPassedOver(path.name, 'directory');
      return isExcluded ? { kind: 'excluded', is: 'directory' } : { kind: 'directory' };
    },
    detour: () => null,
    isUnfinished: () => false,
    glance(rootPath, directory) {
      economy.spend('root', rootPath);
      const root = disk.root(rootPath);
      const found = directoryAt(root, directory);
      return found === null ? null : { isEmpty: list(root, directory, found).entryCount === 0, device };
    },
    rootIdentity,
    async openForWriting(keys) {
      economy.spend('writers');
      // Somewhere in between is the moment of truth.
      await moment();
      const open = new Map<string, readonly Holder[]>();
      for (const root of disk.roots) {
        for (const [path, inode] of [...root.files]) {
          const key = `${device}:${inode.number}`;
          if (keys.has(key)) disk.onLook(root, path);
          if (inode.writers > 0 && keys.has(key) && !knobs.isRemoteMount) open.set(key, [{ pid: 1, name: 'writer' }]);
        }
      }
      await moment();
      return open;
    },
    isRemote: () => knobs.isRemoteMount,
    async inspect(path, signal): Promise<Inspection> {
      economy.spend('read', whole(path));
      const inode = inodeAt(path);
      if (inode === undefined) return { kind: 'gone' };
      const stat = statOf(inode);
      if (path.name.endsWith('.txt')) return { kind: 'problem', problem: unsupported };
      if (inode.isUnreadable) return { kind: 'problem', problem: { code: 'read_error', reason: 'EIO' } };
      disk.onLook(disk.root(path.root), joinPath(path.directory, path.name));
      const count = inode.blocks.length;
      let bytes = '';
      for (let at = 0; at < count; at += 1) {
        await moment();
        signal.throwIfAborted();
        bytes += inode.blocks[at] ?? '';
      }
      if (bytes.length * scale !== stat.sizeBytes) return { kind: 'changed' };
      const same = isSame(path, inode, stat);
      // The model's digest is the bytes themselves: no two contents share one.
      if (same === 'same')
        return { kind: 'fingerprint', fingerprint: { stat, sha256: bytes, contentType: 'image/png' } };
      return { kind: same };
    },
    async openSource(path, expected, signal): Promise<OpenedSource> {
      signal.throwIfAborted();
      economy.spend('read', whole(path));
      const inode = inodeAt(path);
      if (inode === undefined) return { kind: 'gone' };
      if (inode.isUnreadable) return { kind: 'problem', problem: { code: 'read_error', reason: 'EIO' } };
      const stat = statOf(inode);
      if (stat.sizeBytes !== expected.sizeBytes) return { kind: 'changed' };
      disk.onLook(disk.root(path.root), joinPath(path.directory, path.name));
      const recheck = () => isSame(path, inode, stat) === 'same';
      return { kind: 'source', ...sourceOf(inode, expected.sha256, moment, recheck, signal) };
    },
  };
}

function whole({ root, directory, name }: FilePath): string {
  return joinPath(root, joinPath(directory, name));
}

/** As src/local/source.ts: the last piece comes only after everything proved to be the expected version. */
function sourceOf(
  inode: Inode,
  sha256: string,
  moment: () => Promise<void>,
  recheck: () => boolean,
  signal: AbortSignal,
): ByteSource {
  async function* chunks() {
    const count = inode.blocks.length;
    let sent = '';
    let held: Uint8Array | null = null;
    for (let at = 0; at < count; at += 1) {
      await moment();
      signal.throwIfAborted();
      const block = inode.blocks[at] ?? '';
      sent += block;
      if (held !== null) yield held;
      held = Buffer.from(block);
    }
    if (sent !== sha256 || !recheck()) throw sourceChanged();
    if (held !== null) yield held;
  }
  return { sizeBytes: bytesOf(inode).length, chunks, close: async () => {} };
}

function sourceChanged(): SyncError {
  const details = { code: 'source_changed', scope: 'file', disposition: 'retry', op: 'upload' } as const;
  return new SyncError('It changed while it was being sent', details);
}

function folderMissing(root: string): SyncError {
  const details = { code: 'folder_missing', scope: 'folder', disposition: 'wait', op: 'scan' } as const;
  return new SyncError(`The drop folder ${root} is not there`, details);
}
