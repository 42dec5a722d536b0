import type { Config, PartialConfig } from '../config/load.ts';
import type { SyncError } from '../errors.ts';
import { Patience, reachFlora, withPatience } from '../operations/patience.ts';
import type { FloraClient } from '../remote/client.ts';
import { systemClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { connect } from '../setup/flora-client.ts';
import { Gate } from '../sync/flora/gate.ts';
import type { ListingDeps } from '../sync/flora/listing.ts';

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
  const remote = connect(config, () => apiKey.reveal());
  const patience = new Patience();
  const onChange = (trouble: SyncError | null) => patience.see(trouble);
  const gate = new Gate({ clock: systemClock, random: systemRandom, most: config.concurrency, onChange });
  try {
    await reachFlora(remote, signal);
    const session = { remote, gate, clock: systemClock };
    return await withPatience(gate, signal, (cut) => work(session, cut), { patience });
  } finally {
    await remote.close();
  }
}
