import type { Content } from '../core/content.ts';
import type { Destination } from '../core/entry.ts';
import type { AssetFacts, ContentEvent } from '../core/event.ts';
import { remoteName } from '../core/name.ts';
import type { RemoteAsset } from '../core/records.ts';
import { longestWaitMs, seldomMs } from '../core/steps.ts';
import { askFlora, isKnown, type WorkSignals } from './asking.ts';
import type { Gate } from './gate.ts';
import { keyOf } from './listing.ts';
import { eventFromError } from './outcome.ts';
import type { Outcome } from './perform.ts';
import type { AssetQuery, ClockPort, LedgerPort, RemotePort } from './ports.ts';

export interface MatchDeps {
  readonly ledger: LedgerPort;
  readonly remote: RemotePort;
  readonly gate: Gate;
  readonly clock: ClockPort;
  /** By asset and length: each asset is fetched once, however many contents ask. */
  readonly fetches: Map<string, Promise<string>>;
  /** By asset id: since when (monotonic) FLORA has answered 404 for what it listed. */
  readonly hiddenSince: Map<string, number>;
}

/**
 * How long an asset without bytes may still become ready: whoever reserved it may complete it, or FLORA be slow. Targets
 * live for minutes or hours, and idempotency keys for a day.
 */
const pendingMs = 24 * 3_600_000;
/** So many tries, half a minute apart, an asset of the same size and another name is waited for (most of an hour). */
const enoughByChance = 150;
/** So long a listed asset may answer 404 before it is taken for gone: three looks, ten minutes apart. */
const goneAfterMs = 2 * seldomMs;

export function queryOf(
  { workspaceId, projectId }: Destination,
  { sizeBytes, sha256 }: Pick<Content, 'sizeBytes' | 'sha256'>,
  names: readonly string[],
): AssetQuery {
  return { workspaceId, projectId, sizeBytes, sha256, names };
}

/** Compares a content with FLORA's assets; null when the signals, or trouble with FLORA as a whole, cut it short. */
export async function matchContent(deps: MatchDeps, content: Content, signals: WorkSignals): Promise<Outcome | null> {
  const { ledger } = deps;
  const destination = ledger.directories.destination(content.destinationId);
  if (!ledger.facts.isListed(keyOf(destination))) {
    return wait('match_listing', 'What FLORA has already is being listed', longestWaitMs);
  }
  const names = [content.fileName, ...ledger.files.sources(content.id).map(({ name }) => remoteName(name))];
  const query = queryOf(destination, content, [...new Set(names)]);
  const compared: string[] = [];
  for (;;) {
    // The best of those that are left: what was fetched for others meanwhile counts too.
    const candidate = ledger.remoteAssets.candidate(query, compared);
    if (candidate === undefined) break;
    compared.push(candidate.assetId);
    const outcome = await compare(deps, content, candidate, query.names, signals);
    if (outcome !== 'other') return outcome;
  }
  for (const candidate of ledger.remoteAssets.pending(query)) {
    const outcome = await awaitPending(deps, content, candidate, signals);
    if (outcome !== 'other') return outcome;
  }
  return { event: { type: 'unmatched' }, requestId: null, doubted: [] };
}

type Compared = Outcome | null | 'other';

/** Adopts the asset if its bytes are ours. Its state is asked for once more: the listing may be old by now. */
async function compare(
  deps: MatchDeps,
  content: Content,
  candidate: RemoteAsset,
  names: readonly string[],
  signals: WorkSignals,
): Promise<Compared> {
  if (candidate.sha256 !== null && candidate.sha256 !== content.sha256) return 'other';
  const asked = await ask(deps, candidate, signals);
  if (asked === 'gone') return 'other';
  if (asked === null || 'event' in asked) return asked;
  if (asked.facts.status !== 'ready') return 'other';
  const { facts, requestId } = asked;
  if (candidate.sha256 === null) {
    if (facts.url === null) return unreadable(candidate, 'FLORA names no URL for it');
    const digest = await fetchOnce(deps, candidate, facts.url, content.sizeBytes, signals);
    // Only the name makes an asset whose bytes stay out of reach more than one of the same size by chance.
    const isByChance = digest !== null && typeof digest !== 'string' && !names.includes(candidate.name ?? '');
    if (isByChance && content.attempts >= enoughByChance) return 'other';
    if (digest === null || typeof digest !== 'string') return digest;
    if (digest !== content.sha256) return 'other';
  }
  return { event: { type: 'adopted', facts }, requestId, doubted: [] };
}

/** FLORA's word on an asset: 'gone' for one that it has not shown for long, an outcome for trouble. */
async function ask(
  deps: MatchDeps,
  candidate: RemoteAsset,
  signals: WorkSignals,
): Promise<{ readonly facts: AssetFacts; readonly requestId: string | null } | 'gone' | Outcome | null> {
  const { assetId } = candidate;
  const asked = await askFlora(deps.gate, signals, () => deps.remote.get(assetId, signals.abort));
  if (asked === null) return null;
  if (asked.kind === 'answer') {
    deps.hiddenSince.delete(assetId);
    const { value: facts, requestId } = asked.value;
    await deps.ledger.write((tables) => tables.remoteAssets.saveStatus(assetId, facts.status));
    return { facts, requestId };
  }
  const { error } = asked;
  if (error.scope === 'service') return null;
  const event = eventFromError({ type: 'check', assetId }, error);
  if (event.type !== 'asset-missing') return { event, requestId: error.requestId ?? null, doubted: [] };
  // Just listed, and now a 404: gone, or hidden for the moment.
  const nowMs = deps.clock.monotonic();
  const sinceMs = deps.hiddenSince.get(assetId) ?? nowMs;
  deps.hiddenSince.set(assetId, sinceMs);
  return nowMs - sinceMs >= goneAfterMs ? 'gone' : unreadable(candidate, 'FLORA answers 404 for it', seldomMs);
}

async function fetchOnce(
  deps: MatchDeps,
  candidate: RemoteAsset,
  url: string,
  mostBytes: number,
  signals: WorkSignals,
): Promise<string | Outcome | null> {
  // One for each length: a digest that was cut at another file's size says nothing.
  const key = `${candidate.assetId} ${mostBytes}`;
  const under = deps.fetches.get(key) ?? fetchDigest(deps, candidate, url, mostBytes, signals.abort);
  deps.fetches.set(key, under);
  try {
    return await under;
  } catch (error) {
    if (signals.abort.aborted) return null;
    if (!isKnown(error)) throw error;
    return unreadable(candidate, error.message, error.retryAfterMs);
  } finally {
    deps.fetches.delete(key);
  }
}

async function fetchDigest(
  deps: MatchDeps,
  { assetId }: RemoteAsset,
  url: string,
  mostBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const { sha256, sizeBytes } = await deps.remote.fetchDigest(url, mostBytes, signal);
  await deps.ledger.write((tables) => {
    // Of an asset that is longer only its beginning was read, which says nothing to files of another size.
    if (sizeBytes <= mostBytes) tables.remoteAssets.saveDigest(assetId, sha256);
    const { matching } = tables.facts;
    if (matching !== null) tables.facts.setMatching({ ...matching, fetchedBytes: matching.fetchedBytes + sizeBytes });
  });
  return sha256;
}

/** An asset of the same name that is not ready may be these bytes on their way: until it is decided, nothing is sent. */
async function awaitPending(
  deps: MatchDeps,
  content: Content,
  candidate: RemoteAsset,
  signals: WorkSignals,
): Promise<Compared> {
  const asked = await ask(deps, candidate, signals);
  if (asked === 'gone') return 'other';
  if (asked === null || 'event' in asked) return asked;
  if (asked.facts.status === 'failed') return 'other';
  // Ready meanwhile, however old: the next round compares its bytes.
  if (asked.facts.status === 'ready') return wait('match_more', 'An asset of this name has just become ready', 0);
  const nowMs = deps.clock.now();
  const { createdAtMs } = candidate;
  // Of unknown age, or from our clock's future, it is as old as the search, at least.
  const bornMs = createdAtMs !== null && createdAtMs <= nowMs ? createdAtMs : await searchedSinceMs(deps, nowMs);
  if (nowMs - bornMs > pendingMs) return 'other';
  const reason =
    `An upload of the same name is still open in FLORA (${candidate.assetId}); ` +
    'it may be this file, so nothing is sent until that is decided, a day after it began at the latest';
  return wait('match_pending', reason, Math.min(seldomMs, 1_000 * 2 ** Math.min(content.attempts, 12)));
}

/** Since when there has been a search. A clock that was put back would prolong the wait: then it counts from now on. */
async function searchedSinceMs({ ledger }: MatchDeps, nowMs: number): Promise<number> {
  const sinceMs = ledger.facts.matching?.sinceMs ?? 0;
  if (sinceMs <= nowMs) return sinceMs;
  await ledger.write(({ facts }) => {
    if (facts.matching !== null)
      facts.setMatching({ ...facts.matching, sinceMs: Math.min(facts.matching.sinceMs, nowMs) });
  });
  return nowMs;
}

function unreadable({ assetId, name }: RemoteAsset, why: string, retryAfterMs?: number): Outcome {
  const reason =
    `FLORA has an asset of this size (${assetId}${name === null ? '' : `, "${name}"`}) whose bytes cannot be compared: ${why}; ` +
    'nothing is sent while it may be this file; `flora-sync retry` sends it all the same';
  return wait('match_unreadable', reason, retryAfterMs ?? null);
}

function wait(code: string, reason: string, retryAfterMs: number | null): Outcome {
  const event: ContentEvent = { type: 'trouble', code, reason, retryAfterMs };
  return { event, requestId: null, doubted: [] };
}
