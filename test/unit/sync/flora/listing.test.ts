import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { faultOf, keyOf, placesOf, walkListing } from '../../../../src/sync/flora/listing.ts';
import type { ListedPage, ListQuery, RemotePort } from '../../../../src/sync/ports/flora.ts';
import { openGate, serviceError } from '../../../support/gates.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { listed } from '../../../support/remote-listing.ts';
import { floraError } from '../../../support/uploading.ts';

const query: ListQuery = { workspaceId: 'ws_1', projectId: null, limit: 1 };

/** A listing of so many pages of one asset each, and what happened in which order. */
function open(pages: number) {
  const clock = new HandClock();
  const order: string[] = [];
  const aborted: string[] = [];
  const remote = {
    list: async (_: ListQuery, cursor: string | null, signal: AbortSignal) => {
      const at = Number(cursor ?? '0');
      order.push(`ask ${at}`);
      signal.addEventListener('abort', () => aborted.push(`page ${at}`));
      const nextCursor = at + 1 < pages ? String(at + 1) : null;
      return { value: { assets: [listed(`asset_${at}`)], anonymous: [], unreadable: 0, nextCursor }, requestId: 'req' };
    },
  } as unknown as RemotePort;
  const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
  const deps = { clock, gate, remote };
  const walk = async (readsAhead: boolean, most = pages) => {
    for await (const {
      assets: [asset],
    } of walkListing(deps, query, new AbortController().signal, { readsAhead })) {
      await settled();
      order.push(`had ${asset?.assetId.slice(6)}`);
      if (order.filter((each) => each.startsWith('had')).length === most) break;
    }
    return order;
  };
  return { walk, aborted };
}

describe('a walk through a listing', () => {
  it('asks for the next page while one is looked at, where it reads to the end', async () => {
    const { walk } = open(3);
    assert.deepEqual(await walk(true), ['ask 0', 'ask 1', 'had 0', 'ask 2', 'had 1', 'had 2']);
  });

  it('asks for no page that may not be wanted otherwise', async () => {
    const { walk } = open(3);
    assert.deepEqual(await walk(false, 2), ['ask 0', 'had 0', 'ask 1', 'had 1']);
  });

  it('gives up the page that was asked for ahead when it is left', async () => {
    const { walk, aborted } = open(9);
    await walk(true, 2);
    assert.ok(aborted.includes('page 2'));
  });
});

describe('a page of a listing', () => {
  /** A walk over what `answer` gives, and how often it was asked. */
  function over(answer: (asked: number) => ListedPage | Error, paceMs = 0) {
    const { gate, clock } = openGate();
    const calls: unknown[] = [];
    const enter = gate.enter.bind(gate);
    gate.enter = async (call, by) => {
      calls.push(call);
      return await enter(call, by);
    };
    let lists = 0;
    const list = async () => {
      lists += 1;
      const page = answer(lists);
      if (page instanceof Error) throw page;
      return { value: page, requestId: null };
    };
    const deps = { clock, gate, remote: { list } as unknown as RemotePort, paceMs: () => paceMs };
    const walk = async (signal = new AbortController().signal, readsAhead = false) => {
      const pages: unknown[] = [];
      for await (const page of walkListing(deps, query, signal, { readsAhead })) pages.push(page);
      return pages;
    };
    const first = () => walkListing(deps, query, new AbortController().signal).next();
    return { first, walk, clock, gate, calls, lists: () => lists };
  }
  const page = (patch: Partial<ListedPage> = {}): ListedPage => ({
    assets: [],
    anonymous: [],
    unreadable: 0,
    nextCursor: null,
    ...patch,
  });

  it('is asked for behind all files', async () => {
    const { walk, calls } = over(() => page({ unreadable: 2, anonymous: [listed('')] }));
    assert.deepEqual(await walk(), [{ assets: [], anonymous: [listed('')], unreadable: 2 }]);
    assert.deepEqual(calls, [{ op: 'list', file: null }]);
  });

  it('is not asked for ahead where nobody says so', async () => {
    const { first, lists } = over((asked) => page({ nextCursor: `${asked}` }));
    await first();
    await settled();
    assert.equal(lists(), 1);
  });

  it('is asked for again while FLORA as a whole is in trouble', async () => {
    const { walk, clock, lists } = over((asked) => (asked < 3 ? serviceError('unreachable') : page()));
    assert.equal((await clock.advanceUntil(walk())).length, 1);
    assert.equal(lists(), 3);
  });

  it('that cannot be read ends the walk with that, also where it was asked for ahead', async () => {
    for (const readsAhead of [false, true]) {
      const { walk } = over((asked) =>
        asked === 1 ? page({ nextCursor: '1' }) : floraError('bad_answer', { status: 200 }),
      );
      await assert.rejects(walk(new AbortController().signal, readsAhead), { code: 'bad_answer' });
    }
  });

  it('is none once the walk was to end: before it, at the gate, and on its way', async () => {
    const stop = new AbortController();
    const { walk, lists } = over(() => {
      stop.abort();
      return new TypeError('cut');
    });
    assert.deepEqual(await walk(stop.signal), []);
    assert.deepEqual([await walk(stop.signal), lists()], [[], 1]);
  });

  it('is the last one that is given out when the walk is to end with it', async () => {
    const stop = new AbortController();
    const { walk, lists } = over(() => {
      stop.abort();
      return page({ nextCursor: '1' });
    });
    assert.deepEqual([(await walk(stop.signal)).length, lists()], [1, 1]);
  });

  it('whose cursor was seen before is the last that is asked for', async () => {
    for (const readsAhead of [false, true]) {
      const { walk, lists } = over(() => page({ nextCursor: 'again', assets: [listed('x')] }));
      await assert.rejects(walk(new AbortController().signal, readsAhead), { code: 'cursor_loop' });
      assert.equal(lists(), 2);
    }
  });

  it('shows something new with an asset, or one without an id; fifty-one without either are enough', async () => {
    const endless = async (first: Partial<ListedPage>, at = 1) => {
      const { walk, lists } = over((asked) =>
        page({ nextCursor: `${asked}`, unreadable: 1, ...(asked === at ? first : {}) }),
      );
      await assert.rejects(walk(), { code: 'cursor_loop' });
      return lists();
    };
    assert.equal(await endless({}), 52);
    assert.equal(await endless({ assets: [listed('x')] }, 10), 10 + 52);
    assert.equal(await endless({ anonymous: [listed('')] }, 10), 10 + 52);
  });

  it('is waited for where there is a pace, no longer than the walk is wanted', async () => {
    const { walk, clock, lists } = over(() => page(), 5);
    const slept: unknown[] = [];
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms: number, by?: AbortSignal) => {
      slept.push([ms, by?.aborted]);
      return sleep(ms);
    };
    const walked = walk();
    await settled();
    assert.deepEqual([slept, lists()], [[[5, false]], 0]);
    await clock.advance(5);
    assert.equal((await walked).length, 1);
  });
});

describe('the places of destinations', () => {
  it('are each workspace and project once, whatever the folder in it', () => {
    const at = (workspaceId: string, projectId: string | null, folder: string | null = null) => ({
      workspaceId,
      projectId,
      folder,
    });
    const destinations = [
      at('a', null),
      at('a', null, 'f'),
      at('a', 'p'),
      at('b', null),
      at('b', 'p'),
      at('b', 'p', 'g'),
    ];
    const places = placesOf(destinations);
    assert.deepEqual(
      places.map(({ workspaceId, projectId }) => [workspaceId, projectId]),
      [
        ['a', null],
        ['a', 'p'],
        ['b', null],
        ['b', 'p'],
      ],
    );
    assert.deepEqual(places.map(keyOf), ['a|', 'a|p', 'b|', 'b|p']);
    assert.deepEqual(Object.keys(places[0] ?? {}).sort(), ['projectId', 'workspaceId']);
  });
});

describe('a listing without an end', () => {
  const former = (size: number) => ({ size, has: (cursor: string) => cursor === 'former' });

  it('is one whose cursor repeats', () => {
    assert.equal(faultOf('former', former(1), 0), 'its cursor repeats');
    assert.equal(faultOf('next', former(1), 0), null);
  });

  it('is one of more than two hundred thousand pages', () => {
    assert.equal(faultOf('next', former(199_999), 0), null);
    assert.equal(faultOf('next', former(200_000), 0), 'there are more than 200000 pages');
  });

  it('is one of more than fifty pages in a row without anything new', () => {
    assert.equal(faultOf('next', former(1), 50), null);
    assert.equal(faultOf('next', former(1), 51), '50 pages in a row show nothing new');
  });
});
