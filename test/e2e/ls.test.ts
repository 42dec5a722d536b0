import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256, storedAssets } from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { run } from '../support/process.ts';
import { jsonLines, KEY, WORKSPACE, World, worldWithFlora } from '../support/world.ts';

interface RemoteLine {
  readonly asset_id: string;
  readonly name: string | null;
  readonly status: string;
  readonly size: number | null;
  readonly url: string | null;
  readonly created_at: string | null;
  readonly project_id: string | null;
  readonly path: string | null;
  readonly state: string | null;
}

interface VersionLine {
  readonly path: string;
  readonly version: number;
  readonly is_current: boolean;
  readonly state: string;
  readonly asset_id: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly time: string;
}

async function reserve(world: World, name: string): Promise<string> {
  const response = await fetch(`${world.floraOrigin}/api/v1/assets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ source: 'signed-url', workspace_id: WORKSPACE, content_type: 'image/png', file_name: name }),
  });
  const { asset_id } = (await response.json()) as { asset_id: string };
  return asset_id;
}

describe('ls --remote', () => {
  it('lists each asset of FLORA once, with the path that it belongs to, if any', async (t) => {
    const world = await worldWithFlora(t);
    const plain = world.directory('plain');
    const canvas = world.directory('canvas');
    const [first = ''] = writePictures(plain, 1);
    const [second = ''] = writePictures(canvas, 1, 10);
    const file = join(world.base, 'settings.toml');
    writeFileSync(
      file,
      `workspace_id = "${WORKSPACE}"\n[[folder]]\npath = "plain"\n[[folder]]\npath = "canvas"\nproject_id = "prj_2"\n`,
    );
    const { env, cwd } = world.launch();
    const { FLORA_SYNC_FOLDER: _, FLORA_WORKSPACE_ID: __, ...others } = env;
    const launch = { cwd, env: { ...others, FLORA_SYNC_CONFIG: file } };
    assert.equal((await run(t, ['sync'], launch)).code, 0);
    const stranger = await reserve(world, 'stranger.png');

    const { code, stdout, stderr } = await run(t, ['ls', '--remote', '--json'], launch);
    assert.equal(code, 0, stderr);
    const lines = jsonLines<RemoteLine>(stdout);
    const assets = await storedAssets(world);
    assert.deepEqual(lines.map(({ asset_id }) => asset_id).sort(), assets.map(({ asset_id }) => asset_id).sort());
    assert.deepEqual(Object.keys(lines[0] ?? {}), [
      'asset_id',
      'name',
      'status',
      'size',
      'url',
      'created_at',
      'project_id',
      'path',
      'state',
    ]);
    const byPath = new Map(lines.map((line) => [line.path, line]));
    const ours = byPath.get(second);
    assert.deepEqual(
      [ours?.status, ours?.state, ours?.project_id, ours?.name, ours?.size],
      ['ready', 'ready', 'prj_2', 'picture-10.png', picture(10).length],
    );
    assert.ok(Date.parse(ours?.created_at ?? '') > 0 && ours?.url?.startsWith('http'));
    assert.equal(byPath.get(first)?.state, 'ready');
    const foreign = lines.find(({ asset_id }) => asset_id === stranger);
    assert.deepEqual([foreign?.path, foreign?.state, foreign?.status], [null, null, 'pending_upload']);

    const unknown = await run(t, ['ls', '--remote', '--unknown'], launch);
    assert.equal(unknown.code, 0);
    assert.match(unknown.stdout, new RegExp(`^pending_upload +\\? {2}${stranger} {2}unknown {2}"stranger\\.png"\\n$`));
  });

  it('needs no ledger, but FLORA and the key', async (t) => {
    const world = await worldWithFlora(t);
    const stranger = await reserve(world, 'stranger.png');
    const { code, stdout } = await world.run(['ls', '--remote', '--json']);
    assert.equal(code, 0);
    assert.deepEqual(
      jsonLines<RemoteLine>(stdout).map(({ asset_id, path }) => [asset_id, path]),
      [[stranger, null]],
    );
    const refused = await world.run(['ls', '--remote'], { FLORA_API_KEY: 'sk_live_wrongwrongwrong' });
    assert.deepEqual([refused.code, refused.stdout], [5, '']);
    const { FLORA_API_KEY: _, ...env } = world.launch().env;
    assert.equal((await run(t, ['ls', '--remote'], { env, cwd: world.base })).code, 78);
    await world.stopFlora();
    const away = await world.run(['ls', '--remote']);
    assert.equal(away.code, 5);
    assert.match(away.stderr, /cannot be reached/);
  });

  it('excludes other views, and --unknown is nothing without it', async (t) => {
    const world = new World(t);
    for (const args of [
      ['--remote', '--versions'],
      ['--remote', '--state', 'ready'],
      ['--versions', '--state', 'ready'],
      ['--unknown'],
    ]) {
      const { code, stderr } = await world.run(['ls', ...args]);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /--remote/);
    }
  });
});

describe('ls --versions', () => {
  it('shows what each path has held, the newest first, with the asset that each version has', async (t) => {
    const world = await worldWithFlora(t);
    const [path = '', other = ''] = writePictures(world.drop, 2);
    const [a, b] = [picture(0), picture(700, 8)];
    assert.equal((await world.run(['sync'])).code, 0);
    writeFileSync(path, b);
    assert.equal((await world.run(['sync'])).code, 0);
    writeFileSync(path, a);
    rmSync(other);
    assert.equal((await world.run(['sync'])).code, 0);

    const { code, stdout } = await world.run(['ls', '--versions', '--json']);
    assert.equal(code, 0);
    const lines = jsonLines<VersionLine>(stdout);
    const digests = new Map((await storedAssets(world)).map(({ asset_id, sha256: digest }) => [asset_id, digest]));
    assert.deepEqual(
      lines.map((line) => [line.path, line.version, line.is_current, line.state, line.sha256, line.size]),
      [
        [path, 3, true, 'ready', sha256(a), a.length],
        [path, 2, false, 'ready', sha256(b), b.length],
        [path, 1, false, 'ready', sha256(a), a.length],
        [other, 1, false, 'ready', sha256(picture(1)), picture(1).length],
      ],
    );
    for (const { asset_id, sha256: digest } of lines) assert.equal(digests.get(asset_id ?? ''), digest);
    const times = lines.slice(0, 3).map(({ time }) => Date.parse(time));
    assert.ok(times.every((time, at) => at === 0 || time <= (times[at - 1] ?? 0)));
    const told = await world.run(['ls', '--versions']);
    const [head, ...rows] = told.stdout.trimEnd().split('\n');
    assert.deepEqual([head, rows[3]], [basename(path), basename(other)]);
    assert.deepEqual(
      [rows[0], rows[1], rows[2], rows[4]].map((row) => row?.slice(0, 8)),
      ['*    3  ', '     2  ', '     1  ', '     1  '],
    );
  });
});
