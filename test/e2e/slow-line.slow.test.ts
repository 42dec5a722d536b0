import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { floraWithUploadsTo } from '../support/one-asset.ts';
import { noise } from '../support/pictures.ts';
import { slowHost } from '../support/slow-host.ts';
import { World } from '../support/world.ts';

describe('an uplink of 8 kB/s', () => {
  it('takes a file that needs longer than any deadline, in one go', async (t) => {
    const world = new World(t);
    const host = await slowHost(t, { bytesPerMs: 8 });
    const origin = await floraWithUploadsTo(t, `http://127.0.0.1:${host.port}`);
    // Small enough for the kernel to take it at once: from then on nothing is heard for more than a minute.
    const picture = noise(1, 450);
    writeFileSync(join(world.drop, 'picture.png'), picture);
    assert.ok(picture.length / 8 > 70_000);
    const { code, stdout, stderr } = await world.run(
      ['sync', '--json'],
      { FLORA_BASE_URL: `${origin}/api/v1` },
      180_000,
    );
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.equal(JSON.parse(stdout).ready, 1);
    assert.equal(host.opened(), 1, 'it was sent once');
  });
});
