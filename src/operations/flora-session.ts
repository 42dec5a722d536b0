import type { Config, PartialConfig } from '../config/load.ts';
import type { FloraClient } from '../remote/client.ts';
import { systemClock } from '../runtime/clock.ts';
import { openFlora } from '../setup/flora-client.ts';
import type { ListingDeps } from '../sync/flora/listing.ts';
import { reachFlora, withPatience } from './patience.ts';

/** What a command needs that asks FLORA by itself, beside a daemon or without one. */
export interface FloraSession extends ListingDeps {
  readonly remote: FloraClient;
}

/**
 * Asks FLORA for as long as the work takes; rate limits and short outages are waited out.
 *
 * @throws SyncError of scope `service` when FLORA cannot be reached or refuses the key
 */
export async function withFlora<T>(
  { apiKey, ...config }: Pick<Config | PartialConfig, 'apiKey' | 'baseUrl' | 'concurrency'>,
  signal: AbortSignal,
  work: (session: FloraSession, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (apiKey === undefined) throw new Error('The key was not required');
  const { remote, gate } = openFlora(config, () => apiKey.reveal());
  try {
    await reachFlora(remote, signal);
    const session = { remote, gate, clock: systemClock };
    return await withPatience(gate, signal, (cut) => work(session, cut));
  } finally {
    await remote.close();
  }
}
