import type { InflightUpload } from './control.ts';
import type { Content } from './core/content.ts';
import { absolutePath, type FilePath } from './core/entry.ts';
import { displayName } from './core/name.ts';
import type { SyncError } from './errors.ts';
import type { Logger } from './logger.ts';

/** One line when the door to FLORA closes (error) or opens again (null). */
export function tellGate(log: Logger, trouble: SyncError | null): void {
  if (trouble === null) {
    log.info({}, 'FLORA answers again');
    return;
  }
  const { code, requestId, retryAfterMs, hint } = trouble;
  const facts = { code, request_id: requestId, retry_after_ms: retryAfterMs, hint };
  log.warn(facts, `${trouble.message}; nothing is lost, uploads go on when it is over`);
}

/** One line when a folder cannot be read (error) or can again (null). */
export function tellFolder(log: Logger, path: string, trouble: SyncError | null): void {
  if (trouble === null) log.info({ folder: path }, 'the folder can be read again');
  else log.error({ folder: path, code: trouble.code, hint: trouble.hint }, trouble.message);
}

/** An upload under way as `status` shows it. */
export function describeUpload(content: Content, source: FilePath | undefined, sentBytes = 0): InflightUpload {
  return {
    path: displayName(source === undefined ? content.fileName : absolutePath(source)),
    asset_id: content.assetId,
    state: content.state,
    sent_bytes: sentBytes,
    size: content.sizeBytes,
  };
}
