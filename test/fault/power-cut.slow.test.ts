import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writePictures } from '../support/pictures.ts';
import { type Effect, effects, recorded } from '../support/power-cut.ts';
import { ended } from '../support/process.ts';
import { whyNoStrace } from '../support/strace.ts';
import { worldWithFlora } from '../support/world.ts';

const files = 40;

/** What the ledger on disk must say before this request may leave; undefined for those that change nothing at FLORA. */
function wanted({
  line,
  head,
  rows,
}: Effect): { readonly kind: string; readonly states: readonly unknown[] } | undefined {
  const states = (sql: string, parameter: string) =>
    rows(`SELECT state FROM content WHERE ${sql}`, parameter).map(({ state }) => state);
  if (!line.startsWith('POST ')) return undefined;
  const path = line.slice('POST '.length);
  if (path === '/api/v1/assets') {
    const key = /^idempotency-key: (.*)$/im.exec(head)?.[1] ?? '';
    return { kind: 'queued', states: states('idempotency_key = ? AND asset_id IS NULL', key) };
  }
  const assetId = /^\/api\/v1\/assets\/([^/]+)\/complete$/.exec(path)?.[1];
  if (assetId !== undefined) {
    const isNoted = 'asset_id = ? AND bytes_confirmed = 1 AND complete_sent = 1';
    return { kind: 'uploaded', states: states(isNoted, assetId) };
  }
  return { kind: 'reserved', states: states('asset_id IS NOT NULL AND instr(target, ?) > 0', path) };
}

describe('the power cut at each request', { skip: whyNoStrace }, () => {
  it('finds on disk what the request stands on: the key, the asset, the bytes', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, files);
    const { code, stderr } = await ended(
      world.startUnder(recorded(world), ['sync'], { FLORA_SYNC_SETTLE: '1ms' }),
      60_000,
    );
    assert.equal(code, 0, stderr);
    const seen: Record<string, number> = {};
    for (const effect of effects(world)) {
      const found = wanted(effect);
      if (found === undefined) continue;
      assert.deepEqual(found.states, [found.kind], `${effect.line} left before its row was durable`);
      seen[found.kind] = (seen[found.kind] ?? 0) + 1;
    }
    assert.deepEqual(seen, { queued: files, reserved: files, uploaded: files });
  });
});
