import '../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createLocalFiles } from '../../../src/local/local-files.ts';
import { failing, standIn } from '../../support/fs-calls.ts';
import { plantTemporary } from '../../support/tree.ts';

const isLinux = process.platform === 'linux';
const never = new AbortController().signal;

/** Counts how often the event loop has turned, until it is asked. */
function turning() {
  let turns = 0;
  let isOver = false;
  const tick = () => {
    turns += 1;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  return () => {
    isOver = true;
    return turns;
  };
}

it('a single directory is read with turns for everybody else in between', async (t) => {
  const names = Array.from({ length: 1_000 }, (_, at) => `f${at}`);
  const root = plantTemporary(t, Object.fromEntries(names.map((name) => [name, name])));
  // At 10 ms, each look at the clock finds more than a slice gone; at 4 ms, every second one.
  for (const [stepMs, least, most] of [
    [10, 7, 8],
    [4, 3, 4],
  ] as const) {
    let nowMs = 0;
    const local = createLocalFiles({
      now: () => {
        nowMs += stepMs;
        return nowMs;
      },
      accept: ['*'],
    });
    const turns = turning();
    const read = await local.read(root, '', never);
    const count = turns();
    assert.ok(read.kind === 'listing' && read.listing.files.length === names.length);
    // One after each 128 entries.
    assert.ok(count >= least && count <= most, `${count} turns at ${stepMs} ms`);
  }
});

describe('a walk', () => {
  const walking = (t: TestContext) => {
    const root = plantTemporary(t, { a: { b: { 'x.png': '' } }, c: {} });
    const seen: string[] = [];
    const shortages: string[] = [];
    let nowMs = 0;
    const local = createLocalFiles({
      now: () => nowMs,
      accept: ['*'],
      onShort: ({ code }) => void shortages.push(code),
    });
    const handlers = {
      onDirectory: async ({ directory }: { readonly directory: string }) => {
        seen.push(directory);
        nowMs += 10;
      },
      onUnreadable: async (directory: string) => assert.fail(`unreadable: ${directory}`),
    };
    const walk = (from: string, signal = never) => local.walk(root, from, handlers, signal);
    return { root, seen, shortages, walk };
  };

  it('begins where it is told, and gives everybody else a turn', async (t) => {
    const { seen, walk } = walking(t);
    const turns = turning();
    await walk('');
    assert.ok(turns() >= 4);
    assert.deepEqual(seen.splice(0).sort(), ['', 'a', 'a/b', 'c']);
    await walk('a');
    assert.deepEqual(seen, ['a', 'a/b']);
  });

  it('ends with its signal', async (t) => {
    const { seen, walk } = walking(t);
    await assert.rejects(walk('', AbortSignal.abort(new Error('enough'))), { message: 'enough' });
    assert.deepEqual(seen, []);
  });

  it('waits for descriptors, and tells that it does', async (t) => {
    const { root, seen, shortages, walk } = walking(t);
    let left = 1;
    // The reserve is used up for each try.
    failing(t, 'readdirSync', 'EMFILE', (about) => about === join(root, 'c') && left > 0);
    const walked = walk('');
    while (shortages.length === 0) await new Promise((resolve) => setImmediate(resolve));
    left = 0;
    await walked;
    assert.deepEqual([seen.sort(), shortages], [['', 'a', 'a/b', 'c'], ['too_many_open_files']]);
  });
});

describe('a file', () => {
  const bytes = Buffer.from('89504e470d0a1a0a', 'hex');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const planted = (t: TestContext) => {
    const root = plantTemporary(t, { 'a.png': bytes });
    const shortages: string[] = [];
    const local = createLocalFiles({ now: () => 0, accept: ['*'], onShort: ({ code }) => void shortages.push(code) });
    return { root, path: { root, directory: '', name: 'a.png' }, local, shortages };
  };

  it('is told whether it lies on a detour, or is not finished, and its directory what it is like', async (t) => {
    const { root, path, local } = planted(t);
    assert.deepEqual([local.glance(root, '')?.isEmpty, local.glance(root, 'none')], [false, null]);
    assert.deepEqual([local.detour(path), local.detour({ ...path, directory: 'none' })], [null, 'none']);
    assert.equal(local.isUnfinished(path), false);
    writeFileSync(join(root, 'a.png.aria2'), '');
    assert.equal(local.isUnfinished(path), true);
    const { dev } = statSync(join(root, path.name));
    if (isLinux) standIn(t, 'statfsSync', () => ({ type: 0x6969 }));
    assert.equal(local.isRemote(path, dev), isLinux);
    assert.equal(await local.looksUnwritten(path, never), false);
    writeFileSync(join(root, path.name), Buffer.alloc(8_192));
    assert.equal(await local.looksUnwritten(path, never), true);
  });

  it('is opened to be sent as it was read, and is gone or changed where it is not', async (t) => {
    const { root, path, local, shortages } = planted(t);
    const expected = { sizeBytes: bytes.length, sha256 };
    let left = 1;
    failing(t, 'openSync', 'EMFILE', (about) => about === join(root, 'a.png') && left-- > 0);
    const source = await local.openSource(path, expected, never);
    assert.deepEqual(shortages, ['too_many_open_files']);
    assert.ok(source.kind === 'source');
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.chunks()) chunks.push(chunk);
    assert.deepEqual(Buffer.concat(chunks), bytes);
    assert.deepEqual(await local.openSource({ ...path, name: 'none' }, expected, never), { kind: 'gone' });
    assert.deepEqual(await local.openSource(path, { ...expected, sizeBytes: 1 }, never), { kind: 'changed' });
    const stopped = AbortSignal.abort(new Error('enough'));
    await assert.rejects(local.openSource(path, expected, stopped), { message: 'enough' });
  });

  for (const [what, type, isAtOnce] of [
    ['of this machine', 0xef53, true],
    ['that other hosts share', 0x6969, false],
  ] as const) {
    it(`on a disk ${what} is ${isAtOnce ? '' : 'not '}read without a thread`, { skip: !isLinux }, async (t) => {
      const { path, local } = planted(t);
      standIn(t, 'statfsSync', () => ({ type }));
      let reads = 0;
      standIn(t, 'readSync', (_, real) => {
        reads += 1;
        return real();
      });
      assert.equal((await local.inspect(path, never)).kind, 'fingerprint');
      assert.equal(reads > 0, isAtOnce, 'inspected');
      reads = 0;
      assert.equal((await local.digest(path, never)).kind, 'fingerprint');
      assert.equal(reads > 0, isAtOnce, 'digested');
      const source = await local.openSource(path, { sizeBytes: bytes.length, sha256 }, never);
      assert.ok(source.kind === 'source');
      assert.equal(source.readInto(new Uint8Array(100)), isAtOnce, 'sent');
      await source.close();
    });
  }

  it('that is open for writing is found with who has it open, one or all', { skip: !isLinux }, async (t) => {
    const { root, path, local, shortages } = planted(t);
    const { dev, ino } = statSync(join(root, path.name));
    const key = `${dev}:${ino}`;
    const keys = new Set([key]);
    assert.deepEqual(await local.openForWriting(keys, never), new Map());
    const fd = openSync(join(root, path.name), 'r+');
    const child = spawn('cat', { stdio: ['pipe', fd, 'ignore'] });
    t.after(async () => {
      closeSync(fd);
      child.stdin?.end();
      await new Promise((resolve) => child.once('close', resolve));
    });
    await new Promise((resolve) => child.once('spawn', resolve));
    const holders = async (areAllWanted?: boolean) =>
      (await local.openForWriting(keys, never, areAllWanted)).get(key)?.map(({ pid }) => pid) ?? [];
    const all = [process.pid, child.pid].sort();
    assert.deepEqual((await holders(true)).sort(), all);
    assert.equal((await holders()).length, 1);
    assert.deepEqual(shortages, []);
    failing(t, 'readdirSync', 'ENOENT', (about) => about === '/proc');
    assert.deepEqual(await holders(), [], 'where the system does not tell, nobody');
    const stopped = AbortSignal.abort(new Error('enough'));
    failing(t, 'readdirSync', 'EMFILE', (about) => about === '/proc');
    await assert.rejects(local.openForWriting(keys, stopped), { message: 'enough' });
    assert.deepEqual(shortages, ['too_many_open_files']);
  });
});
