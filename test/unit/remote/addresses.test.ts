import assert from 'node:assert/strict';
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
