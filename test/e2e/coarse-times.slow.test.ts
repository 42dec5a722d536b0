import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/runtime/clock.ts';
import { assertReadyOnce, readyAssets, sha256 } from '../support/flora.ts';
import { type DiskKind, openMountSpace, whyNoDisk } from '../support/mounts.ts';
import { noise } from '../support/pictures.ts';
import { ended, logged } from '../support/process.ts';
import { worldWithFlora } from '../support/world.ts';

// Below the second in which these file systems count.
const settings = { FLORA_SYNC_SETTLE: '100ms', FLORA_SYNC_RESCAN_INTERVAL: '1h' };

/** A watched drop folder on such a file system, as this process sees it. */
async function bench(t: TestContext, kind: DiskKind) {
  const world = await worldWithFlora(t);
  const space = await openMountSpace(t);
  space.disk(kind, world.drop);
  const daemon = world.startUnder(space.under, ['run'], settings);
  await logged(daemon, 'scanned', ({ msg }) => msg === 'scanned');
  return { world, daemon, drop: space.inside(world.drop) };
}

const atOfSecond = () => systemClock.now() % 1_000;

/** A second of the wall clock begins. */
async function secondBegins(): Promise<void> {
  do await systemClock.sleep(1_000 - atOfSecond());
  while (atOfSecond() > 100);
}

/** It is late in this second, or sooner if it need not be. */
async function lateInSecond(isSoonEnough: () => Promise<boolean>): Promise<void> {
  while (atOfSecond() < 700 && !(await isSoonEnough())) await systemClock.sleep(20);
}

/** Two pictures of one size. */
function twoVersions(of: number): readonly [Buffer, Buffer] {
  const first = noise(of, 30);
  for (let number = 100; ; number += 1) {
    const second = noise(of + number, 30);
    if (second.byteLength === first.byteLength) return [first, second];
  }
}

for (const kind of ['ext4-128', 'exfat'] as const) {
  describe(`where times are whole seconds (${kind})`, { skip: whyNoDisk(kind) }, () => {
    it('a rewrite in the same size and second is not lost', async (t) => {
      const { world, daemon, drop } = await bench(t, kind);
      const versions = Array.from({ length: 3 }, (_, at) => twoVersions(at));
      for (const [at, [first, second]] of versions.entries()) {
        await secondBegins();
        writeFileSync(join(drop, `${at}.png`), first);
        const digest = sha256(first);
        await lateInSecond(async () => (await readyAssets(world)).some((asset) => asset.sha256 === digest));
        writeFileSync(join(drop, `${at}.png`), second);
      }
      const digests = versions.map(([, second]) => sha256(second)).sort();
      await world.lsUntil('the second versions are ready', (lines) => {
        const ready = lines.filter(({ state }) => state === 'ready').map((line) => line.sha256 ?? '');
        return JSON.stringify(ready.sort()) === JSON.stringify(digests);
      });
      daemon.kill('SIGTERM');
      assert.equal((await ended(daemon, 20_000)).code, 0);
    });

    it('a file that is written in two pieces of one second is sent whole only', async (t) => {
      const { world, daemon, drop } = await bench(t, kind);
      const wholes = Array.from({ length: 3 }, (_, at) => noise(50 + at, 30));
      for (const [at, whole] of wholes.entries()) {
        const path = join(drop, `${at}.png`);
        await secondBegins();
        const half = openSync(path, 'w');
        ftruncateSync(half, whole.byteLength);
        writeSync(half, whole.subarray(0, 1_000));
        closeSync(half);
        await lateInSecond(async () => (await readyAssets(world)).length > at);
        // Another process may open it for each piece.
        const rest = openSync(path, 'r+');
        writeSync(rest, whole.subarray(1_000), 0, null, 1_000);
        closeSync(rest);
      }
      await world.lsUntil('all are ready', (lines) => lines.filter(({ state }) => state === 'ready').length === 3);
      daemon.kill('SIGTERM');
      assert.equal((await ended(daemon, 20_000)).code, 0);
      assert.equal(await assertReadyOnce(world, [drop]), 3);
    });
  });
}
