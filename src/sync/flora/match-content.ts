import type { Content } from '../../core/content.ts';
import type { Destination } from '../../core/entry.ts';
import type { AssetFacts, ContentEvent } from '../../core/event.ts';
import { isOtherSize, unknownStatus } from '../../core/finding.ts';
import { remoteName } from '../../core/name.ts';
import type { RemoteAsset } from '../../core/records.ts';
import { longestWaitMs, seldomMs } from '../../core/steps.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { SyncError } from '../../errors.ts';
import type { Outcome } from '../commit/outcome.ts';
import { eventFromError } from '../commit/outcome.ts';
import type { AssetQuery, LedgerTablesPort } from '../ports/ledger.ts';
import type { ClockPort } from '../ports/runtime.ts';
import { showsOthers } from './control-assets.ts';
import { type FetchDeps, type Fetched, fetchOnce } from './fetch-once.ts';
import type { Gate } from './gate.ts';
import { type Learning, typeOf } from './learning.ts';
import { keyOf } from './listing.ts';
import { askFlora, type WorkSignals } from './request.ts';

export interface MatchDeps extends FetchDeps {
  readonly gate: Gate;
  readonly clock: ClockPort;
  readonly learning: Pick<Learning, 'seen' | 'listed'>;
  /** By asset id: since when (monotonic) FLORA has answered 404 for what it listed. */
  readonly hiddenSince: Map<string, number>;
}

/**
 * How long an asset without bytes may still become ready: whoever reserved it may complete it, or FLORA be slow. Targets
 * live for minutes or hours, and idempotency keys for a day.
 */
const pendingMs = 24 * 3_600_000;
/** So many tries follow each other soon; then they are ten minutes apart. */
const soonTries = 6;
/** So many tries an asset that may be alike by chance is waited for (an hour). */
const enoughByChance = soonTries + 6;
/** So long a listed asset may answer 404 before it is taken for gone: three looks, ten minutes apart, the last one controlled. */
const goneAfterMs = 2 * seldomMs;

export function queryOf(
  { facts }: Pick<LedgerTablesPort, 'facts'>,
  { workspaceId, projectId }: Destination,
  { sizeBytes, sha256, contentType }: Pick<Content, 'sizeBytes' | 'sha256' | 'contentType'>,
  names: readonly string[],
): AssetQuery {
  const { types, areListedSizesRight } = facts.learnt(workspaceId);
  const isSizeKept = types[contentType]?.isSizeKept === true && areListedSizesRight === true;
  return { workspaceId, projectId, sizeBytes, sha256, names, isSizeKept };
}

/** Compares a content with FLORA's assets; null when the signals, or trouble with FLORA as a whole, cut it short. */
export async function matchContent(deps: MatchDeps, content: Content, signals: WorkSignals): Promise<Outcome | null> {
  const { ledger } = deps;
  const destination = ledger.directories.destination(content.destinationId);
  if (!ledger.facts.isListed(keyOf(destination))) {
    return wait('match_listing', 'What FLORA has already is being listed', longestWaitMs);
  }
  const names = [content.fileName, ...ledger.files.sources(content.id).map(({ name }) => remoteName(name))];
  // Anew for each: what is learnt of one asset may spare the look at all others.
  const query = () => queryOf(ledger, destination, content, [...new Set(names)]);
  const compared: string[] = [];
  for (;;) {
    // The best of those that are left: what was fetched for others meanwhile counts too.
    const candidate = ledger.remoteAssets.candidate(query(), compared);
    if (candidate === undefined) break;
    compared.push(candidate.assetId);
    const outcome = await compare(deps, content, candidate, names, signals);
    if (outcome !== 'other') return outcome;
  }
  for (const candidate of ledger.remoteAssets.pending(query())) {
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
  const asked = await ask(deps, content, candidate, signals);
  if (asked === 'gone') return 'other';
  if (asked === null || 'event' in asked) return asked;
  const { requestId } = asked;
  await deps.learning.listed(content, candidate.sizeBytes, asked.facts.sizeBytes);
  // Either may tell the size.
  const facts = { ...asked.facts, sizeBytes: asked.facts.sizeBytes ?? candidate.sizeBytes };
  if (facts.status !== 'ready' && facts.status !== 'unknown') return 'other';
  const fetched = await digestOf(deps, content, candidate, facts, signals);
  if (fetched === null) return null;
  const verdict = 'event' in fetched ? fetched : judge(deps, content, candidate, facts, fetched);
  // Only the name, and FLORA's own word, make an asset that stays unclear more than one that is alike by chance.
  const isNamed = names.some((name) => name === candidate.name);
  const isByChance = !isNamed || (isOtherSize(content, facts) && !candidate.isConverted);
  if (typeof verdict === 'object' && isByChance && content.attempts >= enoughByChance) return 'other';
  if (verdict !== 'same') return verdict;
  if (candidate.isAnonymous)
    return unreadable(content, candidate, 'it has these bytes, but FLORA names no id for it', seldomMs);
  if (facts.status === 'unknown') return unreadable(content, candidate, unknownStatus(facts).reason, seldomMs);
  await deps.learning.seen(content, { ...typeOf(content, facts), areBytesKept: true });
  return { event: { type: 'adopted', facts }, requestId, doubted: [] };
}

/** Of how many bytes; null where they were fetched before, and FLORA does not tell it. */
type Digest = Pick<Fetched, 'sha256'> & { readonly sizeBytes: number | null };

/** Of the bytes behind the asset's URL: as they were found before, or fetched now; an outcome for trouble. */
async function digestOf(
  deps: MatchDeps,
  content: Content,
  candidate: RemoteAsset,
  facts: AssetFacts,
  signals: WorkSignals,
): Promise<Digest | Outcome | null> {
  const { sha256 } = candidate;
  if (sha256 !== null) return { sha256, sizeBytes: facts.sizeBytes };
  if (facts.url === null) return unreadable(content, candidate, 'FLORA names no URL for it');
  const fetched = await fetchOnce(deps, content, { ...facts, url: facts.url }, signals);
  if (!(fetched instanceof SyncError)) return fetched;
  return unreadable(content, candidate, fetched.message, fetched.retryAfterMs);
}

/** What the fetched bytes say of the asset. Others than ours are evidence only if they are those that FLORA keeps. */
function judge(
  deps: MatchDeps,
  content: Content,
  candidate: RemoteAsset,
  facts: AssetFacts,
  fetched: Digest,
): 'same' | 'other' | Outcome {
  if (fetched.sha256 === content.sha256) return 'same';
  const { workspaceId } = deps.ledger.directories.destination(content.destinationId);
  const learnt = deps.ledger.facts.learnt(workspaceId).types[content.contentType];
  const areAsKept = facts.sizeBytes === null ? learnt?.areBytesKept === true : fetched.sizeBytes === facts.sizeBytes;
  if (!areAsKept) {
    const told = facts.sizeBytes === null ? 'FLORA does not tell its size' : `it should be ${facts.sizeBytes} bytes`;
    return unreadable(content, candidate, `${told}, and what its URL gives may be made from it`);
  }
  if (!isOtherSize(content, facts) || (learnt?.isSizeKept === true && !candidate.isConverted)) return 'other';
  return unreadable(content, candidate, 'FLORA keeps it in another size than this file has, and may have converted it');
}

/** FLORA's word on an asset: 'gone' for one that it has not shown for long, an outcome for trouble. */
async function ask(
  deps: MatchDeps,
  content: Content,
  candidate: RemoteAsset,
  signals: WorkSignals,
): Promise<{ readonly facts: AssetFacts; readonly requestId: string | null } | 'gone' | Outcome | null> {
  const { assetId } = candidate;
  if (candidate.isAnonymous) return { facts: listedFacts(candidate), requestId: null };
  const once = () =>
    askFlora(deps.gate, signals, { op: 'check', file: content }, () => deps.remote.get(assetId, signals.abort));
  let asked = await once();
  // Begun anew, the search would ask for the same assets once more, and where FLORA limits requests never get to its end.
  while (asked?.kind === 'error' && asked.error.scope === 'service') asked = await once();
  if (asked === null) return null;
  if (asked.kind === 'answer') {
    deps.hiddenSince.delete(assetId);
    const { value: facts, requestId } = asked.value;
    await deps.ledger.write((tables) => tables.remoteAssets.saveTold({ ...facts, assetId }));
    return { facts, requestId };
  }
  const { error } = asked;
  const event = eventFromError({ type: 'check', assetId }, error);
  if (event.type !== 'asset-missing') return { event, requestId: error.requestId ?? null, doubted: [] };
  // Just listed, and now a 404: gone, or hidden for the moment.
  const nowMs = deps.clock.monotonic();
  const sinceMs = deps.hiddenSince.get(assetId) ?? nowMs;
  deps.hiddenSince.set(assetId, sinceMs);
  if (nowMs - sinceMs < goneAfterMs) return unreadable(content, candidate, 'FLORA answers 404 for it', seldomMs);
  const { workspaceId } = candidate;
  const shown = await showsOthers(deps, { workspaceId, assetId, known: [], file: content }, signals);
  if (shown !== 'none') return shown === null ? null : 'gone';
  return unreadable(content, candidate, 'FLORA answers 404 for it, and shows no other asset either', seldomMs);
}

/** As it was listed: there is nothing to ask for it by. */
function listedFacts({ assetId, status, url, sizeBytes }: RemoteAsset): AssetFacts {
  return { assetId, status, statusWord: null, url, sizeBytes, contentType: null, failureMessage: null };
}

/** An asset of the same name that is not ready may be these bytes on their way: until it is decided, nothing is sent. */
async function awaitPending(
  deps: MatchDeps,
  content: Content,
  candidate: RemoteAsset,
  signals: WorkSignals,
): Promise<Compared> {
  const asked = await ask(deps, content, candidate, signals);
  if (asked === 'gone') return 'other';
  if (asked === null || 'event' in asked) return asked;
  if (asked.facts.status === 'failed') return 'other';
  // Ready meanwhile, or so it may be, however old: the next round compares its bytes.
  if (asked.facts.status !== 'pending_upload')
    return wait('match_more', 'An asset of this name has just become ready', 0);
  const nowMs = deps.clock.now();
  const { createdAtMs } = candidate;
  // Of unknown age, or from our clock's future, it is as old as the search, at least.
  const bornMs = createdAtMs !== null && createdAtMs <= nowMs ? createdAtMs : await searchedSinceMs(deps, nowMs);
  if (nowMs - bornMs > pendingMs) return 'other';
  const reason =
    `An upload of the same name is still open in FLORA (${candidate.assetId}); ` +
    'it may be this file, so nothing is sent until that is decided, a day after it began at the latest';
  return wait('match_pending', reason, Math.min(seldomMs, 1_000 * 2 ** content.attempts));
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

function unreadable(
  { attempts }: Pick<Content, 'attempts'>,
  { assetId, name }: RemoteAsset,
  why: string,
  retryAfterMs?: number,
): Outcome {
  const reason =
    `FLORA has an asset that may be this file (${assetId}${name === null ? '' : `, "${name}"`}) and cannot be compared: ${why}; ` +
    'nothing is sent meanwhile; `flora-sync retry` sends it all the same';
  return wait('match_unreadable', reason, retryAfterMs ?? (attempts < soonTries ? null : seldomMs));
}

function wait(code: ErrorCode, reason: string, retryAfterMs: number | null): Outcome {
  const event: ContentEvent = { type: 'trouble', code, reason, retryAfterMs };
  return { event, requestId: null, doubted: [] };
}
