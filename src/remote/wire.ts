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
  const { name, created_at: createdAt, project_id: projectId } = json;
  return {
    ...facts,
    name: typeof name === 'string' ? name : null,
    createdAtMs: typeof createdAt === 'number' ? createdAt : null,
    projectId: typeof projectId === 'string' ? projectId : null,
  };
}

function toFacts(json: unknown): AssetFacts | undefined {
  if (!isRecord(json)) return undefined;
  const assetId = json['asset_id'];
  const status = json['status'];
  if (typeof assetId !== 'string' || assetId === '') return undefined;
  if (status !== 'pending_upload' && status !== 'ready' && status !== 'failed') return undefined;
  const size = json['size_bytes'];
  return {
    assetId,
    status,
    url: typeof json['url'] === 'string' && json['url'] !== '' ? json['url'] : null,
    sizeBytes: typeof size === 'number' ? size : null,
    failureMessage: typeof json['failure_message'] === 'string' ? redactText(json['failure_message']) : null,
  };
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
