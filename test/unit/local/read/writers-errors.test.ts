import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it, type TestContext } from 'node:test';
import { MappedFiles } from '../../../../src/local/read/mapped-files.ts';
import { findOpenForWriting } from '../../../../src/local/read/open-writers.ts';
import { failing, standIn, subject, systemError } from '../../../support/fs-calls.ts';
import { settled } from '../../../support/hand-clock.ts';

interface Descriptor {
  readonly target?: string;
  readonly flags?: string | null;
  readonly inode?: number | null;
  /** What `stat` says. */
  readonly key?: readonly [device: number, inode: number];
}

interface Process {
  readonly descriptors?: readonly Descriptor[];
  readonly comm?: string | null;
  readonly statm?: string;
  readonly maps?: string;
}

const written: Descriptor = { target: '/drop/a.mov', flags: '0100001', inode: 5, key: [2, 5] };
const aMov = '2:5';

/** Puts another `/proc` in the place of this machine's, and tells what is asked of it. */
function proc(t: TestContext, processes: Record<string, Process>) {
  const asked: string[] = [];
  const listed: string[] = [];
  const ofDescriptor = (path: string): Descriptor => {
    const [, pid = '', at = ''] = /^\/proc\/(\d+)\/fd(?:info)?\/(\d+)$/.exec(path) ?? [];
    return processes[pid]?.descriptors?.[Number(at)] ?? assert.fail(path);
  };
  const ask = (path: string) => {
    asked.push(path);
    const [, pid = ''] = /^\/proc\/(\d+)\//.exec(path) ?? [];
    const found = processes[pid];
    if (found === undefined) throw systemError('ENOENT', 'open', path);
    return found;
  };
  standIn(t, 'readdirSync', ([path]) => {
    if (path === '/proc') return [...Object.keys(processes), 'self', '7a', 'net'];
    const { descriptors } = ask(String(path));
    if (descriptors === undefined) throw systemError('EACCES', 'scandir', String(path));
    return descriptors.map((_, at) => String(at));
  });
  standIn(t, 'readlinkSync', ([path]) => ofDescriptor(String(path)).target ?? '/drop/other');
  standIn(t, 'readFileSync', (args, real) => {
    const path = subject(args);
    if (!path.startsWith('/proc/')) return real();
    const { comm = 'cp\n', statm = '1 2 3 4 5 6 7' } = ask(path);
    if (path.endsWith('/statm')) return statm;
    if (path.endsWith('/comm')) {
      if (comm === null) throw systemError('ESRCH', 'read', path);
      return comm;
    }
    const { flags = '0100001', inode = 5 } = ofDescriptor(path);
    const lines = [flags === null ? '' : `flags:\t${flags}\n`, inode === null ? '' : `ino:\t${inode}\n`];
    return `pos:\t0\n${lines.join('mnt_id:\t30\n')}`;
  });
  standIn(t, 'statSync', (args, real) => {
    const path = subject(args);
    if (path.startsWith('/mapped/')) return { dev: 9, ino: 5 };
    if (!path.startsWith('/proc/')) return real();
    asked.push(`stat ${path}`);
    const [dev, ino] = ofDescriptor(path).key ?? [2, 5];
    return { dev, ino };
  });
  standIn(t, 'openSync', (args, real) => {
    const [, pid] = /^\/proc\/(\d+)\/maps$/.exec(subject(args)) ?? [];
    if (pid === undefined) return real();
    listed.push(pid);
    return openSync('/dev/null', 'r');
  });
  standIn(t, 'readFile', (args) => {
    process.nextTick(args.at(-1) as () => void, null, processes[listed.at(-1) ?? '']?.maps ?? '');
  });
  return { asked, listed };
}

const options = { signal: new AbortController().signal, yieldTurn: async () => {}, now: () => 0 };
const find = (more: object = {}, ...keys: readonly string[]) =>
  findOpenForWriting(new Set(keys.length === 0 ? [aMov] : keys), { ...options, ...more });

describe('who has a file open for writing', { skip: process.platform !== 'linux' }, () => {
  for (const [what, descriptor, isWriter, isStatAsked = isWriter] of [
    ['for writing alone', written, true],
    ['for both', { ...written, flags: '02000002' }, true],
    ['for reading', { ...written, flags: '02100000' }, false],
    ['in a mode that nobody has heard of', { ...written, flags: '0100007' }, true],
    ['for both, of a large file', { ...written, flags: '0400006' }, true],
    ['for reading, of a large file', { ...written, flags: '0100004' }, false],
    ['in a mode that is not told', { ...written, flags: null }, false],
    ['by an inode that is not told', { ...written, inode: null }, true],
    ['of another inode', { ...written, inode: 6 }, false],
    ['on another device', { ...written, key: [3, 5] }, false, true],
    ['that is a pipe', { ...written, target: 'pipe:[5]' }, false],
    ['that is /dev/null', { ...written, target: '/dev/null' }, false],
  ] as const) {
    it(`is ${isWriter ? '' : 'not '}told of one ${what}`, async (t) => {
      const { asked } = proc(t, { 41: { descriptors: [descriptor] } });
      const found = await find();
      assert.deepEqual(found, new Map(isWriter ? [[aMov, [{ pid: 41, name: 'cp' }]]] : []));
      assert.equal(asked.includes('stat /proc/41/fd/0'), isStatAsked);
    });
  }

  it('is named as it calls itself, by no name where it has ended, once, and up to eight of them', async (t) => {
    const comms = ['a b\n', null, 'no end', ...Array.from({ length: 7 }, () => 'x\n')];
    const entries = comms.map((comm, at) => [100 + at, { descriptors: [written, written], comm }] as const);
    proc(t, Object.fromEntries(entries));
    const found = await find({ areAllWanted: true });
    assert.ok(found !== 'unsupported');
    const names = ['a b', '', 'no end', 'x', 'x', 'x', 'x', 'x'];
    assert.deepEqual(
      found.get(aMov),
      names.map((name, at) => ({ pid: 100 + at, name })),
    );
  });

  it('is looked for until each file has one, unless all are wanted', async (t) => {
    const other: Descriptor = { ...written, inode: 6, key: [2, 6] };
    const { asked } = proc(t, {
      1: { descriptors: [written] },
      2: { descriptors: [other] },
      3: { descriptors: [written] },
    });
    const found = await find({}, aMov, '2:6');
    assert.ok(found !== 'unsupported');
    assert.deepEqual([...found.keys()], [aMov, '2:6']);
    const third = () => asked.filter((path) => path.startsWith('/proc/3/')).length;
    assert.equal(third(), 0);
    await find({ areAllWanted: true }, aMov, '2:6');
    assert.ok(third() > 0);
  });

  it('is harmless where it may not be looked into, and not known for want of descriptors', async (t) => {
    proc(t, { 1: {}, 2: { descriptors: [written] } });
    const found = await find();
    assert.deepEqual(found, new Map([[aMov, [{ pid: 2, name: 'cp' }]]]));
    for (const call of ['readdirSync', 'readlinkSync', 'readFileSync'] as const) {
      proc(t, { 2: { descriptors: [written] } });
      failing(t, call, 'EMFILE', (about) => about.startsWith('/proc/2/'));
      await assert.rejects(find(), { name: 'SyncError', code: 'too_many_open_files', op: 'look for writers' }, call);
      proc(t, { 2: { descriptors: [written] } });
      standIn(t, call, () => {
        throw new TypeError('a bug');
      });
      await assert.rejects(find(), TypeError, call);
    }
  });

  it('is told of what is mapped into memory, and of no other file there', async (t) => {
    proc(t, { 41: { descriptors: [], maps: map('rw-s') } });
    assert.deepEqual(await find(), new Map([[aMov, [{ pid: 41, name: 'cp' }]]]));
    assert.deepEqual(await find({}, '7:5'), new Map());
  });

  it('is looked into anew where a process has the number of one that has ended', async (t) => {
    const had = { descriptors: [], statm: '31 2 3 4 5 6 7' };
    const writes = { ...had, maps: map('rw-s') };
    proc(t, { 77: had });
    assert.deepEqual(await find(), new Map());
    proc(t, { 77: writes });
    assert.deepEqual(await find(), new Map(), 'for all that is known it is the one that had nothing');
    proc(t, { 78: had });
    assert.deepEqual(await find(), new Map());
    proc(t, { 77: writes });
    assert.deepEqual(await find(), new Map([[aMov, [{ pid: 77, name: 'cp' }]]]));
  });

  for (const [where, first] of [
    ['descriptors', { descriptors: [written, written] }],
    ['processes', { descriptors: [] }],
  ] as const) {
    it(`is looked for no further between two ${where} until others have had their turn`, async (t) => {
      const { asked } = proc(t, { 1: first, 2: { descriptors: [written] } });
      const over = new AbortController();
      let goOn = () => {};
      const yieldTurn = () => new Promise<void>((resolve) => (goOn = resolve));
      let nowMs = 0;
      const now = () => {
        nowMs += 8;
        return nowMs;
      };
      const finding = find({ signal: over.signal, yieldTurn, now, areAllWanted: true });
      await settled();
      const count = asked.length;
      assert.ok(
        asked.every((path) => !path.includes('/2/') && !path.includes('/fd/1')),
        asked.join(' '),
      );
      await settled();
      assert.equal(asked.length, count);
      over.abort(new Error('enough'));
      goOn();
      await assert.rejects(finding, { message: 'enough' });
      assert.equal(asked.length, count);
    });
  }

  it('cannot be told where there is no such /proc', async (t) => {
    proc(t, {});
    assert.equal(await find(), 'unsupported');
    failing(t, 'readdirSync', 'EACCES');
    assert.equal(await find(), 'unsupported');
  });

  it('cannot be told on other systems, whatever they have there', async (t) => {
    const { asked } = proc(t, { 1: { descriptors: [written] } });
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? assert.fail();
    t.after(() => Object.defineProperty(process, 'platform', platform));
    Object.defineProperty(process, 'platform', { ...platform, value: 'freebsd' });
    assert.equal(await find(), 'unsupported');
    assert.deepEqual(asked, []);
  });

  it('is not looked for any more once that is not wanted', async (t) => {
    const { asked } = proc(t, { 1: { descriptors: [written] }, 2: { descriptors: [written] } });
    const over = new Error('enough');
    await assert.rejects(find({ signal: AbortSignal.abort(over) }), (error) => error === over);
    assert.equal(asked.length, 0);
    const stop = new AbortController();
    const yieldTurn = async () => stop.abort(over);
    let nowMs = 0;
    const now = () => {
      nowMs += 8;
      return nowMs;
    };
    await assert.rejects(find({ signal: stop.signal, yieldTurn, now, areAllWanted: true }), (error) => error === over);
    assert.ok(asked.every((path) => !path.includes('/proc/2/')));
  });

  it('is looked for eight milliseconds at a stretch, behind each descriptor and each process', async (t) => {
    const turnsOf = async (processes: Record<string, Process>, stepMs: number, more: object = {}) => {
      proc(t, processes);
      let nowMs = 0;
      let turns = 0;
      const now = () => {
        nowMs += stepMs;
        return nowMs;
      };
      const yieldTurn = async () => {
        turns += 1;
      };
      await find({ now, yieldTurn, areAllWanted: true, ...more });
      return turns;
    };
    const one = { 1: { descriptors: [written] } };
    assert.equal(await turnsOf(one, 3), 0);
    assert.equal(await turnsOf(one, 4), 1, 'after the process');
    assert.equal(await turnsOf(one, 7), 1);
    assert.equal(await turnsOf(one, 8), 2, 'after the descriptor, too');
    assert.equal(await turnsOf(one, 8, { sliceMs: 9 }), 1);
    assert.equal(await turnsOf({ 1: { descriptors: [written, written, written] } }, 4), 2, 'counted anew');
  });
});

/** A line of memory as the kernel writes it. */
const map = (mode: string, path = '/mapped/a.mov', device = '00:02', inode = 5) =>
  `7f0000000000-7f0000001000 ${mode} 00000000 ${device} ${inode}                    ${path}\n`;

describe('the files that a process writes through its memory', { skip: process.platform !== 'linux' }, () => {
  const inodes = new Set([5]);
  for (const [what, maps, keys] of [
    ['written through', map('rw-s'), ['2:5', '9:5']],
    ['that may be executed as well', map('rwxs'), ['2:5', '9:5']],
    ['behind others', `${map('rw-p')}${map('r--s')}${map('rw-s')}${map('rw-p')}`, ['2:5', '9:5']],
    ['with a path that cannot be looked at', map('-w-s', '/none/a.mov'), ['2:5']],
    ['with a large number of a device', map('rw-s', '/none/a', '103:105'), [`${0x100000 * 1 + 0x10305}:5`]],
    ['with a very large one', map('rw-s', '/none/a', '12345:678ab'), [`${0x12000 * 2 ** 32 + 0x678345ab}:5`]],
    ['at a low address', map('rw-s').replace('7f0000000000-7f0000001000', '00400000-00401000'), ['2:5', '9:5']],
    ['of a copy of its own', map('rw-p'), []],
    ['that is read', map('r--s'), []],
    ['of another inode', map('rw-s', '/mapped/b', '00:02', 6), []],
    ['that is no file', map('rw-s', 'anon_inode:[x]'), []],
    ['whose path looks so', map('r--p', '/x rw-s y'), []],
  ] as const) {
    it(`are told of memory ${what}: ${keys.length}`, async (t) => {
      proc(t, { 1: { maps } });
      assert.deepEqual(await new MappedFiles().of('1', inodes), keys);
    });
  }

  it('are looked for by their path as it is, with its line breaks', async (t) => {
    proc(t, { 1: { maps: map('rw-s', '/x/caf\u00c3\u00a9\\012b\\012c') } });
    const looked: string[] = [];
    standIn(t, 'statSync', ([path]) => {
      looked.push(String(path));
      return { dev: 1, ino: 5 };
    });
    assert.deepEqual(await new MappedFiles().of('1', inodes), ['2:5', '1:5']);
    assert.deepEqual(looked, ['/x/caf\u00e9\nb\nc']);
  });

  it('are listed again where there were some, or its memory has another size', async (t) => {
    const files = new MappedFiles();
    const listedFor = async (maps: string, statm: string) => {
      const { listed } = proc(t, { 1: { maps, statm } });
      await files.of('1', inodes);
      return listed.length;
    };
    const [none, some] = [map('rw-p'), map('rw-s', '/mapped/b', '00:02', 6)];
    const counts: number[] = [];
    for (const [maps, statm] of [
      [none, '1 2 3 4 5 6 7'],
      [none, '1 2 3 4 5 6 7'],
      [none, '1 9 9 4 9 6 9'],
      [none, '2 2 3 4 5 6 7'],
      [none, '2 2 3 5 5 6 7'],
      [none, '2 2 3 5 5 7 7'],
      [some, '3 2 3 5 5 7 7'],
      [some, '3 2 3 5 5 7 7'],
      // Back to the size at which it had none: that was before.
      [some, '2 2 3 5 5 7 7'],
      [map('rw-s', '/mapped/b (deleted)', '00:02', 6), '4 2 3 5 5 7 7'],
      [none, '4 2 3 5 5 7 7'],
      [none, '1 2 3 23 5 4 7'],
      [none, '12 2 3 3 5 4 7'],
      [none, '4 2 3 5 5 7 7'],
    ] as const)
      counts.push(await listedFor(maps, statm));
    assert.deepEqual(counts, [1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1]);
    files.keep(new Set(['1']));
    assert.equal(await listedFor(none, '4 2 3 5 5 7 7'), 0);
    files.keep(new Set(['2']));
    assert.equal(await listedFor(none, '4 2 3 5 5 7 7'), 1, 'another process may have its number');
  });

  it('are not listed where the size of its memory is not told, whatever it had', async (t) => {
    const files = new MappedFiles();
    proc(t, { 1: {} });
    assert.deepEqual(await files.of('1', inodes), []);
    const { listed } = proc(t, { 1: { maps: map('rw-s') } });
    failing(t, 'readFileSync', 'EACCES', (about) => about === '/proc/1/statm');
    assert.deepEqual([await files.of('1', inodes), listed], [[], []]);
  });

  it('leave no timer behind', async (t) => {
    proc(t, { 1: { maps: map('rw-s') } });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    assert.deepEqual(await new MappedFiles().of('1', inodes), ['2:5', '9:5']);
    assert.equal(timers(), before);
  });

  it('are none where it has ended or may not be looked into, and nothing stays open', async (t) => {
    const files = new MappedFiles();
    proc(t, {});
    assert.deepEqual(await files.of('1', inodes), []);
    const closed: number[] = [];
    const opened: number[] = [];
    proc(t, { 1: { maps: map('rw-s') } });
    failing(t, 'openSync', 'EACCES', (about) => about === '/proc/1/maps');
    assert.deepEqual(await files.of('1', inodes), []);
    failing(t, 'openSync', 'EMFILE', (about) => about === '/proc/1/maps');
    await assert.rejects(files.of('1', inodes), { code: 'too_many_open_files' });
    proc(t, { 1: { maps: map('rw-s') } });
    standIn(t, 'openSync', (args, real) => {
      if (subject(args) !== '/proc/1/maps') return real();
      opened.push(openSync('/dev/null', 'r'));
      return opened.at(-1);
    });
    standIn(t, 'closeSync', ([fd], real) => {
      closed.push(Number(fd));
      return real();
    });
    standIn(t, 'readFile', (args) => process.nextTick(args.at(-1) as () => void, null, map('rw-s')));
    assert.deepEqual(await files.of('1', inodes), ['2:5', '9:5']);
    failing(t, 'readFile', 'ESRCH');
    assert.deepEqual(await files.of('1', inodes), []);
    assert.equal(opened.length, 2);
    for (const fd of opened) assert.ok(closed.includes(fd));
  });

  it('are not waited for longer than a second, and of no other process until that one has answered', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.timers.reset();
      syncBuiltinESMExports();
    });
    const { listed } = proc(t, { 1: { maps: map('rw-s') }, 2: { maps: map('rw-s') } });
    const files = new MappedFiles();
    for (const round of ['once', 'and again']) {
      listed.length = 0;
      const answers: ((error: null, maps: string) => void)[] = [];
      const end = standIn(t, 'readFile', (args) => void answers.push(args.at(-1) as () => void));
      let found: readonly string[] | null = null;
      void files.of('1', inodes).then((keys) => {
        found = keys;
      });
      await settled();
      t.mock.timers.tick(999);
      await settled();
      assert.equal(found, null, round);
      t.mock.timers.tick(1);
      await settled();
      assert.deepEqual([found, await files.of('2', inodes), listed], [[], [], ['1']], round);
      for (const answer of answers) answer(null, '');
      await settled();
      end();
      standIn(t, 'readFile', (args) => process.nextTick(args.at(-1) as () => void, null, map('rw-s')));
      assert.deepEqual(
        [await files.of('2', inodes), listed],
        [
          ['2:5', '9:5'],
          ['1', '2'],
        ],
        round,
      );
    }
  });
});
