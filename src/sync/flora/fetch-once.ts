import type { Content } from '../../core/content.ts';
import type { AssetFacts } from '../../core/event.ts';
import type { SyncError } from '../../errors.ts';
import type { RemotePort } from '../ports/flora.ts';
import type { LedgerPort } from '../ports/ledger.ts';
import { isKnown, type WorkSignals } from './request.ts';
import type { Transfers } from './transfers.ts';

export interface FetchDeps {
  readonly ledger: LedgerPort;
  readonly remote: RemotePort;
  readonly transfers: Transfers;
  /** By asset and length. */
  readonly fetches: Map<string, Promise<Fetched>>;
}

export interface Fetched {
  readonly sha256: string;
  readonly sizeBytes: number;
}

type Fetchable = AssetFacts & { readonly url: string };

/** The digest of what lies behind an asset's URL, fetched once however many contents ask; the error that is about this asset; null when the signals ended it. */
export async function fetchOnce(
  deps: FetchDeps,
  content: Pick<Content, 'sizeBytes'>,
  facts: Fetchable,
  signals: WorkSignals,
): Promise<Fetched | SyncError | null> {
  // One for each length: a digest that was cut at another file's size says nothing.
  const mostBytes = Math.max(content.sizeBytes, facts.sizeBytes ?? 0);
  const key = `${facts.assetId} ${mostBytes}`;
  const under = deps.fetches.get(key) ?? fetchDigest(deps, facts, mostBytes, signals.abort);
  deps.fetches.set(key, under);
  try {
    return await under;
  } catch (error) {
    if (signals.abort.aborted) return null;
    if (!isKnown(error)) throw error;
    return error;
  } finally {
    deps.fetches.delete(key);
  }
}

async function fetchDigest(
  deps: FetchDeps,
  { assetId, url, sizeBytes: keptBytes }: Fetchable,
  mostBytes: number,
  signal: AbortSignal,
): Promise<Fetched> {
  const fetched = await deps.transfers.fetch(() => deps.remote.fetchDigest(url, mostBytes, signal));
  const { sha256, sizeBytes } = fetched;
  await deps.ledger.write((tables) => {
    // Of an asset that is longer only its beginning was read, and what is not as long as it should be was made from it.
    if (sizeBytes === keptBytes) tables.remoteAssets.saveDigest(assetId, sha256);
    const { matching } = tables.facts;
    if (matching !== null) tables.facts.setMatching({ ...matching, fetchedBytes: matching.fetchedBytes + sizeBytes });
  });
  return fetched;
}
