import type { Content } from '../../core/content.ts';
import type { SyncError } from '../../errors.ts';

export type CallOp = 'complete' | 'renew' | 'check' | 'reserve' | 'list' | 'workspaces';

/** One request to the API, as the gate sees it. */
export interface Call {
  readonly op: CallOp;
  /** The file that waits for it; null where it can wait until no file does. */
  readonly file: Pick<Content, 'id' | 'sizeBytes' | 'attempts'> | null;
}

/** Permission for one request. Its holder hands it back with what the request came to. */
export interface Pass {
  readonly call: Call;
}

export const ranks = 4;

/** Who goes first where not all can: what is nearest to its end, and what begins something new last of the files'. */
export function rankOf({ op, file }: Call): number {
  if (file === null) return 3;
  return op === 'complete' ? 0 : op === 'reserve' ? 2 : 1;
}

/**
 * Refusals that may be about one file (a firewall dislikes a name, credits that do not suffice for so many bytes) as well as about
 * the workspace as a whole.
 */
const refusals: ReadonlySet<string> = new Set(['credits', 'forbidden', 'no_destination', 'not_flora', 'redirected']);

export function isRefusal({ code, scope }: SyncError): boolean {
  return scope === 'service' && refusals.has(code);
}
