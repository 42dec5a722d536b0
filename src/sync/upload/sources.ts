import type { Content } from '../../core/content.ts';
import type { ByteSource } from '../ports/byte-source.ts';
import type { LedgerPort, SourcePath } from '../ports/ledger.ts';
import type { LocalPort } from '../ports/local.ts';
import type { RootGuard } from '../roots/root-guard.ts';

interface SourceDeps {
  readonly ledger: LedgerPort;
  readonly local: LocalPort;
  /** Whether what is in this directory of this root may be believed: else its drive is away, or another is in its place. */
  readonly roots: Pick<RootGuard, 'isThere'>;
}

/** That no file holds a content's bytes now. */
export interface NoSource {
  /** Files that do not hold the bytes any more. */
  readonly doubted: readonly SourcePath[];
  /** Files are missing only because their folder is: they may come back as they were. */
  readonly isWaiting: boolean;
}

/** A file that should hold a content's bytes, and what was learned on the way to it. */
export type FoundSource =
  | { readonly path: SourcePath; readonly doubted: readonly SourcePath[] }
  | ({ readonly path: null } & NoSource);

/**
 * The first file that still looks as if it held the bytes; nothing is opened.
 *
 * @param seen the path to try first, without asking the ledger
 */
export function findSource(deps: SourceDeps, content: Content, seen?: SourcePath): FoundSource {
  const doubted: SourcePath[] = [];
  let isWaiting = false;
  for (const path of pathsFrom(deps, content, seen)) {
    const look = deps.local.look(path);
    const isFound = look.kind === 'file' && look.stat.sizeBytes === content.sizeBytes;
    // A file that is there is on a drive that is: only of the root it may be another one.
    if (!deps.roots.isThere(isFound ? { root: path.root } : path)) isWaiting = true;
    else if (isFound) return { path, doubted };
    else doubted.push(path);
  }
  return { path: null, doubted, isWaiting };
}

type OpenedFirst =
  | { readonly source: ByteSource; readonly path: SourcePath; readonly doubted: readonly SourcePath[] }
  | ({ readonly source: null } & NoSource);

/**
 * The first file that can be opened and still has the right size; its bytes prove themselves while they are read.
 *
 * @param seen the path to try first, without asking the ledger
 */
export async function openFirst(
  deps: SourceDeps,
  content: Content,
  signal: AbortSignal,
  seen?: SourcePath,
): Promise<OpenedFirst> {
  const doubted: SourcePath[] = [];
  let isWaiting = false;
  for (const path of pathsFrom(deps, content, seen)) {
    const source = await deps.local.openSource(path, content, signal);
    const isThere = deps.roots.isThere(source.kind === 'source' ? { root: path.root } : path);
    if (source.kind === 'source') {
      if (isThere) return { source, path, doubted };
      await source.close();
    }
    if (isThere) doubted.push(path);
    else isWaiting = true;
  }
  return { source: null, doubted, isWaiting };
}

/** The path where the bytes were seen last, if any; then all that the ledger has. */
function* pathsFrom(deps: SourceDeps, content: Content, seen: SourcePath | undefined): Generator<SourcePath> {
  if (seen !== undefined) yield seen;
  for (const path of deps.ledger.files.sources(content.id)) {
    if (path.directoryId !== seen?.directoryId || path.name !== seen.name) yield path;
  }
}
