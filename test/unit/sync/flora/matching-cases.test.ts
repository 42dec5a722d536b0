import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { AssetFacts, ListedAsset } from '../../../../src/core/event.ts';
import { seldomMs } from '../../../../src/core/steps.ts';
import type { Call } from '../../../../src/sync/flora/call.ts';
import type { Place } from '../../../../src/sync/flora/listing.ts';
import { queryOf } from '../../../../src/sync/flora/match-content.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { ListQuery, RemotePort } from '../../../../src/sync/ports/flora.ts';
import { NoLearning } from '../../../support/flora-knowledge.ts';
import { openGate, serviceError } from '../../../support/gates.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { listed, noLog } from '../../../support/remote-listing.ts';
import { floraError } from '../../../support/uploading.ts';

// What a search makes of each case, and what it asks FLORA for.

const ours = 'aa'.repeat(32);
const url = 'https://cdn.example/a';
const [stopping, abort] = [new AbortController(), new AbortController()];
const signals = { stopping: stopping.signal, abort: abort.signal };
const hour = 3_600_000;
const notFound = floraError('not_found', { status: 404 });

interface Flora {
  readonly assets?: readonly ListedAsset[];
  readonly anonymous?: readonly ListedAsset[];
  /** What GET says of an asset beside what was listed. */
  readonly told?: (assetId: string) => Partial<AssetFacts> | Error;
  readonly fetched?: { readonly sha256: string; readonly sizeBytes: number };
  /** Names of files that have the bytes. */
  readonly names?: readonly string[];
  readonly places?: readonly Place[];
}

const found = (patch: Partial<ListedAsset> = {}) => listed('asset_1', { name: 'a.png', sizeBytes: 3, url, ...patch });

/** A ledger with one file of three bytes that looks for them. */
async function searching(flora: Flora = {}) {
  const { assets = [], anonymous = [], told = () => ({}), names = [], places } = flora;
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const { gate, clock } = openGate();
  const shelf = { assets, anonymous, told, onPage: () => {} };
  const asked: string[] = [];
  const calls: Call[] = [];
  const enter = gate.enter.bind(gate);
  gate.enter = async (call, signal) => {
    calls.push(call);
    return await enter(call, signal);
  };
  const remote = {
    list: async ({ workspaceId, limit }: ListQuery, _: unknown, signal: AbortSignal) => {
      asked.push(`list ${limit} of ${workspaceId}${signal === stopping.signal ? ' until the stop' : ''}`);
      shelf.onPage();
      const page = { assets: shelf.assets, anonymous: shelf.anonymous, unreadable: 0, nextCursor: null };
      return { value: page, requestId: null };
    },
    get: async (assetId: string, signal: AbortSignal) => {
      asked.push(`get ${assetId}${signal === abort.signal ? '' : ' with another signal'}`);
      const said = shelf.told(assetId);
      if (said instanceof Error) throw said;
      const asset = shelf.assets.find((each) => each.assetId === assetId);
      if (asset === undefined) throw notFound;
      const { status, statusWord, url: at, sizeBytes, contentType, failureMessage } = asset;
      const facts = { assetId, status, statusWord, url: at, sizeBytes, contentType, failureMessage };
      return { value: { ...facts, ...said }, requestId: 'req_get' };
    },
    fetchDigest: async (at: string) => {
      asked.push(`fetch ${at}`);
      return flora.fetched ?? { sha256: ours, sizeBytes: 3 };
    },
  } as unknown as RemotePort;
  const lines: string[] = [];
  const slept: unknown[] = [];
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (ms: number, signal?: AbortSignal) => {
    slept.push([ms, signal]);
    return sleep(ms);
  };
  const matching = new Matching({
    ...{ ledger, remote, clock, gate, learning: new NoLearning(ledger) },
    log: { ...noLog, info: (_: object, message: string) => void lines.push(message) },
    places: places ?? [{ workspaceId: 'ws_1', projectId: null }],
    transfers: new Transfers(8),
    onWork: () => {},
  });
  const content = await ledger.write(({ contents, directories, files }) => {
    const row = contents.insert({ ...newContent(folder.destinationId), state: 'matching' }, clock.now());
    const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
    const directoryId = directories.save(folder.folderId, '');
    for (const name of names) files.saveContent(directoryId, name, stat, row.id, 1);
    return row;
  });
  const list = (signal = new AbortController().signal) => matching.list(signal);
  const match = async (patch: Partial<Content> = {}, by = signals) =>
    await matching.match({ ...content, ...patch }, by);
  /** In short: the code or kind of what came of it. */
  const said = async (patch: Partial<Content> = {}) => {
    const event = (await match(patch))?.event;
    return event?.type === 'trouble' ? event.code : event?.type;
  };
  return { ledger, folder, clock, gate, matching, content, shelf, asked, calls, slept, lines, list, match, said };
}

async function saidOf(flora: Flora, patch: Partial<Content> = {}) {
  const { list, said } = await searching(flora);
  await list();
  return await said(patch);
}

describe('a file under several names', () => {
  const open = (name: string) => [found({ name, status: 'pending_upload', sizeBytes: null })];

  it('may be an open upload of any of them, as FLORA spells it, and of no other', async () => {
    const names = ['b.png', 'cafe\u0301.png'];
    for (const [name, expected] of [
      ['a.png', 'match_pending'],
      ['b.png', 'match_pending'],
      ['caf\u00e9.png', 'match_pending'],
      ['c.png', 'unmatched'],
    ] as const)
      assert.equal(await saidOf({ assets: open(name), names }), expected, name);
  });

  it('is not alike by chance under any of them', async () => {
    const unclear = { fetched: { sha256: 'other', sizeBytes: 2 }, names: ['b.png'] };
    for (const [name, expected] of [
      ['b.png', 'match_unreadable'],
      ['c.png', 'unmatched'],
      [null, 'unmatched'],
    ] as const)
      assert.equal(await saidOf({ ...unclear, assets: [found({ name })] }, { attempts: 12 }), expected, `${name}`);
  });
});

describe('an asset that stays unclear', () => {
  const other = { sha256: 'other', sizeBytes: 4 };

  it('of another size is alike by chance, unless FLORA says that it converted it', async () => {
    const converted = { contentType: 'image/webp', uploadContentType: 'image/png' };
    for (const [patch, expected] of [
      [{ sizeBytes: 4 }, 'unmatched'],
      [{ sizeBytes: 4, ...converted }, 'match_unreadable'],
      [{ sizeBytes: 4, contentType: 'image/png', uploadContentType: 'image/png' }, 'unmatched'],
      [{ sizeBytes: 4, contentType: 'image/webp' }, 'unmatched'],
      [{ sizeBytes: 4, uploadContentType: 'image/webp' }, 'unmatched'],
    ] as const)
      assert.equal(await saidOf({ assets: [found(patch)], fetched: other }, { attempts: 12 }), expected);
  });

  it('is adopted all the same when it turns out to have the bytes, however late', async () => {
    assert.equal(await saidOf({ assets: [found({ name: 'c.png' })] }, { attempts: 99 }), 'adopted');
  });

  it('does not hide another that has the bytes', async () => {
    const assets = [found({ assetId: 'asset_0', name: 'a.png', url: null }), found({ name: 'z.png' })];
    assert.equal(await saidOf({ assets }), 'match_unreadable');
    assert.equal(await saidOf({ assets: [{ ...assets[0], name: 'c.png' } as ListedAsset, found()] }), 'adopted');
  });
});

describe('an asset that was listed as ready', () => {
  it('and is open by now is waited for', async () => {
    assert.equal(await saidOf({ assets: [found()], told: () => ({ status: 'pending_upload' }) }), 'match_pending');
  });

  it('is of the size that GET tells, where it does, and else of the one that was listed', async () => {
    for (const [told, sizeBytes] of [
      [4, 4],
      [null, 3],
    ] as const) {
      const { list, match } = await searching({ assets: [found()], told: () => ({ sizeBytes: told }) });
      await list();
      const event = (await match())?.event;
      assert.equal(event?.type === 'adopted' ? event.facts.sizeBytes : null, sizeBytes);
    }
  });

  it('is asked for once for the file, by the worker’s signals, then fetched', async () => {
    const { list, match, asked, calls, content } = await searching({ assets: [found()] });
    await list();
    const [before, listings] = [asked.length, calls.length];
    await match();
    assert.deepEqual(asked.slice(before), ['get asset_1', `fetch ${url}`]);
    assert.deepEqual(calls.slice(listings), [{ op: 'check', file: content }]);
  });

  it('is not fetched again where its digest is known, of whatever size FLORA tells', async () => {
    for (const [sha256, sizeBytes, expected] of [
      [ours, 3, 'adopted'],
      [ours, null, 'adopted'],
      ['other', 3, 'unmatched'],
    ] as const) {
      const { list, said, asked, ledger } = await searching({ assets: [found({ sizeBytes })] });
      await list();
      await ledger.write(({ remoteAssets }) => remoteAssets.saveDigest('asset_1', sha256));
      assert.equal(await said(), expected, `${sha256}, ${sizeBytes}`);
      assert.deepEqual(
        asked.filter((each) => each.startsWith('fetch')),
        [],
      );
    }
  });

  it('is asked for again while FLORA as a whole is in trouble, and adopted after that', async () => {
    let troubles = 2;
    const { list, match, asked, clock } = await searching({
      assets: [found()],
      told: () => (troubles-- > 0 ? serviceError('unreachable') : {}),
    });
    await list();
    assert.equal((await clock.advanceUntil(match()))?.event.type, 'adopted');
    assert.deepEqual(asked.slice(-4), ['get asset_1', 'get asset_1', 'get asset_1', `fetch ${url}`]);
  });

  it('is left where the search is cut short: at the question, at the bytes, at the control', async () => {
    const { list, match, shelf, clock } = await searching({ assets: [found()] });
    await list();
    const stop = new AbortController();
    const both = { stopping: stop.signal, abort: stop.signal };
    shelf.told = () => notFound;
    await match();
    clock.pass(2 * seldomMs);
    shelf.onPage = () => stop.abort();
    shelf.assets = [found({ assetId: 'asset_2' })];
    shelf.told = (assetId) => (assetId === 'asset_1' ? notFound : new TypeError('cut'));
    assert.equal(await match({}, both), null, 'at the control');
    assert.equal(await match({}, both), null, 'at the question');
  });
});

describe('an asset that FLORA answers 404 for', () => {
  async function hidden() {
    const world = await searching({ assets: [found()] });
    await world.list();
    world.shelf.told = (assetId) => (assetId === 'asset_1' ? notFound : {});
    const reason = async () => {
      const outcome = await world.match();
      assert.ok(outcome?.event.type === 'trouble');
      return outcome.event.reason;
    };
    return { ...world, reason };
  }

  it('is gone after twenty minutes, and not before, where FLORA shows another', async () => {
    const { said, reason, clock, shelf, calls, content, asked } = await hidden();
    assert.equal(await said(), 'match_unreadable');
    clock.pass(2 * seldomMs - 1);
    assert.match(await reason(), /FLORA answers 404 for it;/);
    clock.pass(1);
    assert.match(await reason(), /and shows no other asset either;/);
    const [before, former] = [asked.length, calls.length];
    shelf.assets = [found(), found({ assetId: 'asset_2' })];
    assert.equal(await said(), 'unmatched');
    assert.deepEqual(asked.slice(before), ['get asset_1', 'list 3 of ws_1', 'get asset_2']);
    assert.deepEqual(
      calls.slice(former),
      ['check', 'list', 'check'].map((op) => ({ op, file: content })),
    );
  });

  it('is counted from the first 404 after it was shown last', async () => {
    const { said, reason, clock, shelf } = await hidden();
    await said();
    const { told } = shelf;
    shelf.told = () => ({ status: 'pending_upload' });
    assert.equal(await said(), 'match_pending');
    shelf.told = told;
    clock.pass(2 * seldomMs);
    assert.match(await reason(), /FLORA answers 404 for it;/);
    clock.pass(2 * seldomMs - 1);
    assert.match(await reason(), /FLORA answers 404 for it;/);
  });

  it('holds nobody up who finds the bytes in another', async () => {
    const { said, clock, shelf, list, ledger } = await hidden();
    shelf.assets = [found(), found({ assetId: 'asset_2', name: 'z.png' })];
    await ledger.write(({ facts }) => facts.forgetListed());
    await list();
    await said();
    clock.pass(2 * seldomMs);
    assert.equal(await said(), 'adopted');
  });
});

describe('an open upload of the name', () => {
  const open = (createdAtMs: number | null) => [found({ status: 'pending_upload', sizeBytes: null, createdAtMs })];

  it('is waited for until it is more than a day old', async () => {
    const { clock } = openGate();
    const { list, said, clock: own } = await searching({ assets: open(clock.now()) });
    own.pass(1);
    await list();
    own.pass(24 * hour - 1);
    assert.equal(await said(), 'match_pending', 'a day old');
    own.pass(1);
    assert.equal(await said(), 'unmatched');
  });

  it('begun at this very moment is no older than that, however old the search is', async () => {
    const { clock } = openGate();
    const later = clock.now() + 25 * hour;
    for (const [createdAtMs, expected] of [
      [later, 'match_pending'],
      [later + 1, 'unmatched'],
      [null, 'unmatched'],
    ] as const) {
      const { list, said, clock: own } = await searching({ assets: open(createdAtMs) });
      await list();
      own.pass(25 * hour);
      assert.equal(await said(), expected, `${createdAtMs}`);
    }
  });

  it('is not waited for where nobody knows since when there is a search', async () => {
    const { list, said, ledger } = await searching({ assets: open(null) });
    await list();
    Object.defineProperty(ledger.facts, 'matching', { value: null });
    assert.equal(await said(), 'unmatched');
  });

  it('that failed, or that is gone, is none; that is called by an unknown word may be ready', async () => {
    for (const [told, expected] of [
      [{ status: 'failed' }, 'unmatched'],
      [{ status: 'unknown', statusWord: 'new' }, 'match_more'],
    ] as const)
      assert.equal(await saidOf({ assets: open(null), told: () => told }), expected);
    const { list, said, clock, shelf } = await searching({ assets: open(null) });
    await list();
    shelf.told = (assetId) => (assetId === 'asset_1' ? notFound : {});
    shelf.assets = [found({ assetId: 'asset_2' })];
    assert.equal(await said(), 'match_unreadable');
    clock.pass(2 * seldomMs);
    assert.equal(await said(), 'unmatched');
  });

  it('is told only until the stop', async () => {
    const { list, match } = await searching({ assets: open(null) });
    await list();
    assert.equal(await match({}, { stopping: AbortSignal.abort(), abort: signals.abort }), null);
  });
});

describe('what a search asks the ledger for', () => {
  it('is by size only where FLORA keeps sizes of the type, and lists them right', async () => {
    const { ledger, content } = await searching();
    const destination = { workspaceId: 'ws_1', folder: null, projectId: 'p' };
    const kept = (isSizeKept: boolean | null) => ({ isSizeKept, areBytesKept: null, keptAs: null });
    for (const [types, areListedSizesRight, isSizeKept] of [
      [{ 'image/png': kept(true) }, true, true],
      [{ 'image/png': kept(true) }, null, false],
      [{ 'image/png': kept(true) }, false, false],
      [{ 'image/png': kept(false) }, true, false],
      [{ 'image/png': kept(null) }, true, false],
      [{ 'image/gif': kept(true) }, true, false],
    ] as const) {
      const learnt = ledger.facts.learnt('ws_1');
      await ledger.write(({ facts }) => facts.setLearnt('ws_1', { ...learnt, types, areListedSizesRight }));
      const { sizeBytes, sha256 } = content;
      const query = { workspaceId: 'ws_1', projectId: 'p', sizeBytes, sha256, names: ['n'], isSizeKept };
      assert.deepEqual(queryOf(ledger, destination, content, ['n']), query);
    }
  });
});

describe('the listing that a search reads', () => {
  it('is read until the stop, and is not done then', async () => {
    const { list, shelf, asked, ledger } = await searching({ assets: [found()] });
    const stop = new AbortController();
    shelf.onPage = () => stop.abort();
    await list(stop.signal);
    assert.deepEqual(asked, ['list 100 of ws_1']);
    assert.deepEqual([ledger.facts.listing('ws_1|'), ledger.facts.matching], [{ walks: 0, isDone: false }, null]);
    await list(stop.signal);
    assert.equal(asked.length, 1);
  });

  it('is not read where no folder looks for anything', async () => {
    const { list, asked, ledger, folder } = await searching({ assets: [found()] });
    await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, false));
    await list();
    assert.deepEqual(asked, []);
  });

  it('that fails is tried again no later than the stop', async () => {
    const { list, shelf, slept, clock } = await searching();
    const { signal } = new AbortController();
    let fails = 1;
    shelf.onPage = () => {
      if (fails-- > 0) throw floraError('bad_answer', { status: 200 });
    };
    await clock.advanceUntil(list(signal));
    assert.deepEqual(slept, [[30_000, signal]]);
  });

  it('is read with pages of five lengths in turn, on from where a former life was', async () => {
    const { list, asked, ledger } = await searching({ assets: [found()] });
    await ledger.write(({ facts }) => facts.setListing('ws_1|', { walks: 3, isDone: false }));
    await list();
    assert.deepEqual(asked, ['list 97 of ws_1', 'list 71 of ws_1'], 'the first of them has shown something new');
    const whole = await searching();
    let count = 0;
    whole.shelf.onPage = () => {
      count += 1;
      whole.shelf.assets = [found({ assetId: `asset_${count}` })];
    };
    await whole.list();
    assert.deepEqual(
      whole.asked,
      [100, 83, 67, 97, 71].map((limit) => `list ${limit} of ws_1`),
    );
  });

  it('tells assets without an id apart by all that is told of them, and knows them again', async () => {
    const base = { assetId: '', name: 'a', sizeBytes: 1, url: 'u', createdAtMs: 1 };
    const others = [{}, { name: 'b' }, { sizeBytes: 2 }, { url: 'v' }, { createdAtMs: 2 }, {}];
    const anonymous = others.map((patch) => listed('', { ...base, ...patch }));
    const { list, ledger } = await searching({ anonymous });
    await list();
    assert.equal(ledger.remoteAssets.count(), 5);
  });

  it('puts what names no project into the one that was listed', async () => {
    const assets = [found({ projectId: 'q' }), found({ assetId: 'asset_2' })];
    const { list, ledger } = await searching({ assets, places: [{ workspaceId: 'ws_1', projectId: 'p' }] });
    await list();
    const query = { workspaceId: 'ws_1', sizeBytes: 3, sha256: ours, names: [], isSizeKept: false };
    const ids = ['p', 'q', 'r'].map((projectId) => ledger.remoteAssets.candidate({ ...query, projectId })?.assetId);
    assert.deepEqual(ids, ['asset_2', 'asset_1', undefined]);
  });

  it('begins its sum anew after a search that ended', async () => {
    const { list, ledger, clock } = await searching();
    const former = { sinceMs: 1, endedMs: 2, assets: 9, fetchedBytes: 9, adopted: 9, unreadable: 9, trouble: 'x' };
    await ledger.write(({ facts }) => facts.setMatching(former));
    await list();
    const begun = { sinceMs: clock.now(), endedMs: null, assets: 0, fetchedBytes: 0, adopted: 0, unreadable: 0 };
    assert.deepEqual(ledger.facts.matching, { ...begun, trouble: null });
  });
});

describe('the end of a search for one of two folders', () => {
  it('leaves what was listed to the other, and ends with that', async () => {
    const { matching, ledger, list, content, folder } = await searching({ assets: [found()] });
    await list();
    const other = await withFolderBeside(ledger, folder.destinationId);
    await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'queued' }, 1));
    for (const folderId of [folder.folderId, other])
      await knowFiles(ledger, { folderId, destinationId: folder.destinationId }, [`${folderId}.png`]);
    const ids = [folder.folderId, other];
    assert.deepEqual([...ledger.directories.toMatch()].sort(), [...ids].sort());
    assert.equal((await matching.finish([folder.folderId]))?.endedMs, null);
    assert.deepEqual(ledger.directories.toMatch(), [other]);
    assert.deepEqual([ledger.facts.isListed('ws_1|'), ledger.remoteAssets.count()], [true, 1]);
    assert.notEqual((await matching.finish(ids))?.endedMs, null);
    assert.deepEqual([ledger.facts.isListed('ws_1|'), ledger.remoteAssets.count()], [false, 0]);
  });

  it('is no line where FLORA had nothing', async () => {
    const { matching, ledger, list, content, folder, lines } = await searching();
    await list();
    await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'queued' }, 1));
    await knowFiles(ledger, folder, ['b.png']);
    assert.notEqual((await matching.finish([folder.folderId]))?.endedMs, null);
    assert.deepEqual(lines, []);
  });

  it('is nothing where nobody searched', async () => {
    const { matching, ledger, content, folder, list } = await searching();
    await list();
    await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'queued' }, 1));
    await knowFiles(ledger, folder, ['b.png']);
    await ledger.write(({ directories }) => directories.setNeedsMatching(folder.folderId, false));
    assert.equal(await matching.finish([folder.folderId]), null);
  });
});

async function withFolderBeside(ledger: ReturnType<typeof memoryLedger>['ledger'], destinationId: number) {
  return await ledger.write(({ directories }) => {
    const folders = ['/drop', '/other'].map((path) => ({ path, destinationId }));
    return directories.activateFolders(folders)[1] ?? 0;
  });
}
