import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../src/ledger/database.ts';
import { openLedger } from '../../src/ledger/ledger.ts';

const target = {
  kind: 'form',
  url: 'http://127.0.0.1:40000/u/asset_100000',
  fileField: 'file',
  formFields: { key: 'asset_100000', policy: 'p', signature: 's' },
} as const;

const steps = [
  ['reserved', 'queued', 'reserved'],
  ['bytes-accepted', 'reserved', 'uploaded'],
  ['asset by complete', 'uploaded', 'ready'],
] as const;

/**
 * A ledger in which every file of the tree is ready, written as the engine would have left it but in large groups: sending a
 * million files first would take the better part of an hour.
 */
export async function settledLedger(
  stateDir: string,
  root: string,
  assetOf: (at: number) => string,
  urlOf: (assetId: string) => string | null = () => null,
): Promise<number> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const database = openDatabase(stateDir, Date.now(), () => {});
  const ledger = openLedger(database, { defer: setImmediate, pause: setImmediate, onBlocked: () => {} });
  database.pragma('synchronous = OFF');
  const nowMs = Date.now();
  const place = await ledger.write(({ directories, facts }) => {
    // The day's full walk through the listing was a moment ago.
    facts.setListingOrder('ws_bench|', { fullAtMs: nowMs, isNewestFirst: true });
    const destinationId = directories.destinationId({ workspaceId: 'ws_bench', folder: null, projectId: null });
    const [folderId = 0] = directories.activateFolders([{ path: root, destinationId }]);
    directories.setNeedsMatching(folderId, false);
    return { destinationId, folderId };
  });
  let at = 0;
  for (const directory of readdirSync(root).sort()) {
    const names = readdirSync(join(root, directory));
    for (let from = 0; from < names.length; from += 5_000) {
      await ledger.write(({ directories, contents, files, history }) => {
        const directoryId = directories.save(place.folderId, directory);
        for (const name of names.slice(from, from + 5_000)) {
          const stats = statSync(join(root, directory, name));
          const sha256 = at.toString(16).padStart(64, '0');
          const inserted = contents.insert(
            {
              destinationId: place.destinationId,
              sha256,
              sizeBytes: stats.size,
              contentType: 'image/png',
              fileName: name,
              idempotencyKey: sha256.slice(-32),
              state: 'queued',
              twin: 0,
              notBeforeMs: nowMs,
            },
            nowMs,
          );
          const bound = {
            assetId: assetOf(at),
            url: urlOf(assetOf(at)),
            isCompleteSent: true,
            areBytesConfirmed: true,
            isCompleteAccepted: true,
          };
          // With its target, which is what makes the row as large as it is for a while, and the file with it.
          const reserved = { ...inserted, assetId: assetOf(at), state: 'reserved', target } as const;
          contents.save(inserted, reserved, nowMs);
          const stored = contents.get(inserted.id) ?? inserted;
          contents.save(stored, { ...stored, ...bound, state: 'ready', target: null }, nowMs);
          const stat = {
            sizeBytes: stats.size,
            mtimeMs: stats.mtimeMs,
            ctimeMs: stats.ctimeMs,
            inode: stats.ino,
            device: stats.dev,
          };
          files.saveContent(directoryId, name, stat, inserted.id, nowMs);
          const line = {
            atMs: nowMs,
            contentId: inserted.id,
            assetId: assetOf(at),
            requestId: null,
            attempt: 1,
            detail: null,
          };
          history.append({
            ...line,
            file: { directoryId, name },
            event: 'finished',
            from: null,
            to: 'queued',
            detail: `${stats.size} bytes, image/png, sha256 ${sha256}`,
          });
          for (const [event, from, to] of steps) history.append({ ...line, file: null, event, from, to });
          at += 1;
        }
      });
    }
  }
  ledger.close();
  return at;
}
