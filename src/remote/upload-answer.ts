import type { UploadTarget } from '../core/content.ts';
import { SyncError } from '../errors.ts';
import { readRetryAfter } from './answer-errors.ts';
import { type HttpAnswer, headerOf } from './exchange.ts';
import { isAboutBytes, isTooSlow, readRefusal } from './refusal.ts';

/** Returns for a storage's 2xx, and throws what `sendUpload` says for all other answers. */
export function throwUnlessAccepted(answer: HttpAnswer, url: URL, target: UploadTarget, nowMs: number): void {
  const { status } = answer;
  const common = { op: 'upload', status };
  if (status < 300) {
    if (!/^text\/html\b/i.test(headerOf(answer, 'content-type') ?? '')) return;
    // No storage says so to an upload; a captive portal does, and swallows the bytes.
    throw notStorage(status, 'with a web page');
  }
  const refusal = readRefusal(answer.body, headerOf(answer, 'content-type') ?? '', secretsOf(url, target));
  const message = `The upload target answered ${status}${refusal.told === '' ? '' : `: ${refusal.told}`}`;
  if (status === 429) {
    const retryAfterMs = readRetryAfter(headerOf(answer, 'retry-after'), nowMs);
    throw new SyncError(message, { ...common, code: 'target_rate_limited', retryAfterMs });
  }
  if (isTooSlow(status, refusal)) throw new SyncError(message, { ...common, code: 'stalled' });
  if (status >= 500) throw new SyncError(message, { ...common, code: 'server_error' });
  if (status < 400) {
    const told = `The upload target answered ${status}${pointedTo(answer, url)}, and redirects are not followed`;
    throw new SyncError(told, { ...common, code: 'upload_refused' });
  }
  const code = isAboutBytes(status, refusal) ? 'bytes_refused' : 'upload_refused';
  throw new SyncError(message, { ...common, code });
}

export function notStorage(status: number, how: string): SyncError {
  return new SyncError(`The upload target answered ${status} ${how}: something in between answers in its place`, {
    code: 'not_storage',
    op: 'upload',
    status,
  });
}

/** The host alone: what stands behind it may be a signed URL. */
function pointedTo(answer: HttpAnswer, url: URL): string {
  const location = headerOf(answer, 'location');
  if (location === null || !URL.canParse(location, url.href)) return '';
  return ` (to ${new URL(location, url).host})`;
}

/** What a form says in the open, and what a refusal may be about. */
const openFields = /^(content-type|content-disposition|cache-control|key|bucket|acl|success_action_\w+)$/i;

/** What was sent to the target for it to let us in. */
function secretsOf(url: URL, target: UploadTarget): readonly string[] {
  const named = target.kind === 'form' ? Object.entries(target.formFields) : [];
  const fields = named.flatMap(([name, value]) => (openFields.test(name) ? [] : [value]));
  const query = url.search.slice(1);
  const values = [...url.searchParams.values()];
  const secrets = [query, ...values, ...values.map(encodeURIComponent), ...fields];
  // The longest first: one may be part of another.
  return secrets.sort((a, b) => b.length - a.length);
}
