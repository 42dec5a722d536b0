import type { RemotePort } from '../ports/flora.ts';
import type { Call } from './call.ts';
import type { Gate } from './gate.ts';
import { askFlora, patiently, type WorkSignals } from './request.ts';

/** Of so many other assets one at least must be shown, or a 404 proves nothing. */
export const mostControls = 3;

interface ControlDeps {
  readonly remote: RemotePort;
  readonly gate: Gate;
}

interface Controlled {
  readonly workspaceId: string;
  /** The asset that FLORA answers 404 for. */
  readonly assetId: string;
  /** Others that are certainly there; none for those that a listing shows. */
  readonly known: readonly string[];
  /** The file that it is about. */
  readonly file: Call['file'];
}

/**
 * Whether GET shows any other asset of the workspace just now: a 404 also hides what is there. `empty` where FLORA lists no asset at
 * all; null when the signals, or trouble, cut it short.
 */
export async function showsOthers(
  { gate, remote }: ControlDeps,
  { workspaceId, assetId, known, file }: Controlled,
  signals: WorkSignals,
): Promise<'some' | 'none' | 'empty' | null> {
  let controls = known;
  let isEmpty = false;
  if (controls.length === 0) {
    const query = { workspaceId, projectId: null, limit: mostControls };
    const page = await patiently(() =>
      askFlora(gate, signals, { op: 'list', file }, () => remote.list(query, null, signals.abort)),
    );
    if (page === null) return null;
    if (page.kind === 'error') return 'none';
    const { assets, anonymous, unreadable, nextCursor } = page.value.value;
    isEmpty = assets.length + anonymous.length + unreadable === 0 && nextCursor === null;
    controls = assets.map((asset) => asset.assetId).filter((id) => id !== assetId);
  }
  for (const control of controls) {
    const asked = await patiently(() =>
      askFlora(gate, signals, { op: 'check', file }, () => remote.get(control, signals.abort)),
    );
    if (asked === null) return null;
    if (asked.kind === 'answer' && asked.value.value.assetId === control) return 'some';
  }
  return isEmpty ? 'empty' : 'none';
}
