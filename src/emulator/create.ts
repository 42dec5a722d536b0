// `POST /assets`, in its three forms: a reservation (`source: "signed-url"`), a server-side fetch (`source: "https://…"`), and
// the newer SDK's direct upload (multipart, up to 4 MiB, fields in any order).
//
// Where the contract is silent:
// - an unknown or foreign workspace is 403 forbidden (500 where the settings say what was measured).
// - the emulator has no network: a fetch from a public HTTPS URL is recorded and becomes `failed` after the processing time;
//   `http:` and literal private or loopback hosts are refused at once with 400.
// - any declared content_type that looks like one is accepted: content is judged when it is there.
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { type Caller, isOpenTo } from './access.ts';
import { type Answer, ApiFailure, jsonAnswer } from './answer.ts';
import type { ReceivedBytes } from './blobs.ts';
import { authenticate } from './calls.ts';
import type { EmulatorSettings } from './dialects.ts';
import { type EmulatorContext, type Exchange, expectJson, readBody, wireContext } from './exchange.ts';
import { type FieldReader, parseJson, readFields } from './fields.ts';
import { idempotently } from './idempotency.ts';
import { type Asset, blankAsset, judged, settling, type UploadedVia, withBytes, withTarget } from './lifecycle.ts';
import { receiveDirect } from './receive.ts';
import { newAssetId, newToken } from './token.ts';
import { createdWire } from './wire.ts';

const optionalFields = ['workspace_id', 'content_type', 'file_name', 'folder', 'project_id'];
const directMaxBytes = 4 * 1024 * 1024;

interface CreateRequest {
  readonly workspaceId: string;
  readonly contentType: string | null;
  readonly fileName: string | null;
  readonly folder: string | null;
  readonly projectId: string | null;
}

export async function createAsset(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const { settings } = context;
  const caller = authenticate(context, exchange);
  const isDirect = /^multipart\/form-data\b/i.test(exchange.request.headers['content-type'] ?? '');
  return isDirect ? createDirect() : createFromSource();

  async function createFromSource(): Promise<Answer> {
    expectJson(exchange);
    const body = await readBody(exchange);
    const fields = readFields(parseJson(body), ['source', ...optionalFields], settings.unknownFields);
    const source = fields.string('source');
    if (source === undefined && fields.raw('source') === undefined) fields.problem('source', 'Required');
    if (source !== undefined && source !== 'signed-url') checkSource(source, fields);
    const wanted = readRequest(fields, caller, settings);
    return idempotently(context, exchange, caller.keyHash, sha256(body), () =>
      insert(source === 'signed-url' ? reservation(context, wanted) : fetched(context, wanted)),
    );
  }

  async function createDirect(): Promise<Answer> {
    const { values, received, fileType } = await receiveDirect(context.blobs, exchange, directMaxBytes);
    try {
      const wanted = readRequest(readFields(values, optionalFields, settings.unknownFields), caller, settings);
      const bodyHash = sha256(JSON.stringify([values, received.sha256]));
      return await idempotently(context, exchange, caller.keyHash, bodyHash, () => {
        const asset = direct(context, { ...wanted, contentType: wanted.contentType ?? fileType }, received);
        const answer = insert(asset);
        context.blobs.place(received, asset.asset_id);
        return answer;
      });
    } finally {
      context.blobs.discard(received);
    }
  }

  function insert(asset: Asset): Answer {
    context.store.insert(asset);
    exchange.entry.asset_id = asset.asset_id;
    return jsonAnswer(201, createdWire(asset, wireContext(context)));
  }
}

function readRequest(fields: FieldReader, caller: Caller, settings: EmulatorSettings): CreateRequest {
  const workspaceId = readId(fields, 'workspace_id', /^ws_\S+$/, settings);
  if (workspaceId === undefined && fields.raw('workspace_id') === undefined) fields.problem('workspace_id', 'Required');
  const request = {
    workspaceId: workspaceId ?? '',
    contentType: fields.string('content_type', { pattern: /^[\w.+-]+\/[\w.+-]+$/, expected: 'a content type' }) ?? null,
    fileName: fields.string('file_name', { pattern: /^[^\0]+$/, expected: 'a file name' }) ?? null,
    folder: fields.string('folder') ?? null,
    projectId: readId(fields, 'project_id', /^prj_\S+$/, settings) ?? null,
  };
  fields.check();
  if (!isOpenTo(caller, request.workspaceId)) {
    if (settings.malformedIdStatus === 500) throw unknownError();
    throw new ApiFailure(403, 'forbidden', 'The API key does not open this workspace.');
  }
  return request;
}

function readId(fields: FieldReader, name: string, pattern: RegExp, settings: EmulatorSettings): string | undefined {
  const id = fields.raw(name);
  if (settings.malformedIdStatus === 500 && typeof id === 'string' && !pattern.test(id)) throw unknownError();
  return fields.string(name, { pattern, expected: `an id that matches ${pattern.source}` });
}

function unknownError(): ApiFailure {
  return new ApiFailure(500, 'unknown_error', 'An unknown error occurred.');
}

function blank({ settings, clock }: EmulatorContext, wanted: CreateRequest, via: UploadedVia): Asset {
  return blankAsset(settings, {
    asset_id: newAssetId(),
    workspace_id: wanted.workspaceId,
    project_id: wanted.projectId,
    name: wanted.fileName,
    folder: wanted.folder,
    upload_content_type: wanted.contentType,
    uploaded_via: via,
    created_at: clock(),
  });
}

function reservation(context: EmulatorContext, wanted: CreateRequest): Asset {
  const asset = blank(context, wanted, 'signed_url');
  return withTarget(asset, context.settings, newToken(), asset.created_at);
}

function fetched(context: EmulatorContext, wanted: CreateRequest): Asset {
  const asset = blank(context, wanted, 'url');
  const message = 'The emulator has no network: it cannot fetch the source.';
  return settling(asset, 'failed', message, asset.created_at + context.settings.processingMs, asset.created_at);
}

/** A ready (or failed) asset in one call: the direct form has no processing time. */
function direct(context: EmulatorContext, wanted: CreateRequest, received: ReceivedBytes): Asset {
  const asset = blank(context, wanted, 'direct');
  return judged(withBytes(asset, received), asset.created_at, { ...context.settings, processingMs: 0 });
}

function checkSource(source: string, fields: FieldReader): void {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url?.protocol !== 'https:') fields.problem('source', 'Expected "signed-url" or an HTTPS URL');
  else if (isPrivateHost(url.hostname)) fields.problem('source', 'Private addresses are not fetched');
}

function isPrivateHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname.endsWith('.internal')) return true;
  if (isIP(hostname) === 4) {
    return /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
      hostname,
    );
  }
  // URL writes IPv6 hosts in brackets: refuse unspecified, loopback, unique local, link local and IPv4-mapped ones.
  return /^\[(::1?\]|f[cd]|fe[89ab]|::ffff:)/i.test(hostname);
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
