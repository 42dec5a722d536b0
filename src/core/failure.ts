/** Reasons that are not the file's own fault: it was acceptable, and still did not get there. Stored as written. */
export const failureCodes: ReadonlySet<string> = new Set([
  'unreadable',
  'read_error',
  'unreadable_directory',
  'mount_missing',
  'asset_failed',
  'asset_missing',
  'size_mismatch',
  'upload_refused',
]);

/**
 * What may be odd about a `ready` asset: FLORA converted it; it reports another size, and its bytes are others or cannot be
 * compared; it calls its state by a word that nobody knows. Stored as written.
 */
export const findingCodes: ReadonlySet<string> = new Set(['converted', 'other_size', 'unknown_status']);
