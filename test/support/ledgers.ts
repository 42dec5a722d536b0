import { openDatabaseInMemory } from '../../src/ledger/database.ts';
import type { GroupCommitOptions } from '../../src/ledger/group-commit.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';

/** A ledger in memory whose groups commit when the test says so (`flush`), or by themselves with `setImmediate`. */
export function memoryLedger(
  defer: (flush: () => void) => void = setImmediate,
  patch: Partial<GroupCommitOptions> = {},
) {
  const database = openDatabaseInMemory();
  const ledger: Ledger = openLedger(database, {
    defer,
    pause: setImmediate,
    onBlocked: () => {},
    ...patch,
  });
  return { database, ledger };
}

/** Registers one drop folder; returns its ids. */
export async function withFolder(ledger: Ledger, root = '/drop') {
  return await ledger.write((tables) => {
    const destinationId = tables.directories.destinationId({ workspaceId: 'ws_1', folder: null, projectId: null });
    const [folderId] = tables.directories.activateFolders([{ path: root, destinationId }]);
    return { destinationId, folderId: folderId ?? 0, root };
  });
}

export function newContent(
  destinationId: number,
  patch: { sha256?: string; idempotencyKey?: string; notBeforeMs?: number } = {},
) {
  return {
    destinationId,
    sha256: 'aa'.repeat(32),
    sizeBytes: 3,
    contentType: 'image/png',
    fileName: 'a.png',
    idempotencyKey: 'key-1',
    state: 'queued' as const,
    twin: 0,
    notBeforeMs: 0,
    ...patch,
  };
}
