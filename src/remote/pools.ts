import { setMaxListeners } from 'node:events';
import type { LookupFunction, Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { isLoopbackHost } from '../core/host.ts';
import { exceptsAll, type ProxyServer, parseProxy } from '../core/proxy.ts';
import { SyncError } from '../errors.ts';
import { publicAssetLookup, publicLookup } from './addresses.ts';
import { deadlines, type SetTimer } from './exchange.ts';
import { skipContinue } from './interim.ts';
import { isDirect } from './no-proxy.ts';
import { openTunnel } from './tunnel.ts';
import { tellingConnector } from './written.ts';

/** As the environment writes them. */
export interface ProxySettings {
  readonly httpsProxy: string | undefined;
  readonly httpProxy: string | undefined;
  /** Hosts that are reached directly, as in `NO_PROXY`. */
  readonly noProxy: string | undefined;
}

/**
 * How long each address of a name is tried before the next one. Node gives a quarter of a second, so that a slower line never
 * connects where its address is not the last; this leaves room for two packets to be lost, and for three addresses in
 * `deadlines.connectMs`.
 */
const attemptTimeoutMs = 3_000;

interface PoolsOptions {
  readonly baseUrl: string;
  /** Null for none. Never used towards an API on loopback. */
  readonly proxy?: ProxySettings | null;
  /** How much goes on at once; as many connections as are asked for when absent. */
  readonly concurrency?: number;
  readonly setTimer: SetTimer;
  /** In place of them all. */
  readonly dispatcher?: Dispatcher;
}

/** Connections to the API, to upload hosts and to those that serve assets, and an end for all of them. */
export interface Pools {
  readonly api: Dispatcher;
  readonly uploads: Dispatcher;
  readonly downloads: Dispatcher;
  close(): Promise<void>;
}

/** Throws SyncError `config` for a proxy of no use. */
export function openPools({ baseUrl, proxy = null, concurrency, setTimer, dispatcher }: PoolsOptions): Pools {
  if (dispatcher !== undefined) {
    return { api: dispatcher, uploads: dispatcher, downloads: dispatcher, close: () => dispatcher.destroy() };
  }
  const closing = new AbortController();
  const { signal } = closing;
  // One for each connection that is being made.
  setMaxListeners(0, signal);
  const isOnLoopback = isLoopbackHost(new URL(baseUrl).hostname);
  // Behind a proxy the names are resolved there; without one they are looked at when the connection is made.
  const guarded = (lookup: LookupFunction) => connecting(signal, isOnLoopback ? undefined : lookup);
  const way = { route: routeOf(isOnLoopback ? null : proxy), secure: buildConnector(connecting(signal)) };
  const connections = concurrency === undefined ? {} : { connections: concurrency + 2 };
  const open = (direct: buildConnector.connector): Dispatcher => {
    const connect = connectorOf({ ...way, direct, setTimer, signal });
    return new Agent({ pipelining: 1, connect, ...connections });
  };
  const api = open(buildConnector(connecting(signal)));
  const uploads = open(tellingConnector(guarded(publicLookup)));
  const downloads = open(buildConnector(guarded(publicAssetLookup)));
  const close = async () => {
    const closed = Promise.all([api, uploads, downloads].map((pool) => pool.destroy()));
    // Connections that are only being made are no pool's yet.
    closing.abort();
    await closed;
  };
  return { api, uploads, downloads, close };
}

/** How connections are made, whoever they lead to; all of them end with the signal. */
function connecting(signal: AbortSignal, lookup?: LookupFunction) {
  return {
    timeout: deadlines.connectMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeoutMs,
    signal,
    ...(lookup === undefined ? {} : { lookup }),
  };
}

interface Ways {
  readonly route: Route;
  /** Without a proxy. */
  readonly direct: buildConnector.connector;
  /** Puts TLS over a tunnel. */
  readonly secure: buildConnector.connector;
  readonly setTimer: SetTimer;
  readonly signal: AbortSignal;
}

function connectorOf({ route, direct, secure, setTimer, signal }: Ways): buildConnector.connector {
  return (wanted, callback) => {
    const done = (error: Error | null, socket?: Socket | null) => {
      // The one or the other.
      if (!socket) return callback(error as Error, null);
      skipContinue(socket);
      callback(null, socket);
    };
    const { hostname, protocol } = wanted;
    const port = Number(wanted.port) || (protocol === 'https:' ? 443 : 80);
    const proxy = route(protocol, hostname, port);
    if (proxy === null) return direct(wanted, done);
    const target = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
    const options = { timeoutMs: deadlines.connectMs, attemptTimeoutMs, setTimer, signal };
    openTunnel(proxy, target, options, (error, socket) => {
      if (socket === null || protocol !== 'https:') return done(error, socket);
      secure({ ...wanted, httpSocket: socket }, done);
    });
  };
}

type Route = (protocol: string, hostname: string, port: number) => ProxyServer | null;

/** The proxy towards a host, or null. */
function routeOf(proxy: ProxySettings | null): Route {
  if (proxy === null || exceptsAll(proxy.noProxy)) return () => null;
  const { httpProxy, httpsProxy, noProxy } = proxy;
  const plain = usable(httpProxy);
  const secure = usable(httpsProxy) ?? plain;
  return (protocol, hostname, port) => {
    if (isDirect(noProxy, hostname, port)) return null;
    return protocol === 'https:' ? secure : plain;
  };
}

function usable(text: string | undefined): ProxyServer | null {
  if (text === undefined || text.trim() === '') return null;
  const parsed = parseProxy(text);
  if (!('problem' in parsed)) return parsed;
  const details = { code: 'config', op: 'connect', hint: parsed.hint } as const;
  throw new SyncError(`The proxy that the environment names ${parsed.problem}`, details);
}
