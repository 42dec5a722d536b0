import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FileStat } from '../../../../src/core/entry.ts';
import { newContent, strictLedger, withFolder } from '../../../support/ledgers.ts';

const stat: FileStat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 2, inode: 3, device: 4 };
const problem = { code: 'empty', reason: 'no bytes' };

async function world() {
  const { ledger, database } = strictLedger();
  const folder = await withFolder(ledger);
  const { directoryId, otherId, contentId, otherContentId } = await ledger.write(({ directories, contents }) => ({
    directoryId: directories.save(folder.folderId, ''),
    otherId: directories.save(folder.folderId, 'other'),
    contentId: contents.insert(newContent(folder.destinationId), 1).id,
    otherContentId: contents.insert(newContent(folder.destinationId, { sha256: 'bb', idempotencyKey: 'b' }), 1).id,
  }));
  const { files } = ledger;
  const updatedAt = (name: string) =>
    (database.prepare('SELECT updated_at AS at FROM file WHERE name = ?').get(name) as { at: number }).at;
  return { ledger, database, ...folder, directoryId, otherId, contentId, otherContentId, files, updatedAt };
}

describe('doubt', () => {
  it('is cast on one file while it is there and of that content', async () => {
    const { ledger, files, directoryId, otherId, contentId, otherContentId } = await world();
    await ledger.write((tables) => {
      for (const directory of [directoryId, otherId]) {
        for (const name of ['a', 'b']) tables.files.saveContent(directory, name, stat, contentId, 1);
      }
      tables.files.markGone(directoryId, 'b', 2);
      tables.files.doubt(directoryId, 'a', otherContentId);
      tables.files.doubt(directoryId, 'b', contentId);
    });
    const doubted = () =>
      [directoryId, otherId].flatMap((directory) =>
        files.inDirectory(directory).flatMap((file) => (file.stat.ctimeMs === -1 ? [`${directory} ${file.name}`] : [])),
      );
    assert.deepEqual(doubted(), []);
    await ledger.write((tables) => tables.files.doubt(directoryId, 'a', contentId));
    assert.deepEqual(doubted(), [`${directoryId} a`]);
  });

  it('is cast on each file of a content that is there', async () => {
    const { ledger, files, directoryId, contentId, otherContentId } = await world();
    await ledger.write((tables) => {
      for (const name of ['a', 'b', 'gone']) tables.files.saveContent(directoryId, name, stat, contentId, 1);
      tables.files.saveContent(directoryId, 'other', stat, otherContentId, 1);
      tables.files.saveProblem(directoryId, 'problem', stat, problem, 1);
      tables.files.markGone(directoryId, 'gone', 2);
      tables.files.doubtContent(contentId);
    });
    const doubted = files.inDirectory(directoryId).filter((file) => file.stat.ctimeMs === -1);
    assert.deepEqual(
      doubted.map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('is cast on each file that was not acceptable', async () => {
    const { ledger, files, directoryId, contentId } = await world();
    await ledger.write((tables) => {
      tables.files.saveContent(directoryId, 'a', stat, contentId, 1);
      tables.files.saveProblem(directoryId, 'problem', stat, problem, 1);
      tables.files.doubtProblems();
    });
    const doubted = files.inDirectory(directoryId).filter((file) => file.stat.ctimeMs === -1);
    assert.deepEqual(
      doubted.map(({ name }) => name),
      ['problem'],
    );
  });
});

describe('a file of the ledger', () => {
  it('is gone, or forgotten, by its directory and its name', async () => {
    const { ledger, files, directoryId, otherId, contentId } = await world();
    const names = (directory: number) =>
      files.inDirectory(directory).map(({ name, isGone }) => (isGone ? `-${name}` : name));
    await ledger.write((tables) => {
      for (const directory of [directoryId, otherId]) {
        for (const name of ['a', 'b', 'c']) tables.files.saveContent(directory, name, stat, contentId, 1);
      }
      tables.files.markGone(directoryId, 'a', 2);
      tables.files.remove(directoryId, 'b');
    });
    assert.deepEqual(
      [names(directoryId), names(otherId)],
      [
        ['-a', 'c'],
        ['a', 'b', 'c'],
      ],
    );
    assert.equal(files.get(directoryId, 'a')?.isGone, true);
    assert.equal(files.get(otherId, 'a')?.isGone, false);
    assert.equal(files.get(directoryId, 'b'), undefined);
  });

  it('is there again when it is written anew, with what it is now and nothing of before', async () => {
    const { ledger, files, directoryId, contentId } = await world();
    const now: FileStat = { sizeBytes: 30, mtimeMs: 10, ctimeMs: 20, inode: 31, device: 40 };
    await ledger.write((tables) => {
      tables.files.saveContent(directoryId, 'a', stat, contentId, 1);
      tables.files.markGone(directoryId, 'a', 2);
      tables.files.saveProblem(directoryId, 'a', now, problem, 3);
    });
    const refused = { directoryId, name: 'a', stat: now, contentId: null, problem, isGone: false, excludedBy: null };
    assert.deepEqual(files.get(directoryId, 'a'), refused);
    assert.deepEqual(files.inDirectory(directoryId), [refused]);
    await ledger.write((tables) => tables.files.saveContent(directoryId, 'a', stat, contentId, 4));
    assert.deepEqual(files.get(directoryId, 'a'), { ...refused, stat, contentId, problem: null });
  });

  it('has a problem also where nobody wrote down why', async () => {
    const { ledger, database, files, directoryId } = await world();
    await ledger.write((tables) => tables.files.saveProblem(directoryId, 'a', stat, problem, 1));
    database.exec('UPDATE file SET problem = NULL');
    const unexplained = { code: 'empty', reason: '' };
    assert.deepEqual(files.get(directoryId, 'a')?.problem, unexplained);
    assert.deepEqual(files.inDirectory(directoryId)[0]?.problem, unexplained);
  });

  it('is read with those of its directory, all or so many behind a name', async () => {
    const { ledger, files, directoryId, otherId, contentId } = await world();
    await ledger.write((tables) => {
      for (const name of ['c', 'a', 'd', 'b']) tables.files.saveContent(directoryId, name, stat, contentId, 1);
      tables.files.saveContent(otherId, 'e', stat, contentId, 1);
    });
    const names = (after?: string, most?: number) =>
      files
        .inDirectory(directoryId, after, most)
        .map(({ name }) => name)
        .join('');
    assert.deepEqual([names(), names('a'), names('a', 2), names('', 1), names('d', 1)], ['abcd', 'bcd', 'bc', 'a', '']);
  });

  it('keeps its time where it is written with the same content again, and gets another where it was gone or is another', async () => {
    const { ledger, directoryId, contentId, otherContentId, updatedAt } = await world();
    const save = (id: number, atMs: number) =>
      ledger.write((tables) => tables.files.saveContent(directoryId, 'a', stat, id, atMs));
    await save(contentId, 1);
    await save(contentId, 2);
    assert.equal(updatedAt('a'), 1);
    await save(otherContentId, 3);
    assert.equal(updatedAt('a'), 3);
    await ledger.write((tables) => tables.files.markGone(directoryId, 'a', 4));
    assert.equal(updatedAt('a'), 4);
    await save(otherContentId, 5);
    assert.equal(updatedAt('a'), 5);
  });
});

describe('the paths of a content', () => {
  it('are those with the same inode first, then those that are there, sixteen at most', async () => {
    const { ledger, files, directoryId, contentId, otherContentId, root } = await world();
    await ledger.write((tables) => {
      const save = (name: string, patch: Partial<FileStat>, atMs: number, isGone = false) => {
        tables.files.saveContent(directoryId, name, { ...stat, inode: 90, ...patch }, contentId, atMs);
        if (isGone) tables.files.markGone(directoryId, name, atMs);
      };
      save('gone', {}, 2, true);
      save('there', {}, 4);
      save('moved', { inode: 7, device: 8 }, 2, true);
      save('moved before', { inode: 7, device: 8 }, 1, true);
      save('moved last', { inode: 7, device: 8 }, 3, true);
      save('other disk', { inode: 7, device: 9 }, 3);
      save('other inode', { inode: 6, device: 8 }, 5);
      tables.files.saveContent(directoryId, 'else', stat, otherContentId, 1);
    });
    const paths = files.pathsOf(contentId, { inode: 7, device: 8 });
    assert.deepEqual(
      paths.map(({ name, isGone, isSameInode, isWatched }) => [name, isGone, isSameInode, isWatched]),
      [
        ['moved last', true, true, true],
        ['moved', true, true, true],
        ['moved before', true, true, true],
        ['other inode', false, false, true],
        ['there', false, false, true],
        ['other disk', false, false, true],
        ['gone', true, false, true],
      ],
    );
    const [moved] = paths;
    assert.deepEqual([moved?.root, moved?.directory, moved?.directoryId], [root, '', directoryId]);
    assert.deepEqual(moved?.stat, { ...stat, inode: 7, device: 8 });
    await ledger.write((tables) => {
      for (let at = 0; at < 30; at += 1) tables.files.saveContent(directoryId, `more ${at}`, stat, contentId, 1);
      tables.directories.activateFolders([]);
    });
    const many = files.pathsOf(contentId, { inode: 7, device: 8 });
    assert.deepEqual([many.length, many[0]?.name, many[0]?.isWatched], [16, 'moved last', false]);
  });

  it('are those of 64 that are there and 64 that are gone: a content may have a million', async () => {
    const { ledger, files, directoryId, otherId, contentId } = await world();
    // One within the first 64 by name, and one within the last.
    const inode = (at: number) => (at === 1 || at === 68 ? 7 : 90);
    await ledger.write((tables) => {
      for (let at = 0; at < 70; at += 1) {
        const name = String(at).padStart(2, '0');
        tables.files.saveContent(directoryId, name, { ...stat, inode: inode(at) }, contentId, 1);
        tables.files.saveContent(otherId, name, { ...stat, inode: inode(at) }, contentId, 1);
        tables.files.markGone(otherId, name, 1);
      }
    });
    const same = files.pathsOf(contentId, { inode: 7, device: 4 }).filter(({ isSameInode }) => isSameInode);
    assert.deepEqual(
      same.map(({ isGone }) => isGone),
      [false, true],
    );
  });

  it('are no sources in a folder of another destination, and as many as are wanted', async () => {
    const { ledger, files, directoryId, contentId, root, otherContentId } = await world();
    await ledger.write((tables) => {
      for (let at = 0; at < 20; at += 1) tables.files.saveContent(directoryId, `${at}`, stat, contentId, 1);
      tables.files.saveContent(directoryId, 'else', stat, otherContentId, 1);
    });
    assert.equal(files.sources(contentId).length, 16);
    assert.equal(files.sources(contentId, 1).length, 1);
    assert.deepEqual(files.sources(otherContentId), [{ root, directory: '', name: 'else', directoryId }]);
    await ledger.write((tables) => {
      const elsewhere = tables.directories.destinationId({ workspaceId: 'ws_2', folder: null, projectId: null });
      tables.directories.activateFolders([{ path: root, destinationId: elsewhere }]);
      // As after another look: without doubt.
      tables.files.saveContent(directoryId, '0', stat, contentId, 2);
    });
    assert.deepEqual(files.sources(contentId), []);
  });
});

describe('files that are read once more', () => {
  it('are due at their time, of one folder, the longest due first, as many as are wanted', async () => {
    const { ledger, directoryId, otherId, contentId } = await world();
    const elsewhere = await ledger.write(({ directories, files }) => {
      const destinationId = directories.destinationId({ workspaceId: 'ws_1', folder: null, projectId: null });
      const [, second = 0] = directories.activateFolders([
        { path: '/drop', destinationId },
        { path: '/second', destinationId },
      ]);
      const id = directories.save(second, '');
      files.saveContent(id, 'z', stat, contentId, 1);
      return { folderId: second, directoryId: id };
    });
    const folderId = await ledger.write((tables) => {
      for (const name of ['a', 'b', 'gone', 'never']) tables.files.saveContent(directoryId, name, stat, contentId, 1);
      tables.files.saveContent(otherId, 'a', stat, contentId, 1);
      tables.files.markGone(directoryId, 'gone', 2);
      tables.racyFiles.note(directoryId, 'a', 20);
      tables.racyFiles.note(directoryId, 'b', 10);
      tables.racyFiles.note(otherId, 'a', 30);
      tables.racyFiles.note(directoryId, 'gone', 1);
      tables.racyFiles.note(elsewhere.directoryId, 'z', 1);
      return elsewhere.folderId - 1;
    });
    const due = (nowMs: number, most = 9) =>
      ledger.racyFiles.due(folderId, nowMs, most).map(({ directory, name }) => `${directory}/${name}`);
    assert.deepEqual(
      [due(9), due(10), due(20), due(99), due(99, 1)],
      [[], ['/b'], ['/b', '/a'], ['/b', '/a', 'other/a'], ['/b']],
    );
    assert.equal(ledger.racyFiles.due(elsewhere.folderId, 1, 9).length, 1);
    assert.equal(ledger.racyFiles.due(folderId, 99, 1)[0]?.directoryId, directoryId);
    const has = (id: number, name: string) => ledger.racyFiles.has(id, name);
    assert.deepEqual(
      [has(directoryId, 'a'), has(directoryId, 'never'), has(directoryId, 'gone'), has(otherId, 'b')],
      [true, false, false, false],
    );
    await ledger.write((tables) => {
      tables.files.saveContent(directoryId, 'a', stat, contentId, 3);
      tables.files.markGone(directoryId, 'b', 3);
    });
    assert.deepEqual(due(99), ['other/a'], 'that ends when the row is written anew');
  });
});

describe('destinations and folders', () => {
  const base = { workspaceId: 'ws_1', folder: 'f', projectId: 'p' };

  it('are others where workspace, folder or project is another, and the same otherwise', async () => {
    const { ledger } = strictLedger();
    const all = [
      base,
      { ...base, workspaceId: 'ws_2' },
      { ...base, folder: 'g' },
      { ...base, folder: null },
      { ...base, projectId: 'q' },
      { ...base, projectId: null },
    ];
    const ids = await ledger.write(({ directories }) => all.map((each) => directories.destinationId(each)));
    assert.equal(new Set(ids).size, all.length);
    const again = await ledger.write(({ directories }) => all.map((each) => directories.destinationId(each)));
    assert.deepEqual(again, ids);
    assert.deepEqual(
      ids.map((id) => ledger.directories.destination(id)),
      all,
    );
    assert.throws(() => ledger.directories.destination(99), /Destination 99 is not in the ledger/);
    const first = () => ledger.directories.destination(ids[0] ?? 0);
    const known = first();
    assert.equal(first(), known, 'it is read once');
    await ledger.write(({ directories }) => directories.activateFolders([]));
    assert.notEqual(first(), known, 'in each life');
    assert.deepEqual(first(), known);
  });

  it('have their files doubted where they go elsewhere from now on, and no others', async () => {
    const { ledger } = strictLedger();
    const [here = 0, there = 0] = await ledger.write(({ directories }) =>
      [base, { ...base, folder: 'g' }].map((each) => directories.destinationId(each)),
    );
    const paths = ['/a', '/b'];
    const files = await ledger.write((tables) => {
      const content = tables.contents.insert(newContent(here), 1);
      const ids = tables.directories.activateFolders(paths.map((path) => ({ path, destinationId: here })));
      return ids.map((folderId) => {
        const directoryId = tables.directories.save(folderId, 'deep');
        tables.files.saveContent(directoryId, 'x', stat, content.id, 1);
        return directoryId;
      });
    });
    const isDoubted = () => files.map((directoryId) => ledger.files.get(directoryId, 'x')?.stat.ctimeMs === -1);
    const activate = (first: number, second: number) =>
      ledger.write(({ directories }) =>
        directories.activateFolders([
          { path: '/a', destinationId: first },
          { path: '/b', destinationId: second },
        ]),
      );
    await activate(here, here);
    assert.deepEqual(isDoubted(), [false, false]);
    await activate(here, there);
    assert.deepEqual(isDoubted(), [false, true]);
  });

  it('are to be matched while they are watched and nobody has said that it is over', async () => {
    const { ledger } = strictLedger();
    const destinationId = await ledger.write(({ directories }) => directories.destinationId(base));
    const activate = (...paths: readonly string[]) =>
      ledger.write(({ directories }) => directories.activateFolders(paths.map((path) => ({ path, destinationId }))));
    const [a = 0, b = 0] = await activate('/a', '/b');
    await ledger.write(({ directories }) => directories.setNeedsMatching(a, false));
    assert.deepEqual(ledger.directories.toMatch(), [b]);
    assert.deepEqual(
      [a, b].map((id) => ledger.directories.needsMatching(id)),
      [false, true],
    );
    await activate('/a');
    assert.deepEqual(ledger.directories.toMatch(), []);
    assert.equal(ledger.directories.needsMatching(b), true, 'which is known also of one that is not watched');
    assert.equal(ledger.directories.needsMatching(99), false);
  });

  it('know the root of each, once it was seen', async () => {
    const { ledger } = strictLedger();
    const [a = 0, b = 0] = await ledger.write(({ directories }) => {
      const destinationId = directories.destinationId(base);
      return directories.activateFolders(['/a', '/b'].map((path) => ({ path, destinationId })));
    });
    await ledger.write(({ directories }) => directories.saveRootIdentity(a, '1:2'));
    assert.deepEqual(
      [a, b, 99].map((id) => ledger.directories.rootIdentity(id)),
      ['1:2', null, null],
    );
  });

  it('have problems by their codes, where a file of theirs that is there has one', async () => {
    const { ledger, folderId, directoryId, contentId } = await world();
    const codes = new Set(['empty', 'unreadable']);
    const has = (id = folderId, wanted: ReadonlySet<string> = codes) => ledger.directories.hasProblems(id, wanted);
    await ledger.write((tables) => tables.files.saveContent(directoryId, 'a', stat, contentId, 1));
    assert.equal(has(), false);
    await ledger.write((tables) => tables.files.saveProblem(directoryId, 'b', stat, problem, 1));
    assert.deepEqual([has(), has(folderId, new Set(['unreadable'])), has(folderId + 1)], [true, false, false]);
    await ledger.write((tables) => tables.files.markGone(directoryId, 'b', 2));
    assert.equal(has(), false);
    const second = await ledger.write(({ directories, files }) => {
      const destinationId = directories.destinationId({ workspaceId: 'ws_1', folder: null, projectId: null });
      const [id = 0] = directories.activateFolders([{ path: '/second', destinationId }]);
      files.saveProblem(directories.save(id, ''), 'c', stat, problem, 1);
      return id;
    });
    assert.deepEqual([has(), has(second)], [false, true]);
  });

  it('have directories, with those above them, that go and come back under one number', async () => {
    const { ledger, folderId, directoryId, otherId } = await world();
    const { directories } = ledger;
    const deep = await ledger.write((tables) => tables.directories.save(folderId, 'x/y'));
    const children = (id: number) =>
      directories
        .children(id)
        .map(({ path }) => path)
        .sort();
    assert.deepEqual(children(directoryId), ['other', 'x']);
    await ledger.write((tables) => {
      tables.directories.markGone(otherId);
      tables.directories.markGone(directories.find(folderId, 'x')?.id ?? 0);
      tables.directories.markGone(deep);
    });
    assert.deepEqual([children(directoryId), directories.find(folderId, 'x/y')?.isGone], [[], true]);
    assert.equal(await ledger.write((tables) => tables.directories.save(folderId, 'x/y')), deep);
    assert.deepEqual([children(directoryId), directories.find(folderId, 'x/y')?.isGone], [['x'], false]);
    assert.equal(directories.find(folderId + 1, 'x'), undefined);
  });
});
