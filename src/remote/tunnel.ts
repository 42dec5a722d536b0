import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { ProxyServer } from '../core/proxy.ts';
import { errnoCode } from '../errors.ts';
import type { SetTimer } from './exchange.ts';
import { ProxyError } from './network-error.ts';

interface TunnelOptions {
  /** From the first try to connect to the answer to CONNECT. */
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly setTimer: SetTimer;
  /** Ends those that are being opened. */
  readonly signal: AbortSignal;
}

/** Called once: with the socket, or with a ProxyError whose message says what the proxy did. */
type Opened = (error: ProxyError | null, socket: Socket | null) => void;

/**
 * Asks the proxy for a connection to `target` (`host:port`). It is here, and not undici's, because that takes a proxy which
 * hangs up for a connection that may be tried again at once, and for ever, and waits for its answer without end.
 */
export function openTunnel(proxy: ProxyServer, target: string, options: TunnelOptions, callback: Opened): void {
  const { hostname, port, isTls, authorization } = proxy;
  const name = `the proxy ${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
  let isOver = false;
  const finish = (why: string | null, socket: Socket | null = null, cause?: unknown) => {
    if (isOver) return;
    isOver = true;
    deadline.cancel();
    callback(why === null ? null : new ProxyError(`${name} ${why}`, { cause }), socket);
  };
  // Handed on to the socket; Node's types leave that out.
  const addresses = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: options.attemptTimeoutMs };
  const request = (isTls ? https : http).request({
    ...addresses,
    host: hostname,
    port,
    // Node would take it from the `host` header, which names where the tunnel leads.
    ...(isTls ? { servername: isIP(hostname) === 0 ? hostname : '' } : {}),
    method: 'CONNECT',
    path: target,
    agent: false,
    signal: options.signal,
    headers: {
      host: target,
      connection: 'keep-alive',
      'proxy-connection': 'keep-alive',
      ...(authorization === null ? {} : { 'proxy-authorization': authorization }),
    },
  });
  const deadline = options.setTimer(options.timeoutMs, () => {
    finish(`did not answer in ${options.timeoutMs / 1000} s`);
    request.destroy();
  });
  request.on('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
    // Whoever takes the socket listens itself; until then, and once TLS lies over it, nobody would.
    socket.on('error', () => {});
    if (statusCode < 200 || statusCode > 299) {
      socket.destroy();
      finish(statusCode === 407 ? 'wants other credentials (407)' : `refuses to connect (${statusCode})`);
      return;
    }
    if (head.length > 0) socket.unshift(head);
    finish(null, socket.setNoDelay(true));
  });
  request.on('error', (error) => finish(whatFailed(error), null, error));
  request.end();
}

function whatFailed(error: Error): string {
  const code = errnoCode(error) ?? error.name;
  if (code.startsWith('HPE_')) return `answers in something that is not HTTP/1.1 (${code})`;
  if (code === 'ECONNRESET') return `hangs up before it has answered (${code})`;
  return `cannot be reached (${code})`;
}
