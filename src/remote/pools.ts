import type { LookupFunction } from 'node:net';
import { Agent, type buildConnector, type Dispatcher, EnvHttpProxyAgent } from 'undici';

export interface ProxySettings {
  readonly httpsProxy: string | undefined;
  readonly httpProxy: string | undefined;
  /** Hosts that are reached directly, as in `NO_PROXY`. */
  readonly noProxy: string | undefined;
}

/** Connections to hosts of one kind, through the proxies where there are any. */
export function openPool(
  concurrency: number,
  proxy: ProxySettings | null,
  connect: { timeout: number; lookup?: LookupFunction } | buildConnector.connector,
): Dispatcher {
  const pool = { connections: concurrency + 2, pipelining: 1, connect };
  if (proxy === null) return new Agent(pool);
  const { httpProxy, httpsProxy, noProxy } = proxy;
  return new EnvHttpProxyAgent({
    ...pool,
    // Undici would ask the environment for what is not given here.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
  });
}
