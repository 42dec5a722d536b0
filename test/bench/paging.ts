// The reference for listings: each page in turn, parsed, and nothing else. Prints its milliseconds.
import { Agent, request } from 'undici';

const [origin = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connections: 1 });
const headers = { authorization: 'Bearer sk_live_bench' };
const startedMs = performance.now();
let cursor: string | null = null;
let count = 0;
do {
  const query: string = cursor === null ? '' : `&cursor=${cursor}`;
  const { body } = await request(`${origin}/api/v1/assets?workspace_id=ws_bench&limit=100${query}`, {
    dispatcher,
    headers,
  });
  const page = (await body.json()) as { assets: unknown[]; meta: { next_cursor: string | null } };
  count += page.assets.length;
  cursor = page.meta.next_cursor;
} while (cursor !== null);
if (count === 0) throw new Error('nothing was listed');
console.log(Math.round(performance.now() - startedMs));
await dispatcher.close();
