import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileKey } from '../../../../src/core/entry.ts';
import { findOpenForWriting } from '../../../../src/local/read/open-writers.ts';
import { statFile } from '../../../../src/local/walk/scanner.ts';
import { findProgram } from '../../../support/programs.ts';
import { plantTemporary } from '../../../support/tree.ts';

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
  assert.deepEqual([...found.keys()].map((key) => candidates.get(key)).sort(), ['both', 'written']);
});

test('a writer in another process counts until it closes the file, and is named', { skip: !isLinux }, async (t) => {
  const root = plantTemporary(t, { 'a.mov': 'x' });
  const writer = spawn('sh', ['-c', 'exec 3>>a.mov; echo open; read line; exec 3>&-; echo closed; read line'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => writer.kill());
  const key = keyOf(root, 'a.mov');
  const candidates = new Set([key]);
  await once(writer.stdout, 'data');
  const found = await findOpenForWriting(candidates, options);
  assert.deepEqual(found, new Map([[key, [{ pid: writer.pid, name: 'sh' }]]]));
  writer.stdin.write('\n');
  await once(writer.stdout, 'data');
  assert.deepEqual(await findOpenForWriting(candidates, options), new Map());
});

test('of several writers one is enough to wait for, and all are named where people ask', {
  skip: !isLinux,
}, async (t) => {
  const root = plantTemporary(t, { 'a.mov': 'x' });
  const key = keyOf(root, 'a.mov');
  const writers = [0, 1, 2].map(() =>
    spawn('sh', ['-c', 'exec 3>>a.mov; echo open; read line'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  t.after(() => {
    for (const writer of writers) writer.kill();
  });
  await Promise.all(writers.map(({ stdout }) => once(stdout, 'data')));
  const one = await findOpenForWriting(new Set([key]), options);
  assert.equal(one !== 'unsupported' && one.get(key)?.length, 1);
  const all = await findOpenForWriting(new Set([key]), { ...options, areAllWanted: true });
  assert.ok(all !== 'unsupported');
  assert.deepEqual(
    all
      .get(key)
      ?.map(({ pid }) => pid)
      .sort(),
    writers.map(({ pid }) => pid).sort(),
  );
});

const mapping = `import mmap, os, sys
fd = os.open('a b.mov', os.O_RDWR)
memory = mmap.mmap(fd, 0, getattr(mmap, sys.argv[1]), mmap.PROT_READ | mmap.PROT_WRITE)
os.close(fd)
# Python's own copy of the descriptor.
for name in os.listdir('/proc/self/fd'):
    try:
        if os.readlink('/proc/self/fd/' + name).endswith('.mov'): os.close(int(name))
    except OSError: pass
print('mapped', flush=True)
sys.stdin.readline()
memory[0:1] = b'y'
`;
const python = findProgram('python3');

for (const [kind, isWriter] of [
  ['MAP_SHARED', true],
  ['MAP_PRIVATE', false],
] as const) {
  const title = `a file without a descriptor that is mapped into memory, ${kind}, is ${isWriter ? '' : 'not '}being written`;
  test(title, { skip: isLinux && python !== undefined ? false : 'needs Linux and python3' }, async (t) => {
    const root = plantTemporary(t, { 'a b.mov': 'x' });
    const key = keyOf(root, 'a b.mov');
    const mapper = spawn(python ?? '', ['-c', mapping, kind], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => mapper.kill());
    await once(mapper.stdout, 'data');
    const found = await findOpenForWriting(new Set([key]), options);
    assert.ok(found !== 'unsupported');
    assert.deepEqual(
      [...found.values()].flat().map(({ pid }) => pid),
      isWriter ? [mapper.pid] : [],
    );
    mapper.stdin.write('\n');
    await once(mapper, 'exit');
    assert.deepEqual(await findOpenForWriting(new Set([key]), options), new Map());
  });
}

const windows = `import mmap, os, sys
def map(name):
    fd = os.open(name, os.O_RDWR)
    memory = mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    os.close(fd)
    for each in os.listdir('/proc/self/fd'):
        try:
            if os.readlink('/proc/self/fd/' + each).endswith('.mov'): os.close(int(each))
        except OSError: pass
    return memory
memory = None
for line in sys.stdin:
    if memory is not None: memory.close()
    memory = map(line.strip()) if line.strip() != '-' else None
    print('done', flush=True)
`;

test('a process that had nothing mapped, or another file of that size, is looked at anew', {
  skip: isLinux && python !== undefined ? false : 'needs Linux and python3',
}, async (t) => {
  const page = 'x'.repeat(4_096);
  const root = plantTemporary(t, { 'a.mov': page, 'b.mov': page });
  const mapper = spawn(python ?? '', ['-c', windows], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => mapper.kill());
  const keys = new Map(['a.mov', 'b.mov'].map((name) => [keyOf(root, name), name]));
  for (const name of ['-', 'a.mov', 'b.mov', 'a.mov', '-', 'b.mov']) {
    mapper.stdin.write(`${name}\n`);
    await once(mapper.stdout, 'data');
    const found = await findOpenForWriting(keys, options);
    assert.ok(found !== 'unsupported');
    assert.deepEqual(
      [...found.keys()].map((key) => keys.get(key)),
      name === '-' ? [] : [name],
    );
  }
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
  const aborted = findOpenForWriting(new Set(['0:0']), { ...options, signal: AbortSignal.abort() });
  await assert.rejects(aborted, { name: 'AbortError' });
});

test('elsewhere it says that it cannot know', { skip: isLinux && 'Linux can know' }, async () => {
  assert.equal(await findOpenForWriting(new Set(['0:0']), options), 'unsupported');
});
