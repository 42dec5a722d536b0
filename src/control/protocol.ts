import { join } from 'node:path';
import {
  dictionaryOf,
  list,
  nullable,
  number,
  objectWith,
  oneOf,
  optional,
  type RequestShape,
  type Shape,
  type Shaped,
  text,
} from '../core/shape.ts';
import { SyncError } from '../errors.ts';

/** Times in milliseconds since the epoch. */
const livePace = objectWith({
  perMinute: number,
  /** Seen as a bucket that fills, as a window that ends, or not known well yet (`doubling`). */
  kind: text,
  /** When FLORA is asked again; null while it is asked. */
  asksAgainMs: nullable(number),
});

const inflightUpload = objectWith({
  path: text,
  asset_id: nullable(text),
  state: text,
  sent_bytes: number,
  size: number,
});

/** What only the running daemon knows. Times in milliseconds since the epoch. */
export const liveStatus = objectWith({
  pid: number,
  state: text,
  since: number,
  inflight: list(inflightUpload, 'uploads'),
  /** Why FLORA is not being asked anything just now; null when it is. */
  trouble: nullable(text),
  /** How fast FLORA lets itself be asked; null while it shows no limit. */
  pace: nullable(livePace),
  /** Folders that cannot be read now, with the reason. */
  folders: dictionaryOf(text, 'texts'),
  /** What is to be known of folders that can be read. */
  notices: optional(dictionaryOf(list(text, 'texts'), 'lists of texts')),
});

export type LivePace = Shaped<typeof livePace>;
export type InflightUpload = Shaped<typeof inflightUpload>;
export type LiveStatus = Shaped<typeof liveStatus>;

/** What one flora-sync may have another do, declared once: each end of the socket checks what it gets from the other. */
export interface Operation<Request, Item, Result> {
  /** Of its POST. */
  readonly path: string;
  readonly request: RequestShape<Request>;
  /** What it tells while it works. */
  readonly item: Shape<Item>;
  readonly result: Shape<Result>;
}

/** A SyncError as it crosses the socket. */
export const answerError = objectWith({
  message: text,
  hint: nullable(text),
  code: text,
  scope: oneOf('file', 'service', 'folder', 'config', 'process'),
});

/**
 * What a command answers, one JSON object a line: items while it works, then its result. An error instead of the result
 * stands in the last line; one that comes before anything else is the whole answer, with a status of its own.
 */
export type AnswerLine =
  | { readonly item: unknown }
  | { readonly result: unknown }
  | { readonly error: Shaped<typeof answerError> };

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
