import { backoffMs } from '../../core/backoff.ts';
import { SyncError } from '../../errors.ts';
import type { Inventory, InventoryContent } from '../../ledger/inventory.ts';
import type { Call } from '../../sync/flora/call.ts';
import { IdSet } from '../../sync/flora/id-set.ts';
import { type ListingDeps, walkListing } from '../../sync/flora/listing.ts';
import { askFlora, isKnown } from '../../sync/flora/request.ts';
import type { RemotePort } from '../../sync/ports/flora.ts';
import { Bounded } from './bounded.ts';
import type { Findings } from './difference.ts';

export interface VerifyRemoteDeps extends ListingDeps {
  readonly remote: RemotePort;
  readonly inventory: Inventory;
  readonly findings: Findings;
  /** Requests at once. */
  readonly concurrency: number;
  /** Whether the bytes behind each asset's URL are fetched and digested. */
  readonly isDownload: boolean;
  /** Only these contents; null for all. */
  readonly only: { has(contentId: number): boolean } | null;
  readonly signal: AbortSignal;
}

const batch = 500;
const pageSize = 100;
/** Passing trouble with one asset is waited out so many times. */
const mostTries = 4;

/**
 * Compares each content that should be in FLORA with what FLORA says of its asset. A listing settles the many that it shows
 * as they should be; each other asset is asked for by itself, for a listing is never evidence against one.
 */
export async function verifyRemote(deps: VerifyRemoteDeps): Promise<void> {
  const { inventory, findings, signal, only, isDownload } = deps;
  // For a few paths, the whole listing would be the longer way.
  const { confirmed, withUrl } = only === null ? await readListing(deps) : nothingListed();
  const work = new Bounded(deps.concurrency);
  for (let after = 0; !signal.aborted; ) {
    const contents = inventory.ready(after, batch);
    for (const content of contents) {
      const { contentId } = content;
      if (signal.aborted) break;
      if (only !== null && !only.has(contentId)) continue;
      findings.assets += 1;
      if (!isDownload && content.state === 'ready' && confirmed.has(contentId)) continue;
      const url = confirmed.has(contentId) && withUrl.has(contentId) ? content.url : null;
      await work.add(() => check(deps, content, url));
    }
    const last = contents.at(-1);
    if (last === undefined) break;
    after = last.contentId;
  }
  await work.end();
}

function nothingListed() {
  return { confirmed: new IdSet(), withUrl: new IdSet() };
}

/** The contents that the listing shows as the ledger has them; and of those, the ones whose URL is the one we know. */
async function readListing(deps: VerifyRemoteDeps) {
  const { inventory, signal } = deps;
  const { confirmed, withUrl } = nothingListed();
  for (const place of inventory.places()) {
    try {
      for await (const { assets } of walkListing(deps, { ...place, limit: pageSize }, signal)) {
        for (const { assetId, status, sizeBytes, url } of assets) {
          const content = inventory.byAsset(assetId);
          if (content === undefined || status !== 'ready' || sizeBytes !== sizeKept(content)) continue;
          confirmed.add(content.contentId);
          if (url !== null && url === content.url) withUrl.add(content.contentId);
        }
      }
    } catch (error) {
      // What it did not show is asked for by itself.
      if (!isKnown(error)) throw error;
    }
  }
  return { confirmed, withUrl };
}

async function check(deps: VerifyRemoteDeps, content: InventoryContent, knownUrl: string | null): Promise<void> {
  const { inventory, findings, isDownload } = deps;
  const { assetId, contentId } = content;
  const keptBytes = sizeKept(content);
  const path = inventory.pathOf(contentId) ?? `content ${contentId}`;
  if (assetId === null) throw new Error(`Content ${contentId} is ${content.state} without an asset`);
  if (content.state === 'missing') return await findings.differ(path, 'missing_remote', assetId, null);
  let url = knownUrl;
  let shownBytes: number | null = keptBytes;
  if (url === null) {
    const asked = await patiently(deps, () => deps.remote.get(assetId, deps.signal), true);
    if (asked === null) return;
    if (asked instanceof SyncError) {
      // The daemon may have let it go meanwhile.
      if (inventory.byAsset(assetId)?.state !== 'ready') return;
      if (asked.code === 'not_found') return await findings.differ(path, 'missing_remote', assetId, null);
      return await findings.differ(path, 'unverified', assetId, asked.message);
    }
    const { value: facts } = asked;
    if (facts.status !== 'ready') return await findings.differ(path, 'remote_state', 'ready', facts.status);
    if (facts.sizeBytes !== null && facts.sizeBytes !== keptBytes) {
      return await findings.differ(path, 'remote_size', keptBytes, facts.sizeBytes);
    }
    url = facts.url;
    shownBytes = facts.sizeBytes;
  }
  if (isDownload) await download(deps, content, path, url, shownBytes);
}

/** The size that FLORA is known to keep a content in. */
function sizeKept({ sizeBytes, convertedSizeBytes }: InventoryContent): number {
  return convertedSizeBytes ?? sizeBytes;
}

/** @param shownBytes the size that FLORA reports: bytes of another number are not those that it keeps */
async function download(
  deps: VerifyRemoteDeps,
  content: InventoryContent,
  path: string,
  url: string | null,
  shownBytes: number | null,
) {
  const { findings, remote, signal } = deps;
  const { sizeBytes, sha256, convertedSizeBytes } = content;
  if (convertedSizeBytes !== null) return await findings.differ(path, 'unverified', sha256, 'FLORA has converted it');
  if (url === null) return await findings.differ(path, 'unverified', sha256, 'FLORA names no URL for it');
  const fetched = await patiently(deps, () => remote.fetchDigest(url, sizeBytes, signal), false);
  if (fetched === null) return;
  if (fetched instanceof SyncError) return await findings.differ(path, 'unverified', sha256, fetched.message);
  findings.bytesDownloaded += fetched.sizeBytes;
  if (fetched.sizeBytes === sizeBytes && fetched.sha256 === sha256) return;
  if (fetched.sizeBytes === shownBytes) return await findings.differ(path, 'remote_digest', sha256, fetched.sha256);
  // It was read no further than one byte beyond.
  const length = fetched.sizeBytes > sizeBytes ? `more than ${sizeBytes}` : `${fetched.sizeBytes}`;
  const told = shownBytes === null ? 'an unknown number of' : `${shownBytes}`;
  await findings.differ(path, 'unverified', sha256, `its URL gives ${length} bytes, FLORA keeps ${told}`);
}

const verifying: Call = { op: 'check', file: null };

/**
 * The answer; the last error, when trouble with this one request does not pass; null when the signal ended it. Trouble with
 * FLORA as a whole is waited out at the gate, which assets' URLs do not pass: they are on another host.
 */
async function patiently<T>(deps: VerifyRemoteDeps, request: () => Promise<T>, isGated: boolean) {
  const { gate, signal, clock } = deps;
  for (let tries = 1; ; ) {
    const asked = isGated
      ? await askFlora(gate, { stopping: signal, abort: signal }, verifying, request)
      : await once(request);
    if (asked === null || signal.aborted) return null;
    if (asked.kind === 'answer') return asked.value;
    const { error } = asked;
    if (isGated && error.scope === 'service') continue;
    const isPassing = error.disposition === 'retry' || error.code === 'connection_lost';
    if (!isPassing || tries >= mostTries) return error;
    await clock.sleep(error.retryAfterMs ?? backoffMs(tries, 0.5), signal);
    tries += 1;
  }
}

async function once<T>(request: () => Promise<T>) {
  try {
    return { kind: 'answer', value: await request() } as const;
  } catch (error) {
    if (!isKnown(error)) throw error;
    return { kind: 'error', error } as const;
  }
}
