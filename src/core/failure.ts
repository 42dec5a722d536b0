import type { ContentState } from './content.ts';

// A file has failed if it was acceptable, is there, and is not in FLORA or not any more, whoever refused it. That is what `sync` counts
// as failed and `retry --failed` tries again. What never was acceptable is rejected.

/** A file's problems by which it has failed: nobody knows whether it is acceptable. Any other is its own. Stored as written. */
export const failureCodes: ReadonlySet<string> = new Set([
  'unreadable',
  'read_error',
  'unreadable_directory',
  'mount_missing',
]);

/** States of a content in which its files have failed: only what was acceptable has a content. */
export const failedStates: ReadonlySet<ContentState> = new Set(['rejected', 'missing']);
