// The reference for small files: the three requests with undici and nothing else. No ledger, no digest, no retry.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';

const [origin = '', root = '', concurrency = '8'] = process.argv.slice(2);
const dispatcher = new Agent({ connections: Number(concurrency), pipelining: 1 });
const headers = { authorization: 'Bearer sk_live_bench', accept: 'application/json' };
const names: string[] = [];
for (const directory of readdirSync(root)) {
  for (const name of readdirSync(join(root, directory))) names.push(join(root, directory, name));
}

interface Reservation {
  readonly asset_id: string;
  readonly upload: { readonly url: string; readonly form_fields: Readonly<Record<string, string>> };
}

async function send(path: string): Promise<void> {
  const bytes = readFileSync(path);
  const file_name = path.slice(path.lastIndexOf('/') + 1);
  const body = JSON.stringify({ source: 'signed-url', workspace_id: 'ws_bench', content_type: 'image/png', file_name });
  const reserved = await request(`${origin}/api/v1/assets`, {
    dispatcher,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': file_name },
    body,
  });
  const { asset_id, upload } = (await reserved.body.json()) as Reservation;
  const boundary = `----${file_name}`;
  const fields = Object.entries(upload.form_fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head = `${fields.join('')}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${file_name}"\r\ncontent-type: image/png\r\n\r\n`;
  const sent = await request(upload.url, {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  });
  await sent.body.dump();
  const completed = await request(`${origin}/api/v1/assets/${asset_id}/complete`, {
    dispatcher,
    method: 'POST',
    headers: { ...headers, 'idempotency-key': `${file_name}-complete` },
  });
  const { status } = (await completed.body.json()) as { status: string };
  if (status !== 'ready') throw new Error(`${path} is ${status}`);
}

let next = 0;
const workers = Array.from({ length: Number(concurrency) }, async () => {
  while (next < names.length) {
    const path = names[next];
    next += 1;
    if (path !== undefined) await send(path);
  }
});
await Promise.all(workers);
await dispatcher.close();
