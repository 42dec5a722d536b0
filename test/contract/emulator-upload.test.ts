// The upload target's strictness: forms and raw bodies, over fetch, raw sockets and curl.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import {
  type Bench,
  formOf,
  png,
  type Reservation,
  send,
  startBench,
  temporaryDirectory,
  uploadForm,
} from './emulator-support.ts';

const run = promisify(execFile);

/** Nothing was kept: no file in place, none on the way, and the asset still has no digest. */
async function assertNothingKept(bench: Bench, { assetId }: Reservation): Promise<void> {
  // The emulator clears up after the connection is gone; a leak makes this wait until the runner's time limit.
  while (readdirSync(join(bench.dataDir, 'tmp')).length > 0) await bench.call('GET', '/workspaces');
  assert.deepEqual(readdirSync(join(bench.dataDir, 'assets')), []);
  assert.equal((await bench.adminAsset(assetId))['sha256'], null);
}

describe('the form target', () => {
  it('keeps the exact bytes and their digest', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    const bytes = png('\r\n--not-the-boundary\r\n'.repeat(100_000));
    assert.equal((await uploadForm(reservation, bytes)).status, 204);
    const stored = await bench.adminAsset(reservation.assetId);
    assert.deepEqual(readFileSync(String(stored['path'])), bytes);
    assert.equal(stored['sha256'], createHash('sha256').update(bytes).digest('hex'));
    assert.equal(stored['size_bytes'], bytes.length);
  });

  it('takes what curl -F sends, names with quotes and umlauts included', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve({ file_name: 'ä "quoted"; name.png', content_type: 'image/png' });
    const file = join(await temporaryDirectory(t), 'ü "a".png');
    await writeFile(file, png('curl'));
    const fields = Object.entries(reservation.fields).flatMap(([name, value]) => ['--form-string', `${name}=${value}`]);
    const part = `file=@"${file.replace(/"/g, '\\"')}";type=image/png`;
    const { stdout } = await run('curl', ['-sS', '-w', '%{http_code}', ...fields, '-F', part, reservation.url]);
    assert.equal(stdout, '204');
    assert.equal((await bench.call('POST', `/assets/${reservation.assetId}/complete`)).json()['status'], 'ready');
  });

  it('the last whole upload before complete wins', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    await uploadForm(reservation, png('first, and longer'));
    assert.equal((await uploadForm(reservation, png('second'))).status, 204);
    const stored = await bench.adminAsset(reservation.assetId);
    assert.deepEqual(readFileSync(String(stored['path'])), png('second'));
  });

  it('refuses bytes after complete and keeps the completed ones', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    await uploadForm(reservation, png('completed'));
    await bench.call('POST', `/assets/${reservation.assetId}/complete`);
    assert.equal((await uploadForm(reservation, png('too late'))).status, 403);
    const stored = await bench.adminAsset(reservation.assetId);
    assert.deepEqual(readFileSync(String(stored['path'])), png('completed'));
  });

  const refusals: readonly (readonly [string, number, (reservation: Reservation) => Parameters<typeof send>[2]])[] = [
    ['an altered field', 403, ({ fields }) => ({ body: formOf(altered(fields), png()) })],
    ['a missing field', 400, ({ fields }) => ({ body: formOf(Object.entries(fields).slice(1), png()) })],
    ['an extra field', 403, ({ fields }) => ({ body: formOf([...Object.entries(fields), ['acl', 'public']], png()) })],
    ['a repeated field', 403, ({ fields }) => ({ body: formOf([...Object.entries(fields), ...first(fields)], png()) })],
    ['no file', 400, ({ fields }) => ({ body: formOf(Object.entries(fields)) })],
    ['a file under another name', 400, ({ fields }) => ({ body: formOf(Object.entries(fields), png(), 'upload') })],
    ['two files', 400, ({ fields }) => ({ body: appended(formOf(Object.entries(fields), png()), 'file', blob()) })],
    ['a field after the file', 400, ({ fields }) => ({ body: fieldAfterFile(fields) })],
    ['a body that is no form', 400, () => ({ body: '{}', headers: { 'content-type': 'application/json' } })],
    [
      'an Authorization header',
      400,
      (reservation) => ({ ...valid(reservation), headers: { authorization: 'Bearer sk_live_emulator' } }),
    ],
  ];
  for (const [what, status, init] of refusals) {
    it(`refuses ${what} with ${status} in XML, and keeps nothing`, async (t) => {
      const bench = await startBench(t);
      const reservation = await bench.reserve();
      const reply = await send('POST', reservation.url, init(reservation));
      assert.equal(reply.status, status, reply.text);
      assert.match(reply.headers.get('content-type') ?? '', /^application\/xml/);
      assert.match(reply.text, /<Error><Code>\w+<\/Code><Message>.+<\/Message><\/Error>$/);
      await assertNothingKept(bench, reservation);
    });
  }

  it('refuses an unknown token and another method', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    assert.equal((await uploadForm({ ...reservation, url: `${reservation.url}x` }, png())).status, 403);
    assert.equal((await send('PUT', reservation.url, { body: 'x' })).status, 405);
  });

  it('refuses an expired policy with 403 in XML, to the millisecond', async (t) => {
    let now = 1_000_000;
    const bench = await startBench(t, { reservationTtlMs: 1000, clock: () => now });
    const reservation = await bench.reserve();
    now += 999;
    assert.equal((await uploadForm(reservation, png())).status, 204);
    now += 1;
    const reply = await uploadForm(reservation, png());
    assert.equal(reply.status, 403);
    assert.match(reply.text, /expired/);
  });

  it('refuses what is larger than maxUploadBytes, and takes what is exactly as large', async (t) => {
    const bench = await startBench(t, { maxUploadBytes: 3_000_000 });
    const reservation = await bench.reserve();
    for (const sizeBytes of [3_000_001, 6_000_000]) {
      const reply = await uploadForm(reservation, Buffer.alloc(sizeBytes));
      assert.equal(reply.status, 400);
      assert.match(reply.text, /EntityTooLarge/);
      await assertNothingKept(bench, reservation);
    }
    assert.equal((await uploadForm(reservation, Buffer.alloc(3_000_000))).status, 204);
  });

  it('refuses a form without content-length with 411', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    const body = blob().stream();
    const reply = await send('POST', reservation.url, { body, ...{ duplex: 'half' } });
    assert.equal(reply.status, 411, reply.text);
  });

  it('a body cut by the network leaves nothing, at whatever byte', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    const { head, body } = await rawForm(reservation, png('x'.repeat(3_000_000)));
    for (const sentBytes of [0, 100, body.length - 2_000_000, body.length - 1]) {
      await sendAndHangUp(reservation.url, Buffer.concat([head, body.subarray(0, sentBytes)]));
    }
    await assertNothingKept(bench, reservation);
    assert.equal((await bench.call('POST', `/assets/${reservation.assetId}/complete`)).status, 409);
  });

  it('a whole body without its closing boundary is refused and leaves nothing', async (t) => {
    const bench = await startBench(t);
    const reservation = await bench.reserve();
    const { body, contentType } = await rawForm(reservation, png());
    for (const missing of [4, 10, 60]) {
      const cut = new Uint8Array(body.subarray(0, body.length - missing));
      const reply = await send('POST', reservation.url, { body: cut, headers: { 'content-type': contentType } });
      assert.equal(reply.status, 400);
      assert.match(reply.text, /MalformedPOSTRequest/);
    }
    await assertNothingKept(bench, reservation);
  });
});

describe('the PUT target', () => {
  it('is offered without `upload` and takes the raw bytes', async (t) => {
    const bench = await startBench(t, { uploadStyle: 'put' });
    const created = await bench.call('POST', '/assets', {
      body: { source: 'signed-url', workspace_id: 'ws_emulator' },
    });
    assert.equal('upload' in created.json(), false);
    const assetId = String(created.json()['asset_id']);
    const url = String(created.json()['upload_url']);
    const body = new Uint8Array(png('raw'));
    assert.equal((await send('PUT', url, { body, headers: { 'content-type': 'image/png' } })).status, 200);
    assert.deepEqual(readFileSync(String((await bench.adminAsset(assetId))['path'])), png('raw'));
    assert.equal((await send('POST', url, { body, headers: { 'content-type': 'image/png' } })).status, 405);
    assert.equal((await send('PUT', url, { body })).status, 400);
  });

  it('keeps nothing of a cut body', async (t) => {
    const bench = await startBench(t, { uploadStyle: 'put' });
    const reservation = await bench.reserve();
    const head = `PUT ${new URL(reservation.url).pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 9000\r\n\r\n`;
    await sendAndHangUp(reservation.url, Buffer.concat([Buffer.from(head), png()]));
    await assertNothingKept(bench, reservation);
  });
});

it('bytes on their way when a retry renews the target are refused', async (t) => {
  const bench = await startBench(t);
  const reservation = await bench.reserve();
  const { head, body } = await rawForm(reservation, png('late'));
  const socket = connect(bench.emulator.port, '127.0.0.1');
  t.after(() => socket.destroy());
  const answered = once(socket, 'data');
  socket.write(Buffer.concat([head, body.subarray(0, 50)]));
  while ((await bench.admin('GET', '/counters')).json()['upload'] === undefined);

  await bench.admin('POST', `/assets/${reservation.assetId}`, { expire: true });
  const retried = await bench.call('POST', `/assets/${reservation.assetId}/retry`);
  assert.equal(retried.status, 200, retried.text);
  socket.write(body.subarray(50));
  const [answer] = await answered;
  assert.match(String(answer), /^HTTP\/1\.1 403 /);
  await assertNothingKept(bench, reservation);
});

function altered(fields: Reservation['fields']): [string, string][] {
  return Object.entries(fields).map(([name, value], at) => [name, at === 0 ? `${value}x` : value]);
}

function first(fields: Reservation['fields']): [string, string][] {
  return Object.entries(fields).slice(0, 1);
}

function valid({ fields }: Reservation): RequestInit {
  return { body: formOf(Object.entries(fields), png()) };
}

function blob(): Blob {
  return new Blob([new Uint8Array(png())]);
}

function appended(form: FormData, name: string, part: Blob): FormData {
  form.append(name, part, 'again.png');
  return form;
}

function fieldAfterFile(fields: Reservation['fields']): FormData {
  const [one, ...others] = Object.entries(fields);
  assert.ok(one !== undefined);
  const form = formOf(others, png());
  form.append(...one);
  return form;
}

async function rawForm(reservation: Reservation, bytes: Buffer) {
  const request = new Request(reservation.url, {
    method: 'POST',
    body: formOf(Object.entries(reservation.fields), bytes),
  });
  const body = Buffer.from(await request.arrayBuffer());
  const contentType = request.headers.get('content-type') ?? '';
  const path = new URL(reservation.url).pathname;
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${contentType}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return { head: Buffer.from(head), body, contentType };
}

/** Sends the bytes, says goodbye, and resolves when the connection is gone, by a reset of the server's or in peace. */
function sendAndHangUp(url: string, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(bytes));
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => done());
  });
}
