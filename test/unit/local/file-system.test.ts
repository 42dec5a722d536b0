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

test('file systems that other hosts may write to are these, by the numbers of statfs(2)', () => {
  const names = new Map<number, string>([
    [26_985, 'nfs'],
    [20_859, 'smb'],
    [4_266_872_130, 'smb2'],
    [4_283_649_346, 'cifs'],
    [1_702_057_286, 'fuse'],
    [16_914_839, '9p'],
    [12_805_120, 'ceph'],
    [198_183_888, 'lustre'],
    [1_397_113_167, 'afs'],
    [1_799_439_955, 'afs'],
    [1_937_076_805, 'coda'],
    [18_225_520, 'gfs2'],
    [1_952_539_503, 'ocfs2'],
    [1_196_443_219, 'gpfs'],
    [428_016_422, 'beegfs'],
    [2_020_557_398, 'vboxsf'],
    [3_133_910_204, 'vmhgfs'],
  ]);
  for (const [magic, name] of names) {
    assert.equal(remoteFileSystemName(magic), name);
    assert.equal(remoteFileSystemName(magic | 0), name);
    for (const other of [magic - 1, magic + 1]) assert.equal(remoteFileSystemName(other), null);
  }
});
