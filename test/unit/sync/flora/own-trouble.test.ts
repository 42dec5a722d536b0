import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { facts } from '../../../support/contents.ts';
import { floraError, obliging, uploading } from '../../../support/uploading.ts';

/** Eight files, the first ones, are refused for ever; twenty others are not. */
const bad = 8;
const files = 28;

type Call = 'reserve' | 'complete';

async function refusing(op: Call, code: ErrorCode, status: number) {
  const good = obliging();
  const badAssets = new Set<string>();
  const isBad = (key: string) => Number(/\d+/.exec(key)?.[0]) < bad;
  const refuse = () => {
    throw floraError(code, { status, scope: 'service', disposition: 'wait' });
  };
  const script = {
    ...good,
    get: (assetId: string) => ({ value: facts({ assetId }), requestId: null }),
    reserve: async (wanted: { idempotencyKey: string }, ...rest: never[]) => {
      if (op === 'reserve' && isBad(wanted.idempotencyKey)) refuse();
      const answer = await good.reserve?.(...([wanted, ...rest] as never[]));
      if (isBad(wanted.idempotencyKey)) badAssets.add((answer as { value: { assetId: string } }).value.assetId);
      return answer;
    },
    complete: async (assetId: string, ...rest: never[]) => {
      if (op === 'complete' && badAssets.has(assetId)) refuse();
      return await good.complete?.(...([assetId, ...rest] as never[]));
    },
  };
  return await uploading({ files, script: script as never, concurrency: 4 });
}

describe('the trouble of some files', () => {
  for (const [op, code, status] of [
    ['reserve', 'forbidden', 403],
    ['reserve', 'credits', 402],
    ['reserve', 'not_flora', 404],
    ['reserve', 'no_destination', 404],
    ['complete', 'forbidden', 403],
  ] as const) {
    it(`(${code} at ${op}) holds up no other, and each of them tells it`, async () => {
      const { run, ids, ledger } = await refusing(op, code, status);
      await run(30_000);
      const rows = ids.map((id) => ledger.contents.get(id));
      const isReady = rows.map((row) => row?.state === 'ready');
      assert.deepEqual(isReady, [...Array(bad).fill(false), ...Array(files - bad).fill(true)]);
      for (const row of rows.slice(0, bad)) assert.equal(row?.reasonCode, code);
    });
  }
});
