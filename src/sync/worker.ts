import { type Content, isActive } from '../core/content.ts';
import { absolutePath } from '../core/entry.ts';
import type { ContentEvent } from '../core/event.ts';
import { displayName } from '../core/name.ts';
import { nextAction } from '../core/next-action.ts';
import { transition } from '../core/transition.ts';
import { type Outcome, type PerformDeps, perform, type WorkSignals } from './perform.ts';
import type { ClockPort, LogPort, RandomPort, SourcePath } from './ports.ts';

export interface WorkerDeps extends PerformDeps {
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly log: LogPort;
  /** A file turned out to be other than the ledger thinks: look at its directory again. */
  readonly onDoubt: (path: SourcePath) => void;
  readonly onChange: (before: Content, after: Content) => void;
}

/**
 * Brings one content as far as it goes now: row -> action -> event -> row, each new row durable before the next effect.
 * Returns when the content is at its end, waits for a later time, or somebody else changed it meanwhile.
 */
export async function advance(deps: WorkerDeps, contentId: number, signals: WorkSignals): Promise<void> {
  while (!signals.stopping.aborted) {
    const content = deps.ledger.contents.get(contentId);
    const nowMs = deps.clock.now();
    if (content === undefined || !isActive(content.state) || content.notBeforeMs > nowMs) return;
    const outcome = await perform(deps, content, nextAction(content, nowMs), signals);
    if (outcome === null) continue;
    if ((await commit(deps, content, outcome, misfit)) === null) return;
    for (const path of outcome.doubted) deps.onDoubt(path);
  }
}

/** For an answer that fits neither the state nor the asset: doing nothing would ask again at once, and for ever. */
const misfit: ContentEvent = {
  type: 'trouble',
  code: 'bad_answer',
  reason: 'FLORA answered about another asset than the one asked for',
  retryAfterMs: null,
};

/** For a reservation that names an asset of ours which holds other bytes: uploading there would destroy them. */
const takenAsset: ContentEvent = {
  type: 'key-spent',
  reason: 'FLORA answered with an asset that already belongs to another file',
};

function isTaken(deps: Pick<WorkerDeps, 'ledger'>, before: Content, after: Content): boolean {
  if (after.assetId === null || after.assetId === before.assetId) return false;
  return deps.ledger.contents.findByAsset(after.assetId) !== undefined;
}

/** Applies an event to a content and writes it down; null when the row had changed and the event was dropped. */
export async function applyEvent(
  deps: Pick<WorkerDeps, 'ledger' | 'clock' | 'random' | 'log' | 'onChange'>,
  content: Content,
  event: ContentEvent,
  requestId: string | null,
): Promise<Content | null> {
  return await commit(deps, content, { event, requestId, doubted: [] });
}

async function commit(
  deps: Pick<WorkerDeps, 'ledger' | 'clock' | 'random' | 'log' | 'onChange'>,
  content: Content,
  outcome: Outcome,
  otherwise: ContentEvent | null = null,
): Promise<Content | null> {
  const nowMs = deps.clock.now();
  const context = { nowMs, random: deps.random.fraction(), freshKey: deps.random.token() };
  let next = transition(content, outcome.event, context);
  if (isTaken(deps, content, next)) next = transition(content, takenAsset, context);
  if (next === content && otherwise !== null) next = transition(content, otherwise, context);
  if (next === content) return null;
  const isSaved = await deps.ledger.write((tables) => {
    if (!tables.contents.save(content, next, nowMs)) return false;
    for (const { directoryId, name } of outcome.doubted) tables.files.doubt(directoryId, name);
    // Whoever still points here is looked at again, so that the bytes, if they come back, are wanted again.
    if (next.state === 'gone') tables.files.doubtContent(next.id);
    if (isWorthTelling(content, next)) tables.history.append(record(content, next, outcome, nowMs));
    return true;
  });
  if (!isSaved) return null;
  if (isWorthTelling(content, next)) tell(deps, content, next, outcome);
  deps.onChange(content, next);
  return next;
}

/** A poll that found nothing new is not a line in anybody's history. */
function isWorthTelling(before: Content, after: Content): boolean {
  return (
    before.state !== after.state || before.reasonCode !== after.reasonCode || before.generation !== after.generation
  );
}

function record(before: Content, after: Content, outcome: Outcome, atMs: number) {
  return {
    atMs,
    contentId: before.id,
    file: null,
    event: outcome.event.type === 'asset' ? `asset by ${outcome.event.by}` : outcome.event.type,
    from: before.state,
    to: after.state,
    assetId: after.assetId ?? before.assetId,
    requestId: outcome.requestId,
    attempt: before.attempts + 1,
    detail: after.reason,
  };
}

function tell(deps: Pick<WorkerDeps, 'ledger' | 'log'>, before: Content, after: Content, outcome: Outcome): void {
  const [source] = deps.ledger.files.sources(after.id);
  const path = source === undefined ? after.fileName : displayName(absolutePath(source));
  const facts = {
    path,
    asset_id: after.assetId ?? before.assetId,
    from: before.state,
    to: after.state,
    attempt: before.attempts + 1,
    request_id: outcome.requestId,
    ...(after.reason === null ? {} : { code: after.reasonCode, reason: after.reason }),
  };
  const message = `${before.state} -> ${after.state}`;
  if (after.state === 'rejected' || after.state === 'gone') deps.log.warn(facts, message);
  else deps.log.info(facts, message);
}
