import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { demoSamples } from '../../src/cli/demo-media.ts';
import { assertReadyOnce, localFiles, mark, readyAssets, requests } from '../support/flora.ts';
import { picture, writePictures } from '../support/pictures.ts';
import { ended, run } from '../support/process.ts';
import { untilAsync } from '../support/until.ts';
import { jsonLines, KEY, WORKSPACE, worldWithFlora } from '../support/world.ts';

const summaryKeys = ['ready', 'uploaded', 'unchanged', 'rejected', 'failed', 'pending', 'bytes', 'seconds'];
const lsKeys = ['path', 'folder', 'state', 'asset_id', 'url', 'size', 'sha256', 'attempts', 'reason', 'updated_at'];

/** Names that have broken other tools. */
const oddNames: readonly (string | Buffer)[] = [
  'with space.png',
  ' leading and trailing .png',
  `quote"and'apostrophe.png`,
  'line\nbreak.png',
  'carriage\r\nreturn.png',
  'back\\slash %20 ; $(id) `id`.png',
  'tab\tand\u0001control.png',
  'nfd-u\u0308bung.png',
  'nfc-\u00fcbung.png',
  'emoji-\u{1f33b}.png',
  '\u202eright-to-left.png',
  '-rf.png',
  'no-extension',
  'wrong-extension.jpg',
  'UPPER.PNG',
  Buffer.from([0x6c, 0x61, 0x74, 0x69, 0x6e, 0x31, 0x2d, 0xe9, 0x2e, 0x70, 0x6e, 0x67]),
  Buffer.from([0xff, 0xfe, 0x2e, 0x70, 0x6e, 0x67]),
  'n'.repeat(251).concat('.png'),
];

function writeIn(directory: string, name: string | Buffer, bytes: Uint8Array): void {
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]), bytes);
}

/** 500 pictures in nested directories, 60 copies of some of them, odd names, and the demo's other media. */
function plantLargeTree(drop: string): void {
  for (let at = 0; at < 500; at += 1) {
    const directory = join(drop, `a${at % 7}`, `b ${at % 5}`, `c${at % 3}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${at}.png`), picture(at));
    if (at < 60) writeFileSync(join(directory, `copy of ${at}.png`), picture(at));
  }
  const odd = join(drop, 'odd "names"\n here');
  mkdirSync(odd);
  for (const [index, name] of oddNames.entries()) writeIn(odd, name, picture(1_000 + index));
  for (const { name, bytes } of demoSamples()) writeIn(drop, name.replaceAll('/', '-'), bytes);
}

describe('sync', () => {
  it('brings every file of a large tree into FLORA once, whatever it is called, and then has nothing to do', async (t) => {
    const world = await worldWithFlora(t);
    plantLargeTree(world.drop);
    const files = localFiles(world.drop).length;

    const first = await world.run(['sync', '--json']);
    assert.equal(first.code, 0, first.stderr.slice(-2_000));
    const contents = await assertReadyOnce(world, [world.drop]);
    assert.equal(contents, files - 60);
    assert.match(first.stdout, /^\{[^\n]*\}\n$/, 'stdout holds one JSON object on one line');
    const summary = JSON.parse(first.stdout);
    assert.deepEqual(Object.keys(summary).sort(), [...summaryKeys].sort());
    const bytes = (await readyAssets(world)).reduce((sum, asset) => sum + (asset.size_bytes ?? 0), 0);
    const { seconds, ...counts } = summary;
    assert.equal(typeof seconds, 'number');
    assert.deepEqual(counts, {
      ready: files,
      uploaded: contents,
      unchanged: 0,
      rejected: 0,
      failed: 0,
      pending: 0,
      bytes,
    });

    const listed = await world.ls();
    assert.equal(listed.length, files);
    for (const line of listed) {
      assert.deepEqual(Object.keys(line).sort(), [...lsKeys].sort());
      assert.equal(line.state, 'ready', line.path);
    }
    assert.equal(new Set(listed.map((line) => line.path)).size, files, 'every path is shown in a way of its own');
    assert.equal(new Set(listed.map((line) => line.asset_id)).size, contents);

    const before = await mark(world);
    const second = await world.run(['sync', '--json']);
    assert.equal(second.code, 0);
    const again = JSON.parse(second.stdout);
    assert.deepEqual(
      [again.ready, again.uploaded, again.unchanged, again.pending, again.bytes],
      [files, 0, files, 0, 0],
    );
    const writes = (await requests(world, before)).filter(({ method }) => method !== 'GET');
    assert.deepEqual(writes, [], 'a second sync creates, sends and completes nothing');
  });

  it('makes a copy in another destination an asset of its own, and a copy in the same one not', async (t) => {
    const world = await worldWithFlora(t);
    const [here, there, plain] = ['here', 'there', 'plain'].map((name) => world.directory(name));
    assert.ok(here !== undefined && there !== undefined && plain !== undefined);
    for (const folder of [here, there, plain]) writePictures(join(folder, 'deep'), 5);
    writePictures(here, 5);
    writePictures(plain, 3, 100);
    const file = join(world.base, 'settings.toml');
    writeFileSync(
      file,
      `workspace_id = "${WORKSPACE}"
settle = "100ms"
[[folder]]
path = "here"
destination = "campaign"
[[folder]]
path = "there"
destination = "archive"
project_id = "prj_2"
[[folder]]
path = "plain"
`,
    );
    const { env, cwd } = world.launch();
    const { FLORA_SYNC_FOLDER, FLORA_WORKSPACE_ID, FLORA_SYNC_SETTLE, ...others } = env;
    assert.ok(FLORA_SYNC_FOLDER && FLORA_WORKSPACE_ID && FLORA_SYNC_SETTLE);
    const { code, stderr } = await run(t, ['sync'], { cwd, env: { ...others, FLORA_SYNC_CONFIG: file } });
    assert.equal(code, 0, stderr);

    assert.equal(await assertReadyOnce(world, [here], { folder: 'campaign' }), 5);
    assert.equal(await assertReadyOnce(world, [there], { folder: 'archive' }), 5);
    assert.equal(await assertReadyOnce(world, [plain], { folder: null }), 8);
    const projects = (await readyAssets(world)).map(({ folder, project_id }) => `${folder} ${project_id}`);
    assert.deepEqual([...new Set(projects)].sort(), ['archive prj_2', 'campaign null', 'null null']);
  });

  it('goes on with what has changed since the last time, and only with that', async (t) => {
    const world = await worldWithFlora(t);
    const [first, second] = writePictures(world.drop, 10);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal((await world.run(['sync'])).code, 0);

    writeFileSync(first, picture(500));
    writePictures(join(world.drop, 'new'), 2, 600);
    const before = await mark(world);
    const { code, stdout } = await world.run(['sync', '--json']);
    assert.equal(code, 0);
    const { ready, uploaded, unchanged } = JSON.parse(stdout);
    assert.deepEqual({ ready, uploaded, unchanged }, { ready: 12, uploaded: 3, unchanged: 9 });
    const creates = (await requests(world, before)).filter(({ route }) => route === 'create');
    assert.equal(creates.length, 3);
    assert.equal(await assertReadyOnce(world, [world.drop], { alsoReady: [picture(0)] }), 13);
  });

  it('says nothing on stdout but its summary, in words without --json', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 2);
    const { code, stdout, stderr } = await world.run(['sync']);
    assert.equal(code, 0);
    assert.match(stdout, /^2 files ready in FLORA \(2 uploaded now, 0 unchanged\), .* sent in .*\n$/);
    assert.equal(stderr, '', 'all went well');
  });

  it('logs each step of each file where that is asked for, and only warnings where it is not', async (t) => {
    const messages = (stderr: string) => jsonLines<{ msg: string; level: number }>(stderr);
    const world = await worldWithFlora(t);
    const asked: readonly [readonly string[], Record<string, string>][] = [
      [['--verbose'], {}],
      [['--log-level', 'info'], {}],
      [[], { FLORA_SYNC_LOG_LEVEL: 'info' }],
      [['--verbose'], { FLORA_SYNC_LOG_LEVEL: 'error' }],
    ];
    for (const [at, [args, env]] of asked.entries()) {
      writePictures(world.drop, 1, at);
      const { code, stderr } = await world.run(['sync', ...args], env);
      assert.equal(code, 0, stderr);
      const steps = messages(stderr).filter(({ msg }) => / -> /.test(msg));
      assert.ok(steps.length >= 4, `${args.join(' ')}: ${stderr}`);
      assert.ok(!stderr.includes(KEY));
    }
    writePictures(world.drop, 1, 10);
    writeFileSync(join(world.drop, 'empty.png'), '');
    const told = messages((await world.run(['sync'])).stderr);
    assert.deepEqual(
      told.map(({ msg }) => msg),
      ['finished -> rejected'],
    );
    writeFileSync(join(world.drop, 'empty too.png'), '');
    assert.deepEqual(messages((await world.run(['sync'], { FLORA_SYNC_LOG_LEVEL: 'error' })).stderr), []);
  });

  it('ends although the last that happens is a rejection, or nothing at all', async (t) => {
    const world = await worldWithFlora(t);
    const empty = await world.run(['sync', '--json'], {}, 20_000);
    assert.equal(empty.code, 0, empty.stderr);
    assert.equal(JSON.parse(empty.stdout).ready, 0);
    for (const round of [1, 2, 3]) {
      writeFileSync(join(world.drop, `${round}.svg`), '<svg xmlns="http://www.w3.org/2000/svg"/>');
      const { code, stdout, stderr } = await world.run(['sync', '--json'], {}, 20_000);
      assert.equal(code, 3, stderr);
      assert.equal(JSON.parse(stdout).rejected, round);
    }
  });

  it('ends although the only file vanishes while it settles', async (t) => {
    const world = await worldWithFlora(t);
    const [path] = writePictures(world.drop, 1);
    assert.ok(path !== undefined);
    const sync = world.start(['sync', '--json'], { FLORA_SYNC_SETTLE: '1500ms' });
    await untilAsync('it has begun', async () => (await requests(world)).some(({ route }) => route === 'list'));
    rmSync(path);
    const { code, stdout, stderr } = await ended(sync);
    assert.equal(code, 0, stderr);
    const { ready, pending } = JSON.parse(stdout);
    assert.deepEqual({ ready, pending }, { ready: 0, pending: 0 });
  });

  it('waits for a file that is still being written, but not for ever: it is pending then, with exit code 3', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    const file = openSync(join(world.drop, 'open.png'), 'w');
    try {
      writeSync(file, picture(9).subarray(0, 40));
      const { code, stdout, stderr } = await world.run(['sync', '--json'], {}, 40_000);
      assert.equal(code, 3, stderr);
      const { ready, pending } = JSON.parse(stdout);
      assert.deepEqual({ ready, pending }, { ready: 1, pending: 1 });
      assert.equal((await readyAssets(world)).length, 1);
    } finally {
      closeSync(file);
    }
  });
});
