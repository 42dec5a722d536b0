import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshCreation } from '../../../src/core/creation.ts';
import type { FileStat } from '../../../src/core/entry.ts';
import { decodeName } from '../../../src/core/name.ts';
import type { HistoryRecord } from '../../../src/core/records.ts';
import { Inventory } from '../../../src/ledger/inventory.ts';
import { Reports } from '../../../src/ledger/reports.ts';
import { newContent, strictLedger } from '../../support/ledgers.ts';

const stat: FileStat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 2, inode: 3, device: 4 };
const problem = { code: 'unreadable', reason: 'EACCES' };
const odd = decodeName(Buffer.from([0x61, 0xe9]));

/**
 * Two watched folders, `/b` first, and one that is not. In `/a`: `x` ready, `y` waiting, `z` with a problem, `gone` that was ready, and
 * below `deep` a missing one. In `/b`: `x` as in `/a`. In `/old`: `x`, and a ready one that is nowhere else.
 */
async function world() {
  const { ledger, database } = strictLedger();
  const ids = await ledger.write(({ directories, contents, files }) => {
    const place = { workspaceId: 'ws_1', folder: null, projectId: 'p' };
    const destinationId = directories.destinationId(place);
    const other = directories.destinationId({ ...place, folder: 'f' });
    const folder = (path: string, id = destinationId) => ({ path, destinationId: id });
    const [old = 0] = directories.activateFolders([
      folder('/old', directories.destinationId({ ...place, projectId: 'q' })),
    ]);
    const [b = 0, a = 0] = directories.activateFolders([folder('/b', other), folder('/a')]);
    let made = 0;
    const make = (patch: object) => {
      made += 1;
      const own = { sha256: `digest ${made}`, idempotencyKey: `key ${made}`, sizeBytes: 70 + made };
      const content = contents.insert({ ...newContent(destinationId), ...own }, 10);
      assert.ok(contents.save(content, { ...content, ...patch }, 10 + made));
      return content.id;
    };
    const ready = make({
      state: 'ready',
      assetId: 'asset_1',
      url: 'u1',
      reasonCode: 'converted',
      reason: 'webp',
      remoteSizeBytes: 60,
    });
    const waiting = make({ attempts: 4 });
    const missing = make({
      state: 'missing',
      assetId: 'asset_3',
      url: 'u3',
      reasonCode: 'asset_missing',
      reason: '404',
      remoteSizeBytes: 61,
    });
    const nowhere = make({ state: 'ready', assetId: 'asset_4' });
    const dirs = {
      old: directories.save(old, ''),
      a: directories.save(a, ''),
      deep: directories.save(a, 'deep'),
      b: directories.save(b, ''),
    };
    files.saveContent(dirs.old, 'x', stat, ready, 1);
    files.saveContent(dirs.old, 'only', stat, nowhere, 1);
    files.saveContent(dirs.b, 'x', stat, ready, 20);
    files.saveContent(dirs.a, 'gone', stat, ready, 1);
    files.markGone(dirs.a, 'gone', 21);
    files.saveContent(dirs.a, 'x', stat, ready, 1);
    files.saveContent(dirs.a, 'y', stat, waiting, 1);
    files.saveProblem(dirs.a, 'z', stat, problem, 22);
    files.saveContent(dirs.deep, odd, stat, missing, 1);
    return { old, a, b, dirs, contents: { ready, waiting, missing, nowhere } };
  });
  return { ledger, ...ids, reports: new Reports(database), inventory: new Inventory(database) };
}

describe('the files that people are shown', () => {
  it('are those of watched folders, by folder, directory and name', async () => {
    const { reports } = await world();
    const rows = [...reports.list(null)].map(({ path, folder, state }) => [path, folder, state]);
    assert.deepEqual(rows, [
      ['/a/gone', '/a', 'gone'],
      ['/a/x', '/a', 'ready'],
      ['/a/y', '/a', 'queued'],
      ['/a/z', '/a', 'rejected'],
      [`/a/deep/${odd}`, '/a', 'missing'],
      ['/b/x', '/b', 'ready'],
    ]);
  });

  it('are those of one state where one is asked for', async () => {
    const { reports } = await world();
    const inState = (state: 'ready' | 'gone' | 'rejected' | 'queued') =>
      [...reports.list(state)].map(({ path }) => path);
    assert.deepEqual(inState('ready'), ['/a/x', '/b/x']);
    assert.deepEqual(inState('gone'), ['/a/gone']);
    assert.deepEqual(inState('rejected'), ['/a/z']);
    assert.deepEqual(inState('queued'), ['/a/y']);
  });

  it('come with all that is known of them, and a URL only where they are ready', async () => {
    const { reports } = await world();
    const all = Object.fromEntries([...reports.list(null)].map((row) => [row.path, row]));
    assert.deepEqual(all['/a/x'], {
      path: '/a/x',
      folder: '/a',
      state: 'ready',
      assetId: 'asset_1',
      url: 'u1',
      sizeBytes: 3,
      sha256: 'digest 1',
      attempts: 0,
      reasonCode: 'converted',
      reason: 'webp',
      updatedAtMs: 11,
    });
    assert.deepEqual([all[`/a/deep/${odd}`]?.url, all[`/a/deep/${odd}`]?.reason], [null, '404']);
    assert.deepEqual([all['/b/x']?.updatedAtMs, all['/a/y']?.attempts, all['/a/y']?.reason], [20, 4, null]);
    const refused = all['/a/z'];
    assert.deepEqual(
      [
        refused?.assetId,
        refused?.sha256,
        refused?.attempts,
        refused?.reasonCode,
        refused?.reason,
        refused?.updatedAtMs,
      ],
      [null, null, 0, 'unreadable', 'EACCES', 22],
    );
  });

  it('tell why nothing is asked for where they wait for no reason of their own', async () => {
    const { ledger, reports, contents } = await world();
    const reasons = () => [...reports.list(null)].map(({ reason }) => reason);
    const slow = { ...freshCreation('1'), reason: 'The budget is spent' };
    await ledger.write(({ facts }) => facts.setCreation(slow));
    assert.deepEqual(reasons(), ['webp', 'webp', null, 'EACCES', '404', 'webp'], 'not while it is not slow');
    await ledger.write(({ facts }) => facts.setCreation({ ...slow, slowSinceMs: 1 }));
    assert.deepEqual(reasons(), ['webp', 'webp', 'The budget is spent', 'EACCES', '404', 'webp']);
    assert.equal(reports.file('/a', '', 'y')?.file.reason, 'The budget is spent');
    await ledger.write((tables) => {
      const waiting = tables.contents.get(contents.waiting);
      assert.ok(waiting !== undefined);
      tables.contents.save(waiting, { ...waiting, reasonCode: 'key_spent', reason: 'own' }, 2);
    });
    assert.equal(reports.file('/a', '', 'y')?.file.reason, 'own');
    assert.equal(reports.creation()?.slowSinceMs, 1);
  });

  it('are counted by state for each watched folder, one without files too, in the order of their numbers', async () => {
    const { ledger, reports } = await world();
    assert.deepEqual(reports.counts(), [
      { path: '/b', counts: { ready: 1 } },
      { path: '/a', counts: { gone: 1, ready: 1, queued: 1, rejected: 1, missing: 1 } },
    ]);
    assert.deepEqual(reports.folders(), ['/b', '/a']);
    await ledger.write(({ directories }) => {
      const destinationId = directories.destinationId({ workspaceId: 'ws_1', folder: null, projectId: null });
      directories.activateFolders([{ path: '/empty', destinationId }]);
    });
    assert.deepEqual(reports.counts(), [{ path: '/empty', counts: {} }]);
  });

  it('are summed by state and reason, with those that came to it since a time', async () => {
    const { reports } = await world();
    const sums = (sinceMs: number) =>
      reports
        .sums(sinceMs)
        .map(
          ({ state, code, count, fresh, gone, failed }) =>
            `${state} ${code}: ${count}, ${fresh} fresh${gone ? ', gone' : ''}${failed ? ', failed' : ''}`,
        );
    assert.deepEqual(sums(20).sort(), [
      'gone converted: 1, 1 fresh, gone',
      'missing asset_missing: 1, 0 fresh, failed',
      'queued null: 1, 0 fresh',
      'ready converted: 2, 1 fresh',
      'rejected unreadable: 1, 1 fresh, failed',
    ]);
    assert.ok(sums(21).includes('ready converted: 2, 0 fresh'));
    assert.ok(sums(11).includes('ready converted: 2, 2 fresh'));
  });
});

describe('the story of a file', () => {
  const line = (patch: Partial<HistoryRecord>): HistoryRecord => {
    const nothing = { contentId: null, file: null, from: null, to: null, assetId: null };
    return { atMs: 1, event: 'x', requestId: null, attempt: null, detail: null, ...nothing, ...patch };
  };

  it('is what was told of it and of the contents that it had, in order, and nothing of others', async () => {
    const { ledger, reports, dirs, contents } = await world();
    const own = { directoryId: dirs.a, name: 'x' };
    await ledger.write(({ history }) => {
      for (const each of [
        line({ event: 'finished', file: own, contentId: contents.ready }),
        line({ event: 'of its content', contentId: contents.ready, from: 'queued', to: 'ready', assetId: 'asset_1' }),
        line({ event: 'of another content', contentId: contents.waiting }),
        line({ event: 'of a copy', contentId: contents.ready, file: { directoryId: dirs.b, name: 'x' } }),
        line({ event: 'of another name', contentId: contents.waiting, file: { directoryId: dirs.a, name: 'y' } }),
        line({ event: 'of a namesake', contentId: contents.missing, file: { directoryId: dirs.b, name: 'x' } }),
        line({ event: 'of the content of a namesake', contentId: contents.missing }),
        line({ event: 'of nothing' }),
        line({ event: 'told', file: own, atMs: 9, requestId: 'req', attempt: 3, detail: 'why' }),
      ]) {
        history.append(each);
      }
    });
    const told = reports.file('/a', '', 'x');
    assert.deepEqual(
      told?.timeline.map(({ event }) => event),
      ['finished', 'of its content', 'told'],
    );
    const nothing = { from: null, to: null, assetId: null, requestId: null, attempt: null, detail: null };
    assert.deepEqual(told?.timeline.slice(1), [
      { ...nothing, atMs: 1, event: 'of its content', from: 'queued', to: 'ready', assetId: 'asset_1' },
      { ...nothing, atMs: 9, event: 'told', requestId: 'req', attempt: 3, detail: 'why' },
    ]);
  });

  it('is there for a file of a folder that is not watched, and for none that was never seen', async () => {
    const { reports } = await world();
    assert.equal(reports.file('/old', '', 'x')?.file.state, 'ready');
    for (const [folder, directory, name] of [
      ['/c', '', 'x'],
      ['/a', 'deep', 'x'],
      ['/a', '', 'never'],
    ] as const) {
      assert.equal(reports.file(folder, directory, name), undefined, `${folder}/${directory}/${name}`);
    }
  });
});

describe('the inventory', () => {
  it('has the watched folders by path, with their roots', async () => {
    const { ledger, inventory, a, b } = await world();
    await ledger.write(({ directories }) => directories.saveRootIdentity(b, '1:2'));
    assert.deepEqual(inventory.folders(), [
      { folderId: a, root: '/a', rootIdentity: null },
      { folderId: b, root: '/b', rootIdentity: '1:2' },
    ]);
  });

  it('has their directories in slices', async () => {
    const { inventory, a, b, dirs } = await world();
    const root = { directoryId: dirs.a, directory: '' };
    const deep = { directoryId: dirs.deep, directory: 'deep' };
    assert.deepEqual(inventory.directories(a, null, 9), [root, deep]);
    assert.deepEqual(inventory.directories(a, null, 1), [root]);
    assert.deepEqual(inventory.directories(a, '', 9), [deep]);
    assert.deepEqual(inventory.directories(a, 'deep', 9), []);
    const known = [
      inventory.hasDirectory(a, 'deep'),
      inventory.hasDirectory(b, 'deep'),
      inventory.hasDirectory(a, 'x'),
    ];
    assert.deepEqual(known, [true, false, false]);
  });

  it('has the files of a directory in slices, with what is known of their bytes', async () => {
    const { inventory, dirs, a, contents } = await world();
    const names = (after: string | null, limit: number) =>
      inventory.files(dirs.a, after, limit).map(({ name }) => name);
    assert.deepEqual(names(null, 9), ['gone', 'x', 'y', 'z']);
    assert.deepEqual([names(null, 2), names('x', 9), names('z', 9)], [['gone', 'x'], ['y', 'z'], []]);
    const [gone, x, , z] = inventory.files(dirs.a, null, 9);
    const content = {
      contentId: contents.ready,
      state: 'ready',
      assetId: 'asset_1',
      url: 'u1',
      sizeBytes: 71,
      sha256: 'digest 1',
      convertedSizeBytes: 60,
    };
    assert.deepEqual(x, {
      directoryId: dirs.a,
      name: 'x',
      isGone: false,
      isExcluded: false,
      problemCode: null,
      content,
    });
    assert.deepEqual([gone?.isGone, gone?.content?.contentId], [true, contents.ready]);
    assert.deepEqual([z?.content, z?.problemCode], [null, 'unreadable']);
    assert.deepEqual(inventory.file(a, '', 'x'), x);
    assert.equal(inventory.file(a, 'deep', odd)?.content?.convertedSizeBytes, null, 'it was not converted');
    for (const [directory, name] of [
      ['deep', 'x'],
      ['', odd],
    ] as const) {
      assert.equal(inventory.file(a, directory, name), undefined);
    }
  });

  it('has what has failed in watched folders in slices', async () => {
    const { inventory, dirs, a, ledger, old } = await world();
    await ledger.write(({ files }) => files.saveProblem(dirs.old, 'bad', stat, problem, 1));
    const all = inventory.failed(null, 9);
    assert.deepEqual(all, [
      { root: '/a', directory: '', name: 'z', folderId: a, directoryId: dirs.a },
      { root: '/a', directory: 'deep', name: odd, folderId: a, directoryId: dirs.deep },
    ]);
    assert.ok(old > 0);
    assert.equal(inventory.failed(null, 1).length, 1);
    assert.deepEqual(inventory.failed({ directoryId: dirs.a, name: 'z' }, 9), all.slice(1));
    assert.deepEqual(inventory.failed({ directoryId: dirs.a, name: 'y' }, 9), all);
    assert.deepEqual(inventory.failed({ directoryId: dirs.deep, name: odd }, 9), []);
  });

  it('has what FLORA should have, or had, of watched folders, in slices', async () => {
    const { inventory, contents } = await world();
    const ids = (after: number, limit: number) => inventory.ready(after, limit).map(({ contentId }) => contentId);
    assert.deepEqual([ids(0, 9), ids(0, 1)], [[contents.ready, contents.missing], [contents.ready]]);
    assert.deepEqual([ids(contents.ready, 9), ids(contents.missing, 9)], [[contents.missing], []]);
  });

  it('has contents by their assets, and a path for each: one that is watched and there, if there is any', async () => {
    const { ledger, inventory, contents, dirs } = await world();
    assert.equal(inventory.byAsset('asset_3')?.contentId, contents.missing);
    assert.equal(inventory.byAsset('asset_9'), undefined);
    assert.deepEqual([inventory.pathOf(contents.nowhere), inventory.pathOf(99)], ['/old/only', null]);
    assert.match(inventory.pathOf(contents.ready) ?? '', /^\/[ab]\/x$/);
    await ledger.write(({ files }) => {
      files.markGone(dirs.a, 'x', 1);
      files.markGone(dirs.b, 'x', 1);
    });
    assert.match(inventory.pathOf(contents.ready) ?? '', /^\/[ab]\/(x|gone)$/, 'watched before there');
    await ledger.write(({ files }) => files.saveContent(dirs.b, 'x', stat, contents.ready, 1));
    assert.equal(inventory.pathOf(contents.ready), '/b/x');
  });

  it('has the path of a content that is watched before one that is there, wherever they stand', async () => {
    const { ledger, inventory, contents, dirs } = await world();
    const { nowhere } = contents;
    const save = (directoryId: number, isGone: boolean) =>
      ledger.write(({ files }) => {
        files.saveContent(directoryId, 'n', stat, nowhere, 1);
        if (isGone) files.markGone(directoryId, 'n', 2);
      });
    await save(dirs.a, true);
    assert.equal(inventory.pathOf(nowhere), '/a/n', 'watched, and gone');
    await save(dirs.b, false);
    assert.equal(inventory.pathOf(nowhere), '/b/n', 'watched, and there');
    await save(dirs.a, false);
    await save(dirs.b, true);
    assert.equal(inventory.pathOf(nowhere), '/a/n');
    await save(dirs.a, true);
    await save(dirs.deep, false);
    assert.equal(inventory.pathOf(nowhere), '/a/deep/n', 'between two that are gone');
  });

  it('has the last path that had a content, as its history tells', async () => {
    const { ledger, dirs, contents } = await world();
    const nothing = { from: null, to: null, assetId: null, requestId: null, attempt: null, detail: null, event: 'x' };
    await ledger.write(({ history }) => {
      for (const [directoryId, name] of [
        [dirs.a, 'first'],
        [dirs.deep, odd],
      ] as const)
        history.append({ ...nothing, atMs: 1, contentId: contents.ready, file: { directoryId, name } });
    });
    assert.deepEqual(ledger.files.lastPathOf(contents.ready), { root: '/a', directory: 'deep', name: odd });
    assert.equal(ledger.files.lastPathOf(contents.waiting), undefined);
  });

  it('has what a path held, each time that it was another', async () => {
    const { ledger, inventory, dirs, contents } = await world();
    const nothing = { from: null, to: null, assetId: null, requestId: null, attempt: null, detail: null, event: 'x' };
    await ledger.write(({ history }) => {
      const tell = (atMs: number, contentId: number | null, name = 'x', directoryId = dirs.a) =>
        history.append({ ...nothing, atMs, contentId, file: { directoryId, name } });
      tell(1, contents.ready);
      tell(2, contents.ready);
      tell(3, null);
      tell(4, contents.waiting);
      tell(5, contents.missing, 'y');
      tell(6, contents.missing, 'x', dirs.b);
      tell(7, contents.ready);
      history.append({ ...nothing, atMs: 8, contentId: contents.missing, file: null });
    });
    assert.deepEqual(
      inventory.versions(dirs.a, 'x').map(({ number, atMs, contentId }) => [number, atMs, contentId]),
      [
        [1, 1, contents.ready],
        [2, 4, contents.waiting],
        [3, 7, contents.ready],
      ],
    );
  });

  it('has the places of watched folders, each once', async () => {
    const { inventory } = await world();
    assert.deepEqual(inventory.places(), [{ workspaceId: 'ws_1', projectId: 'p' }]);
  });
});
