import { SyncError } from '../errors.ts';
import { isOrdinary } from './network-error.ts';

/** What came off the wire and is none of the ways in which connections end every day. */
export interface StrangeAnswer {
  readonly host: string;
  /** What was being done. */
  readonly op: string;
  readonly stack: string;
  /** `first` of its kind here, `again`, or `trouble` once it has come for the twentieth time without an answer between. */
  readonly kind: 'first' | 'again' | 'trouble';
}

/** So many in a row, and trying again is not enough. */
const mostInARow = 20;
/** Signed hosts change: what was seen longest ago is forgotten. */
const mostKept = 200;

/**
 * Looks at how requests end. A strange end is told with its stack; the same one twenty times in a row, with no answer of that
 * host between, is a problem of its own (SyncError `wire_trouble`), although it goes on being tried: it may be a fault of ours.
 */
export class WireWatch {
  readonly #tell: (strange: StrangeAnswer) => void;
  readonly #known = new Set<string>();
  /** By host and stack. */
  readonly #inARow = new Map<string, Map<string, number>>();

  constructor(tell: (strange: StrangeAnswer) => void) {
    this.#tell = tell;
  }

  /** The request as it ends, or what `judge` makes of its error. */
  async over<T>(host: string, request: Promise<T>): Promise<T> {
    try {
      const value = await request;
      this.#inARow.delete(host);
      return value;
    } catch (error) {
      throw this.judge(host, error);
    }
  }

  /** The error to throw for a request to the host that ended with this one. */
  judge(host: string, error: unknown): unknown {
    if (!(error instanceof SyncError)) return error;
    // A refusal is an answer.
    if (error.status !== undefined) this.#inARow.delete(host);
    if (error.code !== 'connection_lost' || isOrdinary(error.cause)) return error;
    const stack = stackOf(error.cause);
    const count = this.#count(host, stack);
    const kind = count === mostInARow ? 'trouble' : this.#known.has(stack) ? 'again' : 'first';
    this.#known.add(stack);
    forgetOldest(this.#known);
    this.#tell({ host, op: error.op, stack, kind });
    return count < mostInARow ? error : troubleOf(error, count);
  }

  #count(host: string, stack: string): number {
    const ofHost = this.#inARow.get(host) ?? new Map<string, number>();
    const count = (ofHost.get(stack) ?? 0) + 1;
    ofHost.set(stack, count);
    forgetOldest(ofHost);
    this.#inARow.set(host, ofHost);
    forgetOldest(this.#inARow);
    return count;
  }
}

function forgetOldest(kept: Set<string> | Map<string, unknown>): void {
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? `${cause.name}: ${cause.message}`) : String(cause);
}

/** Of the API it is about the service, as nothing else gets through either; other hosts serve one file at a time. */
function troubleOf(error: SyncError, count: number): SyncError {
  const { op, message, cause } = error;
  const isOther = op === 'upload' || op === 'download';
  return new SyncError(`${message}, ${count} times in a row`, {
    code: 'wire_trouble',
    scope: isOther ? 'file' : 'service',
    disposition: error.disposition,
    op,
    hint: 'See what answers there (FLORA_BASE_URL, a proxy, a firewall). If it is FLORA, report it with the log, which has the stack.',
    cause,
  });
}
