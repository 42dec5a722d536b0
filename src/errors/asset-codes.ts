import type { CodeEntry } from './code.ts';

/** Why a content waits, was rejected or is odd: what FLORA and its upload targets say of one asset. */
export const assetCodes = {
  key_spent: {
    scope: 'file',
    meaning: 'The idempotency key of the request is used up, without an answer to show for it.',
    cure: 'Nothing: another key is tried.',
  },
  conflict: {
    scope: 'file',
    meaning: 'FLORA refuses the step, because the asset is in another state than was thought.',
    cure: 'Nothing: FLORA is asked how the asset stands.',
  },
  invalid_json: {
    scope: 'file',
    meaning: 'FLORA calls the body of the request invalid.',
    cure: 'Nothing: the other documented form is tried.',
  },
  body_refused: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'FLORA refuses the form of the request, which its documents give in two ways.',
    cure: 'Nothing: the other form is tried.',
  },
  not_found: {
    scope: 'file',
    meaning: 'FLORA answers 404 or 410 for the asset; of a command: the daemon has no such request.',
    cure: 'Nothing at first: it counts as missing only after a second look. See `on_missing`.',
  },
  server_error: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'FLORA or the storage behind it failed (5xx, 408 or 425).',
    cure: 'Nothing: it is tried again.',
  },
  connection_lost: {
    scope: 'file',
    meaning: 'The connection broke after the request had gone out, so it is not known what came of it.',
    cure: 'Nothing: FLORA is asked how it stands.',
  },
  wire_trouble: {
    scope: 'service',
    meaning: 'A host gives nothing but the same answer that is not HTTP.',
    cure: 'See what answers there (`FLORA_BASE_URL`, a proxy, a firewall); it is tried on.',
  },
  bad_answer: {
    scope: 'file',
    meaning: 'An answer of FLORA could not be read.',
    cure: 'Nothing at first: it is tried again. If it stays, look for a newer version.',
  },
  not_understood: {
    scope: 'file',
    meaning: 'FLORA answered a reservation in a way that this version does not know; it has made an asset by it.',
    cure: 'Look for a newer version; `flora-sync contract` shows what FLORA answers.',
  },
  creation_slow: {
    scope: 'file',
    meaning: 'The budget of assets without bytes is spent, so new ones are tried one at a time.',
    cure: 'See the reason beside it; `flora-sync retry` opens the budget again.',
  },
  target_refused: {
    scope: 'file',
    disposition: 'reject',
    meaning: 'FLORA named an upload target that is not safe: no HTTPS, or a private address. Nothing was sent there.',
    cure: 'See who answers in the place of FLORA; then `flora-sync retry`.',
  },
  target_rate_limited: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'The upload target asks to wait.',
    cure: 'Nothing: it waits and goes on.',
  },
  stalled: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'An upload or a download stood still.',
    cure: 'Nothing: it is tried again, with fewer at once. The message names the rate that a file needs.',
  },
  not_storage: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'Something in between answered in the place of the upload target.',
    cure: 'See the proxy or portal on the way.',
  },
  bytes_refused: {
    scope: 'file',
    meaning: 'The upload target refused the bytes themselves. They are sent once more.',
    cure: 'See the reason; the file may have to be made anew.',
  },
  upload_refused: {
    scope: 'file',
    meaning: 'The upload target refused the upload.',
    cure: 'Nothing while it waits: the asset gets another target. Once rejected: mend the reason, then `flora-sync retry`.',
  },
  upload_unclear: {
    scope: 'file',
    meaning: 'No answer told whether the bytes arrived, and the target takes no more.',
    cure: 'Nothing: FLORA is asked to complete the asset.',
  },
  complete_refused: {
    scope: 'file',
    meaning: 'FLORA refuses to complete an asset whose bytes its storage had accepted.',
    cure: 'Nothing: FLORA is asked how the asset stands.',
  },
  not_renewable: {
    scope: 'file',
    meaning: 'FLORA makes no other upload target for the asset.',
    cure: 'Nothing: it waits until the old one is over, a day at most.',
  },
  superseded: {
    scope: 'file',
    meaning: 'The reservation had no usable target and could not be renewed: another asset takes its place.',
    cure: 'Nothing: it never had bytes, and never becomes ready.',
  },
  processing: {
    scope: 'file',
    meaning: 'FLORA is processing the upload.',
    cure: 'Nothing.',
  },
  asset_failed: {
    scope: 'file',
    meaning: 'FLORA failed to process the bytes.',
    cure: 'See its reason; open the file to see that it is sound, then `flora-sync retry`.',
  },
  asset_missing: {
    scope: 'file',
    meaning: 'The asset is not in FLORA any more, or is not shown at the moment.',
    cure: '`flora-sync retry` sends the file again; `on_missing = "upload"` does so by itself.',
  },
  match_listing: {
    scope: 'file',
    meaning: 'The file waits until the listing of FLORA was read, which may have its bytes already.',
    cure: 'Nothing; if the listing cannot be read, see the reason. `flora-sync retry` sends it all the same.',
  },
  match_more: {
    scope: 'file',
    meaning: 'There is more in FLORA to compare the file with.',
    cure: 'Nothing.',
  },
  match_pending: {
    scope: 'file',
    meaning: 'An upload of the same name is still open in FLORA, and may be this file.',
    cure: 'Nothing: it is decided within a day. `flora-sync retry` sends it all the same.',
  },
  match_taken: {
    scope: 'file',
    meaning: 'Another file has just been found to be the asset.',
    cure: 'Nothing: the search goes on.',
  },
  match_unreadable: {
    scope: 'file',
    meaning: 'FLORA has an asset that may be this file and cannot be compared.',
    cure: 'Mend the reason, or `flora-sync retry`: it sends the file all the same.',
  },
  url_rate_limited: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'The host behind the URL of the asset asks to wait.',
    cure: 'Nothing: it waits and goes on.',
  },
  url_redirected: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'The URL of the asset answers with a redirect, which is not followed.',
    cure: 'See who answers in the place of that host.',
  },
  url_refused: {
    scope: 'file',
    disposition: 'reject',
    meaning: 'FLORA gave the asset a URL that is not safe: no HTTPS, or a private address. Nothing was fetched.',
    cure: 'See who answers in the place of FLORA.',
  },
  url_unreadable: {
    scope: 'file',
    meaning: 'The bytes behind the URL of the asset cannot be had.',
    cure: 'See the reason; what FLORA does not hand out cannot be compared.',
  },
  converted: {
    scope: 'file',
    meaning: 'The asset is ready; FLORA converted the file to another type.',
    cure: 'Nothing, if that is meant.',
  },
  other_size: {
    scope: 'file',
    meaning: 'The asset is ready, and FLORA reports another size than the file has.',
    cure: 'Open the asset and see that it is whole; `flora-sync verify --download` compares the bytes.',
  },
  size_mismatch: {
    scope: 'file',
    meaning: 'An earlier version gave the file up because FLORA reported another size.',
    cure: '`flora-sync retry` takes it up again.',
  },
  unknown_status: {
    scope: 'file',
    meaning: 'FLORA calls the asset by a state that this version does not know. Nothing is concluded from it.',
    cure: 'Look for a newer version; `flora-sync contract` shows what FLORA answers.',
  },
  cursor_loop: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'The listing of FLORA has no end. Nothing is concluded from it.',
    cure: 'Nothing: it is read again later.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
