import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { faultOf, walkListing } from '../../../../src/sync/flora/listing.ts';
import type { ListQuery, RemotePort } from '../../../../src/sync/ports/flora.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { listed } from '../../../support/remote-listing.ts';

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
