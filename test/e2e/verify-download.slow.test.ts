import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { mark, readyAssets, requests, sha256 } from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { jsonLines, worldWithFlora } from '../support/world.ts';

describe('verify --download', () => {
  it('fetches the bytes of each asset and tells which are others than the ledger has', async (t) => {
    const world = await worldWithFlora(t);
    const [fine = '', rotten = '', cut = ''] = writePictures(world.drop, 3);
    assert.equal((await world.run(['sync'])).code, 0);
    const whole = await world.run(['verify', '--download', '--json']);
    assert.equal(whole.code, 0, whole.stdout);
    const bytes = [0, 1, 2].reduce((sum, number) => sum + picture(number).length, 0);
    const [summary] = jsonLines(whole.stdout);
    assert.deepEqual([summary?.['assets'], summary?.['bytes_downloaded']], [3, bytes]);

    const stored = new Map((await readyAssets(world)).map(({ name, path }) => [name, path ?? '']));
    const rottenPath = stored.get('picture-1.png') ?? '';
    const other = readFileSync(rottenPath);
    other[0] = (other[0] ?? 0) ^ 1;
    writeFileSync(rottenPath, other);
    writeFileSync(stored.get('picture-2.png') ?? '', picture(2).subarray(1));
    const from = await mark(world);
    const { code, stdout } = await world.run(['verify', '--download', '--json']);
    assert.equal(code, 3);
    const lines = jsonLines(stdout)
      .slice(0, -1)
      .sort((a, b) => (String(a['path']) < String(b['path']) ? -1 : 1));
    const told = `its URL gives ${picture(2).length - 1} bytes, FLORA keeps ${picture(2).length}`;
    assert.deepEqual(lines, [
      { path: rotten, difference: 'remote_digest', expected: sha256(picture(1)), found: sha256(other) },
      // What is in front of the storage may have made them.
      { path: cut, difference: 'unverified', expected: sha256(picture(2)), found: told },
    ]);
    assert.equal((await world.run(['verify', '--download', fine])).code, 0);
    const fetched = (await requests(world, from)).filter(({ route }) => route === 'download');
    assert.equal(fetched.length, 4);
  });
});
