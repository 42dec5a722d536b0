import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import { unknownStat } from '../../../src/core/diff.ts';
import type { FileStat } from '../../../src/core/entry.ts';
import { decodeName } from '../../../src/core/name.ts';
import { SyncError } from '../../../src/errors.ts';
import { Reports } from '../../../src/ledger/reports.ts';
import { ContentStore } from '../../../src/ledger/tables/contents.ts';
import { memoryLedger, newContent, plansOf, withFolder } from '../../support/ledgers.ts';

const stat: FileStat = { sizeBytes: 3, mtimeMs: 1.5, ctimeMs: 2.25, inode: 2 ** 60, device: 5 };

describe('the paths of a content', () => {
  it('show one that is there behind any number that are gone', async () => {
    const { ledger } = memoryLedger();
    const { destinationId, folderId } = await withFolder(ledger);
    const id = await ledger.write(({ contents, directories, files }) => {
      const content = contents.insert(newContent(destinationId), 1);
      const directoryId = directories.save(folderId, '');
      for (let at = 0; at < 100; at += 1) {
        const name = `${String(at).padStart(3, '0')}.png`;
        files.saveContent(directoryId, name, stat, content.id, 1);
        if (at < 99) files.markGone(directoryId, name, 1);
      }
      return content.id;
    });
    const [first] = ledger.files.pathsOf(id, { inode: 0, device: 0 });
    assert.deepEqual({ name: first?.name, isGone: first?.isGone }, { name: '099.png', isGone: false });
  });
});

describe('contents', () => {
  it('have one row for the same bytes at one destination, and another elsewhere', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    await ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
    await assert.rejects(
      ledger.write((tables) => tables.contents.insert(newContent(destinationId, { idempotencyKey: 'key-2' }), 1)),
      { code: 'ledger_io', message: /SQLITE_CONSTRAINT_UNIQUE/ },
    );
    const elsewhere = await ledger.write((tables) => {
      const other = tables.directories.destinationId({ workspaceId: 'ws_1', folder: 'b', projectId: null });
      return tables.contents.insert(newContent(other, { idempotencyKey: 'key-3' }), 1);
    });
    assert.equal(elsewhere.state, 'queued');
  });

  it('cannot be bound to an asset that another content has', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const [one, two] = await ledger.write((tables) => [
      tables.contents.insert(newContent(destinationId), 1),
      tables.contents.insert(newContent(destinationId, { sha256: 'bb', idempotencyKey: 'key-2' }), 1),
    ]);
    assert.ok(one && two);
    const bind = { state: 'reserved', assetId: 'asset_1' } as const;
    assert.equal(await ledger.write((tables) => tables.contents.save(one, { ...one, ...bind }, 2)), true);
    await assert.rejects(
      ledger.write((tables) => tables.contents.save(two, { ...two, ...bind }, 2)),
      { code: 'ledger_io', message: /SQLITE_CONSTRAINT_UNIQUE/ },
    );
  });

  it('are handed out as they are written', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const inserted = await ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
    assert.deepEqual(inserted, ledger.contents.get(inserted.id));
  });

  it('keep whatever a step changes, and when the state did', async () => {
    const { ledger, database } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const first = await ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
    const changes: Partial<Content> = {
      state: 'renewing',
      generation: 2,
      idempotencyKey: 'key-2',
      renewals: 3,
      assetId: 'asset_1',
      url: 'https://host/1',
      target: { kind: 'put', url: 'https://host/upload' },
      targetExpiresAtMs: 4,
      areBytesConfirmed: true,
      isCompleteSent: true,
      isCompleteAccepted: true,
      mayHaveAllBytes: true,
      attempts: 5,
      strikes: 6,
      failures: 7,
      missingSinceMs: 8,
      notBeforeMs: 9,
      reasonCode: 'code',
      reason: 'reason',
    };
    const updatedAt = () => database.prepare('SELECT updated_at FROM content').pluck().get();
    // Each alone, but those of which a CHECK wants both.
    let row = first;
    const { state, assetId, ...others } = changes;
    for (const change of [{ state, assetId }, ...Object.entries(others).map(([key, value]) => ({ [key]: value }))]) {
      const next = { ...row, ...change } as Content;
      assert.equal(await ledger.write((tables) => tables.contents.save(row, next, 10)), true);
      row = { ...next, revision: row.revision + 1 };
      assert.deepEqual(ledger.contents.get(first.id), row);
    }
    assert.equal(updatedAt(), 10);
    assert.equal(await ledger.write((tables) => tables.contents.save(row, { ...row, attempts: 50 }, 11)), true);
    assert.equal(updatedAt(), 10);
    // And back to nothing, all at once.
    const again = ledger.contents.get(first.id) as Content;
    assert.equal(await ledger.write((tables) => tables.contents.save(again, first, 12)), true);
    assert.deepEqual(ledger.contents.get(first.id), { ...first, revision: again.revision + 1 });
  });

  it('drop a result whose row has changed meanwhile', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const before = await ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
    const save = (attempts: number) =>
      ledger.write((tables) => tables.contents.save(before, { ...before, attempts }, 2));
    assert.equal(await save(1), true);
    assert.equal(await save(2), false);
    assert.equal(ledger.contents.get(before.id)?.attempts, 1);
  });

  it('come due in the order in which they wait, through an index of those under way only', async () => {
    const { ledger, database } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const ids = await ledger.write((tables) =>
      [30, 10, 20].map(
        (at) =>
          tables.contents.insert(
            newContent(destinationId, { sha256: `${at}`, idempotencyKey: `${at}`, notBeforeMs: at }),
            1,
          ).id,
      ),
    );
    assert.deepEqual(ledger.contents.due('queued', 25, 10), [
      { id: ids[1], notBeforeMs: 10 },
      { id: ids[2], notBeforeMs: 20 },
    ]);
    assert.deepEqual(ledger.contents.due('begun', 25, 10), []);
    assert.equal(ledger.contents.nextDueAtMs('queued', 25), 30);
    assert.equal(ledger.contents.nextInTurn(5), undefined);
    const turns: unknown[] = [];
    for (let nowMs = 100; nowMs < 110; nowMs += 1) {
      const { id } = ledger.contents.nextInTurn(nowMs) ?? assert.fail();
      turns.push(ids.indexOf(id));
      await ledger.write(({ contents }) => {
        const tried = contents.get(id) ?? assert.fail();
        contents.save(tried, { ...tried, attempts: tried.attempts + 1, notBeforeMs: nowMs }, nowMs);
      });
      // However often one was tried, it has its turn like the others.
      if (nowMs === 105) {
        await ledger.write(({ contents }) => {
          const late = contents.get(ids[0] ?? 0) ?? assert.fail();
          contents.save(late, { ...late, attempts: 30, notBeforeMs: 104 }, nowMs);
        });
      }
    }
    assert.deepEqual(turns, [1, 2, 0, 1, 2, 0, 1, 0, 2, 1]);
    const plans = plansOf(database, (recording) => new ContentStore(recording), /ORDER BY not_before/);
    assert.equal(plans.length, 4);
    for (const plan of plans) assert.match(plan, /content_due|content_queued/);
  });

  it('find others of a workspace from the latest back, without sorting them all', () => {
    const { database } = memoryLedger();
    const [plan = ''] = plansOf(database, (recording) => new ContentStore(recording), /@limit/);
    assert.match(plan, /SCAN content|SEARCH content USING INTEGER PRIMARY KEY/);
    assert.doesNotMatch(plan, /TEMP B-TREE/);
  });

  it('are found by their assets: those that are asked for with their places, and all in slices', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const assets = ['c', 'a', null, 'b', 'e'];
    const ids = await ledger.write(({ contents }) =>
      assets.map((assetId, at) => {
        const key = { sha256: `digest ${at}`, idempotencyKey: `key ${at}` };
        const inserted = contents.insert(newContent(destinationId, key), 1);
        if (assetId !== null) contents.save(inserted, { ...inserted, assetId, state: 'ready', url: `u ${assetId}` }, 1);
        return inserted.id;
      }),
    );
    const [c = 0, a = 0, , b = 0, e = 0] = ids;
    const bound = ledger.boundAssets.of(['x', 'b', 'nobody', 'c']);
    const shown = bound.map(({ at, id, assetId, state, url }) => ({ at, id, assetId, state, url }));
    assert.deepEqual(
      shown.sort((one, other) => one.at - other.at),
      [
        { at: 1, id: b, assetId: 'b', state: 'ready', url: 'u b' },
        { at: 3, id: c, assetId: 'c', state: 'ready', url: 'u c' },
      ],
    );
    assert.deepEqual(ledger.boundAssets.of([]), []);
    assert.deepEqual(ledger.boundAssets.idsAfter('', 3), { ids: [a, b, c], last: 'c' });
    assert.deepEqual(ledger.boundAssets.idsAfter('c', 3), { ids: [e], last: 'e' });
    assert.deepEqual(ledger.boundAssets.idsAfter('e', 3), { ids: [], last: null });
  });

  it('keep target and secrets out of what reports show', async () => {
    const { ledger, database } = memoryLedger();
    const { destinationId, folderId } = await withFolder(ledger);
    const before = await ledger.write((tables) => {
      const content = tables.contents.insert(newContent(destinationId), 1);
      tables.files.saveContent(tables.directories.save(folderId, ''), 'a.png', stat, content.id, 1);
      return content;
    });
    const target = { kind: 'put', url: 'https://host/?signature=s3cret' } as const;
    await ledger.write((tables) =>
      tables.contents.save(before, { ...before, state: 'reserved', assetId: 'a', target }, 2),
    );
    assert.deepEqual(ledger.contents.get(before.id)?.target, target);
    assert.doesNotMatch(JSON.stringify([...new Reports(database).list(null)]), /s3cret/);
  });
});

describe('files', () => {
  it('keep names, stats and problems as they were, also names that are not UTF-8', async () => {
    const { ledger } = memoryLedger();
    const { folderId } = await withFolder(ledger);
    const name = decodeName(Buffer.from([0x61, 0xe9, 0x2e, 0x70, 0x6e, 0x67]));
    const directoryId = await ledger.write((tables) => {
      const id = tables.directories.save(folderId, 'deep/er');
      tables.files.saveProblem(id, name, stat, { code: 'empty', reason: 'no bytes' }, 1);
      return id;
    });
    const [file] = ledger.files.inDirectory(directoryId);
    assert.equal(file?.name, name);
    assert.deepEqual(file?.stat, stat);
    assert.deepEqual(file?.problem, { code: 'empty', reason: 'no bytes' });
  });

  it('come in slices, each once, those that are not UTF-8 last', async () => {
    const { ledger } = memoryLedger();
    const { folderId } = await withFolder(ledger);
    const odd = [0xe9, 0xfc].map((byte) => decodeName(Buffer.from([0x61, byte])));
    const names = ['B', 'a', 'zz', 'é', '\u{1f600}', ...odd];
    const directoryId = await ledger.write((tables) => {
      const id = tables.directories.save(folderId, '');
      const other = tables.directories.save(folderId, 'other');
      for (const name of [...names].reverse()) {
        tables.files.saveProblem(id, name, stat, { code: 'empty', reason: 'no bytes' }, 1);
        tables.files.saveProblem(other, `${name}-other`, stat, { code: 'empty', reason: 'no bytes' }, 1);
      }
      return id;
    });
    const seen: string[] = [];
    for (let after = ''; ; after = seen.at(-1) ?? '') {
      const slice = ledger.files.inDirectory(directoryId, after, 2);
      assert.ok(slice.length <= 2);
      seen.push(...slice.map(({ name }) => name));
      if (slice.length < 2) break;
    }
    assert.deepEqual(seen, names);
    assert.deepEqual(
      ledger.files.inDirectory(directoryId).map(({ name }) => name),
      names,
    );
  });

  it('know their directories as a tree', async () => {
    const { ledger } = memoryLedger();
    const { folderId } = await withFolder(ledger);
    await ledger.write((tables) => tables.directories.save(folderId, 'a/b'));
    const root = ledger.directories.find(folderId, '');
    assert.ok(root);
    assert.deepEqual(
      ledger.directories.children(root.id).map(({ path }) => path),
      ['a'],
    );
  });

  it('are no source while in doubt, gone, or in a folder that is not watched', async () => {
    const { ledger } = memoryLedger();
    const { destinationId, folderId } = await withFolder(ledger);
    const { id, directoryId } = await ledger.write((tables) => {
      const content = tables.contents.insert(newContent(destinationId), 1);
      const directory = tables.directories.save(folderId, '');
      for (const name of ['a', 'b']) tables.files.saveContent(directory, name, stat, content.id, 1);
      return { id: content.id, directoryId: directory };
    });
    assert.equal(ledger.files.sources(id).length, 2);
    await ledger.write((tables) => tables.files.doubt(directoryId, 'a', id));
    assert.deepEqual(
      ledger.files.sources(id).map(({ name }) => name),
      ['b'],
    );
    assert.equal(ledger.files.get(directoryId, 'a')?.stat.ctimeMs, unknownStat.ctimeMs);
    await ledger.write((tables) => tables.files.markGone(directoryId, 'b', 2));
    assert.equal(ledger.files.sources(id).length, 0);
    await ledger.write((tables) => tables.files.saveContent(directoryId, 'a', stat, id, 3));
    assert.equal(ledger.files.sources(id).length, 1);
    await ledger.write((tables) => tables.directories.activateFolders([]));
    assert.equal(ledger.files.sources(id).length, 0);
  });
});

describe('history', () => {
  it('is append-only', async () => {
    const { ledger, database } = memoryLedger();
    await ledger.write((tables) =>
      tables.history.append({
        atMs: 1,
        contentId: null,
        file: null,
        event: 'x',
        from: null,
        to: null,
        assetId: null,
        requestId: null,
        attempt: null,
        detail: null,
      }),
    );
    assert.throws(() => database.exec('UPDATE history SET at = 2'), /append-only/);
    assert.throws(() => database.exec('DELETE FROM history'), /append-only/);
  });
});

describe('group commit', () => {
  it('commits what gathered in one transaction, and only then lets anybody go on', async () => {
    const flushes: (() => void)[] = [];
    const { ledger } = memoryLedger((flush) => flushes.push(flush));
    let done = 0;
    const key = (index: number) => newContent(1, { sha256: `${index}`, idempotencyKey: `${index}` });
    const registered = withFolder(ledger);
    flushes.shift()?.();
    await registered;
    const writes = [1, 2, 3].map((index) =>
      ledger
        .write((tables) => tables.contents.insert(key(index), 1))
        .then(() => {
          done += 1;
        }),
    );
    await Promise.resolve();
    assert.equal(done, 0);
    assert.equal(flushes.length, 1);
    flushes[0]?.();
    await Promise.all(writes);
    assert.equal(done, 3);
  });

  it('undoes the write that throws, and keeps its neighbours', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const bad = ledger.write((tables) => {
      tables.contents.insert(newContent(destinationId), 1);
      throw new Error('on purpose');
    });
    const good = ledger.write((tables) =>
      tables.contents.insert(newContent(destinationId, { sha256: 'cc', idempotencyKey: 'key-9' }), 1),
    );
    await assert.rejects(bad, /on purpose/);
    assert.equal((await good).sha256, 'cc');
    assert.deepEqual(ledger.contents.withBytes(destinationId, newContent(1).sha256), []);
  });

  it('rejects everything, for good, when the ledger itself fails under a write', async () => {
    const { ledger } = memoryLedger();
    const { destinationId } = await withFolder(ledger);
    const neighbour = ledger.write((tables) => tables.contents.insert(newContent(destinationId), 1));
    const failing = ledger.write(() => {
      throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_READ' });
    });
    await assert.rejects(neighbour, { code: 'ledger_io' });
    await assert.rejects(failing, { code: 'ledger_io' });
    await assert.rejects(
      ledger.write(() => 1),
      { code: 'ledger_io' },
    );
    assert.equal(ledger.contents.hasAny(), false);
  });

  it('accepts nothing more once a commit failed', async () => {
    const { ledger, database } = memoryLedger();
    database.pragma('foreign_keys = ON');
    database.exec(`CREATE TABLE one (id INTEGER PRIMARY KEY);
      CREATE TABLE two (one INTEGER REFERENCES one DEFERRABLE INITIALLY DEFERRED)`);
    const insert = database.prepare('INSERT INTO two VALUES (7)');
    // Nothing is wrong with the write: it is the commit that finds the reference without its row.
    const failure = await ledger
      .write(() => insert.run())
      .then(
        () => assert.fail('it was committed'),
        (error: unknown) => error,
      );
    assert.ok(failure instanceof SyncError);
    assert.match(failure.message, /SQLITE_CONSTRAINT_FOREIGNKEY/);
    // The database would take this one.
    let isRun = false;
    const next = ledger.write(() => {
      isRun = true;
    });
    await assert.rejects(next, (error) => error === failure);
    assert.equal(isRun, false);
  });
});
