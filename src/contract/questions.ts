export interface Question {
  readonly text: string;
  /** What FLORA's documents say, what they say otherwise after a semicolon. */
  readonly documented: string;
}

// S: the two documents this was built from. K: the SDK @flora-ai/flora. O: FLORA's OpenAPI 1.6.0. D: developer.flora.ai.
// M: measured live by others, July to October 2026.
export const sources =
  'S: reference of the Assets API, K: SDK @flora-ai/flora, O: OpenAPI 1.6.0, D: developer.flora.ai, M: measured by others';

const notReady = '409 conflict [D errors]; 400 or 422 [D guide]';
const notThere = '404 [S K O]; 422 [K]';

/** The questions on which those disagree, in the order of the table. */
export const questions = {
  '1a': { text: 'GET /workspaces', documented: '200 {workspaces, meta} [S K O]' },
  '1b': { text: 'is the configured workspace listed', documented: 'yes' },
  '2a': { text: 'POST /assets for a signed upload', documented: '201 [S K O]' },
  '2b': {
    text: 'names of its members',
    documented: 'asset_id, status, uploaded_via, url, visibility, workspace_id, perhaps expires_at, upload, upload_url',
  },
  '2c': {
    text: 'members of upload',
    documented: 'snake_case [S K O M], or upload_url alone [K]; camelCase, or not all of them [D, K before May 2026]',
  },
  '2d': {
    text: 'kind and method of the upload',
    documented: 'form, POST [S K O]; PUT [D, older K]; not said [older K]',
  },
  '2e': { text: 'form of expires_at', documented: 'ISO 8601 with a zone, or absent [S K O]' },
  '2f': { text: "how long the target lives, by FLORA's date", documented: 'about 15 min [M]; any time from 1 min on' },
  '2g': { text: 'host of the target', documented: 'storage.googleapis.com [K M]; upload.imagekit.io [S, before July]' },
  '2h': {
    text: 'names of the form fields',
    documented: 'Content-Type, key, policy, x-goog-* [M]; token, signature, expire and the like, or none [D]',
  },
  '2i': { text: 'status of a reservation', documented: 'pending_upload [S K O]' },
  '3a': {
    text: 'the same Idempotency-Key and body again',
    documented: '409 idempotency_duplicate [S O]; the first answer, with idempotent-replayed [D]',
  },
  '4a': { text: 'the bytes to the target', documented: 'any 2xx [S K]' },
  '4b': { text: 'the same bytes to the same target again', documented: 'any 2xx [M]; 400, 401 or 403 (ImageKit) [M]' },
  '5a': { text: 'complete with {} as its body', documented: 'takes no body, so 400 or 422 [S K O D]; 200 [M]' },
  '5b': { text: 'complete without a body', documented: '200 [S K O D]; 400 invalid_json [M]' },
  '5c': { text: 'status and url that complete answers', documented: 'ready or pending_upload; a URL or null [S K O]' },
  '6a': { text: 'complete of a ready asset', documented: notReady },
  '6b': { text: 'complete of an unknown id', documented: notThere },
  '6c': { text: 'retry of a ready asset', documented: notReady },
  '6d': { text: 'retry of a pending one that has its target', documented: notReady },
  '6e': { text: 'retry of an unknown id', documented: notThere },
  '7a': { text: 'GET right after complete', documented: '200, ready or pending_upload [S K O]' },
  '7b': { text: 'from complete until it is ready', documented: 'at once [M], or within a minute; up to 2 min [K]' },
  '8a': { text: 'size_bytes of a ready asset', documented: 'what was sent; null [S K O]' },
  '8b': { text: 'content_type, upload_content_type', documented: 'both as sent; upload_content_type null [S K O]' },
  '8c': { text: 'created_at in GET', documented: 'ISO 8601 with a zone, or null [S K O]' },
  '9a': { text: 'the bytes behind url', documented: 'those that were sent [M]; others (ImageKit) [M]' },
  '9b': { text: 'host of url', documented: 'media.flora.ai [M]; ik.imagekit.io [M, before July]' },
  '10a': { text: 'members of a page of GET /assets', documented: 'assets, meta {next_cursor, perhaps total_estimate}' },
  '10b': {
    text: 'members of an item',
    documented:
      'asset_id, content_type, created_at, description, height, name, size_bytes, status, upload_content_type, ' +
      'uploaded_via, url, width, workspace_id, perhaps node_id, project_id',
  },
  '10c': { text: 'form of next_cursor', documented: 'opaque text; null on the last page [S K O]' },
  '10d': { text: 'following the cursor once', documented: '200, the next item [S K O]' },
  '10e': { text: 'is our asset in the first 5 pages of 100', documented: 'yes; any order [S K O]' },
  '10f': { text: 'created_at in a listing', documented: 'integer [S K O], taken for milliseconds; null' },
  '10g': { text: 'order of a listing', documented: 'not said; newest first is hoped for' },
  '11a': {
    text: 'POST /assets with a malformed project_id',
    documented: '400 or 422 input_validation_error [O]; 500 unknown_error [M]',
  },
  '12a': { text: 'GET of an unknown id', documented: '404 not_found [S K O]' },
  '12b': { text: 'form of all errors that were seen', documented: '{"error": {code, message}} [O D]' },
  '12c': { text: 'codes of all errors that were seen', documented: 'those of O, D and M' },
  '12d': { text: 'request-id on answers and errors', documented: 'on every one [D M]' },
  '13a': { text: 'retry-after with 429', documented: 'in seconds [D]; absent [M]' },
} as const satisfies Record<string, Question>;

export type QuestionId = keyof typeof questions;
