import '../../../support/fs-calls.ts';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { returnChunk, takeChunk } from '../../../../src/local/read/chunk-buffers.ts';
import { fingerprintFile } from '../../../../src/local/read/fingerprint.ts';
import { openSource } from '../../../../src/local/read/source.ts';
import type { MediaSource } from '../../../../src/media/source.ts';
import { openDescriptors } from '../../../support/descriptors.ts';
import { between, failing, standIn, subject, systemError } from '../../../support/fs-calls.ts';
import { settled } from '../../../support/hand-clock.ts';
import { plantTemporary } from '../../../support/tree.ts';

const mebibyte = 1_048_576;
const never = new AbortController().signal;

/** A small file that is read at once, and a large one that is read in chunks. */
const ways = [
  { how: 'at once', sizeBytes: 1_000, isLocal: true, call: 'readSync' },
  { how: 'in chunks', sizeBytes: 3 * mebibyte + 17, isLocal: false, call: 'read' },
] as const;
type Way = (typeof ways)[number];

function planted(t: TestContext, { sizeBytes }: Pick<Way, 'sizeBytes'>) {
  const content = Buffer.alloc(sizeBytes, 'a');
  const root = plantTemporary(t, { 'a.png': content });
  const target = join(root, 'a.png');
  // Long ago, so that a change within the same tick of the kernel's clock shows.
  utimesSync(target, 1, 1);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { root, target, path: { root, directory: '', name: 'a.png' }, expected: { sizeBytes, sha256 } };
}

/** What may happen to a file while it is read, and what a look at it then says. */
const changes: readonly (readonly [string, (target: string) => void, 'changed' | 'gone'])[] = [
  ['grows', (target) => appendFileSync(target, 'more'), 'changed'],
  ['is cut', (target) => truncateSync(target, 10), 'changed'],
  ['is emptied', (target) => truncateSync(target, 0), 'changed'],
  ['is touched', (target) => utimesSync(target, 2, 2), 'changed'],
  [
    'is replaced by another of its size and time',
    (target) => {
      writeFileSync(`${target}.new`, Buffer.alloc(ways[0].sizeBytes, 'b'));
      utimesSync(`${target}.new`, 1, 1);
      renameSync(`${target}.new`, target);
    },
    'changed',
  ],
  ['is moved away', (target) => renameSync(target, `${target}.old`), 'gone'],
  ['is removed', (target) => unlinkSync(target), 'gone'],
];

/** Has it happen before or after the call that reads for the nth time; calls are counted from 1. */
function atRead(t: TestContext, { call }: Pick<Way, 'call'>, nth: number, happens: () => void): void {
  let reads = 0;
  standIn(t, call, (_, real) => {
    reads += 1;
    if (reads === nth) happens();
    return real();
  });
}

/** Closes, and says that it could not. */
function failingClose(t: TestContext): () => void {
  return standIn(t, 'closeSync', (_, real) => {
    real();
    throw systemError('EIO', 'close');
  });
}

describe('a digest', () => {
  for (const way of ways) {
    const { how, isLocal, call } = way;
    for (const [what, change, kind] of changes) {
      it(`is not taken of a file that ${what} while it is read ${how}`, async (t) => {
        const { path, target, root } = planted(t, way);
        atRead(t, way, 1, () => change(target));
        assert.deepEqual(await fingerprintFile(path, { signal: never, isLocal }), { kind });
        assert.equal(openDescriptors(root), 0);
      });

      it(`is not taken of a file that ${what} after its last byte was read ${how}`, async (t) => {
        const { path, target, root } = planted(t, way);
        // The first look is before it is opened.
        let looks = 0;
        standIn(t, 'lstatSync', (args, real) => {
          if (subject(args) !== target) return real();
          looks += 1;
          if (looks === 2) change(target);
          return real();
        });
        assert.deepEqual(await fingerprintFile(path, { signal: never, isLocal }), { kind });
        assert.equal(looks, 2);
        assert.equal(openDescriptors(root), 0);
      });
    }

    for (const [errno, code] of [
      ['EIO', 'read_error'],
      ['ESTALE', 'read_error'],
      ['EACCES', 'unreadable'],
      ['EPERM', 'unreadable'],
    ] as const) {
      it(`of a file whose reading ${how} fails with ${errno} is a problem: ${code}`, async (t) => {
        const { path, root } = planted(t, way);
        const failed = failing(t, call, errno);
        const result = await fingerprintFile(path, { signal: never, isLocal });
        assert.equal(result.kind === 'problem' ? result.problem.code : result.kind, code);
        assert.equal(failed.count, 1);
        assert.equal(openDescriptors(root), 0);
      });
    }

    it(`of a file whose look afterwards fails with EIO is a problem, read ${how}`, async (t) => {
      const { path, target, root } = planted(t, way);
      let looks = 0;
      failing(t, 'lstatSync', 'EIO', (about) => about === target && ++looks === 2);
      const result = await fingerprintFile(path, { signal: never, isLocal });
      assert.equal(result.kind === 'problem' ? result.problem.code : result.kind, 'read_error');
      assert.equal(openDescriptors(root), 0);
    });

    it(`of a file of which a server gives less than it says is not taken, read ${how}`, async (t) => {
      const { path, root } = planted(t, way);
      // As it was when it was asked for its size, and it looks so still.
      let reads = 0;
      standIn(t, call, (args, real) => {
        reads += 1;
        if (reads < (isLocal ? 1 : 3)) return real();
        const callback = args.at(-1);
        if (typeof callback !== 'function') return 0;
        process.nextTick(callback, null, 0, args[1]);
        return undefined;
      });
      assert.deepEqual(await fingerprintFile(path, { signal: never, isLocal }), { kind: 'changed' });
      assert.equal(openDescriptors(root), 0);
    });

    it(`that is not wanted any more ends with the reason, whatever reading ${how} says`, async (t) => {
      const { path, root } = planted(t, way);
      const stop = new AbortController();
      standIn(t, call, (args) => {
        stop.abort(new Error('enough'));
        const callback = args.at(-1);
        if (typeof callback !== 'function') throw systemError('EIO');
        process.nextTick(callback, systemError('EIO'));
        return undefined;
      });
      await assert.rejects(fingerprintFile(path, { signal: stop.signal, isLocal }), { message: 'enough' });
      assert.equal(openDescriptors(root), 0);
    });

    it(`whose judge fails as no system does fails with that, read ${how}`, async (t) => {
      const { path, root } = planted(t, way);
      const judge = async () => {
        throw new TypeError('a bug');
      };
      await assert.rejects(fingerprintFile(path, { signal: never, isLocal, judge }), TypeError);
      assert.equal(openDescriptors(root), 0);
    });
  }

  it('of a small file is closed before it is judged: that may take a while', async (t) => {
    const { path, root } = planted(t, ways[0]);
    const open: number[] = [];
    const judge = async () => {
      open.push(openDescriptors(root));
      return { contentType: 'image/png', problem: null };
    };
    const result = await fingerprintFile(path, { signal: never, isLocal: true, judge });
    assert.deepEqual([result.kind, open], ['fingerprint', [0]]);
  });

  it('of a small file is taken in one call, which asks for one byte more than there should be', async (t) => {
    const { path } = planted(t, ways[0]);
    const asked: unknown[] = [];
    standIn(t, 'readSync', (args, real) => {
      asked.push(args[3]);
      return real();
    });
    assert.equal((await fingerprintFile(path, { signal: never, isLocal: true })).kind, 'fingerprint');
    assert.deepEqual(asked, [1_001]);
  });

  it('of a file that cannot be closed is not taken, and not judged where it is small', async (t) => {
    let judged = 0;
    const judge = async () => {
      judged += 1;
      return { contentType: 'image/png', problem: null };
    };
    for (const way of ways) {
      const { path } = planted(t, way);
      const end = failingClose(t);
      await assert.rejects(fingerprintFile(path, { signal: never, isLocal: way.isLocal, judge }), { code: 'EIO' });
      end();
    }
    assert.equal(judged, 1);
  });

  it('ends only when nothing reads any more, not even who judged it', async (t) => {
    const { path, root } = planted(t, ways[1]);
    let beginRead = (_: () => unknown) => {};
    const begun = new Promise<() => unknown>((resolve) => {
      beginRead = resolve;
    });
    const judge = async ({ read }: MediaSource) => {
      standIn(t, 'read', (_, real) => beginRead(real));
      void read(2 * mebibyte, 20);
      throw new TypeError('a bug');
    };
    let isOver = false;
    const ended = assert.rejects(fingerprintFile(path, { signal: never, judge }), TypeError).then(() => {
      isOver = true;
    });
    const answer = await begun;
    await settled();
    assert.equal(isOver, false);
    answer();
    await ended;
    assert.equal(openDescriptors(root), 0);
  });

  it('is put off for as many quiet periods as it is told, be it one', async (t) => {
    const { path } = planted(t, ways[0]);
    for (const doubtfulFor of [1, 4]) {
      const judge = async () => ({ contentType: 'image/png', problem: null, doubtfulFor });
      const result = await fingerprintFile(path, { signal: never, isLocal: true, judge });
      assert.deepEqual(result, { kind: 'unfinished', quietPeriods: doubtfulFor });
    }
  });

  it('of a large file that is refused by its head ends there', async (t) => {
    const { path, root } = planted(t, ways[1]);
    let reads = 0;
    standIn(t, 'read', (_, real) => {
      reads += 1;
      return real();
    });
    const problem = { code: 'unsupported_type', reason: 'no' };
    const judge = async () => ({ contentType: 'text/plain', problem });
    assert.deepEqual(await fingerprintFile(path, { signal: never, judge }), { kind: 'problem', problem });
    assert.equal(reads, 1);
    assert.equal(openDescriptors(root), 0);
  });

  it('gives its memory back, also where it fails', async (t) => {
    const { path } = planted(t, ways[0]);
    const [first, ...others] = Array.from({ length: 9 }, takeChunk);
    assert.ok(first);
    returnChunk(first);
    failing(t, 'readSync', 'EIO');
    await fingerprintFile(path, { signal: never, isLocal: true });
    assert.equal(takeChunk().buffer, first.buffer);
    assert.equal(others.length, 8);
  });

  it('that is not wanted any more is not begun', async (t) => {
    const { path, root } = planted(t, ways[0]);
    const opened = failing(t, 'openSync', 'EIO', (about) => about.startsWith(root));
    await assert.rejects(fingerprintFile(path, { signal: AbortSignal.abort(new Error('enough')) }), {
      message: 'enough',
    });
    assert.equal(opened.count, 0);
  });

  it('that is not wanted any more reads no further', async (t) => {
    const { path, root } = planted(t, ways[1]);
    const stop = new AbortController();
    let reads = 0;
    standIn(t, 'read', (_, real) => {
      reads += 1;
      stop.abort(new Error('enough'));
      return real();
    });
    await assert.rejects(fingerprintFile(path, { signal: stop.signal }), { message: 'enough' });
    assert.deepEqual([reads, openDescriptors(root)], [1, 0]);
  });

  it('ends where a file goes on growing: no more than a chunk beyond its size is read', async (t) => {
    const { path } = planted(t, { sizeBytes: 2 * mebibyte });
    let reads = 0;
    standIn(t, 'read', (args) => {
      reads += 1;
      process.nextTick(args.at(-1) as () => void, null, args[3], args[1]);
      assert.ok(reads < 100, 'it is read without end');
    });
    assert.deepEqual(await fingerprintFile(path, { signal: never }), { kind: 'changed' });
    assert.equal(reads, 3);
  });
});

describe('the bytes of an upload', () => {
  const send = async (t: TestContext, way: Way, signal = never) => {
    const { path, target, root, expected } = planted(t, way);
    const source = await openSource(path, expected, { signal, isLocal: way.isLocal });
    assert.ok(source.kind === 'source');
    const sent = { bytes: 0 };
    const run = async () => {
      if (way.isLocal) {
        sent.bytes += source.readInto(new Uint8Array(expected.sizeBytes + 1)) ? expected.sizeBytes : 0;
        return;
      }
      for await (const chunk of source.chunks()) sent.bytes += chunk.byteLength;
    };
    return { target, root, source, sent, run };
  };

  for (const way of ways) {
    const { how, call } = way;
    for (const [what, change] of changes) {
      it(`of a file that ${what} while it is read ${how} never come to their end`, async (t) => {
        const { run, target, root, source, sent } = await send(t, way);
        atRead(t, way, 1, () => change(target));
        await assert.rejects(run(), { name: 'SyncError', code: 'source_changed', scope: 'file', disposition: 'retry' });
        assert.ok(sent.bytes < way.sizeBytes);
        assert.equal(source.digest(), null);
        assert.equal(openDescriptors(root), 0);
      });
    }

    for (const [errno, code] of [
      ['EIO', 'read_error'],
      ['ESTALE', 'read_error'],
      ['EACCES', 'unreadable'],
    ] as const) {
      it(`whose reading ${how} fails with ${errno} fail with ${code}, of this file, and may be tried again`, async (t) => {
        const { run, root, source, sent } = await send(t, way);
        failing(t, call, errno);
        const error = { code, scope: 'file', disposition: 'retry', op: 'upload', path: 'a.png' };
        await assert.rejects(run(), {
          name: 'SyncError',
          message: 'a.png could not be read while it was being sent',
          hint: new RegExp(`\\(${errno}\\)`),
          ...error,
        });
        assert.equal(sent.bytes, 0);
        assert.equal(source.digest(), null);
        assert.equal(openDescriptors(root), 0);
      });
    }

    it(`that are not wanted any more end with the reason, whatever reading ${how} says`, async (t) => {
      const stop = new AbortController();
      const { run, root } = await send(t, way, stop.signal);
      standIn(t, call, (args) => {
        stop.abort(new Error('enough'));
        const callback = args.at(-1);
        if (typeof callback !== 'function') throw systemError('EIO');
        process.nextTick(callback, systemError('EIO'));
        return undefined;
      });
      await assert.rejects(run(), { message: 'enough' });
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(openDescriptors(root), 0);
    });
  }

  for (const way of ways) {
    for (const [what, given] of [
      ['less', 0],
      ['more', 1],
    ] as const) {
      it(`of which a server gives ${what} than it says never come to their end, read ${way.how}`, async (t) => {
        const { path, root, target } = planted(t, way);
        // It looks as it did, and nobody knows its digest.
        const source = await openSource(path, { sizeBytes: way.sizeBytes, sha256: null }, { ...way, signal: never });
        assert.ok(source.kind === 'source');
        let bytes = 0;
        const run = async () => {
          if (way.isLocal) source.readInto(new Uint8Array(way.sizeBytes + 1));
          else for await (const chunk of source.chunks()) bytes += chunk.byteLength;
        };
        let reads = 0;
        standIn(t, way.call, (args, real) => {
          reads += 1;
          if (way.isLocal) return given === 0 ? 0 : way.sizeBytes + 1;
          if (reads < (given === 0 ? 3 : 5)) return real();
          process.nextTick(args.at(-1) as () => void, null, given, args[1]);
          return undefined;
        });
        await assert.rejects(run(), {
          code: 'source_changed',
          message: 'a.png changed while it was being sent',
          hint: 'It is sent again once it has settled.',
        });
        assert.ok(bytes < way.sizeBytes);
        assert.equal(source.digest(), null);
        assert.ok(existsSync(target));
        assert.equal(openDescriptors(root), 0);
      });
    }
  }

  it('are read a mebibyte at a time, and one byte more than there should be', async (t) => {
    const asked: unknown[] = [];
    for (const way of ways) {
      const { run } = await send(t, way);
      standIn(t, way.call, (args, real) => {
        asked.push([args[3], args[4]]);
        return real();
      });
      await run();
    }
    const large = ways[1].sizeBytes;
    const chunks = [0, 1, 2].map((nth) => [mebibyte, nth * mebibyte]);
    assert.deepEqual(asked, [[1_001, 0], ...chunks, [17, 3 * mebibyte], [1, large]]);
  });

  it('of a whole number of chunks take memory for no other', async (t) => {
    const { run } = await send(t, { ...ways[1], sizeBytes: 2 * mebibyte });
    const kept = Array.from({ length: 12 }, takeChunk).slice(0, 3);
    for (const chunk of kept) returnChunk(chunk);
    await run();
    assert.equal(takeChunk().buffer, kept[0]?.buffer);
  });

  it('are not there where a file of another size cannot be closed', async (t) => {
    const { path, expected } = planted(t, ways[0]);
    failingClose(t);
    await assert.rejects(openSource(path, { ...expected, sizeBytes: 999 }, { signal: never }), { code: 'EIO' });
  });

  for (const nth of [2, 3, 4, 5]) {
    it(`fail with the reading that fails, the ${nth}th of five, and the last of them never come`, async (t) => {
      const { run, root, sent } = await send(t, ways[1]);
      let reads = 0;
      failing(t, 'read', 'EIO', () => ++reads >= nth);
      await assert.rejects(run(), { name: 'SyncError', code: 'read_error' });
      assert.ok(sent.bytes <= 2 * mebibyte + mebibyte, `${sent.bytes} bytes came`);
      assert.ok(sent.bytes < ways[1].sizeBytes);
      assert.equal(openDescriptors(root), 0);
    });
  }

  for (const nth of [1, 2, 3, 4, 5]) {
    it(`end with the reason where they are not wanted any more at the ${nth}th reading of five, also a good one`, async (t) => {
      const stop = new AbortController();
      const { run, root, source } = await send(t, ways[1], stop.signal);
      atRead(t, ways[1], nth, () => stop.abort(new Error('enough')));
      await assert.rejects(run(), { message: 'enough' });
      assert.equal(source.digest(), null);
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(openDescriptors(root), 0);
    });
  }

  it('that are not wanted any more are neither opened nor read', async (t) => {
    const { path, root, expected } = planted(t, ways[0]);
    const opened = failing(t, 'openSync', 'EIO', (about) => about.startsWith(root));
    const over = new Error('enough');
    await assert.rejects(openSource(path, expected, { signal: AbortSignal.abort(over) }), (error) => error === over);
    assert.equal(opened.count, 0);
    for (const way of ways) {
      const stop = new AbortController();
      const { run } = await send(t, way, stop.signal);
      const read = failing(t, way.call, 'EIO');
      stop.abort(over);
      await assert.rejects(run(), (error) => error === over);
      assert.equal(read.count, 0);
    }
  });

  it('of a file that is not one any more by the time that it is opened are not there', async (t) => {
    const { path, root, target, expected } = planted(t, ways[0]);
    assert.deepEqual(await openSource(path, { ...expected, sizeBytes: 999 }, { signal: never }), { kind: 'changed' });
    assert.equal(openDescriptors(root), 0);
    between(
      t,
      'openSync',
      'before',
      (about) => about === target,
      () => rmSync(target),
    );
    assert.deepEqual(await openSource(path, expected, { signal: never }), { kind: 'gone' });
  });
});
