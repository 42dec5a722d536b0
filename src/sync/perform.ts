import type { Content } from '../core/content.ts';
import type { ContentEvent } from '../core/event.ts';
import type { Action } from '../core/next-action.ts';
import { SyncError } from '../errors.ts';
import type { Gate } from './gate.ts';
import { eventFromError } from './outcome.ts';
import type { LedgerPort, LocalPort, RemotePort, SourcePath } from './ports.ts';

export interface PerformDeps {
  readonly ledger: LedgerPort;
  readonly local: LocalPort;
  readonly remote: RemotePort;
  readonly gate: Gate;
  readonly onSent: (content: Content, bytes: number) => void;
}

export interface WorkSignals {
  /** No new effect begins after this. */
  readonly stopping: AbortSignal;
  /** Effects under way are cut short by this. */
  readonly abort: AbortSignal;
}

/** What an action came to. `doubted` are files that turned out not to hold the bytes any more. */
export interface Outcome {
  readonly event: ContentEvent;
  readonly requestId: string | null;
  readonly doubted: readonly SourcePath[];
}

/**
 * Performs one action and says what happened; null when it was cut short by the signal, or when FLORA as a whole is in
 * trouble: the gate knows, and nothing is held against the content.
 */
export async function perform(
  deps: PerformDeps,
  content: Content,
  action: Action,
  signals: WorkSignals,
): Promise<Outcome | null> {
  if (action.type === 'none') return null;
  if (action.type === 'expire') return { event: { type: 'target-expired' }, requestId: null, doubted: [] };
  // The gate is about the API; an upload speaks to another host.
  const gate = action.type === 'upload' ? null : deps.gate;
  if (gate !== null && !(await gate.enter(signals.stopping))) return null;
  try {
    const outcome = await act(deps, content, action, signals.abort);
    if (outcome.event.type === 'source-lost') gate?.cancelled();
    else gate?.succeeded();
    return outcome;
  } catch (error) {
    if (error instanceof SyncError && error.scope !== 'process' && !signals.abort.aborted) {
      return failed(gate, action, error);
    }
    gate?.cancelled();
    if (signals.abort.aborted) return null;
    throw error;
  }
}

function failed(gate: Gate | null, action: Action, error: SyncError): Outcome | null {
  const outcome = { event: eventFromError(action, error), requestId: error.requestId ?? null, doubted: [] };
  if (gate === null) return outcome;
  if (error.scope === 'service') {
    gate.failed(error);
    // `complete` may have had its effect although no answer came: that has to be written down.
    return action.type === 'complete' && error.code === 'unreachable' ? outcome : null;
  }
  // An answer, even a bad one, shows that FLORA is there; silence shows nothing.
  if (error.status === undefined) gate.unclear();
  else gate.succeeded();
  return outcome;
}

type Effect = Exclude<Action, { type: 'none' | 'expire' }>;

async function act(deps: PerformDeps, content: Content, action: Effect, signal: AbortSignal): Promise<Outcome> {
  const { ledger, remote } = deps;
  switch (action.type) {
    case 'reserve': {
      if (ledger.files.sources(content.id).length === 0) return sourceLost([]);
      const { idempotencyKey } = action;
      const { fileName, contentType } = content;
      const destination = ledger.directories.destination(content.destinationId);
      const answer = await remote.reserve({ destination, fileName, contentType, idempotencyKey }, signal);
      return said({ type: 'reserved', reservation: answer.value, isReplayed: answer.isReplayed }, answer.requestId);
    }
    case 'upload':
      return await upload(deps, content, action, signal);
    case 'complete': {
      const answer = await remote.complete(action.assetId, action.idempotencyKey, signal);
      return said({ type: 'asset', facts: answer.value, by: 'complete' }, answer.requestId);
    }
    case 'check': {
      const answer = await remote.get(action.assetId, signal);
      return said({ type: 'asset', facts: answer.value, by: 'get' }, answer.requestId);
    }
    case 'renew': {
      if (ledger.files.sources(content.id).length === 0) return sourceLost([]);
      const answer = await remote.renew(action.assetId, action.idempotencyKey, signal);
      return said({ type: 'renewed', reservation: answer.value }, answer.requestId);
    }
    default: {
      const never: never = action;
      throw new Error(`Unknown action ${JSON.stringify(never)}`);
    }
  }
}

/** Sends the bytes from the first file that still holds them. */
async function upload(
  deps: PerformDeps,
  content: Content,
  action: Extract<Action, { type: 'upload' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const doubted: SourcePath[] = [];
  for (const path of deps.ledger.files.sources(content.id)) {
    const source = await deps.local.openSource(path, content, signal);
    if (source.kind !== 'source') {
      doubted.push(path);
      continue;
    }
    try {
      const { fileName, contentType } = content;
      const onSent = (bytes: number) => deps.onSent(content, bytes);
      await deps.remote.upload({ target: action.target, fileName, contentType, source, onSent }, signal);
      return { event: { type: 'bytes-accepted' }, requestId: null, doubted };
    } catch (error) {
      if (!(error instanceof SyncError && error.code === 'source_changed')) throw error;
      doubted.push(path);
    } finally {
      await source.close();
    }
  }
  return sourceLost(doubted);
}

function sourceLost(doubted: readonly SourcePath[]): Outcome {
  const reason = 'The file changed or went away before its bytes were sent';
  return { event: { type: 'source-lost', reason }, requestId: null, doubted };
}

function said(event: ContentEvent, requestId: string | null): Outcome {
  return { event, requestId, doubted: [] };
}
