// The reference with the public SDK: create, the form by fetch as its documentation shows it, complete.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Flora from '@flora-ai/flora';

const [origin = '', root = '', concurrency = '8', most = '5000'] = process.argv.slice(2);
const client = new Flora({ apiKey: 'sk_live_bench', baseURL: `${origin}/api/v1` });
const names: string[] = [];
for (const directory of readdirSync(root)) {
  for (const name of readdirSync(join(root, directory))) names.push(join(root, directory, name));
}
names.length = Math.min(names.length, Number(most));

async function send(path: string): Promise<void> {
  const file_name = path.slice(path.lastIndexOf('/') + 1);
  const asset = await client.assets.create({
    source: 'signed-url',
    workspace_id: 'ws_bench',
    content_type: 'image/png',
    file_name,
  });
  const { upload, asset_id } = asset;
  if (upload === undefined) throw new Error('no upload form');
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.form_fields)) form.append(name, value);
  form.append(upload.file_field, new Blob([readFileSync(path)], { type: 'image/png' }), file_name);
  const sent = await fetch(upload.url, { method: 'POST', body: form });
  if (!sent.ok) throw new Error(`${path}: ${sent.status}`);
  await sent.arrayBuffer();
  const { status } = await client.assets.complete(asset_id);
  if (status !== 'ready') throw new Error(`${path} is ${status}`);
}

let next = 0;
await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    while (next < names.length) {
      const path = names[next];
      next += 1;
      if (path !== undefined) await send(path);
    }
  }),
);
