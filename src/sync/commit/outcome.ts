import type { Content } from '../../core/content.ts';
import type { ContentEvent } from '../../core/event.ts';
import type { Action } from '../../core/next-action.ts';
import type { SyncError } from '../../errors.ts';
import type { SourcePath } from '../ports/ledger.ts';

/** What an action came to. `doubted` are files that turned out not to hold the bytes any more. */
export interface Outcome {
  readonly event: ContentEvent;
  readonly requestId: string | null;
  readonly doubted: readonly SourcePath[];
  /** Where the bytes were seen a moment ago, for the step that sends them. */
  readonly path?: SourcePath;
  /** The content's row, where the effect itself had to write it down. */
  readonly row?: Content;
}

/**
 * The one place that turns the error of a request into what it means for its content.
 *
 * @param wasUnclear of an upload: all bytes may have arrived with an earlier one
 */
export function eventFromError(action: Action, error: SyncError, wasUnclear = false): ContentEvent {
  switch (error.code) {
    case 'key_spent':
      return action.type === 'reserve' || action.type === 'renew'
        ? { type: 'key-spent', reason: error.message }
        : { type: 'conflict', reason: error.message };
    case 'conflict':
      // On `reserve` a conflict says nothing we know: another try with the same key will tell.
      return action.type === 'reserve' ? trouble(error) : { type: 'conflict', reason: error.message };
    case 'body_refused':
      return { type: 'body-refused', reason: error.message };
    case 'bytes_refused':
    case 'upload_refused':
      return {
        type: 'bytes-refused',
        reason: error.message,
        isAboutBytes: error.code === 'bytes_refused',
        wasUnclear,
      };
    case 'not_found':
      return { type: 'asset-missing', isControlled: false };
    default:
      if (error.disposition !== 'reject') return trouble(error);
      return rejection(action, error);
  }
}

/** Once bytes may be there, only the asset's own state decides what becomes of it. */
function rejection(action: Action, error: SyncError): ContentEvent {
  if (action.type === 'reserve' || action.type === 'upload') return refused(error);
  return action.type === 'renew' ? { type: 'conflict', reason: error.message } : trouble(error);
}

function trouble(error: SyncError): ContentEvent {
  return { type: 'trouble', code: error.code, reason: error.message, retryAfterMs: error.retryAfterMs ?? null };
}

function refused(error: SyncError): ContentEvent {
  return { type: 'refused', code: error.code, reason: error.message };
}
