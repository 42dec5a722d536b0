import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorFromAnswer, readRetryAfter } from '../../../src/remote/answer-errors.ts';
import type { JsonAnswer } from '../../../src/remote/http.ts';
import { readRefusal } from '../../../src/remote/refusal.ts';

const nowMs = Date.parse('2026-11-27T20:00:00Z');

describe('how long FLORA asks to be left alone', () => {
  it('is what it names, in seconds or as a date', () => {
    assert.equal(readRetryAfter('7', nowMs), 7_000);
    assert.equal(readRetryAfter(' 7 ', nowMs), 7_000);
    assert.equal(readRetryAfter('1.5', nowMs), 1_500);
    assert.equal(readRetryAfter('Fri, 27 Nov 2026 20:00:30 GMT', nowMs), 30_000);
  });

  it('is a second at least, and a day at most', () => {
    assert.deepEqual(
      ['0', '0.999', '1', '86400', '86401'].map((header) => readRetryAfter(header, nowMs)),
      [1_000, 1_000, 1_000, 86_400_000, 86_400_000],
    );
    assert.equal(readRetryAfter('Fri, 27 Nov 2026 19:00:00 GMT', nowMs), 1_000, 'a date that is over');
  });

  it('is five seconds where it names none that can be read', () => {
    for (const header of [null, 'soon', '']) assert.equal(readRetryAfter(header, nowMs), 5_000, String(header));
  });

  const answer = (status: number, json: unknown, retryAfter: string | null = '7'): JsonAnswer =>
    ({ status, json, retryAfter, requestId: 'req_1', isReplayed: false, isCut: false }) as unknown as JsonAnswer;

  it('is heeded in a 429 and a 503, and means nothing elsewhere', () => {
    const waits = [402, 429, 500, 503].map((status) => errorFromAnswer('get', answer(status, {}), nowMs).retryAfterMs);
    assert.deepEqual(waits, [undefined, 7_000, undefined, 7_000]);
    assert.equal(errorFromAnswer('get', answer(429, {}, null), nowMs).retryAfterMs, undefined);
  });

  it('is up to a person where credits are spent, or the key is refused: it waits', () => {
    const told = [401, 402, 403].map((status) => {
      const { code, scope, disposition } = errorFromAnswer('reserve', answer(status, {}), nowMs);
      return [code, scope, disposition];
    });
    assert.deepEqual(told, [
      ['key_refused', 'service', 'wait'],
      ['credits', 'service', 'wait'],
      ['forbidden', 'service', 'wait'],
    ]);
  });

  it('comes with words of five hundred characters at most, twice where a field is named, and a code of sixty-four', () => {
    const long = 'x'.repeat(900);
    const said = (error: object) => errorFromAnswer('get', answer(400, { error }), nowMs).message;
    assert.equal(said({ message: long }), `FLORA answered 400: ${'x'.repeat(500)}`);
    const fields = [{ field: 'name', message: long }];
    assert.equal(said({ message: 'no', fields }), `FLORA answered 400: no (name: ${'x'.repeat(494)})`);
    assert.equal(said({ code: 'c'.repeat(64) }), `FLORA answered 400 ${'c'.repeat(64)}`);
    assert.equal(said({ code: 'c'.repeat(65) }), 'FLORA answered 400');
  });
});

describe('a word of FLORA’s', () => {
  it('is about the one file, also where we have the same word for something else', () => {
    const json = { error: { code: 'ledger_io', message: 'no' } };
    const error = errorFromAnswer('reserve', { status: 418, json, requestId: 'r', isReplayed: false } as JsonAnswer, 0);
    assert.deepEqual([error.code, error.scope, error.disposition], ['ledger_io', 'file', 'reject']);
  });
});

describe('what an upload host says', () => {
  it('has a code of sixty-four characters at most, and words of five hundred', () => {
    const xml = (code: string, message = '') =>
      readRefusal(
        Buffer.from(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`),
        'application/xml',
        [],
      );
    assert.equal(xml('c'.repeat(64)).code.length, 64);
    assert.equal(xml('c'.repeat(65)).code, '');
    assert.equal(xml('C', 'x'.repeat(900)).told.length, 500);
    assert.equal(xml('C', 'x'.repeat(497)).told, `C: ${'x'.repeat(497)}`);
  });

  it('hides what was sent along from sixteen characters on: less may be a word', () => {
    const told = (secret: string) => readRefusal(Buffer.from(`it was ${secret} here`), 'text/plain', [secret]).told;
    assert.equal(told('s'.repeat(16)), 'it was [redacted] here');
    assert.equal(told('s'.repeat(15)), `it was ${'s'.repeat(15)} here`);
  });
});
