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
