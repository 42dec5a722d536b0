import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  describeLeft,
  describeSettling,
  inHandJson,
  inHandOf,
  reasonOf,
  settlingLine,
} from '../../../src/cli/in-hand.ts';
import { textOf } from '../../../src/cli/show/lines.ts';
import type { FileInHand } from '../../../src/operations/in-hand.ts';
import { pipe } from '../../support/screens.ts';

const changing: FileInHand = {
  path: '/drop/a.png',
  folder: '/drop',
  size: 3,
  changed: 1_800_000_000_000,
  phase: 'changing',
  held_since: null,
  held_by: [],
};

const held = (name: string, sinceMs: number, ...pids: readonly number[]): FileInHand => ({
  ...changing,
  path: `/drop/${name}`,
  phase: 'held',
  held_since: sinceMs,
  held_by: pids.map((pid) => ({ pid, name: 'ffmpeg' })),
});

describe('a file in hand', () => {
  it('says who holds it open for writing, and since when', () => {
    const since = 'since 2027-01-15T08:00:00.000Z';
    assert.equal(reasonOf(held('a', 1_800_000_000_000, 7)), `held open for writing by 7 (ffmpeg) ${since}`);
    assert.equal(
      reasonOf(held('a', 1_800_000_000_000, 7, 8)),
      `held open for writing by 7 (ffmpeg), 8 (ffmpeg) ${since}`,
    );
  });

  it('shows the name that a process gave itself as one line, whatever it is', () => {
    const named = { ...held('a', 0), held_by: [{ pid: 7, name: 'a\u001b[2J\nb\u202e)' }] };
    assert.equal(
      reasonOf(named),
      'held open for writing by 7 (a\\u001b[2J\\nb\\u202e)) since 1970-01-01T00:00:00.000Z',
    );
  });

  it('has the keys of every other file, and one more', () => {
    assert.deepEqual(Object.keys(inHandJson(changing)), [
      'path',
      'folder',
      'state',
      'asset_id',
      'url',
      'size',
      'sha256',
      'attempts',
      'reason',
      'updated_at',
      'settling',
    ]);
  });

  it('is named with twenty others at most, those first that are held for longest', () => {
    const many = Array.from({ length: 30 }, (_, at) => ({ ...changing, path: `/drop/${at}` }));
    const inHand = inHandOf([...many, held('late', 2_000, 7), held('early', 1_000, 8)]);
    const line = settlingLine(inHand);
    assert.deepEqual([line.count, line.held_open, line.files.length], [32, 2, 20]);
    assert.deepEqual(
      line.files.slice(0, 3).map(({ path }) => path),
      ['/drop/early', '/drop/late', '/drop/0'],
    );
    const shown = describeSettling(inHand, ['/drop'], pipe).map(textOf);
    assert.deepEqual(shown.slice(0, 2), ['', 'Settling: 32 files']);
    assert.match(shown[2] ?? '', /^ {2}early: held open for writing by 8 \(ffmpeg\) since 1970-01-0/);
    assert.equal(shown.at(-1), '  and 12 others');
    assert.equal(describeLeft(inHand, ['/drop'], pipe).length, 21);
    const none = inHandOf([]);
    assert.deepEqual([describeSettling(none, [], pipe), describeLeft(none, [], pipe)], [[], []]);
  });
});
