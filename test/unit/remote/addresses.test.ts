import assert from 'node:assert/strict';
import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import type { LookupFunction } from 'node:net';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import { checkAssetUrl, checkUploadUrl, publicAssetLookup, publicLookup } from '../../../src/remote/addresses.ts';

const isRefused = (error: unknown) => error instanceof SyncError && error.code === 'target_refused';
const isAssetRefused = (error: unknown) =>
  error instanceof SyncError && error.code === 'url_refused' && /an asset a URL/.test(error.message);

describe('checkUploadUrl', () => {
  it('accepts HTTPS on the public internet', () => {
    assert.equal(checkUploadUrl('https://storage.googleapis.com/bucket?x=1', false).host, 'storage.googleapis.com');
    assert.equal(checkUploadUrl('https://[2606:4700::1111]/', false).protocol, 'https:');
  });

  for (const url of [
    'http://storage.googleapis.com/',
    'ftp://storage.googleapis.com/',
    'file:///etc/passwd',
    'not a url',
    'https://localhost/',
    'https://localhost./',
    'https://127.0.0.1./',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://0x7f000001/',
    'https://10.1.2.3/',
    'https://172.20.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://[::1]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://0.0.0.0/',
  ]) {
    it(`refuses ${url}`, () => assert.throws(() => checkUploadUrl(url, false), isRefused));
    it(`refuses ${url} for an asset's bytes too`, () => assert.throws(() => checkAssetUrl(url, false), isAssetRefused));
  }

  it('lets the emulator hand out its own address', () => {
    assert.equal(checkUploadUrl('http://127.0.0.1:4010/upload', true).port, '4010');
    assert.equal(checkAssetUrl('http://127.0.0.1:4010/files/1', true).port, '4010');
    for (const url of ['ftp://127.0.0.1/', 'file:///etc/passwd', '']) {
      assert.throws(() => checkAssetUrl(url, true), isAssetRefused);
    }
  });

  it('never shows the URL, which is a secret', () => {
    for (const check of [checkUploadUrl, checkAssetUrl]) {
      assert.throws(
        () => check('http://storage.example/?signature=s3cret', false),
        (error) => error instanceof SyncError && !error.message.includes('s3cret'),
      );
    }
  });
});

describe('publicLookup', () => {
  it('refuses a name that resolves to this machine', async () => {
    const error = await new Promise((resolve) => publicLookup('localhost', {}, (reason) => resolve(reason)));
    assert.ok(isRefused(error));
    const ofAsset = await new Promise((resolve) => publicAssetLookup('localhost', {}, (reason) => resolve(reason)));
    assert.ok(isAssetRefused(ofAsset));
  });
});

describe('what is not the public internet', () => {
  // Each range with its first and its last address, and those right before and behind it.
  const ranges: readonly [before: string | null, first: string, last: string, behind: string | null][] = [
    [null, '0.0.0.0', '0.255.255.255', '1.0.0.0'],
    ['9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
    ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
    ['126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
    ['169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
    ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
    ['191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
    ['192.88.98.255', '192.88.99.0', '192.88.99.255', '192.88.100.0'],
    ['192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
    ['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
    ['223.255.255.255', '224.0.0.0', '239.255.255.255', null],
    [null, '240.0.0.0', '255.255.255.255', null],
    [null, '[::]', '[::ffff:ffff]', '[::1:0:0]'],
    ['[64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff]', '[64:ff9b::]', '[64:ff9b::ffff:ffff]', '[64:ff9b::1:0:0]'],
    ['[64:ff9b:0:ffff:ffff:ffff:ffff:ffff]', '[64:ff9b:1::]', '[64:ff9b:1:ffff:ffff:ffff:ffff:ffff]', '[64:ff9b:2::]'],
    ['[ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', '[100::]', '[100::ffff:ffff:ffff:ffff]', '[100:0:0:1::]'],
    ['[2001:ffff::]', '[2002::]', '[2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', '[2003::]'],
    ['[fbff:ffff::]', '[fc00::]', '[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', '[fe00::]'],
    ['[fe7f:ffff::]', '[fe80::]', '[febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', null],
    [null, '[fec0::]', '[feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', null],
    [null, '[ff00::]', '[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', null],
  ];
  for (const [before, first, last, behind] of ranges) {
    it(`reaches from ${first} to ${last}, and no further`, () => {
      for (const host of [first, last]) {
        const message = `FLORA named an upload target that points to the private address ${new URL(`https://${host}`).hostname}; nothing was sent there`;
        const refused = { code: 'target_refused', disposition: 'reject', op: 'upload', message };
        assert.throws(() => checkUploadUrl(`https://${host}/`, false), refused, host);
      }
      for (const host of [before, behind]) if (host !== null) checkUploadUrl(`https://${host}/`, false);
    });
  }

  it('is told of an asset in other words, and so is what is no URL or not encrypted', () => {
    const why = (url: string) => {
      try {
        return assert.fail(String(checkAssetUrl(url, false)));
      } catch (error) {
        assert.ok(error instanceof SyncError, String(error));
        const { code, disposition, op, message } = error;
        assert.deepEqual([code, disposition, op], ['url_refused', 'reject', 'download']);
        return /^FLORA gave an asset a URL that (.*); nothing was fetched from there$/.exec(message)?.[1];
      }
    };
    assert.deepEqual(['https://10.0.0.1/', 'https://localhost/', 'x', 'http://flora.example/'].map(why), [
      'points to the private address 10.0.0.1',
      'points to the private address localhost',
      'is not a URL',
      'uses http: instead of https:',
    ]);
  });

  it('with the API on this machine is HTTPS or HTTP, and of another URL it is said why not', () => {
    assert.equal(checkUploadUrl('https://127.0.0.1/', true).protocol, 'https:');
    assert.throws(() => checkUploadUrl('ftp://127.0.0.1/', true), { code: 'target_refused', message: /uses ftp: / });
  });
});

describe('a name that is looked up', () => {
  const found = (lookUp: LookupFunction, name: string, options: LookupOptions) =>
    new Promise<readonly [unknown, string | LookupAddress[], number | undefined]>((resolve) => {
      lookUp(name, options, (error, address, family) => resolve([error, address, family]));
    });

  it('stands for its addresses, or for the first of them', async () => {
    for (const lookUp of [publicLookup, publicAssetLookup]) {
      assert.deepEqual(await found(lookUp, '8.8.8.8', {}), [null, '8.8.8.8', 4]);
      assert.deepEqual(await found(lookUp, '2606:4700::1111', {}), [null, '2606:4700::1111', 6]);
      const all = [{ address: '8.8.8.8', family: 4 }];
      assert.deepEqual(await found(lookUp, '8.8.8.8', { all: true }), [null, all, undefined]);
    }
  });

  it('and cannot be found is an error of the system', async () => {
    const [error, ...rest] = await found(publicLookup, 'x'.repeat(300), { all: true });
    assert.ok(error instanceof Error && !(error instanceof SyncError) && 'syscall' in error);
    assert.deepEqual([error.syscall, ...rest], ['getaddrinfo', '', 0]);
  });

  it('that leads to this machine may lead elsewhere the next time', async () => {
    for (const all of [false, true]) {
      const [error, ...rest] = await found(publicLookup, '127.0.0.1', { all });
      assert.ok(error instanceof SyncError);
      const message =
        'FLORA named an upload target that resolves to the private address 127.0.0.1; nothing was sent there';
      assert.deepEqual([error.message, error.disposition, ...rest], [message, 'retry', '', 0]);
    }
    const [ofAsset] = await found(publicAssetLookup, '127.0.0.1', {});
    assert.ok(ofAsset instanceof SyncError);
    assert.deepEqual([ofAsset.code, ofAsset.disposition], ['url_refused', 'retry']);
  });

  it('is asked for as it was wanted, with all its addresses, and may have none', async (t) => {
    const asked: unknown[] = [];
    const lookup = (name: string, options: object, callback: (error: null, all: LookupAddress[]) => void) => {
      asked.push([name, options]);
      callback(null, []);
    };
    t.mock.method(dns, 'lookup', lookup);
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const [error, ...rest] = await found(publicLookup, 'uploads.example', { family: 6, hints: 4 });
    assert.deepEqual(asked, [['uploads.example', { family: 6, hints: 4, all: true }]]);
    assert.ok(error instanceof SyncError);
    assert.match(error.message, /^FLORA named an upload target that resolves to no address; /);
    assert.deepEqual([error.code, error.disposition, ...rest], ['target_refused', 'retry', '', 0]);
  });
});
