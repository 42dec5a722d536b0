import assert from 'node:assert/strict';
import { type FilePath, joinPath, splitPath } from '../../src/core/entry.ts';
import type { LedgerTables } from '../../src/ledger/ledger.ts';
import { Examiner, type ExaminerDeps } from '../../src/sync/intake/examiner.ts';
import type { Look, ReadResult, ScannedListing } from '../../src/sync/ports/local.ts';
import type { RootGuard } from '../../src/sync/roots/root-guard.ts';
import { fixedRules } from './fixed-rules.ts';
import { HandClock, settled } from './hand-clock.ts';
import { knowFiles, statOn } from './known-files.ts';
import { memoryLedger, withFolder } from './ledgers.ts';

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
export const unreadable = { code: 'unreadable', reason: 'no' };
export const pipe = { code: 'not_a_regular_file', reason: 'a pipe' };
export const changed = { ...statOn(1), sizeBytes: 4 };

/**
 * The examiner alone, over ports that are tables: a folder in which the ledger knows these files. None of them is on disk until the
 * test says so. Whatever takes time is noticed when nobody waits for it.
 */
export async function examining(known: readonly string[] = [], patch: Partial<ExaminerDeps> = {}) {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  await knowFiles(ledger, folder, known);
  const events: string[] = [];
  const disk = new Map<string, Look>();
  const detours = new Map<string, string>();
  const reads = new Map<string, ReadResult>();
  const root = { mayTake: true, isHalted: false, isThere: true };
  const lost = new Set<string>();
  const watched = new Set<string>();
  const partial = new Set<string>();
  const stopping = new AbortController();
  const clock = new HandClock();
  let inHand = 0;
  /** What takes a while, one at a time. */
  const slowly = async <T>(run: () => T | Promise<T>): Promise<T> => {
    assert.equal(inHand, 0, 'something else is still being done');
    inHand += 1;
    await settled();
    const result = await run();
    inHand -= 1;
    return result;
  };
  const write = ledger.write.bind(ledger);
  Object.assign(ledger, {
    write: <T>(run: (tables: LedgerTables) => T) => {
      events.push('write');
      return slowly(() => write(run));
    },
  });
  Object.assign(clock, {
    turn: () => {
      events.push('turn');
      return slowly(() => {});
    },
  });
  const at = ({ root: of, directory, name }: FilePath) => {
    assert.equal(of, '/drop');
    return joinPath(directory, name);
  };
  const examiner = new Examiner({
    ledger,
    clock,
    random: { fraction: () => 0.5, token: () => 'token' },
    log: noLog,
    local: {
      look: (path: FilePath) => {
        events.push(`look ${at(path)}`);
        return disk.get(at(path)) ?? { kind: 'gone' };
      },
      detour: (path: FilePath) => {
        events.push(`detour ${at(path)}`);
        return detours.get(at(path)) ?? null;
      },
      isUnfinished: (path: FilePath) => partial.has(at(path)),
      read: (of: string, directory: string, signal: AbortSignal) => {
        assert.deepEqual([of, signal], ['/drop', stopping.signal]);
        events.push(`read ${directory}`);
        return slowly(() => reads.get(directory) ?? { kind: 'gone' });
      },
    } as never,
    matching: { begin: () => assert.fail('nothing is taken in here') },
    rules: fixedRules(),
    roots: {
      mayTake: () => root.mayTake,
      isHalted: () => root.isHalted,
      isThere: ({ root: of, directory }: { root: string; directory: string }) => {
        assert.equal(of, '/drop');
        return root.isThere && !lost.has(directory);
      },
      isMountLost: ({ root: of, directory }: { root: string; directory: string }) => {
        assert.equal(of, '/drop');
        return lost.has(directory);
      },
    } as unknown as RootGuard,
    watch: {
      add: (_, { directory }) => void events.push(`watch ${directory}`),
      isWatched: (_, directory) => watched.has(directory),
      retain: () => assert.fail('the rules do not change here'),
      remove: (_, directory) => void events.push(`unwatch ${directory}`),
      close: async () => {},
    },
    signal: stopping.signal,
    onCandidate: (file, { sizeBytes }) => {
      const { root: of, copies, folderId } = file;
      assert.deepEqual({ root: of, copies, folderId }, { root: '/drop', copies: 'share', folderId: folder.folderId });
      events.push(`candidate ${at(file)} ${sizeBytes}`);
      return undefined;
    },
    onVanished: (path) => void events.push(`vanished ${path}`),
    scan: (_, directory) => {
      events.push(`scan ${directory}`);
      return slowly(() => {});
    },
    ...patch,
  });
  /** What the examiner does, in its order, without the looks; nothing of it is under way when it is over. */
  const does = async (run: (examiner: Examiner) => Promise<void>, seen = /^(?!look|detour)/) => {
    events.length = 0;
    await run(examiner);
    assert.equal(inHand, 0, 'it did not wait for something');
    return events.filter((event) => seen.test(event));
  };
  const idOf = (path: string) => ledger.directories.find(folder.folderId, path)?.id ?? 0;
  const row = (path: string) => {
    const { directory, name } = splitPath(path);
    return ledger.files.get(idOf(directory), name);
  };
  const left = (...paths: readonly string[]) => paths.filter((path) => row(path)?.isGone === false);
  const show = (paths: Readonly<Record<string, Look>>) => {
    for (const [path, look] of Object.entries(paths)) disk.set(path, look);
  };
  const refuse = (path: string) =>
    write(({ directories, files }) => {
      const { directory, name } = splitPath(path);
      files.saveProblem(directories.save(folder.folderId, directory), name, statOn(1), unreadable, 1);
    });
  const goneDirectory = (path: string) => write(({ directories }) => directories.markGone(idOf(path)));
  const goneFile = (path: string) =>
    write(({ files }) => files.markGone(idOf(splitPath(path).directory), splitPath(path).name, 1));
  return {
    ...{ ledger, folder, disk, detours, reads, root, lost, watched, partial, stopping, clock, events },
    ...{ examiner, does, idOf, row, left, show, refuse, goneDirectory, goneFile, write },
  };
}

export function listingOf(directory: string, patch: Partial<ScannedListing> = {}): ScannedListing {
  const identity = { device: 1, inode: 1, birthtimeMs: 1 };
  const entryCount = patch.entryCount ?? (patch.files ?? patch.subdirectories ?? []).length;
  return { root: '/drop', directory, files: [], subdirectories: [], problems: [], identity, ...patch, entryCount };
}
