import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { proxyOf } from './config-proxy.ts';
import { systemRandom } from './random.ts';
import { type ClientOptions, FloraClient } from './remote/client.ts';
import type { LedgerPort } from './sync/ports.ts';
import { userAgent } from './version.ts';

/** The client for the configured API, through the environment's proxy where there is one. */
export function connect(
  config: Pick<Config, 'baseUrl' | 'concurrency'>,
  apiKey: () => string,
  more: Pick<ClientOptions, 'bodyForm' | 'onBodyForm' | 'onStrange'> = {},
): FloraClient {
  return new FloraClient({
    ...more,
    baseUrl: config.baseUrl,
    apiKey,
    concurrency: config.concurrency,
    userAgent,
    nowMs: systemClock.now,
    monotonicMs: systemClock.monotonic,
    token: systemRandom.token,
    setTimer: systemClock.setTimer,
    proxy: proxyOf(process.env),
  });
}

/** What FLORA takes as the body of `complete` and `retry`, kept in the ledger for each workspace. */
export function rememberBody(
  ledger: Pick<LedgerPort, 'facts' | 'write'>,
  workspaceIds: readonly string[],
  onError: (error: unknown) => void,
): Pick<ClientOptions, 'bodyForm' | 'onBodyForm'> {
  const known = workspaceIds.map((id) => ledger.facts.learnt(id).body).find((body) => body !== null);
  return {
    bodyForm: known ?? undefined,
    onBodyForm: (body) => {
      if (workspaceIds.every((id) => ledger.facts.learnt(id).body === body)) return;
      const writing = ledger.write(({ facts }) => {
        for (const id of workspaceIds) facts.setLearnt(id, { ...facts.learnt(id), body });
      });
      writing.catch(onError);
    },
  };
}
