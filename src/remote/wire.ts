import type { UploadTarget } from '../core/content.ts';
import type { AssetFacts, ListedAsset, Reservation } from '../core/event.ts';
import { redactText } from '../core/redact.ts';
import { badAnswer } from './answer-errors.ts';
import { isRecord, type JsonAnswer } from './http.ts';

/** One page of FLORA's asset listing. Items that name no asset are counted, not returned. */
export interface AssetPage {
  readonly assets: readonly ListedAsset[];
  readonly nameless: number;
  /** Echoed unchanged to get the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** `POST /assets` and `POST /assets/{id}/retry`. Throws SyncError `bad_answer` when a needed field is missing. */
export function readReservation(op: string, answer: JsonAnswer, askedMs: number, nowMs: number): Reservation {
  const facts = readAsset(op, answer);
  const json = isRecord(answer.json) ? answer.json : {};
  const expiresAtMs = typeof json['expires_at'] === 'string' ? Date.parse(json['expires_at']) : Number.NaN;
  return {
    ...facts,
    target: readTarget(op, answer, json),
    expiresInMs: timeLeftMs(expiresAtMs, answer.dateMs, askedMs, nowMs),
  };
}

/**
 * FLORA's own date against its own expiry: a wrong clock here must not make every target look expired. Without that date
 * only a time that is still to come is believed.
 */
function timeLeftMs(expiresAtMs: number, dateMs: number | null, askedMs: number, nowMs: number): number | null {
  if (Number.isNaN(expiresAtMs)) return null;
  // Counted from the request on: a slow answer has used up part of the time, and a target that is over is refused.
  const leftMs = dateMs === null ? expiresAtMs - nowMs : expiresAtMs - dateMs - Math.max(0, nowMs - askedMs);
  return dateMs === null && leftMs <= 0 ? null : leftMs;
}

/** An asset as `complete` and GET answer it. Throws SyncError `bad_answer`. */
export function readAsset(op: string, answer: JsonAnswer): AssetFacts {
  const facts = toFacts(answer.json);
  if (facts === undefined) throw badAnswer(op, answer, 'is not an asset');
  return facts;
}

/** `GET /assets`. Throws SyncError `bad_answer`. */
export function readPage(op: string, answer: JsonAnswer): AssetPage {
  const { json } = answer;
  if (!isRecord(json) || !Array.isArray(json['assets']) || !isRecord(json['meta'])) {
    throw badAnswer(op, answer, 'is not a page of assets');
  }
  const cursor = json['meta']['next_cursor'];
  if (cursor !== null && cursor !== undefined && typeof cursor !== 'string') {
    throw badAnswer(op, answer, 'has a cursor that is not a string');
  }
  const assets = json['assets'].map(toListed).filter((asset) => asset !== undefined);
  return {
    assets,
    nameless: json['assets'].length - assets.length,
    nextCursor: cursor === undefined || cursor === '' ? null : cursor,
  };
}

/** `GET /workspaces`: the ids this key can see. Throws SyncError `bad_answer`. */
export function readWorkspaceIds(op: string, answer: JsonAnswer): readonly string[] {
  const list = isRecord(answer.json) ? answer.json['workspaces'] : undefined;
  if (!Array.isArray(list)) throw badAnswer(op, answer, 'is not a list of workspaces');
  return list.flatMap((item) =>
    isRecord(item) && typeof item['workspace_id'] === 'string' ? [item['workspace_id']] : [],
  );
}

function toListed(json: unknown): ListedAsset | undefined {
  const facts = toFacts(json);
  if (facts === undefined || !isRecord(json)) return undefined;
  // Named one by one: spread, it takes as long as all the rest, for each of a million assets.
  const { assetId, status, url, sizeBytes, failureMessage } = facts;
  const name = readText(json['name']);
  const createdAtMs = readTimeMs(json['created_at']);
  const projectId = readText(json['project_id']);
  return { assetId, status, url, sizeBytes, failureMessage, name, createdAtMs, projectId };
}

function toFacts(json: unknown): AssetFacts | undefined {
  if (!isRecord(json)) return undefined;
  const { asset_id: assetId, status, size_bytes: size, failure_message: message } = json;
  if (typeof assetId !== 'string' || !isUsableId(assetId)) return undefined;
  if (status !== 'pending_upload' && status !== 'ready' && status !== 'failed') return undefined;
  return {
    assetId,
    status,
    url: readText(json['url']),
    // Any other number is no size that a file could be held against.
    sizeBytes: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
    failureMessage: typeof message === 'string' ? redactText(message) : null,
  };
}

/** An id goes into a path: dots alone would name another one, and half a surrogate pair has no place in a URL. */
function isUsableId(id: string): boolean {
  // The first alone would do for every id seen so far, and is the cheaper one.
  return (/^[!-~]+$/.test(id) || /^[^\s\p{C}]+$/u.test(id)) && id !== '.' && id !== '..';
}

function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The last moment that a Date can hold. */
const lastMs = 8.64e15;

/** Listings give integer milliseconds, GET an ISO string. A string without its zone could mean any of 27 hours. */
function readTimeMs(value: unknown): number | null {
  const isIso = typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(value);
  const timeMs = isIso ? Date.parse(value) : value;
  return typeof timeMs === 'number' && timeMs >= 0 && timeMs <= lastMs ? Math.trunc(timeMs) : null;
}

function readTarget(op: string, answer: JsonAnswer, json: Record<string, unknown>): UploadTarget | null {
  const upload = json['upload'];
  if (isRecord(upload)) {
    const { url, file_field: fileField, form_fields: formFields } = upload;
    if (typeof url !== 'string' || typeof fileField !== 'string' || !isStringRecord(formFields)) {
      throw badAnswer(op, answer, 'has an upload form that cannot be read');
    }
    return { kind: 'form', url, fileField, formFields };
  }
  const url = json['upload_url'];
  return typeof url === 'string' && url !== '' ? { kind: 'put', url } : null;
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((item) => typeof item === 'string');
}
