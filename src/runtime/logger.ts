import { createRequire } from 'node:module';
import { type DestinationStream, pino } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import { REDACTED, redactText } from '../core/redact.ts';
import { showJson, showLines, showText } from '../core/show-text.ts';
import { SyncError } from '../errors.ts';
import { LogSink } from './log-sink.ts';

/** What the rooms need of a logger; pino's fits, and so does an object of four functions in a test. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(bindings: Readonly<Record<string, unknown>>): Logger;
}

export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** For people instead of machines; the caller knows whether a terminal reads along. */
  readonly pretty: boolean;
  /** Only with `pretty`; on unless told otherwise (`NO_COLOR` is the caller's to read). */
  readonly color?: boolean;
  /** A file descriptor, or where a test listens; stderr by default, for stdout is for results. */
  readonly destination?: number | DestinationStream;
}

const secretField =
  /^(?:api[-_]?key|key|token|authorization|cookie|upload|upload[-_]?url|signed[-_]?url|form[-_]?fields|fields|target)$/i;

/**
 * A logger that has written every line when the call returns, also just before the process ends; what cannot be written is
 * lost, and ends nothing (`LogSink`). Keys, authorization
 * headers, upload targets and form fields are redacted by name; whatever text is left goes through `redactText`.
 */
export function createLogger({ level, pretty, color = true, destination = 2 }: LoggerOptions): pino.Logger {
  // Synchronous, and not in a worker thread: the last line before a crash is the one that matters.
  const sink =
    typeof destination === 'number' ? new LogSink({ descriptor: destination, onLost: tellLost }) : destination;
  const logger: pino.Logger = pino(
    {
      level,
      formatters: { log: hideFields },
      serializers: { err: serializeError },
      hooks: { streamWrite: (line) => showJson(redactText(line)) },
    },
    pretty ? prettyStream(sink, color) : sink,
  );
  function tellLost(count: number): void {
    logger.error({ lost_lines: count }, 'lines of this log could not be written; they are lost');
  }
  // pino leaves the bindings of children to no formatter; children inherit this method from their parent.
  const { child } = logger;
  Reflect.set(logger, 'child', function childWithHiddenFields(this: pino.Logger, bindings: object, options?: object) {
    return Reflect.apply(child, this, [hideFields(bindings), options]);
  });
  return logger;
}

function prettyStream(sink: DestinationStream, color: boolean): DestinationStream {
  const options: PrettyOptions = { colorize: color, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' };
  // Loaded here, and not at the start of each command and daemon: its files are a tenth of all.
  const { prettyFactory }: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty');
  const prettify = prettyFactory(options);
  // pino-pretty's own stream loses lines that are written before the first turn of the event loop; this one cannot.
  return { write: (line) => sink.write(prettify(JSON.stringify(shown('', JSON.parse(line))))) };
}

/** A file name must not command the terminal, nor look like another line of the log. Only stacks have lines of their own. */
function shown(name: string, value: unknown): unknown {
  if (typeof value === 'string') return name === 'stack' ? showLines(value) : showText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => shown(name, each));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [showText(key), shown(key, each)]));
}

const DEEPEST = 5;

/**
 * The fields without the values of secret ones, at any depth. Not pino's `redact`: its wildcards cost 38 µs a line here,
 * as much as the rest of a small upload, and each depth needs a path of its own; this walk costs 1 µs.
 */
function hideFields(fields: object, depth = 0): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    // Only texts and tables hold secrets: `upload: 3` is a count.
    const canHide = typeof value === 'string' || (typeof value === 'object' && value !== null);
    shown[name] = canHide && secretField.test(name) ? REDACTED : hideValue(value, depth + 1);
  }
  return shown;
}

function hideValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return serializeError(value);
  if ('toJSON' in value) return value;
  if (depth > DEEPEST) return '[deep]';
  return Array.isArray(value) ? value.map((each) => hideValue(each, depth + 1)) : hideFields(value, depth);
}

/** What of an error may be logged: known fields only, because foreign errors carry requests, headers and bodies along. */
function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const fields: Record<string, unknown> = { type: error.name, message: error.message };
  if (error instanceof SyncError) {
    const { code, scope, op, path, assetId, requestId, status, retryAfterMs, hint } = error;
    const disposition = error.disposition ?? undefined;
    Object.assign(fields, { code, scope, disposition, op, path, assetId, requestId, status, retryAfterMs, hint });
  } else {
    for (const name of ['code', 'syscall', 'path', 'address', 'port'] as const) {
      const value: unknown = Reflect.get(error, name);
      if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
    }
  }
  // A known failure says all in its fields; what is not known is a bug, and a bug needs its stack.
  if (!(error instanceof SyncError)) fields['stack'] = error.stack;
  if (error instanceof AggregateError && depth < DEEPEST) {
    fields['errors'] = error.errors.slice(0, DEEPEST).map((each: unknown) => serializeError(each, depth + 1));
  }
  if (error.cause !== undefined && depth < DEEPEST) fields['cause'] = serializeError(error.cause, depth + 1);
  return fields;
}
