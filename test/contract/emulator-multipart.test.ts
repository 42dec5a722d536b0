// The multipart reader: every way to cut the same body into chunks reads the same, and what breaks the format is refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { boundaryOf, MultipartError, readMultipart } from '../../src/emulator/multipart.ts';

const lines = (...all: string[]) => all.join('\r\n');
const part = (disposition: string, ...rest: string[]) =>
  lines(`Content-Disposition: form-data; ${disposition}`, ...rest);
const body = lines(
  '--B',
  part('name="a"', '', 'one'),
  '--B',
  part('name="file"; filename="x \\"y\\" %22z%22.png"', 'Content-Type: image/png', '', '\r\n--\r\n--b\r\n--', ''),
  '--B--',
  '',
);

async function read(text: string, chunkBytes = text.length): Promise<readonly unknown[]> {
  async function* chunks() {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const parts: { name: string; fileName: string | undefined; data: string }[] = [];
  for await (const event of readMultipart(chunks(), 'B')) {
    if (event.type === 'part') parts.push({ name: event.name, fileName: event.fileName, data: '' });
    const last = parts.at(-1);
    if (event.type === 'data' && last !== undefined) last.data += event.bytes.toString();
  }
  return parts;
}

describe('the multipart reader', () => {
  it('reads the same parts whatever the size of the chunks, down to one byte', async () => {
    const expected = [
      { name: 'a', fileName: undefined, data: 'one' },
      { name: 'file', fileName: 'x "y" "z".png', data: '\r\n--\r\n--b\r\n--\r\n' },
    ];
    for (let chunkBytes = 1; chunkBytes <= body.length; chunkBytes += 1) {
      assert.deepEqual(await read(body, chunkBytes), expected, `chunks of ${chunkBytes}`);
    }
  });

  it('refuses the body cut at any byte before its closing boundary is whole', async () => {
    for (let sizeBytes = 0; sizeBytes < body.length - 2; sizeBytes += 1) {
      await assert.rejects(read(body.slice(0, sizeBytes)), MultipartError, `cut at ${sizeBytes}`);
    }
  });

  const malformed: Readonly<Record<string, string>> = {
    'a preamble': `preamble\r\n${body}`,
    'an epilogue': `${body}epilogue`,
    'bare line feeds': body.replaceAll('\r\n', '\n'),
    'a boundary with something behind it': body.replace('--B\r\n', '--B \r\n'),
    'a part without a name': body.replace('; name="a"', ''),
    'an unquoted name': body.replace('name="a"', 'name=a'),
    'a part that is no form-data': body.replace('form-data', 'attachment'),
    'a header without a colon': body.replace('Content-Type:', 'Content-Type'),
    'a repeated header': body.replace('Content-Type: image/png', 'Content-Type: a/b\r\nContent-Type: a/b'),
    'headers that do not end': `--B\r\n${'x'.repeat(20_000)}`,
  };
  for (const [what, text] of Object.entries(malformed)) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(read(text), MultipartError);
    });
  }

  it('takes the boundary bare or quoted, and no other content type', () => {
    assert.equal(boundaryOf('multipart/form-data; boundary=abc'), 'abc');
    assert.equal(boundaryOf('Multipart/Form-Data;boundary="a b"'), 'a b');
    for (const contentType of [undefined, 'multipart/form-data', 'multipart/mixed; boundary=a', 'application/json']) {
      assert.throws(() => boundaryOf(contentType), MultipartError);
    }
  });
});
