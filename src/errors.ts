import type { ErrorDisposition, ErrorScope } from './errors/code.ts';
import { type AnyCode, entryOf } from './errors/codes.ts';

export interface SyncErrorDetails {
  readonly code: AnyCode;
  /** Where it is another than the table has for the code. A code that is not in the table is about one file. */
  readonly scope?: ErrorScope;
  /** Likewise; null for none. */
  readonly disposition?: ErrorDisposition | null;
  /** What was being done, e.g. `reserve`, `upload`, `scan`. */
  readonly op: string;
  readonly path?: string | undefined;
  readonly assetId?: string | undefined;
  /** FLORA's `request-id` header: their support cannot trace a call without it. */
  readonly requestId?: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** How long FLORA asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** What a person can do about it, as a sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The one error type of flora-sync; anything else that is thrown is a bug. Messages never hold keys or signed URLs. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: AnyCode;
  readonly scope: ErrorScope;
  readonly disposition: ErrorDisposition | null;
  readonly op: string;
  readonly path: string | undefined;
  readonly assetId: string | undefined;
  readonly requestId: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly hint: string | undefined;

  constructor(message: string, details: SyncErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const entry = entryOf(details.code);
    this.code = details.code;
    this.scope = details.scope ?? entry?.scope ?? 'file';
    this.disposition = details.disposition === undefined ? (entry?.disposition ?? null) : details.disposition;
    this.op = details.op;
    this.path = details.path;
    this.assetId = details.assetId;
    this.requestId = details.requestId;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.hint = details.hint;
  }
}

/** Whether an error only says that something was broken off, as the reason of a signal does unless it is given another. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The errno name (`ENOENT`, `EACCES`, …) of a Node system error, or undefined. */
export function errnoCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a system error says that no file or socket can be opened now: EMFILE for this process, ENFILE for the machine. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'EMFILE' || code === 'ENFILE' || code === 'too_many_open_files';
}

/** Nothing can be opened just now. That says nothing of the file, or of FLORA: it is tried again when others were closed. */
export function outOfDescriptors(op: string, cause: unknown): SyncError {
  return new SyncError(`No more files or connections can be open at once (${errnoCode(cause) ?? 'unknown'})`, {
    code: 'too_many_open_files',
    op,
    hint: 'It goes on with fewer at once. Raise the limit: `ulimit -n`, or LimitNOFILE= in the systemd unit.',
    cause,
  });
}

/** What was asked for cannot be meant: exit code 2. */
export function usageError(message: string, hint: string): SyncError {
  return new SyncError(message, { code: 'usage', op: 'arguments', hint });
}
