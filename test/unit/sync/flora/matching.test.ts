import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AssetFacts } from '../../../../src/core/event.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { Learning } from '../../../../src/sync/flora/learning.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { ListQuery, RemotePort } from '../../../../src/sync/ports/flora.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { listed, noLog } from '../../../support/remote-listing.ts';
import { floraError } from '../../../support/uploading.ts';

const signal = new AbortController().signal;
const signals = { stopping: signal, abort: signal };
const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };

/** A FLORA with these assets, by id: what their bytes are, and the name and size that it lists. */
interface Shelved {
  readonly bytes: string;
  readonly name: string;
  readonly size?: number | null;
  readonly status?: 'pending_upload' | 'unknown';
  readonly isConverted?: boolean;
  readonly createdAtMs?: number;
}
type Shelf = Readonly<Record<string, Shelved>>;

async function searching(shelf: Shelf, walks: readonly (readonly string[])[] = []) {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const fetched: string[] = [];
  const facts = (assetId: string): AssetFacts => {
    const status = shelf[assetId]?.status ?? 'ready';
    const said = { statusWord: null, sizeBytes: null, contentType: null, failureMessage: null };
    return { assetId, status, url: `https://files/${assetId}`, ...said };
  };
  const assets = Object.entries(shelf).map(
    ([id, { bytes, name, size = bytes.length, createdAtMs = null, isConverted }]) => {
      const types = isConverted === true ? { contentType: 'image/webp', uploadContentType: 'image/png' } : {};
      return listed(id, { ...facts(id), name, sizeBytes: size, createdAtMs, ...types });
    },
  );
  const limits: number[] = [];
  const remote = new Proxy({} as RemotePort, {
    get: (_, call: keyof RemotePort) => async (id: string, mostBytes: number) => {
      if (call === 'list') {
        const shown = walks[limits.length];
        limits.push((id as unknown as { limit: number }).limit);
        const page = assets.filter(({ assetId }) => shown?.includes(assetId) ?? true);
        const named = page.filter(({ assetId }) => assetId !== '');
        const anonymous = page.filter(({ assetId }) => assetId === '');
        return { value: { assets: named, anonymous, unreadable: 0, nextCursor: null }, requestId: null };
      }
      if (call === 'get') return { value: facts(id), requestId: null };
      assert.equal(call, 'fetchDigest');
      const { bytes = '' } = shelf[id.slice('https://files/'.length)] ?? {};
      fetched.push(id);
      const read = bytes.slice(0, mostBytes + 1);
      return { sha256: `of ${read}`, sizeBytes: read.length };
    },
  });
  const clock = new HandClock();
  const random = { fraction: () => 0.5, token: () => 'token' };
  const gate = new Gate({ most: 8, clock, random, onChange: () => {} });
  const matching = new Matching({
    ledger,
    remote,
    clock,
    gate,
    log: noLog,
    learning: new Learning({ ledger, remote, gate, clock, transfers: new Transfers(8) }),
    places: [{ workspaceId: 'ws_1', projectId: null }],
    transfers: new Transfers(8),
    onWork: () => {},
  });
  await matching.list(signal);
  const content = (bytes: string, fileName: string) =>
    ledger.write(({ contents }) =>
      contents.insert(
        {
          ...newContent(folder.destinationId, { sha256: `of ${bytes}`, idempotencyKey: `${bytes} ${fileName}` }),
          sizeBytes: bytes.length,
          fileName,
          state: 'matching',
        },
        1,
      ),
    );
  const match = async (bytes: string, fileName: string) => {
    const outcome = await matching.match(await content(bytes, fileName), signals);
    const event = outcome?.event;
    return event?.type === 'adopted' ? event.facts.assetId : event?.type;
  };
  /** Whether this file still waits, asked again and again. */
  const waiting = async (bytes: string, fileName: string) => {
    const waiter = await content(bytes, fileName);
    return async () => (await matching.match(waiter, signals))?.event.type !== 'unmatched';
  };
  return { ledger, folder, matching, match, waiting, content, clock, fetched, limits };
}

describe('the search for bytes that FLORA has', () => {
  it('walks through the listing with other page lengths until a walk shows nothing that none before had', async () => {
    const shelf = { a: { bytes: 'aaaa', name: 'a' }, b: { bytes: 'bbbb', name: 'b' }, c: { bytes: 'cccc', name: 'c' } };
    const { match, limits } = await searching(shelf, [['a'], ['b'], ['a', 'c'], ['a']]);
    assert.equal(new Set(limits).size, 4);
    assert.ok(
      limits.every((limit) => limit > 50 && limit <= 100),
      'FLORA lists no more at once, and fewer cost requests',
    );
    for (const [id, { bytes, name }] of Object.entries(shelf)) assert.equal(await match(bytes, name), id);
    const quiet = await searching(shelf);
    assert.equal(quiet.limits.length, 2, 'two at least');
  });

  it('tries a listing that fails again after half a minute, and says why it waits', async () => {
    const { ledger } = memoryLedger();
    await withFolder(ledger);
    const clock = new HandClock();
    let lists = 0;
    const list = async () => {
      lists += 1;
      if (lists === 1) throw floraError('bad_answer', { status: 200 });
      return { value: { assets: [], anonymous: [], unreadable: 0, nextCursor: null }, requestId: null };
    };
    const remote = { list } as unknown as RemotePort;
    const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const transfers = new Transfers(8);
    const learning = new Learning({ ledger, remote, gate, clock, transfers });
    const places = [{ workspaceId: 'ws_1', projectId: null }];
    const deps = { ledger, remote, clock, gate, log: noLog, learning, places, transfers, onWork: () => {} };
    const matching = new Matching(deps);
    const listing = matching.list(signal);
    for (let turn = 0; turn < 100 && ledger.facts.matching === null; turn += 1) await settled();
    await clock.advance(29_999);
    assert.deepEqual([lists, matching.isListing], [1, true]);
    assert.match(ledger.facts.matching?.trouble ?? '', /bad_answer; what FLORA has already is not known yet/);
    await clock.advance(1);
    await listing;
    assert.deepEqual([lists, matching.isListing, ledger.facts.matching?.trouble], [3, false, null]);
    assert.deepEqual(ledger.facts.listing('ws_1|'), { walks: 5, isDone: true });
  });

  it('makes five walks at most, each with pages of another length', async () => {
    const shelf = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => [id, { bytes: id, name: id }]));
    const { limits } = await searching(shelf, [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]);
    assert.equal(limits.length, 5);
    assert.equal(new Set(limits).size, 5);
    assert.ok(limits.every((limit) => limit > 50 && limit <= 100));
  });

  it('goes on with the walk that failed, not from the beginning: what the others saw is in the ledger', async () => {
    const { ledger } = memoryLedger();
    await withFolder(ledger);
    const clock = new HandClock();
    const limits: number[] = [];
    const list = async ({ limit }: ListQuery) => {
      limits.push(limit);
      if (limits.length === 3) throw floraError('bad_answer', { status: 200 });
      const assets = limits.length > 2 ? [] : [listed(`a${limits.length}`)];
      return { value: { assets, anonymous: [], unreadable: 0, nextCursor: null }, requestId: null };
    };
    const remote = { list } as unknown as RemotePort;
    const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const transfers = new Transfers(8);
    const learning = new Learning({ ledger, remote, gate, clock, transfers });
    const places = [{ workspaceId: 'ws_1', projectId: null }];
    const deps = { ledger, remote, clock, gate, log: noLog, learning, places, transfers, onWork: () => {} };
    const listing = new Matching(deps).list(signal);
    for (let turn = 0; turn < 100 && ledger.facts.matching === null; turn += 1) await settled();
    await clock.advance(29_999);
    assert.equal(limits.length, 3);
    assert.deepEqual(ledger.facts.listing('ws_1|'), { walks: 2, isDone: false });
    await clock.advance(1);
    await listing;
    assert.equal(limits.length, 4, 'and the third shows nothing new');
    assert.equal(limits[3], limits[2]);
  });

  it('does not believe an empty listing at once', async () => {
    const shelf = { late: { bytes: 'late', name: 'late' } };
    const { match, limits } = await searching(shelf, [[], ['late'], ['late']]);
    assert.equal(await match('late', 'late'), 'late', 'the second walk shows it');
    assert.equal(limits.length, 3);
    assert.equal((await searching({})).limits.length, 2, 'and where it is empty twice, it is');
  });

  it('finds them among any number of assets of the same size, and fetches each of those once at most', async () => {
    const others = Array.from({ length: 150 }, (_, at) => [
      `o${at}`,
      { bytes: `x${String(at).padStart(3, '0')}`, name: `${at}` },
    ]);
    const { match, fetched } = await searching({
      ...Object.fromEntries(others),
      right: { bytes: 'mine', name: 'mine.wav' },
    });
    assert.equal(await match('none', 'none.wav'), 'unmatched');
    assert.equal(fetched.length, 151);
    assert.equal(await match('mine', 'mine.wav'), 'right');
    assert.equal(await match('x149', 'renamed.wav'), 'o149');
    assert.equal(fetched.length, 151);
  });

  it('fetches what has the name before what only has the size', async () => {
    const { match, fetched } = await searching({
      a: { bytes: 'aaaa', name: 'a' },
      b: { bytes: 'bbbb', name: 'b' },
      right: { bytes: 'mine', name: 'mine.wav' },
    });
    assert.equal(await match('mine', 'mine.wav'), 'right');
    assert.equal(fetched.length, 1);
  });

  it('takes other bytes of an asset without a size for proof only once FLORA was seen to keep such bytes as they are', async () => {
    const { match, waiting } = await searching({ right: { bytes: 'mine', name: 'same.wav', size: null } });
    const isWaiting = await waiting('else', 'same.wav');
    assert.equal(await isWaiting(), true, 'what is in front of the storage may have made them');
    assert.equal(await match('mine', 'same.wav'), 'right');
    assert.equal(await isWaiting(), false);
  });

  it('does not take bytes of another length than FLORA keeps for proof', async () => {
    const { waiting } = await searching({ odd: { bytes: 'optimised', name: 'same.wav', size: 4 } });
    assert.equal(await (await waiting('mine', 'same.wav'))(), true);
  });

  it('looks soon six times at what it cannot compare, then every ten minutes', async () => {
    const { matching, content } = await searching({ odd: { bytes: 'optimised', name: 'same.wav', size: 4 } });
    const waiter = await content('mine', 'same.wav');
    const waits: (number | null | undefined)[] = [];
    for (const attempts of [0, 5, 6, 100]) {
      const event = (await matching.match({ ...waiter, attempts }, signals))?.event;
      assert.ok(event?.type === 'trouble');
      waits.push(event.retryAfterMs);
    }
    assert.deepEqual(waits, [null, null, 600_000, 600_000]);
  });

  it('waits twelve times for what may be alike by chance, and for ever where the name is the same', async () => {
    for (const [name, last] of [
      ['other.wav', 'unmatched'],
      ['same.wav', 'trouble'],
    ] as const) {
      const { matching, content } = await searching({ odd: { bytes: 'optimised', name, size: 4 } });
      const waiter = await content('mine', 'same.wav');
      const types: (string | undefined)[] = [];
      for (const attempts of [11, 12]) types.push((await matching.match({ ...waiter, attempts }, signals))?.event.type);
      assert.deepEqual(types, ['trouble', last]);
    }
  });

  it('does not take a digest that was cut at another file’s length for this one’s', async () => {
    const { match, waiting } = await searching({ right: { bytes: 'longer', name: 'same.wav', size: null } });
    const isWaiting = await waiting('abc', 'same.wav');
    const both = await Promise.all([isWaiting(), match('longer', 'same.wav')]);
    assert.deepEqual(both, [true, 'right']);
  });

  it('waits where FLORA may have converted the file, and not where it is known to keep its size', async () => {
    const shelf = {
      other: { bytes: 'converted', name: 'a.wav' },
      mine: { bytes: 'mine', name: 'b.wav' },
    };
    const { match, waiting } = await searching(shelf);
    const isWaiting = await waiting('aaaa', 'a.wav');
    assert.equal(await isWaiting(), true, 'nothing is known yet');
    assert.equal(await match('mine', 'b.wav'), 'mine');
    assert.equal(await isWaiting(), false, 'FLORA keeps sizes: it is another file');
    const converting = await searching({ ...shelf, other: { ...shelf.other, isConverted: true } });
    const isWaitingStill = await converting.waiting('aaaa', 'a.wav');
    assert.equal(await converting.match('mine', 'b.wav'), 'mine');
    assert.equal(await isWaitingStill(), true, 'FLORA says that it converted this one');
  });

  it('never sends what FLORA calls by a word that nobody knows, and adopts it neither', async () => {
    const { match } = await searching({ a: { bytes: 'mine', name: 'a.wav', status: 'unknown' } });
    assert.equal(await match('mine', 'a.wav'), 'trouble');
    assert.equal(await match('else', 'b.wav'), 'unmatched');
  });

  it('waits for an asset without an id that has the bytes: it is there, and cannot be named', async () => {
    const { match } = await searching({ '': { bytes: 'mine', name: 'a.wav' } });
    assert.equal(await match('mine', 'a.wav'), 'trouble');
    assert.equal(await match('else', 'b.wav'), 'unmatched');
  });

  const hour = 3_600_000;
  const open = { bytes: '', name: 'mine.wav', size: null, status: 'pending_upload' } as const;

  it('waits for an open upload of the name until it is a day old, or the search is', async () => {
    const { waiting, clock } = await searching({ open });
    const isWaiting = await waiting('mine', 'mine.wav');
    clock.pass(24 * hour - 1);
    assert.equal(await isWaiting(), true);
    clock.pass(2);
    assert.equal(await isWaiting(), false);
    const old = await searching({ open: { ...open, createdAtMs: new HandClock().now() - 25 * hour } });
    assert.equal(await (await old.waiting('mine', 'mine.wav'))(), false);
  });

  it('waits a day from then on when the clock is put back, and for nothing that our clock has in its future', async () => {
    const { waiting, clock, ledger } = await searching({ open });
    const isWaiting = await waiting('mine', 'mine.wav');
    clock.pass(-1_000 * hour);
    assert.equal(await isWaiting(), true);
    assert.equal(ledger.facts.matching?.sinceMs, clock.now());
    clock.pass(24 * hour + 1);
    assert.equal(await isWaiting(), false);
    const early = await searching({ open: { ...open, createdAtMs: clock.now() + 10_000 * hour } });
    const isEarlyWaiting = await early.waiting('mine', 'mine.wav');
    assert.equal(await isEarlyWaiting(), true);
    early.clock.pass(24 * hour + 1);
    assert.equal(await isEarlyWaiting(), false);
  });

  it('does not end for a folder that is empty, or in which something could not be read yet', async () => {
    const { matching, ledger, folder } = await searching({});
    const isOpen = () => ledger.directories.needsMatching(folder.folderId);
    await matching.finish([folder.folderId]);
    assert.equal(isOpen(), true, 'empty');
    const directoryId = await ledger.write(({ directories, files }) => {
      const id = directories.save(folder.folderId, '');
      files.saveProblem(id, 'a.png', stat, { code: 'unreadable', reason: 'EACCES' }, 1);
      return id;
    });
    await matching.finish([folder.folderId]);
    assert.equal(isOpen(), true, 'unreadable');
    await ledger.write(({ files }) =>
      files.saveProblem(directoryId, 'a.png', stat, { code: 'type', reason: 'text' }, 1),
    );
    await matching.finish([]);
    assert.equal(isOpen(), true, 'not read whole');
    await matching.finish([folder.folderId]);
    assert.equal(isOpen(), false);
  });
});
