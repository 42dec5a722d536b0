// A FLORA of our own for these tests, after the documents and not after the emulator, with which it shares no code: a mistake of
// one shall not hide in the other. It keeps what it is sent, and is the judge of what became of each file.
import { createHash, randomBytes } from 'node:crypto';
import { type Head, jsonReply, type Reply, xmlReply } from './wire.ts';

export const places = ['workspaces', 'list', 'reserve', 'upload', 'complete', 'retry', 'get', 'asset'] as const;
export type Place = (typeof places)[number];

/** What may differ from one FLORA to the next. */
export interface Ways {
  /** An asset is ready as soon as its bytes are there. */
  readonly completesItself: boolean;
  /** GET answers 404 for so long after the bytes arrived. */
  readonly hiddenMs: number;
  /** Of these files `complete` says pending_upload and GET the truth. */
  readonly pending: RegExp;
  /** Of these files the first asset's first target takes nothing, and the asset fails. */
  readonly overOnArrival: RegExp;
  /** So it is with each further asset of such a file. */
  readonly isOverAgain: boolean;
  /** What is said of such a failed asset. */
  readonly failureMessage: string;
  /** Where the assets of these files lie, in place of their true URL. */
  readonly url: string | null;
}

export const usualWays: Ways = {
  completesItself: false,
  hiddenMs: 0,
  pending: /-1\./,
  overOnArrival: /-2\./,
  isOverAgain: false,
  failureMessage: 'The upload has expired.',
  url: null,
};

export interface Asset {
  readonly id: string;
  readonly name: string;
  readonly contentType: string;
  readonly createdAtMs: number;
  status: 'pending_upload' | 'ready' | 'failed';
  token: string;
  isTargetOver: boolean;
  bytes: Buffer | null;
  /** Of the bytes; empty as long as there are none. */
  digest: string;
  arrivedAtMs: number;
}

/** A request that was understood: where it goes, and the file that it is about. */
export interface Call {
  readonly place: Place;
  readonly name: string;
  readonly asset: Asset | null;
}

const key = 'sk_live_hostile0123456789SECRET';
const workspaceId = 'ws_hostile';
export const credentials = { key, workspaceId };

export class Flora {
  readonly assets: Asset[] = [];
  /** What our client did that it must not. */
  readonly complaints: string[] = [];
  readonly #ways: Ways;
  readonly #usedKeys = new Set<string>();
  /** Of the two hosts, set once they listen. */
  storageOrigin = '';

  constructor(ways: Partial<Ways>) {
    this.#ways = { ...usualWays, ...ways };
  }

  /** @param body null while it has not been read: then a reservation has no name yet */
  callOf({ method, target }: Head, body: Buffer | null): Call | null {
    const { pathname } = new URL(target, 'http://flora');
    const known = (place: Place, asset: Asset | undefined) => ({
      place,
      name: asset?.name ?? '',
      asset: asset ?? null,
    });
    if (method === 'GET' && pathname === '/api/v1/workspaces') return known('workspaces', undefined);
    if (method === 'GET' && pathname === '/api/v1/assets') return known('list', undefined);
    if (method === 'POST' && pathname === '/api/v1/assets') {
      return { place: 'reserve', name: String(body === null ? '' : fieldsOf(body)['file_name']), asset: null };
    }
    const [, kind = '', id = '', step = ''] =
      /^\/(api\/v1\/assets|upload|files)\/([^/]+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    if (kind === 'upload')
      return known(
        'upload',
        this.assets.find(({ token }) => token === id),
      );
    const asset = this.assets.find((one) => one.id === id);
    if (kind === 'files') return known('asset', asset);
    if (kind === '') return null;
    if (method === 'GET' && step === '') return known('get', asset);
    if (method === 'POST' && (step === 'complete' || step === 'retry')) return known(step, asset);
    return null;
  }

  /** Does what is asked, and says so. */
  answer({ place, asset }: Call, head: Head, body: Buffer): Reply {
    const isStorage = place === 'upload' || place === 'asset';
    const authorization = head.headers.get('authorization');
    if (isStorage && authorization !== undefined) this.complaints.push(`the key was sent to ${place}`);
    if (!isStorage && authorization !== `Bearer ${key}`) return failure(401, 'invalid_api_key', 'Unknown key.');
    const idempotencyKey = head.headers.get('idempotency-key');
    if (head.method === 'POST' && !isStorage) {
      if (idempotencyKey === undefined) this.complaints.push(`${place} without an idempotency key`);
      else if (this.#usedKeys.has(idempotencyKey)) return failure(409, 'idempotency_duplicate', 'This key was used.');
      else this.#usedKeys.add(idempotencyKey);
    }
    if (place === 'workspaces') return this.#workspaces();
    if (place === 'list') return this.#list(new URL(head.target, 'http://flora').searchParams);
    if (place === 'reserve') return this.#reserve(fieldsOf(body));
    if (place === 'upload') return asset === null ? gone() : this.#receive(asset, head, body);
    if (asset === null) return failure(404, 'not_found', 'Asset not found.');
    if (place === 'asset') return this.#bytes(asset);
    if (place === 'complete') return this.#complete(asset);
    if (place === 'retry') return this.#renew(asset);
    const isHidden = asset.bytes !== null && Date.now() - asset.arrivedAtMs < this.#ways.hiddenMs;
    return isHidden ? failure(404, 'not_found', 'Asset not found.') : signed(200, this.#facts(asset));
  }

  #workspaces(): Reply {
    const mine = { workspace_id: workspaceId, name: 'Hostile', role: 'owner', created_at: '2026-01-01T00:00:00.000Z' };
    return signed(200, { workspaces: [mine], meta: { next_cursor: null } });
  }

  #list(query: URLSearchParams): Reply {
    const limit = Number(query.get('limit') ?? '20');
    const offset = Number(query.get('cursor') ?? '0');
    const newest = [...this.assets].reverse();
    const next = offset + limit < newest.length ? String(offset + limit) : null;
    const assets = newest.slice(offset, offset + limit).map((asset) => this.#facts(asset));
    return signed(200, { assets, meta: { next_cursor: next, total_estimate: newest.length } });
  }

  #reserve(fields: Readonly<Record<string, unknown>>): Reply {
    const name = String(fields['file_name']);
    const isFirst = this.assets.every((one) => one.name !== name);
    const asset: Asset = {
      id: `asset_${randomBytes(8).toString('hex')}`,
      name,
      contentType: String(fields['content_type']),
      createdAtMs: Date.now(),
      status: 'pending_upload',
      token: randomBytes(8).toString('hex'),
      isTargetOver: (isFirst || this.#ways.isOverAgain) && this.#ways.overOnArrival.test(name),
      bytes: null,
      digest: '',
      arrivedAtMs: 0,
    };
    this.assets.push(asset);
    return signed(201, this.#reservation(asset));
  }

  #renew(asset: Asset): Reply {
    if (asset.status !== 'failed') return failure(409, 'conflict', 'Only a failed or expired upload can be retried.');
    Object.assign(asset, { status: 'pending_upload', token: randomBytes(8).toString('hex'), isTargetOver: false });
    return signed(200, this.#reservation(asset));
  }

  #receive(asset: Asset, head: Head, body: Buffer): Reply {
    if (asset.isTargetOver) {
      asset.status = 'failed';
      return gone();
    }
    if (asset.status !== 'pending_upload') return gone();
    const file = fileOf(head.headers.get('content-type') ?? '', body, formFields(asset));
    if (typeof file === 'string') {
      this.complaints.push(file);
      return xmlReply(400, 'MalformedPOSTRequest', file);
    }
    Object.assign(asset, { bytes: file, digest: digestOf(file), arrivedAtMs: Date.now() });
    if (this.#ways.completesItself) asset.status = 'ready';
    return { status: 204, headers: {}, body: Buffer.alloc(0) };
  }

  #complete(asset: Asset): Reply {
    if (asset.status === 'failed') return failure(409, 'conflict', 'The upload has failed.');
    if (asset.bytes === null) return failure(409, 'conflict', 'No bytes have arrived.');
    asset.status = 'ready';
    const told = this.#ways.pending.test(asset.name) ? 'pending_upload' : 'ready';
    return signed(200, { asset_id: asset.id, status: told, url: this.#url(asset) });
  }

  #bytes({ bytes, contentType }: Asset): Reply {
    if (bytes === null) return xmlReply(404, 'NoSuchKey', 'There is no such object.');
    return { status: 200, headers: { 'content-type': contentType }, body: bytes };
  }

  #reservation(asset: Asset): object {
    const url = `${this.storageOrigin}/upload/${asset.token}`;
    const form = { content_type: 'multipart/form-data', file_field: 'file', form_fields: formFields(asset) };
    return {
      ...{ asset_id: asset.id, status: asset.status, uploaded_via: 'signed_url', url: this.#url(asset) },
      ...{
        visibility: 'workspace',
        workspace_id: workspaceId,
        upload: { url, method: 'POST', ...form },
        upload_url: url,
      },
      expires_at: new Date(Date.now() + 900_000).toISOString(),
    };
  }

  #facts(asset: Asset): object {
    return {
      ...{ asset_id: asset.id, name: asset.name, description: null, status: asset.status, url: this.#url(asset) },
      ...{ size_bytes: asset.bytes?.length ?? null, width: null, height: null, uploaded_via: 'signed_url' },
      ...{ content_type: asset.contentType, upload_content_type: asset.contentType, workspace_id: workspaceId },
      created_at: asset.createdAtMs,
      failure_message: asset.status === 'failed' ? this.#ways.failureMessage : null,
    };
  }

  #url(asset: Asset): string {
    return this.#ways.url ?? `${this.storageOrigin}/files/${asset.id}`;
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function failure(status: number, code: string, message: string): Reply {
  return signed(status, { error: { code, message } });
}

/** With the request-id that FLORA has on each answer. */
function signed(status: number, value: unknown): Reply {
  return jsonReply(status, value, { 'request-id': `req_${randomBytes(6).toString('hex')}` });
}

function gone(): Reply {
  return xmlReply(403, 'AccessDenied', 'The policy has expired.');
}

function formFields(asset: Asset): Readonly<Record<string, string>> {
  return { key: `uploads/${asset.id}`, 'Content-Type': asset.contentType, policy: 'eyJhIjoxfQ==' };
}

function fieldsOf(body: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(body.toString());
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** The bytes of the form's last part, `file`, if every other one is there before it as it was told; otherwise what is wrong. */
function fileOf(contentType: string, body: Buffer, wanted: Readonly<Record<string, string>>): Buffer | string {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return 'The upload is no form';
  const delimiter = `\r\n--${boundary}`;
  const missing = new Map(Object.entries(wanted));
  let rest = Buffer.concat([Buffer.from('\r\n'), body]);
  for (;;) {
    const end = rest.indexOf(delimiter, delimiter.length);
    const head = rest.indexOf('\r\n\r\n');
    if (end < 0 || head < 0) return 'The form ends without a file';
    const name = /name="([^"]*)"/.exec(rest.subarray(0, head).toString())?.[1] ?? '';
    const value = rest.subarray(head + 4, end);
    rest = rest.subarray(end);
    if (name === 'file') {
      if (missing.size > 0) return `The file came before ${[...missing.keys()].join(', ')}`;
      return rest.toString('latin1').startsWith(`${delimiter}--`)
        ? Buffer.from(value)
        : 'The file is not the last part';
    }
    if (missing.get(name) !== value.toString()) return `The field ${name} is not what it was told to be`;
    missing.delete(name);
  }
}
