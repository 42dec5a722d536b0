import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { TerminalProgress } from '../../../src/cli/progress.ts';
import { type ProgressState, progressLine } from '../../../src/cli/show/progress-line.ts';
import { displayWidth } from '../../../src/cli/show/width.ts';
import type { Content } from '../../../src/core/content.ts';

const GiB = 1024 ** 3;

const state: ProgressState = {
  phase: null,
  doneFiles: 12,
  totalFiles: 340,
  share: 0.5,
  sentBytes: 3.5 * GiB,
  rate: 105.3 * 1024 ** 2,
  leftSeconds: 200,
  names: ['render-000001.png', 'render-000002.png', 'three.png'],
};

describe('the line of a sync', () => {
  it('has all that there is to say where there is room', () => {
    assert.equal(
      progressLine(state, 130),
      '████████████░░░░░░░░░░░░  12/340 files  3.5 GiB  105 MiB/s  3 min left  render-000001.png, render-000002.png +1',
    );
  });

  it('keeps rate and time left at any width that has room for them', () => {
    assert.equal(progressLine(state, 49), '█████░░░░░  12/340 files  105 MiB/s  3 min left');
    for (let columns = 21; columns < 200; columns += 1) {
      for (const phase of [null, 'comparing with FLORA']) {
        if (phase !== null && columns < 43) continue;
        const shown = progressLine({ ...state, phase }, columns);
        assert.match(shown, /105 MiB\/s {2}3 min left/, String(columns));
        if (phase !== null) assert.ok(shown.includes(phase), shown);
        assert.ok(displayWidth(shown) <= columns, shown);
      }
    }
  });

  it('says nothing of what there is nothing of yet', () => {
    const none = { ...state, totalFiles: 0, doneFiles: 0, share: 0, sentBytes: 0, rate: 0, names: [] };
    const nobody = { ...none, phase: 'asking FLORA', leftSeconds: Number.POSITIVE_INFINITY };
    assert.equal(progressLine(nobody, 79), '░░░░░░░░░░░░░░░░░░░░░░░░  asking FLORA');
  });
});

/** A progress whose last drawn line can be asked for. */
function drawing(t: TestContext, columns: number) {
  let last = '';
  const progress = new TerminalProgress({
    draw: (text) => {
      last = text.slice(text.lastIndexOf('\u001b[2K') + 4);
    },
    columns: () => columns,
  });
  t.after(() => progress.stop());
  return {
    progress,
    line: () => {
      progress.draw();
      return last;
    },
  };
}

const content = (id: number, more: Partial<Content>): Content =>
  ({ id, fileName: `${id}.mov`, sizeBytes: 2 * GiB, attempts: 0, ...more }) as Content;

describe('the progress of a sync', () => {
  const full = (text: string) => [...text].filter((char) => char === '█').length;

  it('is moved by one file of 2 GB, back where its upload begins anew, and is whole when it is ready', (t) => {
    const { progress, line } = drawing(t, 81);
    const queued = content(1, { state: 'queued' });
    const reserved = content(1, { state: 'reserved' });
    const backlog = { count: 1, bytes: 2 * GiB, pendingFiles: 0, isMatching: false };
    progress.watch(() => backlog);
    progress.changed(queued, reserved);
    assert.equal(full(line()), 0);
    const seen: number[] = [];
    for (let sent = 0; sent < 4; sent += 1) {
      progress.sent(reserved, GiB / 2);
      seen.push(full(line()));
    }
    assert.ok(
      seen.every((each, at) => each > (seen[at - 1] ?? 0)),
      seen.join(),
    );
    assert.match(line(), /0\/1 files {2}2\.0 GiB {2}[\d.]+ [MG]iB\/s/);
    progress.changed(reserved, content(1, { state: 'reserved', attempts: 1 }));
    assert.equal(full(line()), 0);
    progress.sent(reserved, 3 * GiB);
    progress.watch(() => ({ ...backlog, count: 0, bytes: 0 }));
    progress.changed(content(1, { state: 'uploaded' }), content(1, { state: 'ready' }));
    assert.match(line(), /^█+ {2}1\/1 files/);
    assert.doesNotMatch(line(), /left|1\.mov/);
  });

  it('says that it compares with FLORA while it does', (t) => {
    const { progress, line } = drawing(t, 50);
    const backlog = { count: 3, bytes: 3, pendingFiles: 1, isMatching: false };
    progress.watch(() => backlog);
    progress.begin('asking FLORA');
    assert.match(line(), /asking FLORA {2}0\/4/);
    progress.begin(null);
    assert.doesNotMatch(line(), /FLORA/);
    progress.watch(() => ({ ...backlog, isMatching: true }));
    assert.match(line(), /comparing with FLORA/);
  });
});
