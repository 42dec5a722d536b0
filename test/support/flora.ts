import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import type { Fault } from '../../src/emulator/faults.ts';
import type { JournalEntry } from '../../src/emulator/journal.ts';
import type { Limit } from '../../src/emulator/limit.ts';
import type { World } from './world.ts';

/** An asset as the emulator's own controls show it, with the place of its bytes. */
export interface StoredAsset {
  readonly asset_id: string;
  readonly status: string;
  readonly name: string | null;
  readonly folder: string | null;
  readonly project_id: string | null;
  readonly workspace_id: string;
  readonly size_bytes: number | null;
  readonly sha256: string | null;
  readonly path: string | null;
  /** Milliseconds since the epoch. */
  readonly expires_at: number | null;
}

type FaultWish = Partial<Omit<Fault, 'match' | 'kind'>> & {
  readonly kind: Fault['kind'];
  readonly match?: Partial<Fault['match']>;
};

export async function storedAssets(world: World): Promise<readonly StoredAsset[]> {
  const { assets } = (await admin(world, 'GET', '/assets')) as { assets: StoredAsset[] };
  return assets;
}

export async function readyAssets(world: World): Promise<readonly StoredAsset[]> {
  return (await storedAssets(world)).filter(({ status }) => status === 'ready');
}

export async function requests(world: World, since = 0): Promise<readonly JournalEntry[]> {
  const { requests: entries } = (await admin(world, 'GET', `/requests?since=${since}`)) as { requests: JournalEntry[] };
  return entries;
}

/** The number of the latest request: `requests(world, mark)` are those that come after. */
export async function mark(world: World): Promise<number> {
  return (await requests(world)).at(-1)?.seq ?? 0;
}

export async function addFaults(world: World, ...faults: readonly FaultWish[]): Promise<void> {
  await admin(world, 'POST', '/faults', faults);
}

/** How often each kind of fault has hit. */
export async function faultHits(world: World): Promise<Readonly<Record<string, number>>> {
  const { faults } = (await admin(world, 'GET', '/faults')) as { faults: { kind: string; hits: number }[] };
  const hits: Record<string, number> = {};
  for (const fault of faults) hits[fault.kind] = (hits[fault.kind] ?? 0) + fault.hits;
  return hits;
}

/** One rate limit for all API calls from now on. */
export async function setLimit(world: World, limit: Partial<Limit>): Promise<void> {
  await admin(world, 'POST', '/limit', limit);
}

/** How many calls the rate limit has refused. */
export async function refusedByLimit(world: World): Promise<number> {
  const { refused } = (await admin(world, 'GET', '/limit')) as { refused: number };
  return refused;
}

export async function clearFaults(world: World): Promise<void> {
  await admin(world, 'DELETE', '/faults');
}

/** Makes that many ready assets of somebody else's, without bytes. */
export async function seedAssets(world: World, prefix: string, count: number): Promise<void> {
  await admin(world, 'POST', '/assets', { count, prefix });
}

export async function unseedAssets(world: World, prefix: string, count: number): Promise<void> {
  await admin(world, 'DELETE', `/assets?prefix=${prefix}&count=${count}`);
}

export async function setListOrder(world: World, listOrder: 'newest' | 'oldest' | 'shuffled'): Promise<void> {
  await admin(world, 'POST', '/settings', { listOrder });
}

/** Changes an asset behind everybody's back. */
export async function alterAsset(
  world: World,
  assetId: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await admin(world, 'POST', `/assets/${assetId}`, change);
}

/** From now on these keys, and no others, open the workspaces. */
export async function admitKeys(world: World, ...apiKeys: readonly string[]): Promise<void> {
  await admin(world, 'POST', '/keys', { apiKeys });
}

async function admin(world: World, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${world.floraOrigin}/__admin${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Every regular file below, by its path as bytes, wherever it is. */
export function localFiles(root: string | Buffer): readonly Buffer[] {
  const directory = Buffer.from(root);
  return readdirSync(directory, { encoding: 'buffer' }).flatMap((name) => {
    const path = Buffer.concat([directory, Buffer.from('/'), name]);
    const stats = lstatSync(path);
    if (stats.isDirectory()) return localFiles(path);
    return stats.isFile() ? [path] : [];
  });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Expected {
  /** Contents that were ready before and are not in the folder any more. */
  readonly alsoReady?: readonly Uint8Array[];
  /** Only assets in this folder of FLORA; by default all of them. */
  readonly folder?: string | null;
}

/** What lies in the folders against what is ready in FLORA, by digest. */
export interface Audit {
  /** How many contents the folders hold. */
  readonly contents: number;
  /** Ready assets. */
  readonly ready: number;
  /** Digests without a ready asset. */
  readonly missing: readonly string[];
  /** Digests with more than one. */
  readonly repeated: readonly string[];
  /** Ready assets whose bytes are those of no file, or not those that FLORA received. */
  readonly foreign: readonly string[];
}

export async function audit(world: World, roots: readonly string[], expected: Expected = {}): Promise<Audit> {
  const wanted = new Map<string, Buffer>();
  for (const path of roots.flatMap(localFiles)) {
    const bytes = readFileSync(path);
    wanted.set(sha256(bytes), bytes);
  }
  for (const bytes of expected.alsoReady ?? []) wanted.set(sha256(bytes), Buffer.from(bytes));
  const all = await readyAssets(world);
  const ready = expected.folder === undefined ? all : all.filter(({ folder }) => folder === expected.folder);
  const counts = new Map<string, number>();
  const foreign: string[] = [];
  for (const asset of ready) {
    assert.ok(asset.path !== null && asset.sha256 !== null, `${asset.asset_id} is ready without bytes`);
    const stored = readFileSync(asset.path);
    const digest = sha256(stored);
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
    if (digest !== asset.sha256) foreign.push(`${asset.asset_id}: not the bytes that FLORA received`);
    else if (wanted.get(digest)?.equals(stored) !== true)
      foreign.push(`${asset.asset_id} (${asset.name}): ${stored.length} bytes that no file has`);
  }
  return {
    contents: wanted.size,
    ready: ready.length,
    missing: [...wanted.keys()].filter((digest) => !counts.has(digest)),
    repeated: [...counts].filter(([, count]) => count > 1).map(([digest]) => digest),
    foreign,
  };
}

/**
 * The promise itself: what lies in these folders is ready in FLORA, byte by byte, each content once, and nothing else is.
 * Returns how many contents these are.
 */
export async function assertReadyOnce(
  world: World,
  roots: readonly string[],
  expected: Expected = {},
): Promise<number> {
  const { contents, missing, repeated, foreign } = await audit(world, roots, expected);
  assert.deepEqual({ missing, repeated, foreign }, { missing: [], repeated: [], foreign: [] });
  return contents;
}
