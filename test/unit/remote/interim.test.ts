import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { skipContinue } from '../../../src/remote/interim.ts';

describe('interim answers', () => {
  it('are dropped, several or in pieces, and none that is longer than 8 KiB', () => {
    const interim = (length: number) => `HTTP/1.1 103 Early\r\nx: ${'x'.repeat(length - 27)}\r\n\r\n`;
    const whole = 'HTTP/1.1 100 Continue\r\n\r\n';
    const last = 'HTTP/1.1 200 OK\r\n\r\n';
    const given = (...pieces: readonly string[]) => {
      const chunks = pieces.map((piece) => Buffer.from(piece));
      const socket = { read: () => chunks.shift() ?? null, write: () => true } as unknown as Socket;
      skipContinue(socket);
      const read: string[] = [];
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) read.push(String(chunk));
      return { read, socket, chunks };
    };
    assert.equal(interim(100).length, 100);
    assert.deepEqual(given(whole + whole + last, 'more').read, [last, 'more']);
    assert.deepEqual(given('H', 'TTP/1.1 10', '0 Continue\r\n\r', '\n', `${whole}HTTP`, '/1.1 200 OK').read, [
      'HTTP/1.1 200 OK',
    ]);
    assert.deepEqual(given('HTTP/1.1 101 Switching\r\n\r\n').read, ['HTTP/1.1 101 Switching\r\n\r\n']);
    assert.deepEqual(given('HTTP/1.1 10', '1 Switching\r\n\r\n').read, ['HTTP/1.1 101 Switching\r\n\r\n']);
    assert.deepEqual(given('220 ftp').read, ['220 ftp']);
    assert.deepEqual(given(interim(8_192) + last).read, [interim(8_192) + last], 'more than that came at once');
    assert.deepEqual(given(interim(8_192), last).read, [last]);
    assert.deepEqual(given(interim(8_193), last).read, [interim(8_193), last]);
    assert.deepEqual(given(interim(9_000).slice(0, 8_192)).read, []);
    assert.deepEqual(given(interim(9_000).slice(0, 8_193)).read, [interim(9_000).slice(0, 8_193)]);
    // Where the next request was written the next answer begins.
    const { socket, chunks } = given(last);
    chunks.push(Buffer.from(whole));
    assert.equal(String(socket.read()), whole, 'still the same answer');
    socket.write('the next');
    chunks.push(Buffer.from(whole + last));
    assert.equal(String(socket.read()), last);
  });
});
