import type { Content } from '../../core/content.ts';
import type { ContentEvent } from '../../core/event.ts';
import { isConverted, isOtherSize } from '../../core/finding.ts';
import { type Action, isSecondLookDue } from '../../core/next-action.ts';
import type { SyncError } from '../../errors.ts';
import type { Outcome } from '../commit/outcome.ts';
import { eventFromError } from '../commit/outcome.ts';
import type { CallOp } from '../flora/call.ts';
import { mostControls, showsOthers } from '../flora/control-assets.ts';
import type { Creating } from '../flora/creating.ts';
import type { Gate } from '../flora/gate.ts';
import { type Learning, typeOf } from '../flora/learning.ts';
import type { Matching } from '../flora/matching.ts';
import { askFlora, isKnown, reading, type WorkSignals } from '../flora/request.ts';
import type { Transfers } from '../flora/transfers.ts';
import type { Answer, RemotePort } from '../ports/flora.ts';
import type { LedgerPort, SourcePath } from '../ports/ledger.ts';
import type { LocalPort } from '../ports/local.ts';
import type { ClockPort } from '../ports/runtime.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import { type FoundSource, findSource, type NoSource, openFirst } from './sources.ts';
import { notingAllBytes } from './unclear.ts';

export interface PerformDeps {
  readonly ledger: LedgerPort;
  readonly local: LocalPort;
  readonly remote: RemotePort;
  readonly gate: Gate;
  readonly transfers: Transfers;
  readonly clock: ClockPort;
  readonly matching: Pick<Matching, 'match'>;
  readonly creating: Creating;
  readonly learning: Learning;
  /** What is missing in another folder than the one that it was is no evidence. */
  readonly roots: Pick<RootGuard, 'isThere'>;
  readonly onSent: (content: Content, bytes: number) => void;
}

/**
 * Performs one action and says what happened; null when it was cut short by the signals, or when FLORA as a whole is in
 * trouble: the gate knows, and nothing is held against the content.
 */
export async function perform(
  deps: PerformDeps,
  content: Content,
  action: Action,
  signals: WorkSignals,
  seen?: SourcePath,
): Promise<Outcome | null> {
  const { remote } = deps;
  const { abort } = signals;
  switch (action.type) {
    case 'none':
      return null;
    case 'match':
      return await deps.matching.match(content, reading(signals));
    case 'expire':
      return told({ type: 'target-expired' });
    case 'upload':
      return await deps.transfers.upload(content.id, signals.stopping, () =>
        upload(deps, content, action, abort, seen),
      );
    case 'reserve':
      return await reserve(deps, content, action, signals, seen);
    case 'renew': {
      const source = findSource(deps, content);
      if (source.path === null) return withoutSource(source);
      const request = () => remote.renew(action.assetId, action.idempotencyKey, abort);
      return await ask(deps, signals, content, action, request, ({ value }) => ({
        type: 'renewed',
        reservation: value,
      }));
    }
    case 'complete': {
      const request = () => remote.complete(action.assetId, action.idempotencyKey, abort);
      return await ask(deps, signals, content, action, request, ({ value }) => ({
        type: 'asset',
        facts: value,
        by: 'complete',
      }));
    }
    case 'check': {
      const request = () => remote.get(action.assetId, signals.stopping);
      const found = await ask(deps, reading(signals), content, action, request, ({ value }) => ({
        type: 'asset',
        facts: value,
        by: 'get',
      }));
      if (found?.event.type === 'asset')
        return await withBytesCompared(deps, content, found.event, found, signals.stopping);
      if (found?.event.type !== 'asset-missing' || !isSecondLookDue(content, deps.clock.now())) return found;
      const { workspaceId } = deps.ledger.directories.destination(content.destinationId);
      const known = deps.ledger.contents.controlAssets(content.id, mostControls);
      const shown = await showsOthers(
        deps,
        { workspaceId, assetId: action.assetId, known, file: content },
        reading(signals),
      );
      return shown === null ? null : { ...found, event: { type: 'asset-missing', isControlled: shown === 'some' } };
    }
    default: {
      const never: never = action;
      throw new Error(`Unknown action ${JSON.stringify(never)}`);
    }
  }
}

/** Another size under the type that was sent is odd: the bytes themselves tell more. */
async function withBytesCompared(
  deps: PerformDeps,
  content: Content,
  event: Extract<ContentEvent, { type: 'asset' }>,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<Outcome | null> {
  const { facts } = event;
  if (facts.status !== 'ready') return outcome;
  const isOdd = isOtherSize(content, facts) && !isConverted(content, facts);
  const compared = isOdd ? await deps.learning.compare(content, facts, signal) : undefined;
  // The first of its kind is looked at whole once it is ready: only that tells whether its bytes are kept.
  if (!deps.learning.isWanted(content)) await deps.learning.seen(content, typeOf(content, facts));
  if (compared === undefined) return outcome;
  return signal.aborted ? null : { ...outcome, event: { ...event, compared } };
}

/** Source and budget are looked at once the request may be made: until then either may be another. */
async function reserve(
  deps: PerformDeps,
  content: Content,
  action: Extract<Action, { type: 'reserve' }>,
  signals: WorkSignals,
  seen: SourcePath | undefined,
): Promise<Outcome | null> {
  const { fileName, contentType } = content;
  const { idempotencyKey } = action;
  const destination = deps.ledger.directories.destination(content.destinationId);
  const request = () => deps.remote.reserve({ destination, fileName, contentType, idempotencyKey }, signals.abort);
  let source: FoundSource | undefined;
  const before = async () => {
    source = findSource(deps, content, seen);
    if (source.path === null) return withoutSource(source);
    const refusal = await deps.creating.enter();
    return refusal === null ? null : told(refusal);
  };
  const toEvent = ({ value, isReplayed }: Awaited<ReturnType<typeof request>>): ContentEvent => {
    return { type: 'reserved', reservation: value, isReplayed };
  };
  const outcome = await ask(deps, signals, content, action, request, toEvent, before);
  if (outcome === null || source?.path == null) return outcome;
  if (outcome.event.type === 'reserved') await deps.learning.targeted(content, outcome.event.reservation);
  return { ...outcome, doubted: source.doubted, path: source.path };
}

async function ask<A extends Answer<unknown>>(
  deps: PerformDeps,
  signals: WorkSignals,
  content: Content,
  action: Extract<Action, { type: CallOp }>,
  request: () => Promise<A>,
  toEvent: (answer: A) => ContentEvent,
  before?: () => Promise<Outcome | null>,
): Promise<Outcome | null> {
  const asked = await askFlora(deps.gate, signals, { op: action.type, file: content }, request, before);
  if (asked === null) return null;
  if (asked.kind === 'instead') return asked.value;
  if (asked.kind === 'answer') return told(toEvent(asked.value), asked.value.requestId);
  const { error } = asked;
  // `complete` may have had its effect although no answer came: that has to be written down.
  const isSilence = error.code === 'unreachable' || error.code === 'wire_trouble';
  if (error.scope === 'service' && !(action.type === 'complete' && isSilence)) return null;
  return failed(action, error, []);
}

/** Sends the bytes from the first file that still holds them. */
async function upload(
  deps: PerformDeps,
  content: Content,
  action: Extract<Action, { type: 'upload' }>,
  signal: AbortSignal,
  seen: SourcePath | undefined,
): Promise<Outcome | null> {
  const opened = await openFirst(deps, content, signal, seen);
  if (opened.source === null) return withoutSource(opened);
  const { source, path, doubted } = opened;
  let written: { readonly row?: Content } = {};
  try {
    const { fileName, contentType } = content;
    const onSent = (bytes: number) => {
      deps.creating.sent(content);
      deps.onSent(content, bytes);
    };
    const noted = notingAllBytes(deps, content, source, (row) => {
      written = { row };
    });
    const { targetExpiresAtMs } = content;
    const livesForMs = targetExpiresAtMs === null ? null : targetExpiresAtMs - deps.clock.now();
    const wanted = { target: action.target, fileName, contentType, source: noted, onSent, livesForMs };
    await deps.remote.upload(wanted, signal);
    deps.transfers.succeeded();
    return { event: { type: 'bytes-accepted' }, requestId: null, doubted, path, ...written };
  } catch (error) {
    if (signal.aborted) return null;
    if (!isKnown(error)) throw error;
    if (error.code === 'source_changed') {
      // It may have been another drive's file, or be away with its own drive.
      const isThere = deps.roots.isThere(path);
      return withoutSource({ doubted: isThere ? [...doubted, path] : doubted, isWaiting: !isThere });
    }
    if (error.code === 'stalled' || error.code === 'too_many_open_files') deps.transfers.stalled();
    return { ...failed(action, error, doubted, content.mayHaveAllBytes), ...written };
  } finally {
    await source.close();
  }
}

function failed(action: Action, error: SyncError, doubted: readonly SourcePath[], wasUnclear?: boolean): Outcome {
  return { event: eventFromError(action, error, wasUnclear), requestId: error.requestId ?? null, doubted };
}

/** Nothing to send from now: the bytes are lost, unless their folder is only away. */
function withoutSource({ doubted, isWaiting }: NoSource): Outcome {
  if (isWaiting) {
    const reason = 'Its drop folder, or a drive in it, is not there just now';
    return { event: { type: 'trouble', code: 'folder_away', reason, retryAfterMs: null }, requestId: null, doubted };
  }
  const reason = 'The file changed or went away before its bytes were sent';
  return { event: { type: 'source-lost', reason }, requestId: null, doubted };
}

function told(event: ContentEvent, requestId: string | null = null): Outcome {
  return { event, requestId, doubted: [] };
}
