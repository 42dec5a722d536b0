import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogSink } from '../../../src/runtime/log-sink.ts';

/** A descriptor that takes so many bytes at a time, and fails while it is told to. */
function open() {
  const state = { written: '', fails: null as string | null, takes: 1_000, tries: 0 };
  const sink: LogSink = new LogSink({
    descriptor: 2,
    onLost: (count) => sink.write(`lost ${count}\n`),
    writeSome: (_, bytes) => {
      state.tries += 1;
      if (state.takes > 0) {
        const taken = bytes.subarray(0, state.takes);
        state.written += Buffer.from(taken).toString('utf8');
        if (state.fails !== null) state.takes -= taken.length;
        return taken.length;
      }
      throw Object.assign(new Error('write failed'), { code: state.fails });
    },
  });
  return { sink, state };
}

describe('where the log goes', () => {
  for (const code of ['ENOSPC', 'EPIPE', 'EIO', 'EBADF', 'EDQUOT', 'EFBIG']) {
    it(`may fail with ${code}: that ends nothing, and the next line that can be written says how many were lost`, () => {
      const { sink, state } = open();
      sink.write('one\n');
      Object.assign(state, { fails: code, takes: 0 });
      for (const line of ['two\n', 'three\n', 'four\n']) sink.write(line);
      Object.assign(state, { fails: null, takes: 3 });
      sink.write('five\n');
      sink.write('six\n');
      assert.equal(state.written, 'one\nlost 3\nfive\nsix\n');
    });
  }

  it('may take half of a line and no more: the next one begins on a line of its own', () => {
    const { sink, state } = open();
    Object.assign(state, { fails: 'ENOSPC', takes: 2 });
    sink.write('four\n');
    sink.write('five\n');
    Object.assign(state, { fails: null, takes: 1_000 });
    sink.write('six\n');
    assert.equal(state.written, 'fo\nlost 2\nsix\n');
  });

  it('is waited for when it is behind, once and not for ever, and then tried once a line', () => {
    const { sink, state } = open();
    Object.assign(state, { fails: 'EAGAIN', takes: 0 });
    sink.write('one\n');
    const patient = state.tries;
    assert.ok(patient > 10, `${patient} tries`);
    sink.write('two\n');
    assert.equal(state.tries, patient + 1);
    Object.assign(state, { fails: null, takes: 1_000 });
    sink.write('three\n');
    assert.equal(state.written, 'lost 2\nthree\n');
  });

  it('does not hide a bug', () => {
    const sink: LogSink = new LogSink({
      descriptor: 2,
      onLost: () => {},
      writeSome: () => {
        throw new TypeError('a slip of ours');
      },
    });
    assert.throws(() => sink.write('one\n'), /a slip of ours/);
  });
});
