import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UploadTarget } from '../../../src/core/content.ts';
import { SyncError } from '../../../src/errors.ts';
import { throwUnlessAccepted } from '../../../src/remote/upload-answer.ts';

const url = new URL('https://storage.example/put');
const put: UploadTarget = { kind: 'put', url: url.href };

interface Given {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly at?: URL;
  readonly target?: UploadTarget;
}

/** What the answer comes to; null where the bytes were taken. */
function judged(status: number, { headers = {}, body = '', at = url, target = put }: Given = {}): SyncError | null {
  try {
    throwUnlessAccepted({ status, headers, body: Buffer.from(body), isTooLong: false }, at, target, 0);
    return null;
  } catch (error) {
    assert.ok(error instanceof SyncError, String(error));
    assert.deepEqual([error.op, error.status], ['upload', status]);
    return error;
  }
}

describe('the answer to an upload', () => {
  const codes: readonly (readonly [status: number, code: string | undefined])[] = [
    [200, undefined],
    [204, undefined],
    [299, undefined],
    [300, 'upload_refused'],
    [399, 'upload_refused'],
    [400, 'upload_refused'],
    [403, 'upload_refused'],
    [408, 'stalled'],
    [413, 'bytes_refused'],
    [429, 'target_rate_limited'],
    [430, 'upload_refused'],
    [499, 'upload_refused'],
    [500, 'server_error'],
    [503, 'server_error'],
  ];
  for (const [status, code] of codes) {
    it(`with ${status} is ${code ?? 'that it was taken'}`, () => {
      const error = judged(status);
      assert.equal(error?.code, code);
      const isRedirect = status >= 300 && status < 400;
      const more = isRedirect ? ', and redirects are not followed' : '';
      if (error !== null) assert.equal(error.message, `The upload target answered ${status}${more}`);
    });
  }

  it('that is a web page is none of a storage, be it a 200', () => {
    for (const type of ['text/html', 'TEXT/HTML; charset=utf-8']) {
      const error = judged(200, { headers: { 'content-type': type } });
      assert.equal(error?.code, 'not_storage');
      const what = 'with a web page: something in between answers in its place';
      assert.equal(error?.message, `The upload target answered 200 ${what}`);
    }
    for (const type of ['text/htmlx', 'application/text/html', 'application/xml', ''])
      assert.equal(judged(200, { headers: { 'content-type': type } }), null, type);
  });

  it('says how long to wait where it is asked too often', () => {
    assert.equal(judged(429, { headers: { 'retry-after': '7' } })?.retryAfterMs, 7_000);
    assert.equal(judged(429)?.retryAfterMs, 5_000);
    assert.equal(judged(503, { headers: { 'retry-after': '7' } })?.retryAfterMs, undefined);
    const soon = judged(429, { headers: { 'retry-after': new Date(9_000).toUTCString() } });
    assert.equal(soon?.retryAfterMs, 9_000, 'by our clock');
  });

  it('tells what the storage says for itself, by its type', () => {
    const said = (status: number, type: string) =>
      judged(status, { headers: { 'content-type': type }, body: 'no such luck' })?.message;
    for (const status of [400, 429, 500]) {
      assert.equal(said(status, 'text/plain'), `The upload target answered ${status}: no such luck`);
      assert.equal(said(status, 'image/png'), `The upload target answered ${status}`);
      const untyped = judged(status, { body: 'no such luck' })?.message;
      assert.equal(untyped, `The upload target answered ${status}: no such luck`);
    }
  });

  it('that points elsewhere names the host, seen from the target', () => {
    const told = (location: string) => judged(302, { headers: { location } })?.message;
    const message = (where: string) => `The upload target answered 302${where}, and redirects are not followed`;
    assert.equal(told('/other?token=1'), message(' (to storage.example)'));
    assert.equal(told('https://login.example:8443/x'), message(' (to login.example:8443)'));
    assert.equal(told('http://['), message(''));
  });
});

describe('a refusal that repeats what was sent', () => {
  const long = 'c0ffee00c0ffee00';
  const said = (body: string, given: Given) =>
    judged(403, { ...given, headers: { 'content-type': 'text/plain' }, body })?.message.replace(/^.*403: /, '');
  const signed = (query: string) => ({ at: new URL(`https://storage.example/put?${query}`) });

  it('hides the query, and each value of it, plain and as it was written', () => {
    assert.equal(said(`it was a=1&b=2&c=34567890 there`, signed('a=1&b=2&c=34567890')), 'it was [redacted] there');
    assert.equal(said(`it was ${long} there`, signed(`a=${long}`)), 'it was [redacted] there');
    const spaced = 'a b c d e f g h i j';
    const written = encodeURIComponent(spaced);
    assert.equal(said(`it was ${spaced} there`, signed(`a=${written}`)), 'it was [redacted] there');
    assert.equal(said(`it was ${written} there`, signed(`a=${written}&b=1`)), 'it was [redacted] there');
  });

  it('hides the longest first: one may be part of another', () => {
    const query = `a=${long}&b=${long}${long}`;
    assert.equal(said(`it was ${long}${long}, ${long}.`, signed(query)), 'it was [redacted], [redacted].');
    const reversed = `b=${long}${long}&a=${long}`;
    assert.equal(said(`it was ${long}${long}, ${long}.`, signed(reversed)), 'it was [redacted], [redacted].');
  });

  it('hides the fields of its form, but for those that a refusal may be about', () => {
    const form = (name: string): UploadTarget => {
      return { kind: 'form', url: url.href, fileField: 'file', formFields: { [name]: long } };
    };
    const shown = (name: string) => said(`it was ${long} there`, { target: form(name) });
    for (const name of ['policy', 'x-amz-meta', 'my-key', 'keys', 'success_action'])
      assert.equal(shown(name), 'it was [redacted] there', name);
    for (const name of ['Content-Type', 'content-disposition', 'cache-control', 'key', 'bucket', 'ACL'])
      assert.equal(shown(name), `it was ${long} there`, name);
    assert.equal(shown('success_action_status'), `it was ${long} there`);
    assert.equal(said(`it was ${long} there`, {}), `it was ${long} there`);
  });
});
