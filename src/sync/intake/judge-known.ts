import type { DropFolder } from '../../core/drop-folder.ts';
import { splitPath } from '../../core/entry.ts';
import type { FolderRules } from '../../rules/folder-rules.ts';
import { describeExclusion, type Exclusion } from '../../rules/rule.ts';
import type { KnownFile, LedgerTablesPort } from '../ports/ledger.ts';
import type { ClockPort } from '../ports/runtime.ts';
import { type AdmitDeps, fileRecord, want } from './admit.ts';
import { knownSlices } from './known.ts';

export interface JudgeDeps extends AdmitDeps {
  readonly clock: ClockPort;
  readonly signal: AbortSignal;
  /** So many rows are judged in one turn of the event loop: a few milliseconds by default. */
  readonly knownPerSlice?: number;
}

export interface Judged {
  /** Files that are left alone from now on. */
  readonly excluded: number;
  /** Files that are taken again. */
  readonly included: number;
}

/** A slice of a directory's live files, each with the rule that leaves it alone. */
interface Slice {
  readonly files: readonly (readonly [file: KnownFile, by: string | null])[];
}

/**
 * Judges all live files of a folder that the ledger knows by these rules, a slice at a time. What is left alone keeps its content and
 * its asset; what is taken again goes on where it was. A crash leaves it half done: the caller notes down when it is whole.
 */
export async function judgeKnown(deps: JudgeDeps, folder: DropFolder, rules: FolderRules): Promise<Judged> {
  const { ledger, clock, signal } = deps;
  let [excluded, included] = [0, 0];
  for (const { files } of slicesOf(ledger, folder, rules, deps.knownPerSlice)) {
    const changed = files.filter(([file, by]) => by !== file.excludedBy);
    if (changed.length > 0) {
      await ledger.write((tables) => {
        for (const [file, by] of changed) judge(tables, deps, folder, file, by);
      });
      excluded += changed.filter(([file, by]) => by !== null && file.excludedBy === null).length;
      included += changed.filter(([, by]) => by === null).length;
    }
    await clock.turn();
    signal.throwIfAborted();
  }
  return { excluded, included };
}

/** How many live files the ledger knows that are not left alone, and how many of them these rules would exclude. */
export function countExcluded(
  ledger: LedgerTablesPort,
  folder: DropFolder,
  rules: FolderRules,
): { readonly known: number; readonly more: number } {
  let [known, more] = [0, 0];
  for (const { files } of slicesOf(ledger, folder, rules)) {
    for (const [{ excludedBy }, by] of files) {
      if (excludedBy !== null) continue;
      known += 1;
      if (by !== null) more += 1;
    }
  }
  return { known, more };
}

function* slicesOf(
  ledger: LedgerTablesPort,
  { folderId }: DropFolder,
  rules: FolderRules,
  perSlice = 1_000,
): Generator<Slice> {
  const root = ledger.directories.find(folderId, '');
  if (root === undefined) return;
  const pending: { id: number; path: string; by: Exclusion | null }[] = [{ id: root.id, path: '', by: null }];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const { id, path, by } = at;
    const within = rules.within(path);
    const judged = (name: string, kind: 'file' | 'directory') => by ?? within.exclusion(name, kind);
    for (const slice of knownSlices(ledger, id, perSlice)) {
      const live = slice.filter(({ isGone }) => !isGone);
      yield {
        files: live.map((file) => {
          const exclusion = judged(file.name, 'file');
          return [file, exclusion && describeExclusion(exclusion)];
        }),
      };
    }
    for (const child of ledger.directories.children(id)) {
      pending.push({ ...child, by: judged(splitPath(child.path).name, 'directory') });
    }
  }
}

function judge(
  tables: LedgerTablesPort,
  deps: JudgeDeps,
  folder: DropFolder,
  seen: KnownFile,
  by: string | null,
): void {
  const { directoryId, name } = seen;
  const file = tables.files.get(directoryId, name);
  // It may be gone, or another one, by now.
  if (file === undefined || file.isGone || file.excludedBy === by) return;
  const nowMs = deps.clock.now();
  tables.rules.exclude(directoryId, name, by);
  const isTold = (by === null) !== (file.excludedBy === null);
  const content = file.contentId === null ? undefined : tables.contents.get(file.contentId);
  // What was not sent, because of the rule, is wanted again.
  const wanted =
    by === null && content !== undefined
      ? want(tables, deps, content, tables.directories.needsMatching(folder.folderId), nowMs)
      : content;
  if (!isTold) return;
  tables.history.append({
    ...fileRecord(directoryId, name, nowMs),
    contentId: file.contentId,
    event: by === null ? 'included' : 'excluded',
    from: by === null ? 'excluded' : (content?.state ?? 'rejected'),
    to: by === null ? (wanted?.state ?? 'rejected') : 'excluded',
    assetId: content?.assetId ?? null,
    detail: by,
  });
}
