import type { Config } from '../config/load.ts';
import { proxyOf } from '../config/proxy.ts';
import { type ClientOptions, FloraClient } from '../remote/client.ts';
import { systemClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { userAgent } from '../runtime/version.ts';
import type { LedgerPort } from '../sync/ports/ledger.ts';

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
