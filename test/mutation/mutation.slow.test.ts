import assert from 'node:assert/strict';
import { it } from 'node:test';
import { partOf } from '../support/part.ts';
import { rowsOf, survivorText, tableOf } from './report.ts';
import { pick, session } from './session.ts';
import { root } from './tree.ts';

// Of two rooms each day, where somebody plays a part: what their tests reach has to be learnt first.
const rooms = partOf(['core', 'sync', 'remote', 'ledger', 'local', 'config']);
const count = Number(process.env['FLORA_SYNC_TEST_MISTAKES'] ?? 60);
const [seed, leastScore] = [60, 85];

it(`${leastScore} of a hundred mistakes are noticed`, async (t) => {
  const mutants = pick(root, { rooms, seed, count });
  assert.equal(mutants.length, count);
  const verdicts = await session(root, mutants, {
    isAll: false,
    onProgress: (line) => t.diagnostic(line),
    onVerdict: () => {},
  });
  const rows = rowsOf(verdicts);
  const survivors = verdicts.filter(({ outcome }) => outcome === 'survived' || outcome === 'unreached');
  const told = `${tableOf(rows)}\n\n${survivors.map(survivorText).join('\n\n')}`;
  t.diagnostic(told);
  const { score } = rows.at(-1) ?? {};
  assert.ok(score !== null && score !== undefined && score >= leastScore, told);
});
