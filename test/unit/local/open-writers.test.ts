import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileKey, findOpenForWriting } from '../../../src/local/open-writers.ts';
import { statFile } from '../../../src/local/scanner.ts';
import { plantTemporary } from '../../support/tree.ts';

const isLinux = process.platform === 'linux';
const options = { signal: new AbortController().signal, yieldTurn: async () => {}, now: () => 0 };

function keyOf(root: string, name: string): string {
  const result = statFile({ root, directory: '', name });
  assert.ok(result.kind === 'file');
  return fileKey(result.stat);
}

test('files held open for writing are found, those held for reading are not', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { written: 'x', both: 'x', appended: 'x', read: 'x', closed: 'x' });
  const modes = { written: 'w', both: 'r+', appended: 'a', read: 'r' };
  const fds = Object.entries(modes).map(([name, mode]) => openSync(join(root, name), mode));
  t.after(() => fds.forEach(closeSync));
  const candidates = new Map(['written', 'both', 'read', 'closed'].map((name) => [keyOf(root, name), name]));
  const found = await findOpenForWriting(candidates, options);
  assert.ok(found !== 'unsupported');
  assert.deepEqual([...found].map((key) => candidates.get(key)).sort(), ['both', 'written']);
});

test('a writer in another process counts until it closes the file', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { 'a.mov': 'x' });
  const writer = spawn('sh', ['-c', 'exec 3>>a.mov; echo open; read line; exec 3>&-; echo closed; read line'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => writer.kill());
  const candidates = new Set([keyOf(root, 'a.mov')]);
  await once(writer.stdout, 'data');
  assert.deepEqual(await findOpenForWriting(candidates, options), candidates);
  writer.stdin.write('\n');
  await once(writer.stdout, 'data');
  assert.deepEqual(await findOpenForWriting(candidates, options), new Set());
});

test('the event loop gets a turn after every slice, and an abort ends the search', { skip: !isLinux }, async () => {
  let clock = 0;
  let turns = 0;
  const now = (): number => {
    clock += 4;
    return clock;
  };
  const yieldTurn = async (): Promise<void> => {
    turns += 1;
  };
  await findOpenForWriting(new Set(['0:0']), { ...options, now, yieldTurn });
  assert.ok(turns > 0);
  await assert.rejects(findOpenForWriting(new Set(['0:0']), { ...options, signal: AbortSignal.abort() }));
});

test('elsewhere it says that it cannot know', { skip: isLinux }, async () => {
  assert.equal(await findOpenForWriting(new Set(['0:0']), options), 'unsupported');
});
