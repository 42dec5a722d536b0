import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitPath } from '../../../../src/core/entry.ts';
import { Reports } from '../../../../src/ledger/reports.ts';
import type { RuleSettings } from '../../../../src/rules/folder-rules.ts';
import { parseRuleList } from '../../../../src/rules/parse-rules.ts';
import { RuleBook } from '../../../../src/sync/intake/rule-book.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

const settings = (exclude: readonly string[] = [], hasIgnoreFile = true): RuleSettings => ({
  exclude: parseRuleList('exclude', exclude).rules,
  include: [],
  ignoreCase: false,
  hasIgnoreFile,
});

/** A ledger that knows these files, a folder with an ignore file that the test writes, and the book over both. */
async function open(known: readonly string[], first: RuleSettings = settings()) {
  const { ledger, database } = memoryLedger();
  const folder = await withFolder(ledger);
  await knowFiles(ledger, folder, known);
  const clock = new HandClock();
  const disk: { text: string | null; reason: string | null; version: number; changedMs: number } = {
    text: null,
    reason: null,
    version: 0,
    changedMs: 0,
  };
  const stamp = () => (disk.text === null && disk.reason === null ? null : `version ${disk.version}`);
  const root = { isThere: true };
  const lines: string[] = [];
  const told = { judged: 0 };
  const stopping = new AbortController();
  const noted = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`);
  const openBook = (from = first, isSearching = true) =>
    new RuleBook(
      {
        ledger,
        clock,
        random: { fraction: () => 0.5, token: () => `fresh ${lines.length}` },
        log: { debug: noted, info: noted, warn: noted, error: noted },
        local: {
          look: () => assert.fail('no file is looked at'),
          detour: () => assert.fail('no file is looked at'),
          ignoreFileStamp: (of) => {
            assert.equal(of, '/drop');
            const now = stamp();
            return now === null ? null : { stamp: now, changedMs: disk.changedMs };
          },
          readIgnoreFile: () => {
            const now = stamp();
            if (now === null) return { kind: 'none' };
            return disk.reason === null
              ? { kind: 'text', stamp: now, text: disk.text ?? '' }
              : { kind: 'problem', stamp: now, reason: disk.reason };
          },
        },
        matching: { begin: () => assert.fail('nothing is taken in') },
        roots: { isThere: () => assert.fail('nothing halts here'), mayTake: () => root.isThere },
        signal: stopping.signal,
        knownPerSlice: 2,
        isSearching,
        onJudged: () => {
          told.judged += 1;
        },
      },
      [folder],
      () => from,
    );
  const write = (text: string | null, reason: string | null = null) => {
    Object.assign(disk, { text, reason, version: disk.version + 1, changedMs: clock.now() });
  };
  const reports = new Reports(database);
  const states = () =>
    [...reports.list(null)]
      .map(({ path, state, reason }) => `${path.slice(6)} ${state === 'excluded' ? reason : state}`)
      .sort();
  const row = (path: string) => {
    const { directory, name } = splitPath(path);
    const parent = ledger.directories.find(folder.folderId, directory);
    return ledger.files.get(parent?.id ?? 0, name);
  };
  const timeline = (path: string) => {
    const { directory, name } = splitPath(path);
    return (reports.file('/drop', directory, name)?.timeline ?? []).map(
      ({ event, from, to, detail }) => `${event}: ${from} -> ${to}${detail === null ? '' : `, ${detail}`}`,
    );
  };
  return {
    ledger,
    folder,
    clock,
    disk,
    root,
    lines,
    told,
    stopping,
    openBook,
    book: openBook(),
    write,
    states,
    row,
    timeline,
  };
}

describe('the rules of the settings', () => {
  it('judge what the ledger knows once, and again only where they are others', async () => {
    const { book, told, states, folder, lines, timeline } = await open(
      ['a', 'b', 'raw/c', 'raw/deep/d', 'e'],
      settings(['raw/', 'e']),
    );
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), [
      'a queued',
      'b queued',
      'e exclude:2: e',
      'raw/c exclude:1: raw/',
      'raw/deep/d exclude:1: raw/',
    ]);
    assert.deepEqual(timeline('raw/deep/d'), ['excluded: queued -> excluded, exclude:1: raw/']);
    assert.deepEqual(lines, ['the rules have changed {"folder":"/drop","excluded":3,"included":0}']);
    assert.equal(await book.refresh(folder), false);
    assert.equal(told.judged, 1);
    book.change('/drop', settings(['raw/deep/', 'e']));
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), [
      'a queued',
      'b queued',
      'e exclude:2: e',
      'raw/c queued',
      'raw/deep/d exclude:1: raw/deep/',
    ]);
    assert.deepEqual(timeline('raw/c').slice(1), ['included: excluded -> queued']);
    assert.deepEqual(timeline('raw/deep/d').length, 1, 'another rule is no news of the file');
    assert.deepEqual(lines.slice(1), ['the rules have changed {"folder":"/drop","excluded":0,"included":1}']);
  });

  it('leave what a file holds in its row, so that it goes on where it was', async () => {
    const { book, folder, row } = await open(['a', 'b'], settings(['a']));
    const before = row('a');
    await book.refresh(folder);
    assert.deepEqual(row('a'), { ...before, excludedBy: 'exclude:1: a' });
    book.change('/drop', settings());
    await book.refresh(folder);
    assert.deepEqual(row('a'), before);
  });

  it('make no source of what they exclude before it has an asset, and one again of what they take back', async () => {
    const { book, ledger, folder, row } = await open(['a', 'b'], settings(['a', 'b']));
    await book.refresh(folder);
    const ids = ['a', 'b'].map((path) => row(path)?.contentId ?? 0);
    const sources = () => ids.map((id) => ledger.files.sources(id).length);
    assert.deepEqual(sources(), [0, 0]);
    await ledger.write(({ contents, directories }) => {
      directories.setNeedsMatching(folder.folderId, false);
      const [first, second] = ids.map((id) => contents.get(id));
      assert.ok(first !== undefined && second !== undefined);
      assert.ok(contents.save(first, { ...first, state: 'reserved', assetId: 'asset_1', revision: 2 }, 1));
      assert.ok(contents.save(second, { ...second, state: 'gone', reasonCode: 'source_lost', revision: 2 }, 1));
    });
    assert.deepEqual(sources(), [1, 0], 'what is begun is finished');
    book.change('/drop', settings());
    await book.refresh(folder);
    assert.deepEqual(sources(), [1, 1]);
    assert.equal(ledger.contents.get(ids[1] ?? 0)?.state, 'queued', 'and what was given up is wanted again');
  });

  it('have FLORA searched again for what they take, if they left it alone when it was searched last', async () => {
    const { book, ledger, folder } = await open(['a'], settings(['raw/']));
    const { folderId } = folder;
    const needs = () => ledger.directories.needsMatching(folderId);
    const searched = () => ledger.write(({ directories }) => directories.setNeedsMatching(folderId, false));
    await book.refresh(folder);
    await searched();
    book.change('/drop', settings(['raw/', 'b']));
    await book.refresh(folder);
    assert.equal(needs(), true, 'it was searched under rules of a person');
    book.change('/drop', settings());
    await book.refresh(folder);
    await searched();
    book.change('/drop', settings(['c']));
    await book.refresh(folder);
    assert.equal(needs(), false, 'it was searched when nothing was left alone');
    await searched();
    book.change('/drop', settings());
    await book.refresh(folder);
    assert.equal(needs(), true);
  });

  it('have nothing searched where a new ledger is not to search', async () => {
    const { openBook, ledger, folder } = await open(['a'], settings(['raw/']));
    const book = openBook(settings(['raw/']), false);
    await book.refresh(folder);
    await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, false));
    book.change('/drop', settings());
    await book.refresh(folder);
    assert.equal(ledger.directories.needsMatching(folder.folderId), false);
  });

  it('are judged one after the other, so that the last ones are', async () => {
    const { book, folder, states } = await open(['a', 'b', 'c', 'd', 'e'], settings(['*']));
    const first = book.refresh(folder);
    await settled();
    book.change('/drop', settings(['e']));
    const second = book.refresh(folder);
    assert.deepEqual(await Promise.all([first, second]), [true, true]);
    assert.deepEqual(states(), ['a queued', 'b queued', 'c queued', 'd queued', 'e exclude:1: e']);
    assert.equal(await book.refresh(folder), false);
  });

  it('are known after a restart; a judgement that was cut short is made again', async () => {
    const { openBook, book, stopping, folder, states, told } = await open(['a', 'b', 'c', 'd', 'e'], settings(['*']));
    const judging = book.refresh(folder);
    await settled();
    stopping.abort(new Error('stopped'));
    await assert.rejects(judging, { message: 'stopped' });
    assert.notDeepEqual(states(), ['a queued', 'b queued', 'c queued', 'd queued', 'e queued']);
    const { folder: again, openBook: reopen, states: later } = await open(['a', 'b'], settings(['a']));
    assert.equal(await reopen().refresh(again), true);
    assert.equal(await reopen().refresh(again), false, 'the ledger remembers by which rules it was judged');
    assert.equal(await reopen(settings(['b'])).refresh(again), true);
    assert.deepEqual(later(), ['a queued', 'b exclude:1: b']);
    assert.equal(told.judged, 0);
    assert.ok(openBook().has('/drop') && !openBook().has('/other'));
  });
});

describe('the ignore file', () => {
  it('is read once it has settled, and at the first look only if it is old', async () => {
    const { book, write, clock, folder, states } = await open(['a', 'b']);
    write('a');
    assert.equal(await book.refresh(folder), true, 'by the built-in rules, for the first time');
    assert.deepEqual(states(), ['a queued', 'b queued']);
    await clock.advance(1_999);
    assert.equal(await book.refresh(folder), false);
    await clock.advance(1);
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), ['a .floraignore:1: a', 'b queued']);
    write('b');
    assert.equal(await book.refresh(folder), false);
    await clock.advance(1_500);
    write('b\n');
    assert.equal(await book.refresh(folder), false);
    await clock.advance(1_999);
    assert.equal(await book.refresh(folder), false, 'it has changed meanwhile');
    await clock.advance(1);
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), ['a queued', 'b .floraignore:1: b']);
    write(null);
    assert.equal(
      await book.refresh(folder),
      false,
      'nor is it gone before that: an editor may be about to put it back',
    );
    await clock.advance(2_000);
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), ['a queued', 'b queued']);
  });

  it('that is old is read at once before the first scan, and a new one is waited for', async () => {
    const { book, write, clock, folder, states, openBook } = await open(['a', 'b']);
    write('a');
    await clock.advance(2_000);
    assert.equal(await book.refresh(folder, true), true);
    assert.deepEqual(states(), ['a .floraignore:1: a', 'b queued']);
    write('b');
    const refreshing = openBook().refresh(folder, true);
    await settled();
    assert.deepEqual(states(), ['a .floraignore:1: a', 'b queued'], 'the ones before it count until then');
    await clock.advance(2_000);
    assert.equal(await refreshing, true);
    assert.deepEqual(states(), ['a queued', 'b .floraignore:1: b']);
  });

  it('that cannot be used leaves the rules as they were, also after a restart, and says why', async () => {
    const { book, write, clock, folder, states, openBook, lines } = await open(['a', 'b']);
    write('a');
    await clock.advance(2_000);
    await book.refresh(folder);
    for (const [text, reason, why] of [
      ['b\n[', null, 'line 2, [, has a [ without its ]: write \\[ for the character itself'],
      ['', 'it is not valid UTF-8', 'it is not valid UTF-8'],
    ] as const) {
      write(text, reason);
      await clock.advance(2_000);
      for (const each of [book, openBook()]) {
        await each.refresh(folder);
        await clock.advance(2_000);
        assert.equal(await each.refresh(folder), false);
        assert.deepEqual(each.notices('/drop'), [`.floraignore cannot be used, the rules before it stay: ${why}`]);
      }
      assert.deepEqual(states(), ['a .floraignore:1: a', 'b queued']);
    }
    assert.equal(
      lines.filter((line) => line.startsWith('.floraignore cannot be used: the rules stay as they were')).length,
      4,
      'each is told once',
    );
    write('b');
    await book.refresh(folder);
    await clock.advance(2_000);
    await book.refresh(folder);
    assert.deepEqual([states(), book.notices('/drop')], [['a queued', 'b .floraignore:1: b'], []]);
  });

  it('that is missing with its drive is not believed to be gone', async () => {
    const { book, write, clock, folder, states, root } = await open(['a', 'b']);
    write('a');
    await clock.advance(2_000);
    await book.refresh(folder);
    root.isThere = false;
    write(null);
    for (let look = 0; look < 3; look += 1) {
      await clock.advance(2_000);
      assert.equal(await book.refresh(folder), false);
    }
    assert.deepEqual(states(), ['a .floraignore:1: a', 'b queued']);
    root.isThere = true;
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), ['a queued', 'b queued']);
  });

  it('is not read where the settings say so, and what it excluded is taken again', async () => {
    const { book, write, clock, folder, states } = await open(['a', 'b']);
    write('a');
    await clock.advance(2_000);
    await book.refresh(folder);
    book.change('/drop', settings([], false));
    assert.equal(await book.refresh(folder), true);
    assert.deepEqual(states(), ['a queued', 'b queued']);
    book.change('/drop', settings(['b']));
    await book.refresh(folder);
    await clock.advance(2_000);
    await book.refresh(folder);
    assert.deepEqual(states(), ['a .floraignore:1: a', 'b exclude:1: b']);
  });

  it('that excludes more than half of many files waits ten minutes, in which it can be taken back', async () => {
    const many = Array.from({ length: 20 }, (_, at) => `f${at}`);
    const { book, write, clock, folder, states, lines } = await open(many);
    await book.refresh(folder);
    const excluded = () => states().filter((state) => state.includes('.floraignore')).length;
    const settle = async () => {
      await book.refresh(folder);
      await clock.advance(2_000);
      return await book.refresh(folder);
    };
    write('f[0-9]\n'); // half of them
    assert.equal(await settle(), true);
    assert.equal(excluded(), 10);
    write('*');
    assert.equal(await settle(), false);
    const untilText = new Date(clock.now() + 600_000).toISOString().replace('.000', '');
    assert.deepEqual(book.notices('/drop'), [
      `.floraignore excludes 10 of 10 known files, the rules before it stay until ${untilText}`,
    ]);
    await clock.advance(599_999);
    assert.equal(await book.refresh(folder), false);
    write('f[0-9]\n');
    assert.equal(await settle(), false, 'it was taken back');
    assert.deepEqual([excluded(), book.notices('/drop')], [10, []]);
    assert.equal(lines.filter((line) => line.startsWith('.floraignore would exclude most files')).length, 1);
  });

  it('that still excludes them then is applied', async () => {
    const many = Array.from({ length: 20 }, (_, at) => `f${at}`);
    const { book, write, clock, folder, states } = await open(many);
    write('*\n!f1\n');
    await clock.advance(2_000);
    await book.refresh(folder, true);
    assert.ok(states().every((state) => state.endsWith('queued')));
    await clock.advance(600_000);
    assert.equal(await book.refresh(folder), true);
    assert.equal(states().filter((state) => state.includes('.floraignore:1: *')).length, 19);
  });
});
