import type { Content } from '../../core/content.ts';
import { absolutePath } from '../../core/entry.ts';
import type { ContentEvent } from '../../core/event.ts';
import { displayName } from '../../core/name.ts';
import type { TransitionContext } from '../../core/steps.ts';
import { transition } from '../../core/transition.ts';
import type { LedgerPort, LedgerTablesPort, SourcePath } from '../ports/ledger.ts';
import type { ClockPort, LogPort, RandomPort } from '../ports/runtime.ts';
import type { Outcome } from './outcome.ts';

/** What a step costs of the budget for assets without bytes. */
interface CreationBudget {
  /** Inside the write that stores what came of a step. `after` null: the result was dropped. */
  account(tables: LedgerTablesPort, before: Content, event: ContentEvent, after: Content | null): void;
  /** After that write. */
  committed(before: Content, after: Content): void;
  /** A person has opened it again (`reopenCreation`). */
  changed(): void;
}

/** How often FLORA may be asked about what it is processing. */
interface PollPace {
  /** Milliseconds until a content is asked for again, at least. */
  leastMs(): number;
  /** A content's row is this now. */
  stepped(content: Pick<Content, 'id' | 'state' | 'reasonCode'>): void;
}

export interface CommitDeps {
  readonly ledger: LedgerPort;
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly log: LogPort;
  /** Absent where nothing is polled. */
  readonly polls?: PollPace;
  /** Null where nothing is sent. */
  readonly creating: CreationBudget | null;
  readonly onChange: (before: Content, after: Content) => void;
  /** Whether a drop folder's rule is to upload again what is missing at FLORA. */
  readonly uploadsMissing: (root: string) => boolean;
}

/** For a reservation that names an asset of ours which holds other bytes: uploading there would destroy them. */
const takenAsset: ContentEvent = {
  type: 'key-spent',
  reason: 'FLORA answered with an asset that already belongs to another file',
};

/** For an asset that two files have found to be theirs: the second looks on. */
const matchTaken: ContentEvent = {
  type: 'trouble',
  code: 'match_taken',
  reason: 'Another file has just been found to be this asset',
};

/** For bytes that one file lost while another still has them. */
const otherSource: ContentEvent = {
  type: 'trouble',
  code: 'source_changed',
  reason: 'The file changed or went away; another with the same bytes is sent instead',
};

/**
 * Turns an outcome into the content's next row and writes it down, with its history and what it casts doubt on, in one
 * durable step. Null when nothing changed: the row is not what it was, or the event means nothing to it.
 *
 * @param otherwise the event to take when the outcome's own changes nothing
 * @param seen a file that has the bytes, if one is known, to speak of
 */
export async function commitOutcome(
  deps: CommitDeps,
  content: Content,
  outcome: Outcome,
  otherwise: ContentEvent | null = null,
  seen?: SourcePath,
): Promise<Content | null> {
  const nowMs = deps.clock.now();
  const chance = { random: deps.random.fraction(), freshKey: deps.random.token() };
  const context = { nowMs, ...chance, ...(deps.polls && { pollLeastMs: deps.polls.leastMs() }) };
  const written = await deps.ledger.write((tables) => {
    for (const { directoryId, name } of outcome.doubted) tables.files.doubt(directoryId, name, content.id);
    let after = transition(content, fitting(tables, content, outcome.event), context);
    if (isTaken(tables, content, after)) {
      after = transition(content, content.state === 'matching' ? matchTaken : takenAsset, context);
    }
    if (after === content && otherwise !== null) after = transition(content, otherwise, context);
    const isSaved = after !== content && tables.contents.save(content, after, nowMs);
    deps.creating?.account(tables, content, outcome.event, isSaved ? after : null);
    if (!isSaved) return null;
    // As it stands in the ledger now.
    after = { ...after, revision: content.revision + 1 };
    // Whoever still points here is looked at again, so that the bytes, if they come back, are wanted again.
    if (after.state === 'gone') tables.files.doubtContent(after.id);
    if (isWorthTelling(content, after)) tables.history.append(record(content, after, outcome, nowMs));
    if (content.state === 'matching' && after.state === 'ready') countAdopted(tables);
    return { after, next: after.state === 'missing' ? byPolicy(deps, tables, after, context) : after };
  });
  if (written === null) return null;
  const { after, next } = written;
  deps.creating?.committed(content, next);
  deps.polls?.stepped(next);
  if (isWorthTelling(content, after)) tell(deps, content, after, outcome, seen);
  if (after !== next) tell(deps, after, next, { ...outcome, requestId: null }, seen);
  deps.onChange(content, next);
  return next;
}

function countAdopted({ facts }: LedgerTablesPort): void {
  const { matching } = facts;
  if (matching !== null) facts.setMatching({ ...matching, adopted: matching.adopted + 1 });
}

/** What is missing at FLORA is queued again where a drop folder that has the bytes says so. Inside a write. */
export function byPolicy(
  deps: Pick<CommitDeps, 'uploadsMissing'>,
  tables: LedgerTablesPort,
  missing: Content,
  context: TransitionContext,
): Content {
  if (!tables.files.sources(missing.id).some(({ root }) => deps.uploadsMissing(root))) return missing;
  const current = tables.contents.get(missing.id);
  if (current?.state !== 'missing') return missing;
  // A ledger that was put back may have done so once already.
  const needsMatching = tables.directories.toMatch().length > 0;
  const event: ContentEvent = { type: 'wanted', by: 'policy', needsMatching };
  const queued = transition(current, event, context);
  // As it was read in this very write.
  tables.contents.save(current, queued, context.nowMs);
  tables.history.append(record(current, queued, { event, requestId: null, doubted: [] }, context.nowMs));
  return { ...queued, revision: current.revision + 1 };
}

/** A copy may have been admitted while the bytes were on their way: then they are not lost. */
function fitting(tables: LedgerTablesPort, content: Content, event: ContentEvent): ContentEvent {
  if (event.type !== 'source-lost') return event;
  return tables.files.sources(content.id).length > 0 ? otherSource : event;
}

function isTaken(tables: LedgerTablesPort, before: Content, after: Content): boolean {
  if (after.assetId === null || after.assetId === before.assetId) return false;
  return tables.contents.findByAsset(after.assetId) !== undefined;
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
    event: 'by' in outcome.event ? `${outcome.event.type} by ${outcome.event.by}` : outcome.event.type,
    from: before.state,
    to: after.state,
    assetId: after.assetId ?? before.assetId,
    requestId: outcome.requestId,
    attempt: before.attempts + 1,
    detail: after.reason,
  };
}

function tell(
  deps: Pick<CommitDeps, 'ledger' | 'log'>,
  before: Content,
  after: Content,
  outcome: Outcome,
  seen: SourcePath | undefined,
): void {
  const isWarning = after.state === 'missing' || after.state === 'rejected' || after.state === 'gone';
  if (!isWarning && deps.log.isLevelEnabled?.('info') === false) return;
  const { files } = deps.ledger;
  const source = seen ?? files.sources(after.id, 1)[0] ?? files.lastPathOf(after.id);
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
  if (isWarning) deps.log.warn(facts, message);
  else deps.log.info(facts, message);
}
