import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { AssetFacts, ListedAsset } from '../../../../src/core/event.ts';
import { longestWaitMs, seldomMs } from '../../../../src/core/steps.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import type { Place } from '../../../../src/sync/flora/listing.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { ListedPage, RemotePort } from '../../../../src/sync/ports/flora.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { listed } from '../../../support/remote-listing.ts';
import { floraError } from '../../../support/uploading.ts';

// What a search tells: the file why it waits, people what it came to, and what was learnt of FLORA on the way.

interface Found {
  readonly asset?: Partial<ListedAsset>;
  readonly isAnonymous?: boolean;
  /** What GET says beside what was listed. */
  readonly told?: Partial<AssetFacts> | Error;
  readonly fetched?: { readonly sha256: string; readonly sizeBytes: number };
  readonly content?: Partial<Content>;
  readonly unreadable?: number;
  readonly places?: readonly Place[];
}

const url = 'https://cdn.example/a';
const ours = 'aa'.repeat(32);
const place: Place = { workspaceId: 'ws_1', projectId: null };

/** A search that found one asset, named and as long as the one file that looks for its bytes. */
async function searching(found: Found) {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const clock = new HandClock();
  const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
  const asset = listed('asset_1', { name: 'a.png', sizeBytes: 3, url, ...found.asset });
  const pages: (ListedPage | Error)[] = [];
  const usual: ListedPage = {
    assets: found.isAnonymous === true ? [] : [asset],
    anonymous: found.isAnonymous === true ? [asset] : [],
    unreadable: found.unreadable ?? 0,
    nextCursor: null,
  };
  const remote = {
    list: async () => {
      const page = pages.shift() ?? usual;
      if (page instanceof Error) throw page;
      return { value: page, requestId: null };
    },
    get: async (assetId: string) => {
      if (found.told instanceof Error) throw found.told;
      const { status, statusWord, url: at, sizeBytes, contentType, failureMessage } = asset;
      const said = { assetId, status, statusWord, url: at, sizeBytes, contentType, failureMessage };
      return { value: { ...said, ...found.told }, requestId: 'req_get' };
    },
    fetchDigest: async () => found.fetched ?? { sha256: ours, sizeBytes: 3 },
  } as unknown as RemotePort;
  const lines: unknown[] = [];
  const line = (level: string) => (facts: object, message: string) => void lines.push([level, facts, message]);
  const learnt: unknown[] = [];
  const learning = {
    seen: async (_: Content, type: unknown) => {
      await clock.turn();
      learnt.push(type);
    },
    listed: async (_: Content, listedBytes: number | null, toldBytes: number | null) => {
      await clock.turn();
      learnt.push([listedBytes, toldBytes]);
    },
  };
  let rung = 0;
  const matching = new Matching({
    ledger,
    remote,
    clock,
    gate,
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    learning,
    places: found.places ?? [place],
    transfers: new Transfers(8),
    onWork: () => {
      rung += 1;
    },
  });
  const content = await ledger.write(({ contents }) => {
    const row = contents.insert(
      { ...newContent(folder.destinationId, { sha256: ours }), state: 'matching', notBeforeMs: clock.now() + 9_000 },
      clock.now(),
    );
    return { ...row, ...found.content };
  });
  const { signal } = new AbortController();
  const match = () => matching.match(content, { stopping: signal, abort: signal });
  const list = () => matching.list(signal);
  return { ledger, folder, clock, matching, content, match, list, lines, learnt, pages, rung: () => rung };
}

/** What is told of a file that an asset was found for. */
async function told(found: Found) {
  const { match, list } = await searching(found);
  await list();
  return await match();
}

const reasonOf = (why: string, named = ', "a.png"', id = 'asset_1') =>
  `FLORA has an asset that may be this file (${id}${named}) and cannot be compared: ${why}; ` +
  'nothing is sent meanwhile; `flora-sync retry` sends it all the same';

describe('a file that waits for its search', () => {
  const other = { sha256: 'other', sizeBytes: 3 };
  const notFound = floraError('not_found', { status: 404 });
  for (const [why, found, retryAfterMs] of [
    ['FLORA names no URL for it', { asset: { url: null } }, null],
    ['FLORA names no URL for it', { asset: { url: null }, content: { attempts: 5 } }, null],
    ['FLORA names no URL for it', { asset: { url: null }, content: { attempts: 6 } }, seldomMs],
    ['FLORA answers 404 for it', { told: notFound }, seldomMs],
    [
      'FLORA does not tell its size, and what its URL gives may be made from it',
      { asset: { sizeBytes: null }, fetched: other },
      null,
    ],
    [
      'it should be 3 bytes, and what its URL gives may be made from it',
      { fetched: { sha256: 'other', sizeBytes: 2 } },
      null,
    ],
    [
      'FLORA keeps it in another size than this file has, and may have converted it',
      { asset: { sizeBytes: 4 }, fetched: { sha256: 'other', sizeBytes: 4 } },
      null,
    ],
    ['it has these bytes, but FLORA names no id for it', { isAnonymous: true }, seldomMs],
    [
      'FLORA calls its state "new", a word that this version does not know',
      { told: { status: 'unknown', statusWord: 'new' } },
      seldomMs,
    ],
  ] as const) {
    const tries = 'content' in found ? ` at try ${found.content.attempts}` : '';
    it(`is told that ${why}${tries}, and for how long it waits`, async () => {
      const outcome = await told(found);
      assert.ok(outcome?.event.type === 'trouble');
      const { reason } = outcome.event;
      const anonymous = /^.*\((without id: [^)]*), "a.png"\)/.exec(reason)?.[1];
      // Said by the core, in its own words.
      const isWord = 'told' in found && 'status' in found.told && found.told.status === 'unknown';
      if (isWord) assert.match(reason, /cannot be compared: .*new/);
      assert.deepEqual(outcome, {
        event: {
          type: 'trouble',
          code: 'match_unreadable',
          reason: isWord ? reason : reasonOf(why, undefined, anonymous),
          retryAfterMs,
        },
        requestId: null,
        doubted: [],
      });
    });
  }

  it('is told of an asset without a name by its id alone', async () => {
    const outcome = await told({ asset: { name: null, url: null } });
    assert.ok(outcome?.event.type === 'trouble');
    assert.equal(outcome.event.reason, reasonOf('FLORA names no URL for it', ''));
  });

  it('is told that what FLORA has is being listed, and is woken by the end of that', async () => {
    const { match, list, ledger, content, clock, rung } = await searching({});
    assert.deepEqual(await match(), {
      event: {
        type: 'trouble',
        code: 'match_listing',
        reason: 'What FLORA has already is being listed',
        retryAfterMs: longestWaitMs,
      },
      requestId: null,
      doubted: [],
    });
    await list();
    assert.deepEqual([ledger.contents.get(content.id)?.notBeforeMs, rung()], [clock.now(), 1]);
  });

  it('is told of an upload of its name that is open, and looks again each time later, within ten minutes', async () => {
    for (const [attempts, retryAfterMs] of [
      [0, 1_000],
      [3, 8_000],
      [40, seldomMs],
    ] as const) {
      const open = { asset: { status: 'pending_upload', sizeBytes: null } as const, content: { attempts } };
      assert.deepEqual(await told(open), {
        event: {
          type: 'trouble',
          code: 'match_pending',
          reason:
            'An upload of the same name is still open in FLORA (asset_1); ' +
            'it may be this file, so nothing is sent until that is decided, a day after it began at the latest',
          retryAfterMs,
        },
        requestId: null,
        doubted: [],
      });
    }
  });

  it('is told of one that has become ready meanwhile, and compares it at once', async () => {
    const open = { asset: { status: 'pending_upload', sizeBytes: null }, told: { status: 'ready' } } as const;
    assert.deepEqual(await told(open), {
      event: {
        type: 'trouble',
        code: 'match_more',
        reason: 'An asset of this name has just become ready',
        retryAfterMs: 0,
      },
      requestId: null,
      doubted: [],
    });
  });

  it('is told of one that stays hidden while no other asset is shown, and waits for none that is gone', async () => {
    const { match, list, clock, pages } = await searching({ told: notFound });
    await list();
    await match();
    clock.pass(2 * seldomMs);
    const outcome = await match();
    assert.ok(outcome?.event.type === 'trouble');
    assert.equal(outcome.event.reason, reasonOf('FLORA answers 404 for it, and shows no other asset either'));
    assert.equal(outcome.event.retryAfterMs, seldomMs);
    pages.push({ assets: [], anonymous: [], unreadable: 0, nextCursor: null });
    assert.equal((await match())?.event.type, 'unmatched', 'FLORA lists nothing any more');
  });

  it('is told of a request that fails, with the request that it was', async () => {
    for (const requestId of ['req_9', undefined]) {
      const details = { status: 400, ...(requestId === undefined ? {} : { requestId }) };
      const outcome = await told({ told: floraError('input_rejected' as never, details) });
      assert.deepEqual(outcome, {
        event: { type: 'trouble', code: 'input_rejected', reason: 'input_rejected', retryAfterMs: null },
        requestId: requestId ?? null,
        doubted: [],
      });
    }
  });
});

describe('a file that was found', () => {
  it('is adopted with what GET says, and what that tells of FLORA is learnt before', async () => {
    const { match, list, learnt } = await searching({ asset: { contentType: 'image/png' }, told: { sizeBytes: null } });
    await list();
    const facts = {
      assetId: 'asset_1',
      status: 'ready',
      statusWord: null,
      url,
      sizeBytes: 3,
      contentType: 'image/png',
      failureMessage: null,
    };
    assert.deepEqual(await match(), { event: { type: 'adopted', facts }, requestId: 'req_get', doubted: [] });
    assert.deepEqual(learnt, [[3, null], { isSizeKept: true, areBytesKept: true, keptAs: 'image/png' }]);
  });

  it('is not the one that failed by the time that it was asked for', async () => {
    const { match, list, ledger } = await searching({ told: { status: 'failed' } });
    await list();
    assert.equal((await match())?.event.type, 'unmatched');
    assert.equal(
      ledger.remoteAssets.candidate({ ...place, sizeBytes: 3, sha256: ours, names: [], isSizeKept: false }),
      undefined,
    );
  });

  it('is nowhere where nobody looks for it', async () => {
    const nowhere = { event: { type: 'unmatched' }, requestId: null, doubted: [] };
    const { match } = await searching({ places: [{ workspaceId: 'ws_1', projectId: 'elsewhere' }] });
    assert.deepEqual(await match(), nowhere);
    const closed = await searching({});
    await closed.ledger.write(({ directories }) => directories.setNeedsMatching(closed.folder.folderId, false));
    assert.deepEqual(await closed.match(), nowhere);
    const other = await searching({ asset: { name: 'b.png', sizeBytes: 9 } });
    await other.list();
    assert.deepEqual(await other.match(), nowhere);
  });
});

describe('a file that begins while FLORA is searched', () => {
  it('waits for the listing, then for its comparison if anything could be it, and else for nothing', async () => {
    const { matching, ledger, list, clock, folder } = await searching({});
    const nowMs = clock.now() + 5;
    const begin = (patch: Partial<Content>) =>
      ledger.write((tables) =>
        matching.begin(tables, { ...newContent(folder.destinationId, { sha256: ours }), ...patch }, nowMs),
      );
    assert.deepEqual(await begin({}), { state: 'matching', notBeforeMs: nowMs + longestWaitMs });
    await list();
    assert.deepEqual(await begin({ fileName: 'other.png' }), { state: 'matching', notBeforeMs: nowMs }, 'by its size');
    assert.deepEqual(await begin({ sizeBytes: 9 }), { state: 'matching', notBeforeMs: nowMs }, 'by its name');
    assert.deepEqual(await begin({ sizeBytes: 9, fileName: 'b.png' }), { state: 'queued', notBeforeMs: nowMs });
    await ledger.write(({ remoteAssets }) => remoteAssets.clear());
    assert.deepEqual(await begin({}), { state: 'queued', notBeforeMs: nowMs });
  });

  it('waits for an open upload of its name too', async () => {
    const { matching, ledger, list, clock, folder } = await searching({
      asset: { status: 'pending_upload', sizeBytes: null },
    });
    await list();
    const begun = await ledger.write((tables) =>
      matching.begin(tables, newContent(folder.destinationId, { sha256: ours }), clock.now()),
    );
    assert.equal(begun.state, 'matching');
  });
});

describe('a search, as people see it', () => {
  it('counts what it saw, and what it could not read in its last walk', async () => {
    const { list, ledger, clock, lines, rung } = await searching({ isAnonymous: true, unreadable: 2 });
    await list();
    assert.deepEqual(ledger.facts.matching, {
      sinceMs: clock.now(),
      endedMs: null,
      assets: 1,
      fetchedBytes: 0,
      adopted: 0,
      unreadable: 3,
      trouble: null,
    });
    assert.deepEqual(lines, [
      ['debug', { workspace_id: 'ws_1', project_id: null, assets: 1 }, 'listed what FLORA has'],
    ]);
    assert.equal(rung(), 1);
  });

  it('warns of a listing that fails, with the request that it was, and keeps when it began', async () => {
    const { list, ledger, clock, lines, pages } = await searching({});
    pages.push(floraError('bad_answer', { status: 200, requestId: 'req_9', hint: 'Look at it.' }));
    const sinceMs = clock.now();
    const listing = list();
    await clock.advance(10_000);
    const trouble = 'bad_answer; what FLORA has already is not known yet, so new files wait';
    assert.deepEqual(lines, [['warn', { code: 'bad_answer', request_id: 'req_9', hint: 'Look at it.' }, trouble]]);
    const noted = { endedMs: null, fetchedBytes: 0, adopted: 0 };
    assert.deepEqual(ledger.facts.matching, { ...noted, sinceMs, assets: 0, unreadable: 0, trouble });
    await clock.advance(20_000);
    await listing;
    assert.deepEqual(ledger.facts.matching, { ...noted, sinceMs, assets: 1, unreadable: 0, trouble: null });
  });

  it('fails with what is no answer of FLORA’s, and is no more under way', async () => {
    const { list, matching, pages } = await searching({});
    pages.push(new TypeError('a bug'));
    await assert.rejects(list(), TypeError);
    assert.equal(matching.isListing, false);
  });

  it('lists each place of the settings once, also where a former life has listed some', async () => {
    const places = [place, { workspaceId: 'ws_2', projectId: 'p' }, { workspaceId: 'ws_3', projectId: null }];
    const { list, ledger, lines, rung } = await searching({ places });
    await ledger.write(({ facts }) => facts.setListing('ws_1|', { walks: 5, isDone: true }));
    await list();
    assert.deepEqual(
      lines.map((line) => (line as [string, { workspace_id: string; project_id: string | null }])[1]),
      [
        { workspace_id: 'ws_2', project_id: 'p', assets: 1 },
        { workspace_id: 'ws_3', project_id: null, assets: 1 },
      ],
    );
    assert.equal(rung(), 2);
  });

  it('is told when it ended, with what it came to, where FLORA had anything', async () => {
    const { list, matching, ledger, clock, lines, folder, content } = await searching({});
    await list();
    await ledger.write((tables) => {
      const row = tables.contents.get(content.id);
      assert.ok(row !== undefined && tables.contents.save(row, { ...row, state: 'queued' }, 1));
      const known = tables.facts.matching;
      assert.ok(known !== null);
      tables.facts.setMatching({ ...known, adopted: 4, fetchedBytes: 12 });
    });
    await knowFiles(ledger, { ...folder }, ['a.png']);
    lines.length = 0;
    const sinceMs = clock.now();
    clock.pass(60_000);
    const summary = await matching.finish([folder.folderId]);
    const ended = {
      sinceMs,
      endedMs: clock.now(),
      assets: 1,
      fetchedBytes: 12,
      adopted: 4,
      unreadable: 0,
      trouble: null,
    };
    assert.deepEqual([summary, ledger.facts.matching], [ended, ended]);
    const facts = { assets: 1, adopted: 4, fetched_bytes: 12 };
    assert.deepEqual(lines, [['info', facts, 'looked for files that FLORA has already']]);
    assert.deepEqual([ledger.remoteAssets.count(), ledger.facts.isListed('ws_1|')], [0, false]);
    assert.equal(await matching.finish([folder.folderId]), null, 'once');
  });
});
