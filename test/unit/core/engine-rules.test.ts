import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DirectoryDiff, type KnownName } from '../../../src/core/diff.ts';
import type { DirectoryListing, FileStat } from '../../../src/core/entry.ts';
import { nextAction } from '../../../src/core/next-action.ts';
import { reconcileListed } from '../../../src/core/reconcile.ts';
import { isQuiet, lookAgain, mayBeUnwritten } from '../../../src/core/settle.ts';
import { bound, content, facts, now, sent } from '../../support/contents.ts';

const stat: FileStat = { sizeBytes: 10, mtimeMs: 1_000, ctimeMs: 1_000, inode: 7, device: 1 };

describe('nextAction', () => {
  it('repeats the reservation under the same key', () => {
    assert.deepEqual(nextAction(content(), now), { type: 'reserve', idempotencyKey: 'key-1' });
  });

  it('does not send bytes to a target whose time is over', () => {
    assert.equal(nextAction(bound(), now).type, 'upload');
    assert.equal(nextAction(bound({ targetExpiresAtMs: now }), now).type, 'expire');
  });

  it('completes under a new key each time and renews under the same one', () => {
    const keyOf = (patch: object) => {
      const action = nextAction(sent(patch), now);
      return 'idempotencyKey' in action ? action.idempotencyKey : null;
    };
    assert.notEqual(keyOf({ revision: 3 }), keyOf({ revision: 4 }));
    const renewing = { state: 'renewing', renewals: 2 } as const;
    assert.equal(keyOf({ ...renewing, revision: 3 }), keyOf({ ...renewing, revision: 4 }));
    assert.notEqual(keyOf({ ...renewing }), keyOf({ ...renewing, renewals: 3 }));
  });
});

describe('settling', () => {
  const at = (monotonicMs: number, wallMs: number, isRemote = false) => ({
    monotonicMs,
    wallMs,
    quietMs: 2_000,
    isRemote,
  });

  it('is over when two looks a quiet period apart are the same', () => {
    const candidate = { stat: { ...stat, ctimeMs: 99_999_999 }, sinceMs: 0 };
    assert.equal(isQuiet(candidate, at(2_019, 0)), false);
    assert.equal(isQuiet(candidate, at(2_020, 0)), true);
  });

  it('takes two seconds more where times may be whole seconds, and three more where a server may show old ones', () => {
    const [coarse, fine] = [5_000, 5_000.25].map((ctimeMs) => ({ stat: { ...stat, ctimeMs }, sinceMs: 0 }));
    assert.ok(coarse !== undefined && fine !== undefined);
    assert.deepEqual(
      [3_999, 4_000].map((ms) => isQuiet(coarse, at(ms, 0))),
      [false, true],
    );
    assert.deepEqual(
      [6_999, 7_000].map((ms) => isQuiet(coarse, at(ms, 0, true))),
      [false, true],
    );
    assert.deepEqual(
      [5_019, 5_020].map((ms) => isQuiet(fine, at(ms, 0, true))),
      [false, true],
    );
    assert.deepEqual(
      [8_999, 9_000].map((ms) => isQuiet(coarse, at(0, ms))),
      [false, true],
    );
  });

  it('asks whether a part is to be written only where writers are unseen, of young files, and for ten minutes', () => {
    const candidate = { stat: { ...stat, ctimeMs: 5_000 }, sinceMs: 0 };
    const day = 24 * 60 * 60_000;
    assert.equal(mayBeUnwritten(candidate, at(599_999, 6_000, true)), true);
    assert.equal(mayBeUnwritten(candidate, at(600_000, 6_000, true)), false);
    assert.equal(mayBeUnwritten(candidate, at(0, 6_000, false)), false);
    assert.equal(mayBeUnwritten(candidate, at(0, 5_000 + day, true)), false);
    assert.equal(mayBeUnwritten(candidate, { ...at(1_199_999, 6_000, true), quietMs: 120_000 }), true);
  });

  it('begins again when anything about the file changed', () => {
    const candidate = { stat, sinceMs: 0 };
    for (const patch of [{ sizeBytes: 11 }, { mtimeMs: 1_001 }, { ctimeMs: 1_001 }, { inode: 8 }, { device: 2 }]) {
      assert.equal(lookAgain(candidate, { ...stat, ...patch }, 500).sinceMs, 500);
    }
    assert.equal(lookAgain(candidate, { ...stat }, 500).sinceMs, 0);
  });

  it('trusts an old change time on a local disk, not on a network mount', () => {
    const candidate = { stat, sinceMs: 0 };
    assert.equal(isQuiet(candidate, at(0, 5_000)), true);
    assert.equal(isQuiet(candidate, at(0, 4_999)), false);
    assert.equal(isQuiet(candidate, at(0, 5_000, true)), false);
  });

  it('takes an old mtime for nothing when the change time is new: cp -p and mv set it', () => {
    assert.equal(isQuiet({ stat: { ...stat, mtimeMs: 0, ctimeMs: 2_500 }, sinceMs: 0 }, at(0, 4_000)), false);
  });
});

describe('DirectoryDiff', () => {
  const listing = (patch: Partial<DirectoryListing>): DirectoryListing => ({
    root: '/drop',
    directory: '',
    files: [],
    subdirectories: [],
    problems: [],
    ...patch,
  });
  const known = { name: 'a', stat, problem: null, isGone: false };

  /** All of it, the known names one by one or together. */
  const diffDirectory = (before: readonly KnownName[], now: DirectoryListing, isSliced = false) => {
    const diff = new DirectoryDiff(now);
    const slices = isSliced ? before.map((each) => [each]) : [before];
    const compared = slices.map((slice) => diff.compare(slice));
    const all = [...compared, { ...diff.rest(), vanished: [] }];
    return {
      candidates: all.flatMap(({ candidates }) => candidates),
      problems: all.flatMap(({ problems }) => problems),
      vanished: all.flatMap(({ vanished }) => vanished),
    };
  };

  it('finds what is new, changed or back, and leaves alone what is the same', () => {
    const files = ['a', 'b', 'c', 'd'].map((name) => ({ name, stat }));
    const before = [
      known,
      { ...known, name: 'b', stat: { ...stat, sizeBytes: 9 } },
      { ...known, name: 'c', isGone: true },
    ];
    for (const isSliced of [false, true]) {
      const diff = diffDirectory(before, listing({ files }), isSliced);
      assert.deepEqual(
        diff.candidates.map(({ name }) => name),
        ['b', 'c', 'd'],
      );
      assert.deepEqual(diff.vanished, []);
    }
  });

  it('reports a problem once, and again when it is another one', () => {
    const problem = { code: 'not_a_regular_file', reason: 'a named pipe' };
    const found = { name: 'a', stat, problem };
    assert.equal(diffDirectory([], listing({ problems: [found] })).problems.length, 1);
    assert.equal(diffDirectory([{ ...known, problem }], listing({ problems: [found] })).problems.length, 0);
    const other = { ...found, problem: { code: 'symlink_outside', reason: 'a link' } };
    assert.equal(diffDirectory([{ ...known, problem }], listing({ problems: [other] })).problems.length, 1);
  });

  it('sees what vanished, once, and does not take an unreadable directory for vanished', () => {
    const problem = { code: 'unreadable_directory', reason: 'no' };
    const before = [known, { ...known, name: 'gone', isGone: true }, { ...known, name: 'locked', problem }];
    const diff = diffDirectory(before, listing({ subdirectories: ['locked'] }));
    assert.deepEqual(
      diff.vanished.map(({ name }) => name),
      ['a'],
    );
  });

  it('sees that a file went when a directory stands in its place', () => {
    assert.deepEqual(diffDirectory([known], listing({ subdirectories: ['a'] })).vanished, [known]);
  });
});

describe('reconcileListed', () => {
  it('brings in what became ready while we waited', () => {
    assert.notEqual(reconcileListed(sent({ state: 'checking' }), facts({ status: 'ready' })), null);
  });

  it('never moves a content on its way backwards', () => {
    for (const state of ['uploaded', 'checking', 'renewing'] as const) {
      assert.equal(reconcileListed(sent({ state }), facts()), null);
      assert.equal(reconcileListed(sent({ state }), facts({ status: 'failed' })), null);
    }
  });

  it('says nothing when nothing is new', () => {
    const ready = sent({ state: 'ready', url: 'https://cdn.example/a' });
    assert.equal(reconcileListed(ready, facts({ status: 'ready' })), null);
    assert.equal(reconcileListed(ready, facts({ status: 'ready', url: null })), null);
  });
});
