import type { InflightUpload, LivePace, LiveStatus } from '../control/protocol.ts';
import type { Content } from '../core/content.ts';
import { absolutePath, type FilePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FileInHand } from '../operations/in-hand.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Gate } from '../sync/flora/gate.ts';
import type { FolderFile } from '../sync/intake/admit.ts';
import type { InHand } from '../sync/intake/settling.ts';
import type { Engine } from './engine.ts';

/** What only the running engine knows, for `status`. */
export function liveStatus({ state, startedMs, ledger, flora, sentBytes, folderTroubles }: Engine): LiveStatus {
  const { gate, transfers, workspaces } = flora;
  return {
    pid: process.pid,
    state,
    since: startedMs,
    inflight: describeUploads(ledger, transfers.uploading, sentBytes),
    trouble: gate.trouble?.message ?? workspaces.notice,
    pace: livePace(gate),
    folders: Object.fromEntries([...folderTroubles].map(([path, trouble]) => [path, trouble.message])),
  };
}

/** What `status` says of FLORA's limit. */
function livePace(gate: Gate): LivePace | null {
  const nowMs = systemClock.monotonic();
  const kind = gate.pace.kind(nowMs);
  if (kind === null) return null;
  const closedMs = gate.closedForMs();
  const asksAgainMs = closedMs === 0 ? null : Math.round(systemClock.now() + closedMs);
  return { perMinute: gate.pace.learnedPerSecond(nowMs) * 60, kind, asksAgainMs };
}

/** The uploads under way as `status` shows them. */
function describeUploads(
  { contents, files }: Pick<Ledger, 'contents' | 'files'>,
  ids: ReadonlySet<number>,
  sentBytes: ReadonlyMap<number, number>,
): readonly InflightUpload[] {
  return [...ids].flatMap((id) => {
    const content = contents.get(id);
    return content === undefined ? [] : [describeUpload(content, files.sources(id)[0], sentBytes.get(id) ?? 0)];
  });
}

function describeUpload(content: Content, source: FilePath | undefined, sentBytes: number): InflightUpload {
  return {
    path: displayName(source === undefined ? content.fileName : absolutePath(source)),
    asset_id: content.assetId,
    state: content.state,
    sent_bytes: sentBytes,
    size: content.sizeBytes,
  };
}

/** A file in hand as other commands get it. */
export function describeInHand({ file, stat, isSettled, held }: InHand<FolderFile>): FileInHand {
  return {
    path: absolutePath(file),
    folder: file.root,
    size: stat.sizeBytes,
    changed: Math.round(Math.max(stat.mtimeMs, stat.ctimeMs)),
    phase: held !== null ? 'held' : isSettled ? 'reading' : 'changing',
    held_since: held?.sinceMs ?? null,
    held_by: held?.holders ?? [],
  };
}
