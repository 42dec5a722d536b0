import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootIdentity, type ScannedDirectory } from '../../../../src/local/walk/scanner.ts';
import { type WalkOptions, walk } from '../../../../src/local/walk/walk.ts';
import { withoutRights } from '../../../support/nobody.ts';
import { link, plantTemporary, type Tree } from '../../../support/tree.ts';

function options(seen: ScannedDirectory[], over: Partial<WalkOptions> = {}): WalkOptions {
  return {
    signal: new AbortController().signal,
    onDirectory: (listing) => {
      seen.push(listing);
    },
    onUnreadable: (directory) => assert.fail(`unreadable: ${directory}`),
    yieldTurn: async () => {},
    now: () => 0,
    ...over,
  };
}

test('every directory is given out once, skipped ones and links aside', async (t) => {
  const root = plantTemporary(t, {
    '1.png': '',
    a: { '2.png': '', b: { '3.png': '', _done: { '4.png': '' } } },
    '.c': { '5.png': '' },
    up: link('.'),
    d: { '6.png': '' },
  });
  const seen: ScannedDirectory[] = [];
  const summary = await walk(root, options(seen));
  assert.deepEqual(seen.map((listing) => listing.directory).sort(), ['', 'a', 'a/b', 'd']);
  assert.deepEqual(summary, { files: 4, directories: 4, identity: rootIdentity(root) });
});

test('a tree deeper than a path may be long is walked as far as paths go, and that is told', async (t) => {
  const root = plantTemporary(t, {});
  const level = 'x'.repeat(100);
  process.chdir(root);
  t.after(() => process.chdir('/'));
  for (let depth = 0; depth < 60; depth += 1) {
    mkdirSync(level);
    process.chdir(level);
  }
  const seen: ScannedDirectory[] = [];
  await walk(root, options(seen));
  assert.ok(seen.length < 60);
  assert.equal(seen.at(-1)?.problems[0]?.problem.code, 'path_too_long');
});

test('the walk can start below the root', async (t) => {
  const root = plantTemporary(t, { a: { b: { c: {} } }, z: {} });
  const seen: ScannedDirectory[] = [];
  await walk(root, options(seen, { from: 'a/b' }));
  assert.deepEqual(
    seen.map((listing) => listing.directory),
    ['a/b', 'a/b/c'],
  );
});

test('the event loop gets a turn after every slice, also inside one large directory', async (t) => {
  const files: Tree = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n}.png`, '']));
  const root = plantTemporary(t, { large: files });
  let clock = 0;
  let turns = 0;
  const seen: ScannedDirectory[] = [];
  await walk(
    root,
    options(seen, {
      sliceMs: 8,
      // Every question for the time costs 4 ms.
      now: () => {
        clock += 4;
        return clock;
      },
      yieldTurn: async () => {
        turns += 1;
      },
    }),
  );
  assert.ok(turns >= 3, `${turns} turns`);
  assert.equal(seen[1]?.files.length, 1000);
});

test('the next directory is read only when the last one was handled', async (t) => {
  const root = plantTemporary(t, { a: {}, b: {}, c: {} });
  let handling = 0;
  const seen: ScannedDirectory[] = [];
  await walk(
    root,
    options(seen, {
      onDirectory: async (listing) => {
        handling += 1;
        assert.equal(handling, 1);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(listing);
        handling -= 1;
      },
    }),
  );
  assert.equal(seen.length, 4);
});

test('an abort ends the walk with its reason', async (t) => {
  const root = plantTemporary(t, { a: {}, b: {} });
  const controller = new AbortController();
  const seen: ScannedDirectory[] = [];
  const walking = walk(
    root,
    options(seen, {
      signal: controller.signal,
      onDirectory: async (listing) => {
        seen.push(listing);
        controller.abort(new Error('stop'));
      },
    }),
  );
  await assert.rejects(walking, { message: 'stop' });
  assert.equal(seen.length, 1);
});

test('subdirectories that vanish on the way are silent', async (t) => {
  const root = plantTemporary(t, { a: {}, b: {} });
  const seen: ScannedDirectory[] = [];
  await walk(
    root,
    options(seen, {
      onDirectory: (listing) => {
        seen.push(listing);
        rmSync(join(root, 'a'), { recursive: true, force: true });
        rmSync(join(root, 'b'), { recursive: true, force: true });
      },
    }),
  );
  assert.equal(seen.length, 1);
});

test('a directory that becomes unreadable before its turn is told, and is no listing', () => {
  const modules = { walking: import.meta.resolve('../../../../src/local/walk/walk.js'), fs: 'node:fs', os: 'node:os' };
  const result = withoutRights(
    modules,
    `{
      const root = fs.mkdtempSync(os.tmpdir() + '/flora-sync-');
      fs.mkdirSync(root + '/a');
      const listed = [];
      const unreadable = [];
      await walking.walk(root, {
        signal: new AbortController().signal,
        onDirectory: ({ directory }) => { listed.push(directory); fs.chmodSync(root + '/a', 0); },
        onUnreadable: (directory, problem) => unreadable.push([directory, problem.code]),
        yieldTurn: async () => {},
        now: () => 0,
      });
      fs.chmodSync(root + '/a', 0o700);
      fs.rmSync(root, { recursive: true });
      return { listed, unreadable };
    }`,
  );
  assert.deepEqual(result, { listed: [''], unreadable: [['a', 'unreadable_directory']] });
});

test('a root that goes away or is replaced meanwhile makes the walk void', async (t) => {
  const parent = plantTemporary(t, { root: { a: {} } });
  const root = join(parent, 'root');
  const replace = (): void => {
    renameSync(root, join(parent, 'old'));
    mkdirSync(root);
  };
  await assert.rejects(walk(root, options([], { onDirectory: replace })), { code: 'folder_missing', scope: 'folder' });
  const remove = (): void => rmSync(root, { recursive: true });
  await assert.rejects(walk(root, options([], { onDirectory: remove })), { code: 'folder_missing', scope: 'folder' });
  await assert.rejects(walk(root, options([])), { code: 'folder_missing', scope: 'folder' });
});

for (const [stepMs, expected] of [
  [8, 4],
  [7.5, 2],
  [7.9, 2],
  [3, 1],
] as const) {
  test(`the event loop gets a turn after eight milliseconds, where each directory takes ${stepMs}`, async (t) => {
    const root = plantTemporary(t, { a: {}, b: {}, c: {} });
    let nowMs = 0;
    let turns = 0;
    const onDirectory = () => {
      nowMs += stepMs;
    };
    const yieldTurn = async () => {
      turns += 1;
    };
    await walk(root, options([], { now: () => nowMs, onDirectory, yieldTurn }));
    assert.equal(turns, expected);
  });
}

test('an abort before the walk, or while others have their turn, ends it', async (t) => {
  const root = plantTemporary(t, { a: {}, b: {} });
  const seen: ScannedDirectory[] = [];
  const early = AbortSignal.abort(new Error('early'));
  await assert.rejects(walk(root, options(seen, { signal: early })), { message: 'early' });
  await assert.rejects(walk(join(root, 'none'), options(seen, { signal: early })), { message: 'early' });
  assert.equal(seen.length, 0);
  const stop = new AbortController();
  const yieldTurn = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('stop'));
  };
  await assert.rejects(walk(root, options(seen, { signal: stop.signal, sliceMs: 0, yieldTurn })), { message: 'stop' });
  assert.equal(seen.length, 1);
});
