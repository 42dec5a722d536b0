// The contract as the public SDK sees it, over any FLORA: the emulator always, the real API when a key is set. Against the real
// one it leaves assets behind (there is no delete), each named `flora-sync-contract-…`. Where the documents disagree it expects
// what the seeds say, unless the target says which of them it follows.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import FLORA, { APIError, ConflictError, toFile } from '@flora-ai/flora';
import { type EmulatorSettings, settingsOf } from '../../src/emulator/dialects.ts';

export interface ContractTarget {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly workspaceId: string;
  /** How often to look while an asset is being processed. */
  readonly pollMs: number;
  /** Which of the documents it follows; as the seeds have it when absent. */
  readonly settings?: EmulatorSettings;
  /** Lets a reservation expire at once, where that can be done. */
  readonly expire?: (assetId: string) => Promise<void>;
}

interface UploadTarget {
  readonly upload?: Partial<FLORA.AssetCreateResponse.Upload> | undefined;
  readonly upload_url?: string | undefined;
}

/** Registers the suite; `target` is asked when a test runs, so that a hook may start the server. */
export function describeContract(name: string, target: () => ContractTarget): void {
  describe(name, () => {
    const told = () => target().settings ?? settingsOf('seeds', {}) ?? assert.fail();
    const client = () =>
      new FLORA({ apiKey: target().apiKey, baseURL: target().baseUrl, maxRetries: 0, logLevel: 'off' });
    const uniqueName = () => `flora-sync-contract-${randomUUID()}.png`;

    async function reserve(fileName = uniqueName(), headers: Readonly<Record<string, string>> = {}) {
      const body = {
        source: 'signed-url',
        workspace_id: target().workspaceId,
        content_type: 'image/png',
        file_name: fileName,
      };
      return client().assets.create(body, { headers });
    }

    async function settled(assetId: string) {
      for (;;) {
        const asset = await client().assets.retrieve(assetId);
        if (asset.status === 'ready' || asset.status === 'failed') return asset;
        await sleep(target().pollMs);
      }
    }

    it('accepts the key and lists its workspaces', async () => {
      const { workspaces } = await client().workspaces.list();
      assert.ok(workspaces.some((one) => one.workspace_id === target().workspaceId));
    });

    it('refuses a wrong key with 401 and a request-id', async () => {
      const stranger = new FLORA({
        apiKey: 'sk_live_wrong',
        baseURL: target().baseUrl,
        maxRetries: 0,
        logLevel: 'off',
      });
      await assert.rejects(stranger.workspaces.list(), (error) => {
        assert.ok(error instanceof APIError);
        assert.equal(error.status, 401);
        assert.match(error.headers?.get('request-id') ?? '', /^req_/);
        return true;
      });
    });

    it('reserves an upload target that expires in the future', async () => {
      const created = await reserve();
      assert.equal(created.status, 'pending_upload');
      assert.equal(created.uploaded_via, 'signed_url');
      assert.equal(created.visibility, 'workspace');
      assert.equal(created.workspace_id, target().workspaceId);
      const { expiry, uploadDetails } = told();
      const isTold = expiry !== 'absent' && uploadDetails === 'full';
      assert.equal(created.expires_at !== undefined, isTold);
      if (isTold && expiry !== 'zoneless') {
        assert.equal(Date.parse(created.expires_at ?? '') > Date.now(), expiry !== 'over');
      }
      assert.ok(created.upload !== undefined || created.upload_url !== undefined);
    });

    it('makes uploaded bytes a ready asset, and serves the same bytes at its url', async () => {
      const name = uniqueName();
      const created = await reserve(name);
      await sendBytes(created, onePixelPng);
      await client().assets.complete(created.asset_id);
      const asset = await settled(created.asset_id);
      assert.equal(asset.status, 'ready', asset.failure_message ?? '');
      assert.equal(asset.name, name);
      const { conversion, listing, urlHost } = told();
      if (listing !== 'null-sizes') assert.equal(asset.size_bytes === onePixelPng.length, conversion === 'none');
      assert.equal(asset.content_type === 'image/png', conversion !== 'type');
      assert.equal(new Date(asset.created_at ?? '').toISOString(), asset.created_at);
      const served = await fetch(asset.url ?? '');
      const areSame = conversion === 'none' && (urlHost === 'bytes' || urlHost === 'redirect');
      assert.equal(onePixelPng.equals(Buffer.from(await served.arrayBuffer())), areSame);
    });

    it('refuses to complete what is complete', async () => {
      const created = await reserve();
      await sendBytes(created, onePixelPng);
      await client().assets.complete(created.asset_id);
      await settled(created.asset_id);
      await assert.rejects(client().assets.complete(created.asset_id), { status: told().refusalStatus });
    });

    it('refuses to retry a live reservation', async () => {
      const created = await reserve();
      await assert.rejects(client().assets.retry(created.asset_id), { status: told().refusalStatus });
    });

    it('gives a failed upload a fresh target for the same asset', async () => {
      const created = await reserve();
      await sendBytes(created, Buffer.from('these bytes are no image'));
      await client().assets.complete(created.asset_id);
      const failed = await settled(created.asset_id);
      assert.equal(failed.status, 'failed');
      const fresh = await client().assets.retry(created.asset_id);
      assert.equal(fresh.asset_id, created.asset_id);
      assert.notEqual(targetUrl(fresh), targetUrl(created));
      await sendBytes(fresh, onePixelPng);
      await client().assets.complete(fresh.asset_id);
      assert.equal((await settled(fresh.asset_id)).status, 'ready');
    });

    it('gives an expired reservation a fresh target for the same asset', async (t) => {
      const { expire } = target();
      if (expire === undefined) return t.skip('this FLORA cannot be told to expire a reservation');
      const created = await reserve();
      await expire(created.asset_id);
      await assert.rejects(sendBytes(created, onePixelPng), /403|expired/i);
      const fresh = await client().assets.retry(created.asset_id);
      assert.equal(fresh.asset_id, created.asset_id);
      await sendBytes(fresh, onePixelPng);
      await client().assets.complete(fresh.asset_id);
      assert.equal((await settled(fresh.asset_id)).status, 'ready');
    });

    it('lists every asset once over several pages', async () => {
      const wanted = [await reserve(), await reserve(), await reserve()].map((one) => one.asset_id);
      const seen: (string | null)[] = [];
      for await (const asset of client().assets.list({ workspace_id: target().workspaceId, limit: 2 })) {
        assert.equal(asset.workspace_id, target().workspaceId);
        assert.ok(asset.created_at === null || Number.isInteger(asset.created_at));
        seen.push(asset.asset_id);
        if (wanted.every((id) => seen.includes(id))) break;
      }
      for (const id of wanted) assert.equal(seen.filter((one) => one === id).length, 1);
    });

    it('gives no more assets a page than asked for', async () => {
      await Promise.all([reserve(), reserve(), reserve()]);
      const page = await client().assets.list({ workspace_id: target().workspaceId, limit: 2 });
      assert.equal(page.assets.length, 2);
      assert.equal(typeof page.meta.next_cursor, 'string');
    });

    it('finds an asset by its name', async () => {
      const name = uniqueName();
      const created = await reserve(name);
      const page = await client().assets.list({ workspace_id: target().workspaceId, query: name });
      assert.ok(page.assets.some((one) => one.asset_id === created.asset_id));
    });

    it('answers 404 not_found for an asset that does not exist', async () => {
      await assert.rejects(client().assets.retrieve('asset_doesnotexist'), (error) => {
        assert.ok(error instanceof APIError);
        assert.equal(error.status, 404);
        return true;
      });
    });

    it('refuses fields it does not know with 400 input_validation_error', async (t) => {
      if (told().unknownFields === 'ignore') return t.skip('this FLORA takes them');
      const body = { source: 'signed-url', workspace_id: target().workspaceId, surprise: 'yes' };
      await assert.rejects(client().assets.create(body), (error) => {
        assert.ok(error instanceof APIError);
        assert.equal(error.status, 400);
        if (told().errorForm === 'envelope') assert.equal(codeOf(error), 'input_validation_error');
        return true;
      });
    });

    it('makes one asset for one Idempotency-Key, in either documented manner', async () => {
      const name = uniqueName();
      const headers = { 'Idempotency-Key': randomUUID() };
      const first = await reserve(name, headers);
      try {
        assert.equal((await reserve(name, headers)).asset_id, first.asset_id);
      } catch (error) {
        assert.ok(error instanceof ConflictError, String(error));
        if (told().errorForm === 'envelope') assert.equal(codeOf(error), 'idempotency_duplicate');
      }
    });

    it('takes a small file in one direct call of assets.upload()', async () => {
      const name = uniqueName();
      const file = await toFile(onePixelPng, name, { type: 'image/png' });
      const asset = await client().assets.upload(file, {
        workspace_id: target().workspaceId,
        pollIntervalMs: target().pollMs,
      });
      assert.equal(asset.status, 'ready');
      assert.equal(asset.uploaded_via, 'direct');
      assert.equal(asset.name, name);
    });

    it('takes a file above 4 MiB through the signed URL in assets.upload()', async () => {
      const bytes = Buffer.concat([onePixelPng, Buffer.alloc(4 * 1024 * 1024)]);
      const file = await toFile(bytes, uniqueName(), { type: 'image/png' });
      const asset = await client().assets.upload(file, {
        workspace_id: target().workspaceId,
        pollIntervalMs: target().pollMs,
      });
      assert.equal(asset.status, 'ready');
      assert.equal(asset.uploaded_via, 'signed_url');
      const { conversion, listing } = told();
      if (listing !== 'null-sizes') assert.equal(asset.size_bytes === bytes.length, conversion === 'none');
    });
  });
}

/** Sends the bytes as the SDK does: the form when there is one, else a PUT. */
async function sendBytes({ upload, upload_url }: UploadTarget, bytes: Buffer): Promise<void> {
  const body = new Uint8Array(bytes);
  const form = new FormData();
  for (const [name, value] of Object.entries(upload?.form_fields ?? {})) form.append(name, value);
  form.append(upload?.file_field ?? 'file', new Blob([body], { type: 'image/png' }), 'file.png');
  const response =
    upload === undefined
      ? await fetch(upload_url ?? '', { method: 'PUT', body, headers: { 'content-type': 'image/png' } })
      : await fetch(upload.url ?? '', { method: 'POST', body: form });
  assert.ok(response.ok, `${response.status} ${await response.text()}`);
}

function targetUrl({ upload, upload_url }: UploadTarget): string | undefined {
  return upload?.url ?? upload_url;
}

function codeOf(error: APIError): unknown {
  const body: unknown = error.error;
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  const envelope: unknown = body.error;
  return typeof envelope === 'object' && envelope !== null && 'code' in envelope ? envelope.code : undefined;
}

const onePixelPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
