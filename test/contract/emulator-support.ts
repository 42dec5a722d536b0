// An emulator in a temporary directory for one test, and what a test needs to talk to it without any client of ours.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { png as pngOf } from '../../src/cli/demo-media.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts';

export const apiKey = 'sk_live_emulator';
export const workspaceId = 'ws_emulator';
const picture = pngOf(16, 32, (x, y) => [x, y, 0]);

/** A PNG (16 x 32 pixels) with `text` behind its end, which readers do not mind, so that files can differ. */
export function png(text = ''): Buffer {
  return Buffer.concat([picture, Buffer.from(text)]);
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. Tests assert on it with deepEqual or `pick`. */
  readonly json: () => Record<string, unknown>;
}

export interface Reservation {
  readonly assetId: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly expiresAt: string;
}

export interface Bench {
  readonly emulator: Emulator;
  readonly dataDir: string;
  /** An API call with the key; `headers` may replace it (an empty Authorization header leaves it out). */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>;
  admin(method: string, path: string, body?: unknown): Promise<Reply>;
  fault(fault: Readonly<Record<string, unknown>>): Promise<void>;
  reserve(more?: Readonly<Record<string, string>>): Promise<Reservation>;
  /** reserve, upload, complete. */
  finish(bytes: Buffer, more?: Readonly<Record<string, string>>): Promise<string>;
  status(assetId: string): Promise<unknown>;
  adminAsset(assetId: string): Promise<Record<string, unknown>>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly raw?: string | FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'flora-emulator-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function startBench(t: TestContext, options: Partial<EmulatorOptions> = {}): Promise<Bench> {
  const dataDir = options.dataDir ?? (await temporaryDirectory(t));
  const emulator = await startEmulator({ ...options, dataDir });
  t.after(() => emulator.close());
  return benchOver(emulator, dataDir);
}

export function benchOver(emulator: Emulator, dataDir: string): Bench {
  const bench: Bench = {
    emulator,
    dataDir,
    call: (method, path, { body, raw, headers } = {}) =>
      send(method, emulator.baseUrl + path, {
        headers: {
          ...(headers?.['authorization'] === '' ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...Object.fromEntries(Object.entries(headers ?? {}).filter(([, value]) => value !== '')),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(raw === undefined ? {} : { body: raw }),
      }),
    admin: (method, path, body) =>
      send(method, emulator.adminUrl + path, body === undefined ? {} : { body: JSON.stringify(body) }),
    async fault(fault) {
      const reply = await bench.admin('POST', '/faults', fault);
      assert.equal(reply.status, 201, reply.text);
    },
    async reserve(more = {}) {
      const body = { source: 'signed-url', workspace_id: workspaceId, ...more };
      const reply = await bench.call('POST', '/assets', { body });
      assert.equal(reply.status, 201, reply.text);
      return reservationOf(reply);
    },
    async finish(bytes, more = {}) {
      const reservation = await bench.reserve(more);
      const uploaded = await uploadForm(reservation, bytes);
      assert.equal(uploaded.status, 204, uploaded.text);
      const done = await bench.call('POST', `/assets/${reservation.assetId}/complete`);
      assert.equal(done.status, 200, done.text);
      return reservation.assetId;
    },
    status: async (assetId) => (await bench.call('GET', `/assets/${assetId}`)).json()['status'],
    async adminAsset(assetId) {
      const assets = (await bench.admin('GET', '/assets')).json()['assets'];
      assert.ok(Array.isArray(assets));
      return record(assets.find((one: unknown) => record(one)['asset_id'] === assetId));
    },
  };
  return bench;
}

export async function send(method: string, url: string, init: RequestInit = {}): Promise<Reply> {
  // A connection each: tests break connections and restart servers, and a pooled one would fail the next request.
  const headers = new Headers(init.headers);
  headers.set('connection', 'close');
  const response = await fetch(url, { ...init, method, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => record(JSON.parse(text)) };
}

export function reservationOf(reply: Reply): Reservation {
  const body = reply.json();
  const upload = body['upload'] === undefined ? undefined : record(body['upload']);
  const fields = Object.entries(record(upload?.['form_fields'] ?? {})).map(([name, value]) => [name, String(value)]);
  return {
    assetId: String(body['asset_id']),
    url: String(upload?.['url'] ?? body['upload_url']),
    fields: Object.fromEntries(fields),
    expiresAt: String(body['expires_at']),
  };
}

/** The form as the contract wants it: every field unaltered and first, then the file. */
export function uploadForm(
  reservation: Reservation,
  bytes: Buffer,
  headers: Record<string, string> = {},
): Promise<Reply> {
  return send('POST', reservation.url, { body: formOf(Object.entries(reservation.fields), bytes), headers });
}

export function formOf(fields: Iterable<readonly [string, string]>, bytes?: Buffer, fileField = 'file'): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  if (bytes !== undefined) form.append(fileField, new Blob([new Uint8Array(bytes)]), 'file.png');
  return form;
}

export function errorCode(reply: Reply): unknown {
  return record(reply.json()['error'])['code'];
}

/** The names of the fields that a validation error complains about. */
export function errorFields(reply: Reply): readonly unknown[] {
  const fields = record(reply.json()['error'])['fields'];
  return Array.isArray(fields) ? fields.map((one: unknown) => record(one)['field']) : [];
}

export function record(value: unknown): Record<string, unknown> {
  assert.ok(typeof value === 'object' && value !== null, `Expected an object, got ${String(value)}`);
  return Object.fromEntries(Object.entries(value));
}

export function records(value: unknown): Record<string, unknown>[] {
  assert.ok(Array.isArray(value));
  return value.map(record);
}
