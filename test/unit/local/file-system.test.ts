import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { isRemoteFileSystem, remoteDevices, remoteFileSystemName } from '../../../src/local/file-system.ts';

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

test('whether a device is remote is asked once a second, by a path on it; what cannot be asked counts as remote', (t) => {
  if (process.platform !== 'linux') return t.skip('nothing is ever remote here');
  let nowMs = 0;
  const isRemote = remoteDevices(() => nowMs);
  const proc = { root: '/proc', directory: 'self', name: 'stat' };
  const missing = { root: '/nowhere', directory: '', name: 'x' };
  assert.equal(isRemote(missing, 5), true);
  assert.equal(isRemote(proc, 5), false);
  assert.equal(isRemote(missing, 5), false);
  assert.equal(isRemote(missing, 6), true);
  nowMs = 1_000;
  assert.equal(isRemote(missing, 5), true);
});
