// Where bytes come in: the signed upload target (a form POST as to Google Cloud Storage, or a PUT of raw bytes) and the file
// part of a direct create. A body that is cut or malformed leaves nothing behind.
//
// The target is another host in FLORA's world: no JSON envelope, no request-id, and an Authorization header is refused, since
// it means that the API key leaks. Where the contract is silent: the target stays open for new bytes until complete (the last
// whole body wins); expiry counts when the request begins; after complete it is 403; a form without content-length is 411. A target
// that serves once is spent by the request that it has begun to handle, and answers 400 from then on, as ImageKit does.
import { randomBytes } from 'node:crypto';
import { type Answer, invalid, StorageFailure } from './answer.ts';
import type { Blobs, ByteSink, ReceivedBytes } from './blobs.ts';
import type { EmulatorContext, Exchange } from './exchange.ts';
import { type Asset, isExpired, isOpenForBytes, withBytes, withoutBytes } from './lifecycle.ts';
import { boundaryOf, MultipartError, readMultipart } from './multipart.ts';
import { expectedFields, isFormTarget } from './target.ts';

const maxFieldBytes = 64 * 1024;
/** What boundaries, part headers and fields may add to the file in a form's content-length. */
const maxFormOverheadBytes = 1024 * 1024;

export async function receiveUpload(context: EmulatorContext, exchange: Exchange): Promise<Answer> {
  const { request, subject: token } = exchange;
  if (request.headers.authorization !== undefined) {
    throw new StorageFailure(400, 'InvalidArgument', 'Signed uploads take no Authorization header.');
  }
  const asset = openTarget(context, token);
  exchange.entry.asset_id = asset.asset_id;
  if (isExpired(asset, context.clock()))
    throw new StorageFailure(403, 'AccessDenied', 'The upload policy has expired.');
  if (asset.target_uses === 'once') spend(context, asset);
  const isForm = isFormTarget(asset);
  const method = isForm ? 'POST' : 'PUT';
  if (request.method !== method) {
    throw new StorageFailure(405, 'MethodNotAllowed', `This upload target takes ${method} only.`);
  }
  const received = await (isForm ? receiveForm(context, exchange, asset) : receiveRaw(context, exchange));
  try {
    await exchange.beforeEffect();
    place(context, token, received);
  } finally {
    context.blobs.discard(received);
  }
  const headers = { 'x-guploader-uploadid': randomBytes(12).toString('hex') };
  return { status: isForm ? 204 : 200, headers, body: Buffer.alloc(0) };
}

/** The parts of a direct create: its fields, and its file as received bytes that the caller has to place or discard. */
export async function receiveDirect(blobs: Blobs, exchange: Exchange, maxBytes: number) {
  const sink = blobs.sink();
  try {
    const values: Record<string, string> = {};
    let fileType: string | null | undefined;
    for await (const part of readParts(exchange, sink, maxBytes)) {
      if (part.name in values || (part.isFile && fileType !== undefined)) {
        throw invalid([{ field: part.name, message: 'Given more than once' }]);
      }
      if (part.isFile) fileType = part.contentType ?? null;
      else values[part.name] = part.value;
    }
    if (fileType === undefined) throw invalid([{ field: 'file', message: 'Required' }]);
    return { values, fileType, received: await sink.finish() };
  } catch (error) {
    await sink.discard();
    if (error instanceof MultipartError) throw invalid([{ field: '', message: error.message }]);
    if (error instanceof TooLarge) throw invalid([{ field: 'file', message: `Larger than ${maxBytes} bytes` }]);
    throw error;
  }
}

async function receiveForm(context: EmulatorContext, exchange: Exchange, asset: Asset): Promise<ReceivedBytes> {
  const contentLength = exchange.request.headers['content-length'];
  if (contentLength === undefined)
    throw new StorageFailure(411, 'MissingContentLength', 'A form needs a content-length.');
  if (Number(contentLength) > context.maxUploadBytes + maxFormOverheadBytes) throw tooLarge();
  const expected = expectedFields(asset);
  const sink = context.blobs.sink();
  try {
    let hasFile = false;
    for await (const part of readParts(exchange, sink, context.maxUploadBytes, () => expectAllFields(expected))) {
      if (hasFile) throw new StorageFailure(400, 'InvalidPolicyDocument', 'The file must be the last part.');
      if (part.isFile) {
        hasFile = true;
      } else if (expected.get(part.name) === part.value) {
        expected.delete(part.name);
      } else {
        throw new StorageFailure(
          403,
          'AccessDenied',
          `The field ${part.name} is not part of the policy, altered or repeated.`,
        );
      }
    }
    if (!hasFile) throw new StorageFailure(400, 'InvalidArgument', 'The form has no file part.');
    return await sink.finish();
  } catch (error) {
    await sink.discard();
    throw asStorageFailure(error);
  }
}

async function receiveRaw(context: EmulatorContext, exchange: Exchange): Promise<ReceivedBytes> {
  if (exchange.request.headers['content-type'] === undefined) {
    throw new StorageFailure(400, 'InvalidArgument', 'A PUT needs a Content-Type.');
  }
  if (Number(exchange.request.headers['content-length'] ?? 0) > context.maxUploadBytes) throw tooLarge();
  const sink = context.blobs.sink();
  try {
    for await (const chunk of exchange.chunks()) await writeLimited(sink, chunk, context.maxUploadBytes);
    return await sink.finish();
  } catch (error) {
    await sink.discard();
    throw asStorageFailure(error);
  }
}

/** Puts the bytes in place in one turn, unless the target was renewed, completed or lost while they came in. */
function place(context: EmulatorContext, token: string, received: ReceivedBytes): void {
  const asset = openTarget(context, token);
  // Between rename and commit a kill could leave new bytes under an old digest: so first there are none.
  if (asset.sha256 !== null) context.store.save(withoutBytes(asset));
  context.blobs.place(received, asset.asset_id);
  context.store.save(withBytes(asset, received));
}

function openTarget(context: EmulatorContext, token: string): Asset {
  const asset = context.store.byToken(token);
  if (asset === undefined || !isOpenForBytes(asset, context.clock())) {
    throw new StorageFailure(403, 'AccessDenied', 'Access denied.');
  }
  return asset;
}

function spend(context: EmulatorContext, asset: Asset): void {
  if (asset.is_target_spent === 1) {
    throw new StorageFailure(400, 'TokenUsed', 'A request with this token has been received already.');
  }
  context.store.save({ ...asset, is_target_spent: 1 });
}

type FormPart =
  | { readonly isFile: true; readonly name: string; readonly contentType: string | undefined }
  | { readonly isFile: false; readonly name: string; readonly value: string };

/** Fields whole, and the file (a part with a file name, which must be called `file`) once its bytes are in the sink. */
async function* readParts(
  exchange: Exchange,
  sink: ByteSink,
  maxBytes: number,
  beforeFile: () => void = () => {},
): AsyncGenerator<FormPart> {
  const boundary = boundaryOf(exchange.request.headers['content-type']);
  let part = { name: '', isFile: false, contentType: undefined as string | undefined };
  let value = Buffer.alloc(0);
  let files = 0;
  for await (const event of readMultipart(exchange.chunks(), boundary)) {
    switch (event.type) {
      case 'part':
        part = { name: event.name, isFile: event.fileName !== undefined, contentType: event.contentType };
        value = Buffer.alloc(0);
        if (part.isFile !== (part.name === 'file'))
          throw new MultipartError('The file part, and only it, is called "file"');
        if (part.isFile && files++ > 0) throw new MultipartError('There is more than one file part');
        if (part.isFile) beforeFile();
        break;
      case 'data':
        if (part.isFile) await writeLimited(sink, event.bytes, maxBytes);
        else value = Buffer.concat([value, event.bytes]);
        if (value.length > maxFieldBytes) throw new MultipartError('A field is too long');
        break;
      case 'end':
        if (part.isFile) yield { isFile: true, name: part.name, contentType: part.contentType };
        else yield { isFile: false, name: part.name, value: value.toString() };
        break;
      default:
        event satisfies never;
    }
  }
}

function expectAllFields(missing: ReadonlyMap<string, string>): void {
  const [first] = missing.keys();
  if (first !== undefined) {
    throw new StorageFailure(400, 'InvalidArgument', `The field ${first} is missing before the file.`);
  }
}

class TooLarge extends Error {}

async function writeLimited(sink: ByteSink, chunk: Buffer, maxBytes: number): Promise<void> {
  if (sink.sizeBytes() + chunk.length > maxBytes) throw new TooLarge();
  await sink.write(chunk);
}

function tooLarge(): StorageFailure {
  return new StorageFailure(400, 'EntityTooLarge', 'The file is larger than this target takes.');
}

function asStorageFailure(error: unknown): unknown {
  if (error instanceof MultipartError) return new StorageFailure(400, 'MalformedPOSTRequest', error.message);
  return error instanceof TooLarge ? tooLarge() : error;
}
