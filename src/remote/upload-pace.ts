import { SyncError } from '../errors.ts';
import type { SendProgress, SendWatch } from './send-watch.ts';

/** Nothing of it moved any more, or no answer came. Null for an upload of which nothing was seen. */
export function stalledError(host: string, lengthBytes: number, progress: SendProgress | null): SyncError {
  const { sentBytes, seenMs, movedMs, hasLeft } = progress ?? nothingSeen;
  const waited = showSeconds(seenMs - movedMs);
  const rate = movedMs > 0 ? ` in ${showSeconds(movedMs)} (${showRate(sentBytes / movedMs)})` : '';
  const message = hasLeft
    ? `${host} gave no answer for ${waited} after all ${showBytes(lengthBytes)} had left${rate}`
    : `Nothing more could be sent to ${host} for ${waited}: ${showBytes(sentBytes)} of ${showBytes(lengthBytes)} were sent${rate}`;
  return new SyncError(message, { code: 'stalled', op: 'upload' });
}

const nothingSeen: SendProgress = { sentBytes: 0, seenMs: 0, movedMs: 0, hasLeft: false };

/** What a target that is over, or a line that is too slow for it, looks like. */
const mayBeLate: ReadonlySet<string> = new Set(['stalled', 'connection_lost', 'upload_refused']);

/**
 * The error of an upload, which also says what rate it needs where the file cannot arrive in its target's life. That life was
 * over by then, or would have been at the rate that was reached.
 */
export function withNeededRate(
  error: unknown,
  sizeBytes: number,
  livesForMs: number | null,
  watch: Pick<SendWatch, 'elapsedMs' | 'progress'>,
): unknown {
  if (!(error instanceof SyncError) || !mayBeLate.has(error.code)) return error;
  const elapsedMs = watch.elapsedMs();
  if (livesForMs === null || livesForMs <= 0 || elapsedMs === null) return error;
  const needed = sizeBytes / livesForMs;
  const { progress } = watch;
  const reached = progress === null ? null : rateOf(progress);
  const isOver = elapsedMs >= livesForMs;
  const isTooSlow = error.code === 'stalled' && reached !== null && reached < needed;
  if (!isOver && !isTooSlow) return error;
  const life = `Its ${showBytes(sizeBytes)} have to arrive in the ${showSeconds(livesForMs)} that were left to the target`;
  const had = reached === null || reached >= needed ? '' : `, and ${showRate(reached)} were reached`;
  const message = `${error.message}. ${life}: that needs at least ${showRate(needed, Math.ceil)}${had}`;
  const { code, scope, disposition, op, status, requestId, retryAfterMs, hint, cause } = error;
  return new SyncError(message, { code, scope, disposition, op, status, requestId, retryAfterMs, hint, cause });
}

/** Null where no time has passed. */
function rateOf({ sentBytes, hasLeft, movedMs, seenMs }: SendProgress): number | null {
  const tookMs = hasLeft ? movedMs : seenMs;
  return tookMs > 0 ? sentBytes / tookMs : null;
}

/** Decimal, as lines are sold: `900 kB`, `4.0 MB`. */
function showBytes(bytes: number): string {
  if (bytes < 999.5) return `${Math.round(bytes)} B`;
  const [unit, size] = bytes < 999_500 ? ['kB', 1e3] : bytes < 999.5e6 ? ['MB', 1e6] : ['GB', 1e9];
  const shown = bytes / Number(size);
  return `${shown < 9.95 && unit !== 'kB' ? shown.toFixed(1) : Math.round(shown)} ${unit}`;
}

/** @param rate bytes a millisecond, which is kB a second */
function showRate(rate: number, round: (rate: number) => number = Math.round): string {
  const shown = rate < 1 ? Math.max(0.1, round(rate * 10) / 10) : round(rate);
  return shown >= 1_000 ? `${showBytes(Math.max(rate, 1_000) * 1_000)}/s` : `${shown} kB/s`;
}

function showSeconds(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1_000))} s`;
}
