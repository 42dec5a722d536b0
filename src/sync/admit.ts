import type { Content } from '../core/content.ts';
import { absolutePath, type FilePath, type FileStat, type Fingerprint, joinPath, type Problem } from '../core/entry.ts';
import { displayName, remoteName } from '../core/name.ts';
import { transition } from '../core/transition.ts';
import type { ClockPort, LedgerPort, LedgerTablesPort, LogPort, RandomPort } from './ports.ts';

export interface AdmitDeps {
  readonly ledger: LedgerPort;
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly log: LogPort;
}

/** A file of a watched folder, with what its folder says about it. */
export interface FolderFile extends FilePath {
  readonly folderId: number;
  readonly destinationId: number;
}

/**
 * Writes a finished file into the ledger: its bytes become a queued content, or the file joins the content that these
 * bytes already have at its destination. Returns the content as it stands then.
 */
export async function admitFile(deps: AdmitDeps, file: FolderFile, fingerprint: Fingerprint): Promise<Content> {
  const { content, isNew, isKnown } = await deps.ledger.write((tables) => admit(tables, deps, file, fingerprint));
  if (!isKnown) {
    const facts = { path: displayName(absolutePath(file)), to: content.state, asset_id: content.assetId };
    deps.log.info(facts, isNew ? 'finished -> queued' : `finished, same bytes as before -> ${content.state}`);
  }
  return content;
}

/** Writes down why a file is not sent, once for each reason. Returns whether that was news. */
export async function admitProblem(
  deps: AdmitDeps,
  file: FolderFile,
  stat: FileStat,
  problem: Problem,
): Promise<boolean> {
  const nowMs = deps.clock.now();
  const isNews = await deps.ledger.write((tables) => {
    const directoryId = tables.directories.save(file.folderId, file.directory);
    const known = tables.files.get(directoryId, file.name);
    tables.files.saveProblem(directoryId, file.name, stat, problem, nowMs);
    if (known?.problem?.code === problem.code && !known.isGone) return false;
    tables.history.append({
      ...fileRecord(directoryId, file.name, nowMs),
      event: 'rejected',
      to: 'rejected',
      detail: problem.reason,
    });
    return true;
  });
  if (isNews) {
    const facts = { path: displayName(absolutePath(file)), to: 'rejected', code: problem.code, reason: problem.reason };
    deps.log.warn(facts, 'finished -> rejected');
  }
  return isNews;
}

/** Notes that files are not there any more: the ledger keeps them as gone. */
export async function admitVanished(
  deps: AdmitDeps,
  folder: { readonly folderId: number; readonly root: string },
  directory: string,
  directoryId: number,
  names: readonly string[],
): Promise<void> {
  const nowMs = deps.clock.now();
  const gone = await deps.ledger.write((tables) => names.filter((name) => vanish(tables, directoryId, name, nowMs)));
  for (const name of gone) {
    const path = displayName(joinPath(joinPath(folder.root, directory), name));
    deps.log.info({ path, to: 'gone' }, 'the file is not there any more -> gone');
  }
}

function vanish(tables: LedgerTablesPort, directoryId: number, name: string, nowMs: number): boolean {
  const known = tables.files.get(directoryId, name);
  if (known === undefined || known.isGone) return false;
  if (known.contentId === null) {
    tables.files.remove(directoryId, name);
    return false;
  }
  tables.files.markGone(directoryId, name, nowMs);
  const record = fileRecord(directoryId, name, nowMs);
  tables.history.append({ ...record, contentId: known.contentId, event: 'vanished', to: 'gone' });
  return true;
}

function admit(tables: LedgerTablesPort, deps: AdmitDeps, file: FolderFile, fingerprint: Fingerprint) {
  const { stat, sha256, contentType } = fingerprint;
  const nowMs = deps.clock.now();
  const directoryId = tables.directories.save(file.folderId, file.directory);
  const known = tables.files.get(directoryId, file.name);
  const found = tables.contents.withBytes(file.destinationId, sha256)[0];
  const content =
    found === undefined
      ? tables.contents.insert(
          {
            destinationId: file.destinationId,
            sha256,
            sizeBytes: stat.sizeBytes,
            contentType,
            fileName: remoteName(file.name),
            idempotencyKey: deps.random.token(),
            state: 'queued',
            twin: 0,
            notBeforeMs: nowMs,
          },
          nowMs,
        )
      : want(tables, deps, found, nowMs);
  tables.files.saveContent(directoryId, file.name, stat, content.id, nowMs);
  const isKnown = known?.contentId === content.id && !known.isGone && found?.state === content.state;
  if (!isKnown) {
    tables.history.append({
      ...fileRecord(directoryId, file.name, nowMs),
      contentId: content.id,
      event: found === undefined ? 'finished' : 'same bytes',
      from: found?.state ?? null,
      to: content.state,
      assetId: content.assetId,
      detail: `${stat.sizeBytes} bytes, ${contentType}, sha256 ${sha256}`,
    });
  }
  return { content, isNew: found === undefined, isKnown };
}

function want(tables: LedgerTablesPort, deps: AdmitDeps, found: Content, nowMs: number): Content {
  const context = { nowMs, random: deps.random.fraction(), freshKey: deps.random.token() };
  const wanted = transition(found, { type: 'wanted', by: 'scan', needsMatching: false }, context);
  if (wanted === found) return found;
  if (!tables.contents.save(found, wanted, nowMs)) throw new Error(`Content ${found.id} changed inside a transaction`);
  return wanted;
}

function fileRecord(directoryId: number, name: string, atMs: number) {
  return {
    atMs,
    contentId: null,
    file: { directoryId, name },
    from: null,
    assetId: null,
    requestId: null,
    attempt: null,
    detail: null,
  };
}
