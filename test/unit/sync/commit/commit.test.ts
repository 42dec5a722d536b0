import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { ContentEvent } from '../../../../src/core/event.ts';
import { Reports } from '../../../../src/ledger/reports.ts';
import { byPolicy, type CommitDeps, commitOutcome } from '../../../../src/sync/commit/commit.ts';
import type { SourcePath } from '../../../../src/sync/ports/ledger.ts';
import { context, facts } from '../../../support/contents.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
const refused: ContentEvent = { type: 'refused', code: 'input_validation_error', reason: 'no' };
const ready: ContentEvent = { type: 'asset', facts: facts({ status: 'ready' }), by: 'get' };

/** One content in a state, with these files, and whatever is told of a step. */
async function world(patch: Partial<Content>, names: readonly string[] = ['a.png'], uploadsMissing = false) {
  const { ledger, database } = memoryLedger();
  const { destinationId, folderId, root } = await withFolder(ledger);
  const clock = new HandClock();
  const { id, directoryId } = await ledger.write((tables) => {
    const made = tables.contents.insert(newContent(destinationId), clock.now());
    assert.ok(tables.contents.save(made, { ...made, ...patch }, clock.now()));
    const directory = tables.directories.save(folderId, '');
    for (const name of names) tables.files.saveContent(directory, name, stat, made.id, clock.now());
    return { id: made.id, directoryId: directory };
  });
  const lines: { level: string; facts: object; message: string }[] = [];
  const log = (level: string) => (said: object, message: string) => void lines.push({ level, facts: said, message });
  const changes: string[] = [];
  const deps: CommitDeps = {
    ledger,
    clock,
    random: { fraction: () => 0.5, token: () => 'token' },
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    creating: null,
    onChange: (before, after) => void changes.push(`${before.state} -> ${after.state}`),
    uploadsMissing: () => uploadsMissing,
  };
  const content = () => ledger.contents.get(id) ?? assert.fail();
  const commit = (
    event: ContentEvent,
    more: { requestId?: string; doubted?: readonly SourcePath[] } = {},
    seen?: SourcePath,
  ) => commitOutcome(deps, content(), { event, requestId: null, doubted: [], ...more }, null, seen);
  const told = () => database.prepare('SELECT * FROM history ORDER BY id').all() as Record<string, unknown>[];
  return { ledger, database, deps, id, root, directoryId, content, commit, lines, changes, told };
}

describe('a step of a content', () => {
  it('is told in its history and in a line, with the attempt that it was, and to whom it concerns', async () => {
    const { commit, lines, changes, told, id, content } = await world({ attempts: 4 });
    const after = await commit(refused, { requestId: 'req_9' });
    assert.deepEqual(after, content());
    const [line] = told();
    assert.deepEqual(
      [
        line?.['content_id'],
        line?.['event'],
        line?.['from_state'],
        line?.['to_state'],
        line?.['attempt'],
        line?.['request_id'],
        line?.['detail'],
      ],
      [id, 'refused', 'queued', 'rejected', 5, 'req_9', 'no'],
    );
    assert.deepEqual(lines, [
      {
        level: 'warn',
        message: 'queued -> rejected',
        facts: {
          path: '/drop/a.png',
          asset_id: null,
          from: 'queued',
          to: 'rejected',
          attempt: 5,
          request_id: 'req_9',
          code: 'input_validation_error',
          reason: 'no',
        },
      },
    ]);
    assert.deepEqual(changes, ['queued -> rejected']);
  });

  it('says who found it where that may be one of several, and has no reason where there is none', async () => {
    const { commit, lines, told } = await world({ state: 'checking', assetId: 'asset_1', isCompleteSent: true });
    await commit(ready);
    assert.equal(told()[0]?.['event'], 'asset by get');
    assert.deepEqual([lines[0]?.level, Object.keys(lines[0]?.facts ?? {}).includes('reason')], ['info', false]);
  });

  it('speaks of the file that was seen, else of the first that is there, else of the name that FLORA has', async () => {
    const paths = async (names: readonly string[], seen?: string) => {
      const { commit, lines, root, directoryId } = await world({}, names);
      const path = seen === undefined ? undefined : { root, directory: '', name: seen, directoryId };
      await commit(refused, {}, path);
      return Object.entries(lines[0]?.facts ?? {}).find(([fact]) => fact === 'path')?.[1];
    };
    assert.equal(await paths(['b.png', 'c.png']), '/drop/b.png');
    assert.equal(await paths(['b.png', 'c.png'], 'c.png'), '/drop/c.png');
    assert.equal(await paths([]), 'a.png');
  });

  it('is no line where only the next poll is later, and is written all the same', async () => {
    const polled = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, isCompleteAccepted: true } as const;
    const { commit, lines, told, changes, content } = await world({ ...polled, reasonCode: 'processing', attempts: 1 });
    await commit({ type: 'asset', facts: facts(), by: 'get' });
    assert.deepEqual([content().attempts, lines, told(), changes.length], [2, [], [], 1]);
  });

  it('is a line where the reason or the key is another', async () => {
    const { commit, told } = await world({ reasonCode: 'key_spent' });
    await commit({ type: 'key-spent', reason: 'again' });
    assert.equal(told().length, 1);
  });

  it('that changes nothing, or whose row is another by now, is dropped', async () => {
    const { commit, deps, content, ledger, changes, told } = await world({});
    assert.equal(await commit(ready), null);
    const old = content();
    await ledger.write(({ contents }) => contents.save(old, { ...old, attempts: 1 }, 1));
    assert.equal(await commitOutcome(deps, old, { event: refused, requestId: null, doubted: [] }), null);
    assert.deepEqual([changes, told(), content().state], [[], [], 'queued']);
  });

  it('that changes nothing gives way to what is to be taken otherwise', async () => {
    const { deps, content } = await world({});
    await commitOutcome(deps, content(), { event: ready, requestId: null, doubted: [] }, refused);
    assert.equal(content().state, 'rejected');
  });

  it('that changes something is taken as it is', async () => {
    const { deps, content } = await world({});
    const otherwise: ContentEvent = { type: 'trouble', code: 'bad_answer', reason: 'odd', retryAfterMs: null };
    await commitOutcome(deps, content(), { event: refused, requestId: null, doubted: [] }, otherwise);
    assert.deepEqual([content().state, content().reasonCode], ['rejected', 'input_validation_error']);
  });

  it('is told to who counts polls, and a poll comes no sooner than the pace of all of them', async () => {
    const polled = { state: 'uploaded', assetId: 'asset_1', areBytesConfirmed: true, isCompleteSent: true } as const;
    const { deps, content } = await world(polled);
    const stepped: string[] = [];
    const polls = {
      leastMs: () => 3_600_000,
      stepped: ({ id, state }: Pick<Content, 'id' | 'state'>) => void stepped.push(`${id} ${state}`),
    };
    const event: ContentEvent = { type: 'asset', facts: facts(), by: 'get' };
    await commitOutcome({ ...deps, polls }, content(), { event, requestId: null, doubted: [] });
    assert.equal(content().notBeforeMs, deps.clock.now() + 3_600_000);
    await commitOutcome({ ...deps, polls }, content(), { event: ready, requestId: null, doubted: [] });
    assert.deepEqual(stepped, ['1 checking', '1 ready']);
  });

  it('is a warning where a person should know, and else a line that is not even made where nobody reads it', async () => {
    const checking = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, missingSinceMs: 1 } as const;
    const lost: ContentEvent = { type: 'source-lost', reason: 'deleted' };
    for (const [patch, names, event, level] of [
      [{}, ['a.png'], refused, 'warn'],
      [{}, [], lost, 'warn'],
      [checking, ['a.png'], { type: 'asset-missing', isControlled: true }, 'warn'],
      [checking, ['a.png'], ready, 'info'],
    ] as const) {
      for (const isRead of [true, false]) {
        const { deps, commit, lines, ledger } = await world(patch, names);
        const asked: string[] = [];
        deps.log.isLevelEnabled = (of) => {
          asked.push(of);
          return isRead;
        };
        const lookups: unknown[][] = [];
        const { sources } = ledger.files;
        ledger.files.sources = (...of) => {
          lookups.push(of);
          return sources.apply(ledger.files, of);
        };
        await commit(event);
        const isTold = level === 'warn' || isRead;
        assert.deepEqual(
          lines.map((line) => line.level),
          isTold ? [level] : [],
        );
        assert.deepEqual(asked, level === 'warn' ? [] : ['info']);
        assert.equal(lookups.filter(([, most]) => most === 1).length, isTold ? 1 : 0, 'one file is enough');
      }
    }
  });

  it('speaks of a file that is there no more by its last path, with the asset that it let go', async () => {
    const { deps, commit, lines, ledger, directoryId, id, told } = await world({
      state: 'missing',
      assetId: 'asset_1',
    });
    await ledger.write((tables) => {
      const file = { directoryId, name: 'b.png' };
      const seen = { event: 'seen', from: null, to: null, assetId: null, requestId: null, attempt: null, detail: null };
      tables.history.append({ ...seen, atMs: 1, contentId: id, file });
      tables.files.markGone(directoryId, 'a.png', 1);
      tables.directories.setNeedsMatching(1, false);
    });
    await commit({ type: 'wanted', by: 'operator', needsMatching: false });
    const [{ facts: said } = { facts: {} }] = lines;
    const { path, asset_id, to } = said as Record<string, unknown>;
    assert.deepEqual([path, asset_id, to], ['/drop/b.png', 'asset_1', 'queued']);
    assert.equal(told().at(-1)?.['asset_id'], 'asset_1');
    assert.equal(deps.creating, null);
  });

  it('is told with its path as people can read it', async () => {
    const { commit, lines } = await world({}, ['a\udcff.png']);
    await commit(refused);
    assert.deepEqual(
      lines.map(({ facts: said }) => (said as { path: string }).path),
      ['/drop/a\\xff.png'],
    );
  });

  it('casts doubt on the files that turned out to be others', async () => {
    const { commit, ledger, directoryId, root } = await world({}, ['a.png', 'b.png']);
    await commit(refused, { doubted: [{ root, directory: '', name: 'b.png', directoryId }] });
    const doubted = ledger.files.inDirectory(directoryId).map((file) => file.stat.ctimeMs === -1);
    assert.deepEqual(doubted, [false, true]);
  });

  it('that loses the bytes is none while a copy has them; otherwise whoever points there is looked at again', async () => {
    const lost: ContentEvent = { type: 'source-lost', reason: 'deleted' };
    const copied = await world({});
    await copied.commit(lost);
    assert.deepEqual([copied.content().state, copied.content().reasonCode], ['queued', 'source_changed']);
    assert.equal(copied.content().reason, 'The file changed or went away; another with the same bytes is sent instead');
    const alone = await world({});
    await alone.commit(lost, {
      doubted: [{ root: alone.root, directory: '', name: 'a.png', directoryId: alone.directoryId }],
    });
    assert.equal(alone.content().state, 'gone');
  });
});

describe('an asset that another content has', () => {
  async function withOther(patch: Partial<Content>) {
    const made = await world(patch);
    await made.ledger.write(({ contents }) => {
      const other = contents.insert(newContent(1, { sha256: 'other', idempotencyKey: 'other' }), 1);
      assert.ok(contents.save(other, { ...other, state: 'ready', assetId: 'asset_1' }, 1));
    });
    return made;
  }

  it('is not bound again: the key that led there is spent', async () => {
    const { commit, content } = await withOther({});
    const reservation = { ...facts(), target: null, expiresInMs: null };
    await commit({ type: 'reserved', reservation, isReplayed: true });
    assert.deepEqual([content().state, content().assetId, content().generation], ['queued', null, 2]);
    assert.equal(content().reason, 'FLORA answered with an asset that already belongs to another file');
  });

  it('is not adopted again: the search goes on', async () => {
    const { commit, content } = await withOther({ state: 'matching' });
    await commit({ type: 'adopted', facts: facts({ status: 'ready' }) });
    assert.deepEqual([content().state, content().reasonCode], ['matching', 'match_taken']);
    assert.equal(content().reason, 'Another file has just been found to be this asset');
  });

  it('is counted where it is adopted, and nowhere else', async () => {
    const search = { sinceMs: 1, endedMs: null, assets: 1, fetchedBytes: 0, adopted: 2, unreadable: 0, trouble: null };
    for (const [patch, event, adopted] of [
      [{ state: 'matching' }, { type: 'adopted', facts: facts({ status: 'ready' }) }, 3],
      [{ state: 'matching' }, { type: 'unmatched' }, 2],
      [{ state: 'checking', assetId: 'asset_1' }, ready, 2],
    ] as const) {
      const { ledger, commit } = await world(patch);
      await ledger.write((tables) => tables.facts.setMatching(search));
      await commit(event);
      assert.deepEqual(ledger.facts.matching, { ...search, adopted }, `${patch.state}, ${event.type}`);
    }
  });
});

describe('what is missing at FLORA', () => {
  const missing = { state: 'missing', assetId: 'asset_1', isCompleteSent: true } as const;
  const gone: ContentEvent = { type: 'asset-missing', isControlled: true };

  it('is queued again in the same step where a folder that has the bytes says so, with a line of its own', async () => {
    const checking = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, missingSinceMs: 1 } as const;
    const kept = await world(checking);
    assert.equal((await kept.commit(gone))?.state, 'missing');
    const again = await world(checking, ['a.png'], true);
    await again.ledger.write(({ directories }) => directories.setNeedsMatching(1, false));
    assert.deepEqual(await again.commit(gone), again.content());
    assert.deepEqual([again.content().state, again.content().assetId, again.content().generation], ['queued', null, 2]);
    assert.deepEqual(
      again.told().map((line) => [line['event'], line['from_state'], line['to_state']]),
      [
        ['asset-missing', 'checking', 'missing'],
        ['wanted by policy', 'missing', 'queued'],
      ],
    );
    assert.deepEqual([kept.changes, again.changes], [['checking -> missing'], ['checking -> queued']]);
  });

  it('is queued again under another key, with the asset that it was, and with no request', async () => {
    const checking = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, missingSinceMs: 1 } as const;
    const { commit, lines, told, content, root, directoryId } = await world(checking, ['a.png', 'b.png'], true);
    const seen = { root, directory: '', name: 'b.png', directoryId };
    await commit(gone, { requestId: 'req_404' }, seen);
    assert.deepEqual([content().idempotencyKey, content().state], ['token', 'matching']);
    assert.deepEqual(
      told().map((line) => [line['to_state'], line['request_id'], line['asset_id']]),
      [
        ['missing', 'req_404', 'asset_1'],
        ['matching', null, 'asset_1'],
      ],
    );
    assert.deepEqual(
      lines.map(({ level, message, facts: said }) => {
        const { path, asset_id, request_id } = said as Record<string, unknown>;
        return [level, message, path, asset_id, request_id];
      }),
      [
        ['warn', 'checking -> missing', '/drop/b.png', 'asset_1', 'req_404'],
        ['info', 'missing -> matching', '/drop/b.png', 'asset_1', null],
      ],
    );
  });

  it('is accounted for as what it was found to be, and then as what it is', async () => {
    const checking = { state: 'checking', assetId: 'asset_1', isCompleteSent: true, missingSinceMs: 1 } as const;
    const { deps, content } = await world(checking, ['a.png'], true);
    const accounted: unknown[] = [];
    const creating = {
      account: (_: unknown, before: Content, event: ContentEvent, after: Content | null) =>
        void accounted.push([before.state, event.type, after?.state]),
      committed: (before: Content, after: Content) => void accounted.push([before.state, after.state]),
      changed: () => {},
    };
    await commitOutcome({ ...deps, creating }, content(), { event: gone, requestId: null, doubted: [] });
    assert.deepEqual(accounted, [
      ['checking', 'asset-missing', 'missing'],
      ['checking', 'matching'],
    ]);
  });

  it('is looked for first where the ledger does not know all that FLORA has', async () => {
    const { ledger, deps, content } = await world(missing, ['a.png'], true);
    await ledger.write((tables) => void byPolicy(deps, tables, content(), context));
    assert.equal(content().state, 'matching');
  });

  it('stays so where no file has the bytes, or it is missing no more', async () => {
    const alone = await world(missing, [], true);
    await alone.ledger.write((tables) => void byPolicy(alone.deps, tables, alone.content(), context));
    assert.equal(alone.content().state, 'missing');
    const back = await world({ ...missing, state: 'ready' }, ['a.png'], true);
    const stale = { ...back.content(), state: 'missing' } as const;
    await back.ledger.write((tables) => assert.equal(byPolicy(back.deps, tables, stale, context), stale));
    assert.equal(back.content().state, 'ready');
    assert.equal([...new Reports(back.database).list('ready')].length, 1);
  });
});
