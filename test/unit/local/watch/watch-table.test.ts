import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { WatchBackend } from '../../../../src/local/watch/watch-backend.ts';
import { type Watched, WatchTable } from '../../../../src/local/watch/watch-table.ts';

const backend = {} as WatchBackend;

function entry(directory: string, path = `/root/${directory}`): Watched {
  const identity = { device: 1, inode: 1, birthtimeMs: 1 };
  return { directory, path, identity, backend, state: 'queued', isSuspect: false };
}

function tableOf(...directories: readonly string[]) {
  const table = new WatchTable();
  const entries = new Map(directories.map((directory) => [directory, entry(directory)]));
  for (const each of entries.values()) table.set(each);
  const known = () => [...table.values()].map(({ directory }) => directory);
  return { table, known, of: (directory: string) => entries.get(directory) ?? assert.fail(directory) };
}

it('a directory is found by its name and by its path, and is current until another takes its place', () => {
  const { table, of } = tableOf('', 'a', 'a/b');
  assert.equal(table.size, 3);
  for (const name of ['', 'a', 'a/b']) {
    assert.equal(table.get(name), of(name));
    assert.equal(table.atPath(`/root/${name}`), of(name));
    assert.equal(table.isCurrent(of(name)), true);
  }
  const next = entry('a', '/elsewhere/a');
  table.set(next);
  assert.deepEqual([table.size, table.isCurrent(of('a')), table.isCurrent(next)], [3, false, true]);
  assert.deepEqual([table.atPath('/root/a'), table.atPath('/elsewhere/a')], [undefined, next]);
});

it('a directory is forgotten with all below, and nothing beside it', () => {
  const { table, known, of } = tableOf('', 'a', 'a/b', 'a/b/c', 'a/d', 'ab', 'e');
  const gone = table.deleteTree('a').map(({ directory }) => directory);
  assert.deepEqual([gone[0], gone.toSorted()], ['a', ['a', 'a/b', 'a/b/c', 'a/d']]);
  assert.deepEqual(known(), ['', 'ab', 'e']);
  assert.deepEqual([table.get('a/b'), table.atPath('/root/a/b')], [undefined, undefined]);
  assert.deepEqual(table.deleteTree('a'), []);
  // What comes again below is not what was there.
  table.set(of('a/d'));
  assert.deepEqual(table.deleteTree('a'), [of('a/d')], 'also where it is not known itself');
  table.set(of('a'));
  assert.deepEqual(table.deleteTree('a'), [of('a')]);
  assert.equal(table.deleteTree('').length, 3);
  assert.equal(table.size, 0);
});

it('a path that is another directory’s by now stays with that one', () => {
  const { table } = tableOf('a');
  const other = entry('b', '/root/a');
  table.set(other);
  table.deleteTree('a');
  assert.equal(table.atPath('/root/a'), other);
});

it('of several below one, each may go by itself', () => {
  const { table, of, known } = tableOf('a', 'a/x', 'a/y', 'a/z');
  for (const name of ['a/x', 'a/y']) assert.deepEqual(table.deleteTree(name), [of(name)]);
  assert.deepEqual(known(), ['a', 'a/z']);
  assert.deepEqual(table.deleteTree('a'), [of('a'), of('a/z')]);
});
