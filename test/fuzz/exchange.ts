import { Dispatcher } from 'undici';
import type { Life } from '../simulation/machine.ts';
import type { World } from '../simulation/world.ts';

export interface Request {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Each character a byte. */
  readonly body: string;
}

export interface Response {
  readonly status: number;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** On each way. */
const latencyMs = 50;

/**
 * undici's `dispatch` without a network below it: what one life asks arrives a moment later in virtual time, and is answered a
 * moment after that, if that life lasts. `arrive` returns null for an answer that is lost.
 */
export class VirtualWire extends Dispatcher {
  readonly #world: World;
  readonly #life: Life;
  readonly #arrive: (request: Request) => Response | null;

  constructor(world: World, life: Life, arrive: (request: Request) => Response | null) {
    super();
    this.#world = world;
    this.#life = life;
    this.#arrive = arrive;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (!this.#life.isAlive) return true;
    let isOver = false;
    const end = (settle: () => void) => {
      if (isOver || !this.#life.isAlive) return;
      isOver = true;
      settle();
    };
    const side = sideOf(handler, (error) => end(() => side.fail(error)));
    const request = requestOf(options);
    this.#world.timeline.after(latencyMs, () => {
      const response = this.#arrive(request);
      this.#world.timeline.after(latencyMs, () =>
        end(() => (response === null ? side.fail(lost()) : side.answer(response))),
      );
    });
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}
}

interface Side {
  answer(response: Response): void;
  fail(error: Error): void;
}

/** Both of undici's ways to be told: ours are of the new one, those of its own `request` of the old one. */
function sideOf(handler: Dispatcher.DispatchHandler, abort: (error: Error) => void): Side {
  if (handler.onRequestStart === undefined) {
    handler.onConnect?.((error) => abort(error ?? new Error('Aborted')));
    return {
      answer: ({ status, headers, body }) => {
        const raw = Object.entries(headers).flatMap((pair) => pair.map((text) => Buffer.from(text)));
        handler.onHeaders?.(status, raw, () => {}, '');
        if (body !== '') handler.onData?.(Buffer.from(body, 'latin1'));
        handler.onComplete?.([]);
      },
      fail: (error) => handler.onError?.(error),
    };
  }
  const state = { aborted: false, paused: false, reason: null as Error | null };
  const controller: Dispatcher.DispatchController = Object.assign(state, {
    pause: () => {},
    resume: () => {},
    abort: (reason: Error) => {
      state.aborted = true;
      state.reason = reason;
      abort(reason);
    },
  });
  handler.onRequestStart(controller, {});
  return {
    answer: ({ status, headers, body }) => {
      handler.onResponseStart?.(controller, status, { ...headers });
      if (body !== '') handler.onResponseData?.(controller, Buffer.from(body, 'latin1'));
      if (!state.aborted) handler.onResponseEnd?.(controller, {});
    },
    fail: (error) => handler.onResponseError?.(controller, error),
  };
}

function requestOf({ origin, path, method, headers, body }: Dispatcher.DispatchOptions): Request {
  if (body !== null && body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)) {
    throw new Error('Such a body is not modelled: files here are small');
  }
  return {
    origin: String(origin),
    path,
    method,
    headers: headers as Readonly<Record<string, string>>,
    body: Buffer.from(body ?? '').toString('latin1'),
  };
}

function lost(): Error {
  return Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
}
