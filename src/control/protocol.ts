import { join } from 'node:path';
import { SyncError } from '../errors.ts';

/** What only the running daemon knows. Times in milliseconds since the epoch. */
export interface LiveStatus {
  readonly pid: number;
  readonly state: string;
  readonly since: number;
  readonly inflight: readonly InflightUpload[];
  /** Why FLORA is not being asked anything just now; null when it is. */
  readonly trouble: string | null;
  /** How fast FLORA lets itself be asked; null while it shows no limit. */
  readonly pace: LivePace | null;
  /** Folders that cannot be read now, with the reason. */
  readonly folders: Readonly<Record<string, string>>;
  /** What is to be known of folders that can be read. */
  readonly notices?: Readonly<Record<string, readonly string[]>>;
}

export interface LivePace {
  readonly perMinute: number;
  /** Seen as a bucket that fills, as a window that ends, or not known well yet (`doubling`). */
  readonly kind: string;
  /** Milliseconds since the epoch: when FLORA is asked again; null while it is asked. */
  readonly asksAgainMs: number | null;
}

export interface InflightUpload {
  readonly path: string;
  readonly asset_id: string | null;
  readonly state: string;
  readonly sent_bytes: number;
  readonly size: number;
}

/** A file that the daemon has seen and the ledger has not, or not as it is now. Times in milliseconds since the epoch. */
export interface FileInHand {
  /** Absolute, lossless (core/name); the folder too. */
  readonly path: string;
  readonly folder: string;
  readonly size: number;
  readonly changed: number;
  /** It may still change; somebody has it open for writing; or it is finished, and only has to be read. */
  readonly phase: 'changing' | 'held' | 'reading';
  /** When it was first seen to be held; null where it is not. */
  readonly held_since: number | null;
  /** Some of those who hold it, by what they call themselves. */
  readonly held_by: readonly { readonly pid: number; readonly name: string }[];
}

/**
 * What a command answers, one JSON object a line: items while it works, then its result. An error instead of the result
 * stands in the last line; one that comes before anything else is the whole answer, with a status of its own.
 */
export type AnswerLine =
  | { readonly item: unknown }
  | { readonly result: unknown }
  | { readonly error: { readonly message: string; readonly hint: string | null } & Record<string, unknown> };

/** What the asking side is told when the daemon stops before it has a result, by either end. */
export function daemonStopped(cause?: unknown): SyncError {
  return new SyncError('The daemon stopped before it had answered', {
    code: 'daemon_stopped',
    scope: 'process',
    disposition: 'retry',
    op: 'command',
    hint: 'What it did until then stays done. Give the command again, once it runs or without it.',
    cause,
  });
}

/** A kernel limit (`sun_path`): longer paths cannot be bound. */
export const longestSocketPath = 107;

export function socketPath(stateDir: string): string {
  return join(stateDir, 'control.sock');
}
