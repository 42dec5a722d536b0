import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isEquivalent } from './equivalent.ts';
import { lineOf, rowsOf, staleText, survivorText, tableOf } from './report.ts';
import type { Outcome, Verdict } from './trial.ts';

function verdict(module: string, outcome: Outcome, left = 0): Verdict {
  const place = { kind: 'call', start: 0, end: 0, by: '', at: 0 } as const;
  const mutant = { ...place, id: `${module}:1:1:call`, module, source: 'src/a.ts:1', before: 'a();', after: ';' };
  return { mutant, outcome, by: '', said: '', ran: 2, left, ms: 1 };
}

describe('the score', () => {
  const verdicts = [
    verdict('core/a.js', 'test'),
    verdict('core/b.js', 'time-out'),
    verdict('core/b.js', 'simulation'),
    verdict('core/b.js', 'survived'),
    verdict('core/b.js', 'equivalent'),
    verdict('sync/intake/c.js', 'unreached'),
    verdict('cli/d.js', 'equivalent'),
  ];

  it('is of what was noticed, in each room and over all, without equivalents', () => {
    const scores = rowsOf(verdicts).map(({ room, planted, score }) => [room, planted, score]);
    assert.deepEqual(scores, [
      ['cli', 1, null],
      ['core', 5, 75],
      ['sync', 1, 0],
      ['all', 7, 60],
    ]);
  });

  it('stands at the end of a row', () => {
    const lines = tableOf(rowsOf(verdicts)).split('\n');
    assert.equal(
      lines[0],
      'room  planted  by test  by time-out  by simulation  equivalent  survived  unreached   score',
    );
    assert.match(lines[2] ?? '', /^core +5 +1 +1 +1 +1 +1 +0 +75\.0 %$/);
  });
});

describe('what survived', () => {
  it('is told with what it would take to notice it', () => {
    const text =
      'src/a.ts:1  call  (2 test files ran, 3 more that reach it did not)\n  - a();\n  + ;\n  --id core/a.js:1:1:call';
    assert.equal(survivorText(verdict('core/a.js', 'survived', 3)), text);
    assert.match(survivorText(verdict('core/a.js', 'unreached')), /\(reached by nothing\)/);
  });

  it('or was noticed is a line of its own', () => {
    const noticed = { ...verdict('core/a.js', 'test'), by: 'unit/a.test.js', ms: 1_500 };
    const begin = 'test         1.5 s  core/a.js:1:1:call  unit/a.test.js';
    assert.equal(lineOf(noticed), begin);
    assert.equal(lineOf({ ...noticed, said: 'adds' }), `${begin}: adds`);
    assert.equal(lineOf(verdict('core/a.js', 'survived')), 'survived     0.0 s  core/a.js:1:1:call');
    const entry = { file: 'core/a.ts', before: 'a();', after: ';', why: '' };
    assert.match(staleText(entry), /^core\/a\.ts has no such piece.*\n {2}- a\(\);\n {2}\+ ;$/);
  });

  it('is told as equivalent where the list has its file and both its lines', () => {
    const { mutant } = verdict('core/a.js', 'survived');
    const entry = { file: 'core/a.ts', before: 'a();', after: ';', why: 'nobody sees it' };
    assert.equal(isEquivalent(entry, mutant), true);
    for (const other of [{ file: 'core/b.ts' }, { before: 'b();' }, { after: 'a;' }])
      assert.equal(isEquivalent({ ...entry, ...other }, mutant), false);
  });
});
