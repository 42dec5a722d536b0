import type { AssetFacts, AssetStatus, ListedAsset, Reservation } from '../core/event.ts';
import { badAnswer, notUnderstood } from './answer-errors.ts';
import {
  isRecord,
  type Json,
  member,
  readContentType,
  readId,
  readSize,
  readText,
  readTimeMs,
  readTold,
} from './fields.ts';
import type { JsonAnswer } from './http.ts';
import { readTarget } from './target.ts';

/** An item that names no asset, but may still tell which bytes FLORA has. */
type AnonymousAsset = Omit<ListedAsset, 'assetId'>;

/** One page of FLORA's asset listing. */
export interface AssetPage {
  readonly assets: readonly ListedAsset[];
  /** Items without a usable id that have a name, a size or a URL. */
  readonly anonymous: readonly AnonymousAsset[];
  /** How many items say nothing that could be read. */
  readonly unreadable: number;
  /** Echoed unchanged to get the next page; null on the last. */
  readonly nextCursor: string | null;
}

/**
 * `POST /assets` and `POST /assets/{id}/retry`. A first answer must name its target; one that was replayed may be of a target
 * that is gone. Throws SyncError `not_understood` (`bad_answer` for retry) for an answer that nobody could work with.
 */
export function readReservation(op: string, answer: JsonAnswer, askedMs: number, nowMs: number): Reservation {
  const json = isRecord(answer.json) ? answer.json : {};
  const assetId = idOf(json);
  if (assetId === null) throw notUnderstood(op, answer, 'names no asset');
  const target = readTarget(json);
  if (target === 'unreadable') throw notUnderstood(op, answer, 'has an upload target that cannot be read');
  if (target === null && op === 'reserve' && !answer.isReplayed)
    throw notUnderstood(op, answer, 'has no upload target');
  const expiresAtMs = readTimeMs(member(json, 'expires_at'));
  const leftMs = expiresAtMs === null ? null : timeLeftMs(expiresAtMs, answer.dateMs, askedMs, nowMs);
  return {
    ...factsOf(json, assetId),
    target,
    // A new target that were over already would be none: its clock is wrong, and the target itself will tell.
    expiresInMs: leftMs !== null && leftMs <= 0 && !answer.isReplayed ? null : leftMs,
  };
}

/**
 * FLORA's own date against its own expiry: a wrong clock here must not make every target look expired. Without that date
 * only a time that is still to come is believed.
 */
function timeLeftMs(expiresAtMs: number, dateMs: number | null, askedMs: number, nowMs: number): number | null {
  // Counted from the request on: a slow answer has used up part of the time, and a target that is over is refused.
  const leftMs = dateMs === null ? expiresAtMs - nowMs : expiresAtMs - dateMs - Math.max(0, nowMs - askedMs);
  return dateMs === null && leftMs <= 0 ? null : leftMs;
}

/**
 * An asset as `complete` and GET answer it. Throws SyncError `bad_answer`.
 *
 * @param asked the asset that was asked for: an answer may leave its id out, and must not name another
 */
export function readAsset(op: string, answer: JsonAnswer, asked: string): AssetFacts {
  const { json } = answer;
  if (!isRecord(json)) throw badAnswer(op, answer, 'is not an asset');
  if (typeof json['status'] !== 'string' || json['status'] === '') {
    throw badAnswer(op, answer, "does not tell the asset's status");
  }
  return factsOf(json, idOf(json) ?? asked);
}

/** `GET /assets`. Throws SyncError `bad_answer` for what is no page, and for one of which no item says anything. */
export function readPage(op: string, answer: JsonAnswer, limit: number): AssetPage {
  const { json } = answer;
  if (!isRecord(json) || !Array.isArray(json['assets'])) throw badAnswer(op, answer, 'is not a page of assets');
  const items: readonly unknown[] = json['assets'];
  const nextCursor = readCursor(op, answer, json, items.length >= limit);
  const assets: ListedAsset[] = [];
  const anonymous: AnonymousAsset[] = [];
  for (const item of items) {
    if (!isRecord(item)) continue;
    const assetId = idOf(item);
    if (assetId !== null) assets.push(listedOf(item, assetId));
    else if (saysAnything(item)) anonymous.push(listedOf(item, ''));
  }
  const unreadable = items.length - assets.length - anonymous.length;
  // Unreadable is not empty: what FLORA has is not known.
  if (unreadable > 0 && unreadable === items.length) {
    throw badAnswer(op, answer, `shows ${items.length} assets of which none can be read`);
  }
  return { ...withoutBorrowedIds(assets, anonymous), unreadable, nextCursor };
}

/** An id that several different assets bear names none but the first of them. */
function withoutBorrowedIds(assets: readonly ListedAsset[], anonymous: readonly AnonymousAsset[]) {
  const first = new Map<string, ListedAsset>();
  for (const asset of assets) if (!first.has(asset.assetId)) first.set(asset.assetId, asset);
  if (first.size === assets.length) return { assets, anonymous };
  const isItself = (asset: ListedAsset) => {
    const other = first.get(asset.assetId);
    return other === undefined || (other.url === asset.url && other.name === asset.name);
  };
  const borrowed = assets.filter((asset) => !isItself(asset)).map((asset) => ({ ...asset, assetId: '' }));
  return { assets: assets.filter(isItself), anonymous: [...anonymous, ...borrowed] };
}

/** A page that does not say whether it is the last cannot be told from one that is cut off. */
function readCursor(op: string, answer: JsonAnswer, json: Json, isFull: boolean): string | null {
  const meta = member(json, 'meta');
  if (!isRecord(meta)) throw badAnswer(op, answer, 'does not tell whether there are more pages');
  const cursor = member(meta, 'next_cursor');
  if (cursor === null || cursor === '') return null;
  // Some leave it out on the last page, which is not full as a rule.
  if (cursor === undefined && !isFull) return null;
  if (cursor === undefined) throw badAnswer(op, answer, 'does not tell whether there are more pages');
  if (typeof cursor !== 'string') throw badAnswer(op, answer, 'has a cursor that is not a string');
  return cursor;
}

/** `GET /workspaces`: the ids this key can see. Throws SyncError `bad_answer`. */
export function readWorkspaceIds(op: string, answer: JsonAnswer): readonly string[] {
  const list = isRecord(answer.json) ? answer.json['workspaces'] : undefined;
  if (!Array.isArray(list)) throw badAnswer(op, answer, 'is not a list of workspaces');
  return list.flatMap((item) => (isRecord(item) ? (readText(member(item, 'workspace_id')) ?? []) : []));
}

function idOf(json: Json): string | null {
  return readId(member(json, 'asset_id'));
}

function saysAnything(item: Json): boolean {
  return readText(member(item, 'name')) !== null || readText(item['url']) !== null || sizeOf(item) !== null;
}

function sizeOf(json: Json): number | null {
  return readSize(member(json, 'size_bytes'));
}

function listedOf(json: Json, assetId: string): ListedAsset {
  // Named one by one: spread, it takes as long as all the rest, for each of a million assets.
  const { status, statusWord, url, sizeBytes, contentType, failureMessage } = factsOf(json, assetId);
  const name = readText(member(json, 'name'));
  const createdAtMs = readTimeMs(member(json, 'created_at'));
  const projectId = readText(member(json, 'project_id'));
  const uploadContentType = readContentType(member(json, 'upload_content_type'));
  const facts = { assetId, status, statusWord, url, sizeBytes, contentType, failureMessage };
  return { ...facts, name, createdAtMs, projectId, uploadContentType };
}

function factsOf(json: Json, assetId: string): AssetFacts {
  const status = statusOf(json['status']);
  return {
    assetId,
    status,
    statusWord: status === 'unknown' ? (readTold(json['status'])?.slice(0, 40) ?? null) : null,
    url: readText(json['url']),
    sizeBytes: sizeOf(json),
    contentType: readContentType(member(json, 'content_type')),
    failureMessage: readTold(member(json, 'failure_message')),
  };
}

function statusOf(value: unknown): AssetStatus {
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  return word === 'pending_upload' || word === 'ready' || word === 'failed' ? word : 'unknown';
}
