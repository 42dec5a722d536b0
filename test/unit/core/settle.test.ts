import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DirectoryDiff, isChanged, type KnownName, unknownStat } from '../../../src/core/diff.ts';
import { type FileStat, isOtherKind, isSameStat } from '../../../src/core/entry.ts';
import { isQuiet, mayBeUnwritten, quietInMs, racyUntilMs } from '../../../src/core/settle.ts';

/** Whose times have fractions: two changes of it are told apart within some milliseconds. */
const fine: FileStat = { sizeBytes: 10, mtimeMs: 5_000.5, ctimeMs: 5_000.5, inode: 7, device: 1 };
const coarse: FileStat = { ...fine, mtimeMs: 5_000, ctimeMs: 5_000 };
const at = (monotonicMs: number, wallMs = 0, isRemote = false, quietMs = 2_000) => ({
  monotonicMs,
  wallMs,
  quietMs,
  isRemote,
});

describe('the time until another look is worthwhile', () => {
  it('is what is left of the quiet period and of a tick, and more on a server', () => {
    assert.equal(quietInMs({ stat: fine, sinceMs: 1_000 }, at(1_000)), 2_020);
    assert.equal(quietInMs({ stat: fine, sinceMs: 1_000 }, at(1_500)), 1_520);
    assert.equal(quietInMs({ stat: coarse, sinceMs: 0 }, at(0)), 4_000);
    assert.equal(quietInMs({ stat: fine, sinceMs: 0 }, at(0, 0, true)), 5_020);
  });

  it('is whole milliseconds, rounded up, and never none', () => {
    assert.equal(quietInMs({ stat: fine, sinceMs: 0.4 }, at(0)), 2_021);
    assert.equal(quietInMs({ stat: fine, sinceMs: 0 }, at(90_000)), 1);
  });
});

describe('a file that keeps still', () => {
  it('is told by its later time where they differ, on a local disk', () => {
    const copied = { stat: { ...fine, mtimeMs: 9_000.5 }, sinceMs: 0 };
    assert.equal(isQuiet(copied, at(0, 9_000.5 + 2_019)), false);
    assert.equal(isQuiet(copied, at(0, 9_000.5 + 2_020)), true);
  });

  it('may change within a tick of its times without its showing: it is looked at once more then', () => {
    assert.equal(racyUntilMs(fine, 5_020.4, false), 5_020.5);
    assert.equal(racyUntilMs(fine, 5_020.5, false), null);
    assert.equal(racyUntilMs(coarse, 6_999, false), 7_000);
    assert.equal(racyUntilMs(coarse, 7_000, false), null);
    assert.equal(racyUntilMs({ ...fine, mtimeMs: 6_000 }, 5_500, false), 6_020, 'by the later of its times');
  });

  it('is not looked at once more on a server, whose clock is another', () => {
    assert.equal(racyUntilMs(coarse, 5_000, true), null);
  });

  it('may have a part that is still to be written for ten quiet periods, where those are longer than ten minutes', () => {
    const candidate = { stat: fine, sinceMs: 1_000 };
    assert.equal(mayBeUnwritten(candidate, at(600_999, 6_000, true)), true);
    assert.equal(mayBeUnwritten(candidate, at(601_000, 6_000, true)), false);
    assert.equal(mayBeUnwritten(candidate, at(1_200_999, 6_000, true, 120_000)), true);
    assert.equal(mayBeUnwritten(candidate, at(1_201_000, 6_000, true, 120_000)), false);
    const agesMs = [86_399_999, 86_400_000];
    const isAsked = agesMs.map((ageMs) => mayBeUnwritten(candidate, at(1_000, fine.ctimeMs + ageMs, true)));
    assert.deepEqual(isAsked, [true, false], 'nor may one that is a day old');
  });
});

describe('two looks at a file', () => {
  it('are the same where nothing about it is another', () => {
    assert.equal(isSameStat(fine, { ...fine }), true);
    for (const patch of [{ sizeBytes: 0 }, { mtimeMs: 0 }, { ctimeMs: 0 }, { inode: 0 }, { device: 0 }]) {
      assert.equal(isSameStat(fine, { ...fine, ...patch }), false, JSON.stringify(patch));
    }
  });

  it('are never the same where the ledger casts doubt on the first', () => {
    for (const ctimeMs of [0, 0.5, 1]) {
      assert.equal(isSameStat(unknownStat, { ...unknownStat, ctimeMs }), false);
    }
    assert.ok(unknownStat.ctimeMs < 0, 'no file can have it');
  });
});

describe('what a directory has', () => {
  const known: KnownName = { name: 'a', stat: fine, problem: null, isGone: false };
  const listing = { root: '/drop', directory: '', files: [], subdirectories: [], problems: [] };
  const problem = { code: 'not_a_regular_file', reason: 'a named pipe' };

  it('is changed where it is new, back, or looks otherwise', () => {
    assert.equal(isChanged(undefined, fine), true);
    assert.equal(isChanged(known, fine), false);
    assert.equal(isChanged({ ...known, isGone: true }, fine), true);
    assert.equal(isChanged(known, coarse), true);
  });

  it('is told as a problem again where it had gone meanwhile, and not as vanished', () => {
    const diff = new DirectoryDiff({ ...listing, problems: [{ name: 'a', stat: fine, problem }] });
    const told = diff.compare([{ ...known, isGone: true, problem }]);
    assert.deepEqual([told.problems.length, told.vanished.length, told.candidates.length], [1, 0, 0]);
    assert.deepEqual(diff.rest(), { candidates: [], problems: [] }, 'each name once');
  });

  it('has vanished once: what was gone already says nothing', () => {
    const diff = new DirectoryDiff(listing);
    assert.deepEqual(diff.compare([known, { ...known, name: 'b', isGone: true }]).vanished, [known]);
  });

  it('has vanished although it had a problem, but for a directory that can be read again', () => {
    const before = { ...known, problem };
    assert.equal(new DirectoryDiff(listing).compare([before]).vanished.length, 1);
    const again = new DirectoryDiff({ ...listing, subdirectories: ['a'] });
    assert.equal(again.compare([before]).vanished.length, 0);
  });

  it('is neither file nor directory by three problems, and by no other', () => {
    const kinds = ['not_a_regular_file', 'symlink_outside', 'symlink_dangling', 'unreadable', 'read_error'];
    assert.deepEqual(
      kinds.map((code) => isOtherKind({ code })),
      [true, true, true, false, false],
    );
  });
});
