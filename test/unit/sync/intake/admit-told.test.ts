import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { type FileStat, joinPath, type Problem, splitPath } from '../../../../src/core/entry.ts';
import { type AdmitDeps, admitFile, admitProblem } from '../../../../src/sync/intake/admit.ts';
import { Vanishing } from '../../../../src/sync/intake/vanishing.ts';
import type { LocalPort } from '../../../../src/sync/ports/local.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

// How a file came into the ledger, or why it did not: its rows, its history, and the line that is logged.

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
type Look = ReturnType<LocalPort['look']>;

async function admitting(copies: 'share' | 'separate' = 'share') {
  const { ledger, database } = memoryLedger();
  const folder = { ...(await withFolder(ledger)), copies };
  const clock = new HandClock();
  const lines: unknown[] = [];
  const line = (level: string) => (facts: object, message: string) => void lines.push([level, facts, message]);
  const seen = new Map<string, Look>();
  const detours = new Set<string>();
  const there = { isThere: true };
  let tokens = 0;
  const deps: AdmitDeps = {
    ledger,
    clock,
    random: {
      fraction: () => 0.5,
      token: () => {
        tokens += 1;
        return `token ${tokens}`;
      },
    },
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    local: {
      look: ({ directory, name }) => seen.get(joinPath(directory, name)) ?? { kind: 'file', stat },
      detour: ({ directory, name }) => (detours.has(joinPath(directory, name)) ? 'elsewhere' : null),
    },
    matching: {
      begin: (_, content, nowMs) => {
        assert.equal(content.fileName, 'a.png');
        return { state: 'matching', notBeforeMs: nowMs + 7 };
      },
    },
    roots: { isThere: () => there.isThere },
  };
  const fileAt = (path: string) => ({ ...folder, ...splitPath(path) });
  const admit = async (path: string, patch: Partial<FileStat> = {}, racyMs: number | null = null) => {
    const fingerprint = { stat: { ...stat, ...patch }, sha256: 'abc', contentType: 'image/png' };
    const admitted = await admitFile(deps, fileAt(path), fingerprint, racyMs);
    assert.ok(admitted.path !== undefined);
    return { content: admitted.content, path: admitted.path };
  };
  const refuse = (path: string, problem: Problem, racyMs?: number | null) =>
    admitProblem(deps, fileAt(path), stat, problem, racyMs);
  await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, false));
  const told = () => {
    const rows = database.prepare('SELECT * FROM history ORDER BY id').all() as Record<string, unknown>[];
    return rows.map(({ event, from_state, to_state, detail }) => [event, from_state, to_state, detail]);
  };
  return { ledger, database, folder, clock, deps, lines, seen, detours, there, admit, refuse, told };
}

const about = '3 bytes, image/png, sha256 abc';

describe('a finished file', () => {
  it('becomes a content that is due now, with a line and a history of its own', async () => {
    const { admit, ledger, clock, lines, told, database, folder } = await admitting();
    const { content, path } = await admit('sub/a.png', {}, clock.now() + 5);
    const directoryId = ledger.directories.find(folder.folderId, 'sub')?.id;
    assert.deepEqual(path, { root: '/drop', directory: 'sub', name: 'a.png', directoryId });
    assert.deepEqual(ledger.contents.get(content.id), content);
    const { destinationId, sizeBytes, sha256, contentType, fileName, idempotencyKey, twin, state, notBeforeMs } =
      content;
    assert.deepEqual(
      { destinationId, sizeBytes, sha256, contentType, fileName, idempotencyKey, twin, state, notBeforeMs },
      {
        destinationId: folder.destinationId,
        sizeBytes: 3,
        sha256: 'abc',
        contentType: 'image/png',
        fileName: 'a.png',
        idempotencyKey: 'token 1',
        twin: 0,
        state: 'queued',
        notBeforeMs: clock.now(),
      },
    );
    assert.deepEqual(told(), [['finished', null, 'queued', about]]);
    const [row] = database.prepare('SELECT * FROM history').all() as Record<string, unknown>[];
    assert.deepEqual(
      [row?.['at'], row?.['content_id'], row?.['directory_id'], row?.['request_id'], row?.['attempt']],
      [clock.now(), content.id, directoryId, null, null],
    );
    assert.deepEqual(lines, [
      ['info', { path: '/drop/sub/a.png', to: 'queued', asset_id: null }, 'finished -> queued'],
    ]);
    assert.deepEqual(ledger.racyFiles.due(folder.folderId, clock.now() + 5, 9), [
      { directoryId, directory: 'sub', name: 'a.png' },
    ]);
  });

  it('begins as the search says where its folder is searched for', async () => {
    const { admit, ledger, folder, clock } = await admitting();
    await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, true));
    const { content } = await admit('a.png');
    assert.deepEqual([content.state, content.notBeforeMs], ['matching', clock.now() + 7]);
    assert.equal(ledger.racyFiles.due(folder.folderId, clock.now() * 2, 9).length, 0);
  });

  it('that is as it was is no news; that is back is', async () => {
    const { admit, ledger, lines, told } = await admitting();
    const { content, path } = await admit('a.png');
    await admit('a.png', { mtimeMs: 9 });
    assert.deepEqual([lines.length, told().length], [1, 1]);
    assert.equal(ledger.files.get(path.directoryId, 'a.png')?.stat.mtimeMs, 9);
    await ledger.write(({ files }) => files.markGone(path.directoryId, 'a.png', 5));
    const again = await admit('a.png');
    assert.equal(again.content.id, content.id);
    assert.deepEqual(told().slice(1), [['same bytes', 'queued', 'queued', about]]);
  });

  for (const [what, look, from, patch] of [
    ['gone', { kind: 'gone' }, 'moved', {}],
    ['a directory by now', { kind: 'directory' }, 'moved', { inode: 2 }],
    ['there', { kind: 'file', stat }, 'copied', {}],
    ['not to be read', { kind: 'problem', stat: null, problem: { code: 'unreadable', reason: '' } }, 'copied', {}],
  ] as const) {
    it(`with known bytes was ${from} where the file that had them is ${what}`, async () => {
      const { admit, seen, lines, told } = await admitting();
      await admit('old/a.png');
      seen.set('old/a.png', look);
      await admit('a.png', patch);
      const how = 'inode' in patch ? 'the same bytes' : 'the same inode and bytes';
      const origin = from === 'moved' ? `from /drop/old/a.png (${how})` : 'of /drop/old/a.png';
      assert.deepEqual(told()[1], [from, 'queued', 'queued', `${origin}; ${about}`]);
      const facts = { path: '/drop/a.png', to: 'queued', asset_id: null };
      assert.deepEqual(lines[1], ['info', facts, 'finished, same bytes as before -> queued']);
    });
  }

  it('with known bytes was moved where the former name is spelled otherwise, or known to be gone', async () => {
    for (const isGone of [true, false]) {
      const { admit, detours, ledger, told } = await admitting();
      const { path } = await admit('A.png');
      if (isGone) await ledger.write(({ files }) => files.markGone(path.directoryId, 'A.png', 1));
      else detours.add('A.png');
      await admit('a.png');
      assert.deepEqual(told()[1]?.[0], 'moved');
    }
  });

  it('with known bytes was copied where the former name cannot be read, however it is spelled', async () => {
    const { admit, detours, seen, told } = await admitting();
    await admit('A.png');
    seen.set('A.png', { kind: 'problem', stat: null, problem: { code: 'unreadable', reason: '' } });
    detours.add('A.png');
    await admit('a.png');
    assert.deepEqual(told()[1]?.[0], 'copied');
  });

  it('with known bytes of which no file is known any more has the same bytes', async () => {
    const { admit, ledger, told } = await admitting();
    const { path } = await admit('b.png');
    await ledger.write(({ files }) => files.remove(path.directoryId, 'b.png'));
    await admit('a.png');
    assert.deepEqual(told()[1], ['same bytes', 'queued', 'queued', about]);
  });

  it('that is a copy has a content of its own where copies are separate, and the next twin', async () => {
    const { admit, seen, there } = await admitting('separate');
    const first = await admit('a.png');
    const second = await admit('sub/a.png');
    assert.deepEqual([first.content.twin, second.content.twin], [0, 1]);
    assert.equal((await admit('sub/a.png')).content.id, second.content.id, 'its own');
    seen.set('sub/a.png', { kind: 'gone' });
    there.isThere = false;
    const third = await admit('c/a.png');
    assert.equal(third.content.twin, 2, 'the drive with the second is only away');
    there.isThere = true;
    assert.equal((await admit('d/a.png')).content.id, second.content.id, 'which nobody has any more');
  });

  for (const [what, patch, isFree] of [
    ['another inode and time', { inode: 2, mtimeMs: 2 }, true],
    ['another inode and size', { inode: 2, sizeBytes: 2 }, true],
    ['another inode alone', { inode: 2 }, false],
    ['another time alone', { mtimeMs: 2 }, false],
  ] as const) {
    it(`has the content of a name under which is a file with ${what}: ${isFree}`, async () => {
      const { admit, seen } = await admitting('separate');
      const first = await admit('a.png');
      seen.set('a.png', { kind: 'file', stat: { ...stat, ...patch } });
      assert.equal((await admit('b/a.png')).content.id === first.content.id, isFree);
    });
  }

  it('has the content of a name that is gone, spelled otherwise, or in a folder that nobody watches', async () => {
    for (const how of ['gone', 'spelled otherwise', 'unwatched', 'there'] as const) {
      const { admit, ledger, detours, seen, there, folder } = await admitting('separate');
      const first = await admit('a.png');
      if (how === 'gone') await ledger.write(({ files }) => files.markGone(first.path.directoryId, 'a.png', 1));
      if (how === 'spelled otherwise') detours.add('a.png');
      if (how === 'unwatched') {
        const { destinationId } = folder;
        await ledger.write(({ directories }) => directories.activateFolders([{ path: '/new', destinationId }]));
        seen.set('a.png', { kind: 'gone' });
        there.isThere = false;
      }
      const { content } = await admit('b/a.png');
      assert.equal(content.id === first.content.id, how !== 'there', how);
    }
  });

  it('has the content that it had under its very path as a file of another folder', async () => {
    const { admit, ledger, deps, folder } = await admitting('separate');
    const first = await admit('sub/a.png');
    const { destinationId } = folder;
    const [folderId = 0] = await ledger.write(({ directories }) =>
      directories.activateFolders([{ path: '/drop/sub', destinationId }]),
    );
    const file = { ...folder, folderId, root: '/drop/sub', directory: '', name: 'a.png' };
    const fingerprint = { stat, sha256: 'abc', contentType: 'image/png' };
    const { content } = await admitFile(deps, file, fingerprint, null);
    assert.equal(content.id, first.content.id);
  });

  it('whose bytes were given up is news, begins anew, and later each time', async () => {
    const { admit, ledger, clock, told, lines, folder } = await admitting();
    const giveUp = async ({ id }: Content) => {
      const content = ledger.contents.get(id);
      assert.ok(content !== undefined);
      await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'gone' }, 1));
    };
    const first = await admit('a.png');
    await giveUp(first.content);
    const second = await admit('a.png');
    assert.deepEqual(told()[1], ['same bytes', 'gone', 'queued', about]);
    assert.deepEqual([lines.length, second.content.notBeforeMs], [2, clock.now()]);
    await giveUp(second.content);
    await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, true));
    const { content } = await admit('a.png');
    assert.equal(content.state, 'matching');
    assert.ok(content.notBeforeMs > clock.now());
  });

  it('whose content changes inside its own transaction is a fault', async () => {
    const { admit, ledger } = await admitting();
    const { content } = await admit('a.png');
    await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'gone' }, 1));
    ledger.contents.save = () => false;
    await assert.rejects(admit('b/a.png'), { message: `Content ${content.id} changed inside a transaction` });
  });
});

describe('a file that is not sent', () => {
  const problem = { code: 'type', reason: 'It is a text.' } as const;

  it('is told with its reason, in a line and its history, and only as often as that is another', async () => {
    const { refuse, lines, told, ledger, folder } = await admitting();
    assert.equal(await refuse('a.txt', problem, 77), true);
    assert.equal(ledger.racyFiles.due(folder.folderId, 77, 9).length, 1);
    assert.equal(await refuse('a.txt', problem), false);
    const facts = { path: '/drop/a.txt', to: 'rejected', code: 'type', reason: 'It is a text.' };
    assert.deepEqual(lines, [['warn', facts, 'finished -> rejected']]);
    assert.deepEqual(told(), [['rejected', null, 'rejected', 'It is a text.']]);
    assert.equal(await refuse('a.txt', { ...problem, reason: 'It is another.' }), true);
    assert.equal(await refuse('a.txt', { code: 'empty', reason: 'It is another.' }), true);
    assert.equal(await refuse('a.txt', { code: 'empty', reason: 'It is another.', detail: 'at byte 4' }), false);
    assert.equal(await refuse('b.txt', { ...problem, detail: 'at byte 4' }), true);
    assert.deepEqual(told().at(-1)?.[3], 'at byte 4');
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    const row = ledger.files.get(directoryId, 'b.txt');
    assert.deepEqual([row?.problem?.code, row?.stat, row?.contentId], ['type', stat, null]);
  });

  it('is told again once it was a file that is sent, or gone', async () => {
    const { refuse, admit, ledger, folder } = await admitting();
    await refuse('a.png', problem);
    await admit('a.png');
    assert.equal(await refuse('a.png', problem), true);
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    await ledger.write(({ files }) => files.markGone(directoryId, 'a.png', 1));
    assert.equal(await refuse('a.png', problem), true);
  });
});

describe('a file that vanished', () => {
  it('is told once, where it had bytes, and is no row any more where it had none', async () => {
    const { admit, refuse, deps, folder, lines, told, ledger, database } = await admitting();
    const { content, path } = await admit('sub/a.png');
    await refuse('sub/b.txt', { code: 'type', reason: 'It is a text.' });
    lines.length = 0;
    const vanishing = new Vanishing({
      ...deps,
      roots: { isThere: () => true } as never,
      watch: {} as never,
      signal: new AbortController().signal,
      isGone: () => true,
      onVanished: () => assert.fail('it is no directory'),
    });
    for (let times = 0; times < 2; times += 1)
      await vanishing.files(folder, 'sub', path.directoryId, ['a.png', 'b.txt', 'never.png']);
    const facts = { path: '/drop/sub/a.png', to: 'gone' };
    assert.deepEqual(lines, [['info', facts, 'the file is not there any more -> gone']]);
    assert.deepEqual(told().slice(2), [['vanished', null, 'gone', null]]);
    const row = database.prepare('SELECT content_id, name FROM history ORDER BY id DESC').get();
    assert.deepEqual(row, { content_id: content.id, name: 'a.png' });
    assert.equal(ledger.files.get(path.directoryId, 'a.png')?.isGone, true);
    assert.equal(ledger.files.get(path.directoryId, 'b.txt'), undefined);
  });
});
