import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { requestJson } from '../../../src/remote/http.ts';

const mostBytes = 40;

/** What is read of an answer with these headers and this body. */
function read(body: string | Buffer, headers: IncomingHttpHeaders = {}, status = 200) {
  const dispatch = (_: unknown, handler: Required<Dispatcher.DispatchHandler>) => {
    const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController;
    handler.onRequestStart(controller, {});
    handler.onResponseStart(controller, status, headers, '');
    handler.onResponseData(controller, Buffer.from(body));
    handler.onResponseEnd(controller, {});
    return true;
  };
  return requestJson({ dispatch } as unknown as Dispatcher, {
    ...{ origin: 'http://flora.example', path: '/', method: 'GET', headers: {}, body: null },
    signal: new AbortController().signal,
    setTimer: () => ({ cancel: () => {} }),
    maxBodyBytes: mostBytes,
  });
}

const silent = { requestId: null, isReplayed: false, retryAfter: null, dateMs: null, isCut: false };

describe('a JSON answer', () => {
  it('has its status, what its headers say, and nothing of what they leave out', async () => {
    assert.deepEqual(await read('{"a":1}', {}, 418), { ...silent, status: 418, json: { a: 1 } });
    const headers = {
      'request-id': 'req_1',
      'idempotent-replayed': 'true',
      'retry-after': '7',
      date: 'Thu, 01 Jan 1970 00:00:09 GMT',
    };
    const told = { requestId: 'req_1', isReplayed: true, retryAfter: '7', dateMs: 9_000, isCut: false };
    assert.deepEqual(await read('1', headers), { ...told, status: 200, json: 1 });
  });

  it('is replayed where that is said, and dated where that is a date', async () => {
    for (const word of ['false', 'True', '1', ''])
      assert.equal((await read('1', { 'idempotent-replayed': word })).isReplayed, false, word);
    for (const date of ['', 'yesterday']) assert.equal((await read('1', { date })).dateMs, null, date);
  });

  it('has the first of headers that come twice', async () => {
    const twice = { 'request-id': ['one', 'two'] } as unknown as IncomingHttpHeaders;
    assert.equal((await read('1', twice)).requestId, 'one');
  });

  for (const [what, body, headers] of [
    ['as it is', '{"a":1}', {}],
    ['behind a byte order mark', '\ufeff{"a":1}', {}],
    ['in a coding', gzipSync('{"a":1}'), { 'content-encoding': 'gzip' }],
    ['in a coding that is none', '{"a":1}', { 'content-encoding': 'identity' }],
  ] as const) {
    it(`is read ${what}`, async () => {
      assert.deepEqual(await read(body, headers), { ...silent, status: 200, json: { a: 1 } });
    });
  }

  for (const [what, body, headers] of [
    ['nothing', '', {}],
    ['no JSON', '<html>', {}],
    ['two byte order marks', '\ufeff\ufeff1', {}],
    ['in a coding that nobody knows', '1', { 'content-encoding': 'zstd' }],
    ['in another coding than it says', '1', { 'content-encoding': 'gzip' }],
  ] as const) {
    it(`is none where it is ${what}`, async () => {
      assert.deepEqual(await read(body, headers), { ...silent, status: 200, json: undefined });
    });
  }

  it('is cut where it is longer than is read, also when its coding is undone', async () => {
    const text = (length: number) => JSON.stringify('x'.repeat(length - 2));
    assert.deepEqual(await read(text(mostBytes)), { ...silent, status: 200, json: 'x'.repeat(mostBytes - 2) });
    for (const [body, headers] of [
      [text(mostBytes + 1), {}],
      [gzipSync(text(mostBytes + 1)), { 'content-encoding': 'gzip' }],
    ] as const)
      assert.deepEqual(await read(body, headers), { ...silent, status: 200, json: undefined, isCut: true });
  });
});
