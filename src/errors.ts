/** What is affected: one file, the FLORA service as a whole, one drop folder, the settings, or this process. */
export type ErrorScope = 'file' | 'service' | 'folder' | 'config' | 'process';

/**
 * What to do about it: `retry` later as it is, `check` with a GET because the outcome is unknown, `renew` the request (new
 * key or new target), `reject` for good, `wait` for a person (key, credits), or `exit`.
 */
export type ErrorDisposition = 'retry' | 'check' | 'renew' | 'reject' | 'wait' | 'exit';

export interface SyncErrorDetails {
  /** Stable, lower case with underscores; scripts and tests rely on it. */
  readonly code: string;
  readonly scope: ErrorScope;
  readonly disposition: ErrorDisposition;
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
  readonly code: string;
  readonly scope: ErrorScope;
  readonly disposition: ErrorDisposition;
  readonly op: string;
  readonly path: string | undefined;
  readonly assetId: string | undefined;
  readonly requestId: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly hint: string | undefined;

  constructor(message: string, details: SyncErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.scope = details.scope;
    this.disposition = details.disposition;
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
    scope: 'file',
    disposition: 'retry',
    op,
    hint: 'It goes on with fewer at once. Raise the limit: `ulimit -n`, or LimitNOFILE= in the systemd unit.',
    cause,
  });
}

/** What was asked for cannot be meant: exit code 2. */
export function usageError(message: string, hint: string): SyncError {
  return new SyncError(message, { code: 'usage', scope: 'process', disposition: 'exit', op: 'arguments', hint });
}
