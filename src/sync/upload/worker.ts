import { type Content, isActive } from '../../core/content.ts';
import type { ContentEvent } from '../../core/event.ts';
import { nextAction } from '../../core/next-action.ts';
import { type CommitDeps, commitOutcome } from '../commit/commit.ts';
import type { Creating } from '../flora/creating.ts';
import { reading, type WorkSignals } from '../flora/request.ts';
import type { Admitted, SourcePath } from '../ports/ledger.ts';
import { type PerformDeps, perform } from './perform.ts';

export interface WorkerDeps extends PerformDeps, CommitDeps {
  readonly creating: Creating;
  /** A file turned out to be other than the ledger thinks: look at its name again. */
  readonly onDoubt: (path: SourcePath) => void;
  /** No content is in hand any more. */
  readonly onIdle?: () => void;
}

/** For an answer that fits neither the state nor the asset: doing nothing would ask again at once, and for ever. */
const misfit: ContentEvent = {
  type: 'trouble',
  code: 'bad_answer',
  reason: 'FLORA answered about another asset than the one asked for',
};

/**
 * Brings one content as far as it goes now: row -> action -> event -> row, each new row durable before the next effect.
 * Returns when the content is at its end, waits for a later time, or somebody else changed it meanwhile.
 *
 * @param admitted the row as it was read in this turn, or written a moment ago where only a reservation can come of it. If it
 *   is another by now, what comes of it is not written down.
 */
export async function advance(
  deps: WorkerDeps,
  contentId: number,
  signals: WorkSignals,
  admitted?: Admitted,
  onStep: (content: Content) => void = () => {},
): Promise<void> {
  let seen = admitted?.path;
  let content: Content | null | undefined = admitted?.content ?? deps.ledger.contents.get(contentId);
  while (!signals.stopping.aborted) {
    const nowMs = deps.clock.now();
    if (content == null || !isActive(content.state) || content.notBeforeMs > nowMs) return;
    const current = content;
    const action = nextAction(current, nowMs);
    const outcome = await perform(deps, current, action, signals, seen);
    if (outcome === null) {
      content = deps.ledger.contents.get(contentId);
      continue;
    }
    const next = await commitOutcome(deps, outcome.row ?? current, outcome, misfit, outcome.path ?? seen);
    for (const path of outcome.doubted) deps.onDoubt(path);
    if (next === null) return;
    if (next.state !== 'reserved') deps.gate.unreserved(contentId);
    onStep(next);
    // Whoever comes to wait for an asset waits for room like all others: the scheduler takes it when its turn comes.
    if (next.state === 'queued' && current.state !== 'queued') return;
    content = next.state === 'ready' ? await lookAtWhole(deps, next, signals) : next;
    seen = outcome.path;
  }
}

/** The first of its kind that is ready is looked at whole: what GET says of it may be news. */
async function lookAtWhole(deps: WorkerDeps, ready: Content, signals: WorkSignals): Promise<Content | null> {
  if (!deps.learning.isWanted(ready)) return null;
  const outcome = await deps.learning.look(ready, reading(signals));
  return outcome === null ? null : await commitOutcome(deps, ready, outcome);
}
