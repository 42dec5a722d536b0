import assert from 'node:assert/strict';
import type { Content } from '../../src/core/content.ts';
import type { AssetFacts, ListedAsset } from '../../src/core/event.ts';
import { SyncError } from '../../src/errors.ts';
import type { CommitDeps } from '../../src/sync/commit/commit.ts';
import { Gate } from '../../src/sync/flora/gate.ts';
import { Reconciler } from '../../src/sync/flora/reconciler.ts';
import { Transfers } from '../../src/sync/flora/transfers.ts';
import type { ListedPage, ListQuery, RemotePort } from '../../src/sync/ports/flora.ts';
import { advance } from '../../src/sync/upload/worker.ts';
import { creatingOver, NoLearning } from './flora-knowledge.ts';
import { HandClock } from './hand-clock.ts';
import { memoryLedger, newContent, withFolder } from './ledgers.ts';

export const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** FLORA as far as listings and GET go, with offsets for cursors, so that pages shift when assets come and go. */
export class ListingModel {
  assets: ListedAsset[] = [];
  /** Called after each page is cut, before the next is asked for. */
  onPage: () => void = () => {};
  /** What a page is turned into on its way. */
  distort: (page: ListedPage) => ListedPage = (page) => page;
  /** Called before an asset is looked for. */
  onGet: () => void = () => {};
  gets = 0;
  lists = 0;
  /** No page is answered before. */
  held: Promise<void> = Promise.resolve();

  readonly remote: RemotePort = new Proxy({} as RemotePort, {
    get: (_, name: keyof RemotePort) => {
      if (name === 'list') return (query: ListQuery, cursor: string | null) => this.#list(query, cursor);
      if (name === 'get') return async (assetId: string) => this.#get(assetId);
      return () => assert.fail(`${name} is not part of this test`);
    },
  });

  async #list({ limit }: ListQuery, cursor: string | null) {
    this.lists += 1;
    await this.held;
    const offset = cursor === null ? 0 : Number(cursor);
    const next = offset + limit < this.assets.length ? String(offset + limit) : null;
    const page = { assets: this.assets.slice(offset, offset + limit), anonymous: [], unreadable: 0, nextCursor: next };
    this.onPage();
    return { value: this.distort(page), requestId: 'req_list' };
  }

  #get(assetId: string): { value: AssetFacts; requestId: string } {
    this.gets += 1;
    this.onGet();
    const asset = this.assets.find((each) => each.assetId === assetId);
    if (asset !== undefined) return { value: asset, requestId: 'req_get' };
    const details = { code: 'not_found', scope: 'file', disposition: null, op: 'check', status: 404 } as const;
    throw new SyncError('not found', { ...details, requestId: 'req_404' });
  }
}

export function listed(assetId: string, patch: Partial<ListedAsset> = {}): ListedAsset {
  const said = { statusWord: null, url: null, sizeBytes: null, contentType: null, failureMessage: null };
  const listed = { name: assetId, createdAtMs: null, projectId: null, uploadContentType: null };
  return { assetId, status: 'ready', ...said, ...listed, ...patch };
}

/** A ledger with that many ready contents, whose assets the model shows, and a reconciler between the two. */
export async function reconciling(
  count: number,
  model = new ListingModel(),
  patch: Partial<Pick<CommitDeps, 'uploadsMissing' | 'log'>> & { readonly onWork?: () => void } = {},
) {
  const clock = new HandClock();
  const { ledger } = memoryLedger();
  const { destinationId } = await withFolder(ledger);
  const random = { fraction: () => 0.5, token: () => `token-${Math.random()}` };
  await ledger.write(({ contents }) => {
    for (let at = 0; at < count; at += 1) {
      const key = String(at).padStart(6, '0');
      const inserted = contents.insert(newContent(destinationId, { sha256: key, idempotencyKey: key }), clock.now());
      const bound = { state: 'ready', assetId: `ours_${key}`, isCompleteSent: true, areBytesConfirmed: true } as const;
      assert.ok(contents.save(inserted, { ...inserted, ...bound }, clock.now()));
    }
  });
  const taken = new Set<number>();
  const changes: { readonly before: Content; readonly after: Content }[] = [];
  const deps = {
    ledger,
    clock,
    random,
    log: noLog,
    remote: model.remote,
    gate: new Gate({ most: 8, clock, random, onChange: () => {} }),
    places: [{ workspaceId: 'ws_1', projectId: null }],
    transfers: new Transfers(8),
    claimed: () => taken,
    onWork: () => {},
    creating: creatingOver(ledger, clock),
    learning: new NoLearning(ledger),
    onChange: (before: Content, after: Content) => void changes.push({ before, after }),
    uploadsMissing: () => false,
    ...patch,
  };
  const reconciler = new Reconciler(deps);
  const signal = new AbortController().signal;
  const unused = () => assert.fail('not part of this test');
  const worker = {
    ...deps,
    local: {
      walk: unused,
      read: unused,
      look: unused,
      detour: () => null,
      isUnfinished: () => false,
      glance: unused,
      rootIdentity: unused,
      openForWriting: unused,
      isRemote: unused,
      inspect: unused,
      openSource: unused,
    },
    matching: { match: unused },
    roots: { isThere: () => true },
    onSent: () => {},
    onDoubt: () => {},
  };
  return {
    model,
    ledger,
    clock,
    changes,
    /** What a worker has in hand. */
    taken,
    reconciler,
    reconcile: (isFull = true) => reconciler.run({ isFull, isDryRun: false }, signal),
    /** What is due now is done, as the scheduler would. */
    work: async () => {
      for (const { id } of ledger.contents.due('begun', clock.now(), 1_000)) {
        await advance(worker, id, { stopping: signal, abort: signal });
      }
    },
    stateOf: (assetId: string) => ledger.contents.findByAsset(assetId)?.state,
  };
}
