import type { Config } from '../config/load.ts';
import { proxyOf } from '../config/proxy.ts';
import { type ClientOptions, FloraClient } from '../remote/client.ts';
import { systemClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { userAgent } from '../runtime/version.ts';
import { Gate, type GateDeps } from '../sync/flora/gate.ts';
import type { LedgerPort } from '../sync/ports/ledger.ts';

/** Who wants to hear of what happens at the door to FLORA, and on the wire. */
export interface FloraListeners {
  readonly gate?: Partial<Omit<GateDeps, 'clock' | 'random' | 'most'>>;
  readonly client?: Pick<ClientOptions, 'bodyForm' | 'onBodyForm' | 'onStrange'>;
}

/** The configured API: its client, through the environment's proxy where there is one, and the one door that all who ask go through. */
export function openFlora(
  config: Pick<Config, 'baseUrl' | 'concurrency'>,
  apiKey: () => string,
  listeners: FloraListeners = {},
): { readonly remote: FloraClient; readonly gate: Gate } {
  const most = config.concurrency;
  const gate = new Gate({ onChange: () => {}, ...listeners.gate, clock: systemClock, random: systemRandom, most });
  const remote = new FloraClient({
    ...listeners.client,
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
  return { remote, gate };
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
