import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { isRemoteFileSystem, remoteFileSystemName } from '../../../src/local/file-system.ts';

test('network file systems are known by their magic numbers, also where Node gives them a sign', () => {
  assert.equal(remoteFileSystemName(0x6969), 'nfs');
  assert.equal(remoteFileSystemName(0xff534d42), 'cifs');
  assert.equal(remoteFileSystemName(0xff534d42 | 0), 'cifs');
  assert.equal(remoteFileSystemName(0x65735546), 'fuse');
  assert.equal(remoteFileSystemName(0xef53), null);
});

test('a path can be asked; one that does not exist is an error', () => {
  assert.equal(typeof isRemoteFileSystem(tmpdir()), 'boolean');
  if (process.platform === 'linux') {
    assert.equal(isRemoteFileSystem('/proc'), false);
    assert.throws(() => isRemoteFileSystem('/nowhere/at/all'), { code: 'ENOENT' });
  }
});
