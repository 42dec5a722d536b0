import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBaseUrl } from '../../../src/config/parse.ts';
import { isLoopbackHost } from '../../../src/core/host.ts';
import { checkUploadUrl } from '../../../src/remote/addresses.ts';

// What URL makes of each as a host name: null where it knows none.
const spelt = (host: string) => (URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : null);

/** Certainly this machine: the key may go there unencrypted. */
const here = ['localhost', 'LOCALHOST', '127.0.0.1', '127.0.0.1.', '127.1', '127.255.255.254', '0x7f000001'];
const hereToo = ['2130706433', '[::1]', '[0:0:0:0:0:0:0:1]', '[::0.0.0.1]'];

/** May lead here, by whatever a resolver or the kernel makes of it: neither the key nor an upload goes there. */
const doubtful = [
  'localhost.',
  'flora.localhost',
  'a.b.localhost.',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::7f00:1]',
];

const elsewhere = [
  'example.com',
  'localhost.example',
  'notlocalhost',
  '127.0.0.1.example.com',
  '128.0.0.1',
  '[2606::1]',
];

describe('what is this machine', () => {
  for (const host of [...here, ...hereToo]) {
    it(`is ${host}: the key may go there in plain, an upload may not`, () => {
      assert.ok(isLoopbackHost(spelt(host) ?? ''));
      assert.ok(parseBaseUrl(`http://${host}:8787/v1`).ok);
      assert.throws(() => checkUploadUrl(`https://${host}/`, false), /private address/);
    });
  }

  for (const host of doubtful) {
    it(`may be ${host}: neither may go there`, () => {
      assert.ok(!isLoopbackHost(spelt(host) ?? ''));
      assert.ok(!parseBaseUrl(`http://${host}:8787/v1`).ok);
      assert.throws(() => checkUploadUrl(`https://${host}/`, false), /private address/);
    });
  }

  for (const host of elsewhere) {
    it(`is not ${host}`, () => {
      assert.ok(!isLoopbackHost(spelt(host) ?? ''));
      assert.ok(!parseBaseUrl(`http://${host}/`).ok);
    });
  }

  it('is an address without its brackets too, and nothing that is none', () => {
    assert.ok(isLoopbackHost('::1'));
    for (const host of [
      '',
      '.',
      '[::1',
      '::1]',
      '::',
      '::2',
      '127',
      '127.1',
      '127.0.0.256',
      '127.0.0.1.1',
      'localhost:80',
    ])
      assert.ok(!isLoopbackHost(host), host);
  });
});
