import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { DropFolder } from '../../src/core/drop-folder.ts';
import type { SyncError } from '../../src/errors.ts';
import { createLocalFiles } from '../../src/local/local-files.ts';
import type { RuleSettings } from '../../src/rules/folder-rules.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { Hints } from '../../src/sync/intake/hints.ts';
import { Intake, type IntakeDeps } from '../../src/sync/intake/intake.ts';
import { RuleBook, type RuleBookDeps } from '../../src/sync/intake/rule-book.ts';
import { nobodyWatches } from '../../src/sync/ports/watch.ts';
import { RootGuard } from '../../src/sync/roots/root-guard.ts';
import { memoryLedger } from './ledgers.ts';
import { plantTemporary, type Tree } from './tree.ts';
import { until } from './until.ts';

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A real drop folder, a ledger in memory, and the intake between them; nothing watches, nothing is sent. */
export async function openDrop(
  t: TestContext,
  tree: Tree,
  patch: Partial<IntakeDeps['local']> = {},
  copies: 'share' | 'separate' = 'share',
  settings?: RuleSettings,
) {
  const root = plantTemporary(t, tree);
  const { ledger, database } = memoryLedger();
  const stopping = new AbortController();
  const troubles: (SyncError | null)[] = [];
  const real = createLocalFiles({
    now: systemClock.monotonic,
    accept: ['*'],
    rulesOf: (folder) => (rules.has(folder) ? rules.of(folder) : undefined),
  });
  const local = { ...real, ...patch };
  const register = (folder: string | null) =>
    ledger.write((tables) => {
      const destinationId = tables.directories.destinationId({ workspaceId: 'ws_1', folder, projectId: null });
      const [folderId = 0] = tables.directories.activateFolders([{ path: root, destinationId }]);
      return { folderId, destinationId, root, copies };
    });
  const folder: DropFolder = await register(null);
  const hints = new Hints(systemClock);
  const onFolder = (_: DropFolder, trouble: SyncError | null) => void troubles.push(trouble);
  const roots = new RootGuard({ ledger, local, clock: systemClock, onFolder }, [folder]);
  const common: Omit<RuleBookDeps, 'local'> = {
    ledger,
    clock: systemClock,
    random: systemRandom,
    log: noLog,
    matching: { begin: (_, __, nowMs) => ({ state: 'queued', notBeforeMs: nowMs }) },
    roots,
    signal: stopping.signal,
    isSearching: true,
    onJudged: () => {},
  };
  const rules = new RuleBook({ ...common, local: real }, [folder], () => settings);
  const intake = new Intake(
    {
      ...common,
      local,
      rules,
      quietMs: 5,
      roots,
      hints,
      watch: nobodyWatches,
      onWork: () => {},
      onError: (error) => {
        throw error;
      },
    },
    [folder],
  );
  t.after(async () => {
    stopping.abort();
    await intake.close();
  });
  const scan = async () => {
    await intake.scan(folder);
    await until('the intake is idle', () => intake.isIdle);
  };
  /** The files of a directory that are not gone, with the digest the ledger has for each. */
  const present = (directory = '') => {
    const found = ledger.directories.find(folder.folderId, directory);
    const files = found === undefined ? [] : ledger.files.inDirectory(found.id);
    return files.filter((file) => !file.isGone).map((file) => file.name);
  };
  const contentOf = (text: string) =>
    ledger.contents.withBytes(folder.destinationId, createHash('sha256').update(text).digest('hex'))[0];
  const hint = (directory: string, name: string | null) => hints.add({ root, directory, name });
  return {
    root,
    ledger,
    database,
    intake,
    rules,
    roots,
    hint,
    /** As when the process is told to stop; nothing is closed yet. */
    stop: () => stopping.abort(),
    folder,
    troubles,
    scan,
    present,
    contentOf,
    register,
    local,
    real,
  };
}
