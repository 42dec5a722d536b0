import type { SyncError } from '../../errors.ts';
import type { RemotePort } from '../ports/flora.ts';
import type { LogPort } from '../ports/runtime.ts';
import { isRefusal } from './call.ts';
import type { Gate } from './gate.ts';
import type { Place } from './listing.ts';
import { askFlora } from './request.ts';

export interface WorkspaceCheckDeps {
  readonly log: LogPort;
  readonly places: readonly Place[];
}

export interface WorkspaceAsking {
  readonly remote: Pick<RemotePort, 'workspaceIds'>;
  readonly gate: Gate;
}

/**
 * Looks once, at the start, whether the key's workspaces include those of the settings. It proves nothing (the list may have more
 * pages), but FLORA answers a wrong workspace or project with 500 `unknown_error`, which says less.
 */
export class WorkspaceCheck {
  readonly #deps: WorkspaceCheckDeps;
  #hasAnswered = false;
  #notice: string | null = null;

  constructor(deps: WorkspaceCheckDeps) {
    this.#deps = deps;
  }

  /** What a person should know; null when nothing is odd. */
  get notice(): string | null {
    return this.#notice;
  }

  async run({ remote, gate }: WorkspaceAsking, signal: AbortSignal): Promise<void> {
    const { places } = this.#deps;
    const signals = { stopping: signal, abort: signal };
    const ask = () => askFlora(gate, signals, { op: 'workspaces', file: null }, () => remote.workspaceIds(signal));
    let asked = await ask();
    // Trouble with the service is waited out at the gate; who may not see the list does without it.
    while (asked?.kind === 'error' && asked.error.scope === 'service' && !isRefusal(asked.error)) asked = await ask();
    if (asked === null || asked.kind === 'error') return;
    this.#hasAnswered = true;
    const known = asked.value.value;
    const missing = [...new Set(places.map(({ workspaceId }) => workspaceId))].filter((id) => !known.includes(id));
    if (missing.length === 0) return;
    this.#notice =
      `${missing.join(', ')} is not among the workspaces that the key can see (${known.join(', ') || 'none'}): ` +
      'FLORA_WORKSPACE_ID may be wrong';
    this.#deps.log.warn({ code: 'workspace_unknown' }, this.#notice);
  }

  /** What is behind it when FLORA answers every reservation with an error of its own, and other calls well. */
  suspect({ op, status }: SyncError): string | null {
    if (op !== 'reserve' || status !== 500) return null;
    if (this.#notice !== null) return this.#notice;
    if (!this.#hasAnswered) return null;
    return 'it answers other calls, so the ids may be wrong: see FLORA_WORKSPACE_ID and FLORA_SYNC_PROJECT_ID';
  }
}
