import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeOrdeal, runOrdeal } from '../support/ordeal.ts';

const seed = Number(process.env['FLORA_SYNC_TEST_SEED'] ?? Date.now() % 1e9);

// An even seed has 429 by chance, an odd one a token bucket.
it(`a small ordeal ends with everything ready exactly once (FLORA_SYNC_TEST_SEED=${seed})`, async (t) => {
  const lifeMs = { least: 1_000, most: 3_000 };
  // With a clean line at the end: otherwise the last file's waits of up to half a minute would decide how long this takes.
  const options = { files: 60, seed, concurrency: 32, timesEach: 20, lifeMs, withinMs: 400_000 };
  const report = await runOrdeal(t, options);
  for (const row of describeOrdeal(report, options).trimEnd().split('\n')) t.diagnostic(row);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(report.states, { ready: 60 });
  for (const kind of ['drop-before', 'drop-after']) assert.ok((report.faults[kind] ?? 0) > 5, kind);
  assert.ok(report.limited > 5, `${report.limited} times 429`);
  assert.ok(report.kills > 0, 'it was killed');
});
