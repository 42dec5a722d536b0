import { type Content, isActive } from '../../core/content.ts';
import type { DropFolder } from '../../core/drop-folder.ts';
import {
  absolutePath,
  type FilePath,
  type FileStat,
  type Fingerprint,
  noStat,
  type Problem,
  splitPath,
} from '../../core/entry.ts';
import { displayName, remoteName } from '../../core/name.ts';
import { transition } from '../../core/transition.ts';
import type { Matching } from '../flora/matching.ts';
import type { Admitted, ContentPath, LedgerPort, LedgerTablesPort } from '../ports/ledger.ts';
import type { LocalPort } from '../ports/local.ts';
import type { ClockPort, LogPort, RandomPort } from '../ports/runtime.ts';
import type { RootGuard } from '../roots/root-guard.ts';

export interface AdmitDeps {
  readonly ledger: LedgerPort;
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly log: LogPort;
  readonly local: Pick<LocalPort, 'look' | 'detour'>;
  readonly matching: Pick<Matching, 'begin'>;
  readonly roots: Pick<RootGuard, 'isThere'>;
}

/** A file of a watched folder, with what its folder says about it. */
export interface FolderFile extends FilePath {
  readonly folderId: number;
  readonly destinationId: number;
  readonly copies: 'share' | 'separate';
}

/**
 * Writes a finished file into the ledger: its bytes become a queued content, or the file joins the content that these
 * bytes already have at its destination.
 *
 * @param racyMs when it is to be read once more although it may look the same; null for never
 */
export async function admitFile(
  deps: AdmitDeps,
  file: FolderFile,
  fingerprint: Fingerprint,
  racyMs: number | null,
): Promise<Admitted> {
  const { content, directoryId, isNew, isKnown } = await deps.ledger.write((tables) => {
    const admitted = admit(tables, deps, file, fingerprint);
    if (racyMs !== null) tables.racyFiles.note(admitted.directoryId, file.name, racyMs);
    return admitted;
  });
  if (!isKnown) {
    const facts = { path: displayName(absolutePath(file)), to: content.state, asset_id: content.assetId };
    deps.log.info(facts, isNew ? `finished -> ${content.state}` : `finished, same bytes as before -> ${content.state}`);
  }
  const { root, directory, name } = file;
  return { content, path: { root, directory, name, directoryId } };
}

/** Writes down why a file is not sent, once for each reason. Returns whether that was news. */
export async function admitProblem(
  deps: AdmitDeps,
  file: FolderFile,
  stat: FileStat,
  problem: Problem,
  racyMs: number | null = null,
): Promise<boolean> {
  const nowMs = deps.clock.now();
  const isNews = await deps.ledger.write((tables) => {
    const directoryId = tables.directories.save(file.folderId, file.directory);
    const known = tables.files.get(directoryId, file.name);
    tables.files.saveProblem(directoryId, file.name, stat, problem, nowMs);
    if (racyMs !== null) tables.racyFiles.note(directoryId, file.name, racyMs);
    const before = known?.isGone === false ? known.problem : null;
    if (before?.code === problem.code && before.reason === problem.reason) return false;
    tables.history.append({
      ...fileRecord(directoryId, file.name, nowMs),
      event: 'rejected',
      to: 'rejected',
      detail: problem.detail ?? problem.reason,
    });
    return true;
  });
  if (isNews) {
    const facts = { path: displayName(absolutePath(file)), to: 'rejected', code: problem.code, reason: problem.reason };
    deps.log.warn(facts, 'finished -> rejected');
  }
  return isNews;
}

/** A directory that cannot be read is reported under its own name; what is below it is left as it was. */
export async function admitUnreadable(
  deps: AdmitDeps,
  folder: DropFolder,
  path: string,
  problem: Problem,
): Promise<void> {
  await admitProblem(deps, { ...folder, ...splitPath(path) }, noStat, problem);
}

function admit(tables: LedgerTablesPort, deps: AdmitDeps, file: FolderFile, fingerprint: Fingerprint) {
  const { stat, sha256, contentType } = fingerprint;
  const nowMs = deps.clock.now();
  const directoryId = tables.directories.save(file.folderId, file.directory);
  const known = tables.files.get(directoryId, file.name);
  const twins = tables.contents.withBytes(file.destinationId, sha256);
  const found = findContent(tables, deps, file, stat, twins, known?.contentId);
  const needsMatching = tables.directories.needsMatching(file.folderId);
  const content =
    found === undefined
      ? begin(tables, deps, file, fingerprint, (twins.at(-1)?.twin ?? -1) + 1, needsMatching)
      : want(tables, deps, found, needsMatching, nowMs);
  const isKnown = known?.contentId === content.id && !known.isGone && found?.state === content.state;
  if (!isKnown) {
    const story = found === undefined ? { event: 'finished', from: null } : tellOrigin(tables, deps, file, found, stat);
    tables.history.append({
      ...fileRecord(directoryId, file.name, nowMs),
      contentId: content.id,
      event: story.event,
      from: found?.state ?? null,
      to: content.state,
      assetId: content.assetId,
      detail: `${story.from === null ? '' : `${story.from}; `}${stat.sizeBytes} bytes, ${contentType}, sha256 ${sha256}`,
    });
  }
  tables.files.saveContent(directoryId, file.name, stat, content.id, nowMs);
  return { content, directoryId, isNew: found === undefined, isKnown };
}

/** The content that these bytes have already; where copies do not share, the one that this file had, or that no other has now. */
function findContent(
  tables: LedgerTablesPort,
  deps: AdmitDeps,
  file: FolderFile,
  stat: FileStat,
  twins: readonly Content[],
  knownId: number | null | undefined,
): Content | undefined {
  // Of several, from a time when copies did not share, one that is there already.
  if (file.copies === 'share') {
    return twins.find(({ state }) => state === 'ready') ?? twins.find(({ state }) => isActive(state)) ?? twins[0];
  }
  const own = twins.find(({ id }) => id === knownId);
  if (own !== undefined) return own;
  const isFree = ({ id }: Content) => !tables.files.pathsOf(id, stat).some((path) => isStillThere(deps, path, file));
  return twins.find(isFree);
}

/** A file of the ledger's that is on disk, and not this very name: what it has is not free for another. */
function isStillThere(deps: AdmitDeps, path: ContentPath, file: FolderFile): boolean {
  if (path.isGone || absolutePath(path) === absolutePath(file)) return false;
  const look = deps.local.look(path);
  if (look.kind === 'file' && deps.local.detour(path) === null) return !isAnother(look.stat, path.stat);
  // In a folder that nobody watches any more nothing is waited for.
  return path.isWatched && !deps.roots.isThere(path);
}

/** A new file under the name, as when an editor lets the old version step aside; one that was only written to may still have its bytes. */
function isAnother(now: FileStat, then: FileStat): boolean {
  return now.inode !== then.inode && (now.sizeBytes !== then.sizeBytes || now.mtimeMs !== then.mtimeMs);
}

function begin(
  tables: LedgerTablesPort,
  deps: AdmitDeps,
  file: FolderFile,
  { stat, sha256, contentType }: Fingerprint,
  twin: number,
  needsMatching: boolean,
): Content {
  const nowMs = deps.clock.now();
  const { destinationId } = file;
  const content = { destinationId, sizeBytes: stat.sizeBytes, sha256, contentType, fileName: remoteName(file.name) };
  const start = needsMatching
    ? deps.matching.begin(tables, content, nowMs)
    : ({ state: 'queued', notBeforeMs: nowMs } as const);
  const idempotencyKey = deps.random.token();
  return tables.contents.insert({ ...content, idempotencyKey, twin, ...start }, nowMs);
}

/** Where bytes that the ledger knew came from: the file under its former name, or a copy of one that is still there. */
function tellOrigin(
  tables: LedgerTablesPort,
  deps: AdmitDeps,
  file: FolderFile,
  found: Content,
  stat: FileStat,
): { readonly event: string; readonly from: string | null } {
  const others = tables.files.pathsOf(found.id, stat).filter((path) => absolutePath(path) !== absolutePath(file));
  const former = others.find((path) => path.isGone || isElsewhere(deps, path));
  if (former !== undefined) {
    const how = former.isSameInode ? 'the same inode and bytes' : 'the same bytes';
    return { event: 'moved', from: `from ${displayName(absolutePath(former))} (${how})` };
  }
  const [original] = others;
  if (original === undefined) return { event: 'same bytes', from: null };
  return { event: 'copied', from: `of ${displayName(absolutePath(original))}` };
}

/** Whether no file is under this very path any more: its name is free, a directory's, or was only spelled otherwise. */
function isElsewhere({ local }: AdmitDeps, path: ContentPath): boolean {
  const { kind } = local.look(path);
  return kind === 'gone' || kind === 'directory' || (kind === 'file' && local.detour(path) !== null);
}

export function want(
  tables: LedgerTablesPort,
  deps: AdmitDeps,
  found: Content,
  needsMatching: boolean,
  nowMs: number,
): Content {
  const context = { nowMs, random: deps.random.fraction(), freshKey: deps.random.token() };
  const wanted = transition(found, { type: 'wanted', by: 'scan', needsMatching }, context);
  if (wanted === found) return found;
  if (!tables.contents.save(found, wanted, nowMs)) throw new Error(`Content ${found.id} changed inside a transaction`);
  return wanted;
}

/** A line of history that is about a file, with nothing told of it yet. */
export function fileRecord(directoryId: number, name: string, atMs: number) {
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
