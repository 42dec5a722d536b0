import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call, Pass } from '../../../../src/sync/flora/call.ts';
import { Suspicion } from '../../../../src/sync/flora/suspicion.ts';
import { Suspicions } from '../../../../src/sync/flora/suspicions.ts';
import { WaitingLine } from '../../../../src/sync/flora/waiting-line.ts';
import { callFor, serviceError } from '../../../support/gates.ts';

const forbidden = serviceError('forbidden', { disposition: 'wait', status: 403 });
const credits = serviceError('credits', { disposition: 'wait', status: 402 });
const random = { fraction: () => 0.5, token: () => '' };
const passOf = (id: number, sizeBytes = 1_000): Pass => ({ call: callFor(id, 'reserve', { sizeBytes }) });
const background: Call = { op: 'reserve', file: null };

/** Refused for these files, one after the other, each of them the probe. */
function suspected(ids: readonly number[], error = forbidden) {
  const suspicion = new Suspicion(error, random);
  for (const id of ids) probed(suspicion, passOf(id), error);
  return suspicion;
}

function probed(suspicion: Suspicion, pass: Pass, error = forbidden, nowMs = 0) {
  if (!suspicion.isOpen) suspicion.probe = pass;
  suspicion.refused(pass, error, nowMs);
}

describe('a suspicion', () => {
  it('keeps the file that was refused waiting, and lets others look, until three in a row were', () => {
    const suspicion = suspected([1]);
    assert.deepEqual([suspicion.isOpen, suspicion.isTold], [false, false]);
    assert.ok(suspicion.waitMs(callFor(1), 0) > 0);
    assert.ok(suspicion.waitMs(background, 0) > 0, 'what no file waits for waits as well');
    assert.equal(suspicion.waitMs(callFor(2), 0), 0);
    probed(suspicion, passOf(2));
    assert.deepEqual([suspicion.isTold, suspicion.waitMs(callFor(3), 0)], [false, 0]);
    probed(suspicion, passOf(3));
    assert.equal(suspicion.isTold, true);
    assert.equal(suspicion.waitMs(callFor(4), 0), suspicion.waitMs(callFor(1), 0));
    assert.ok(suspicion.waitMs(callFor(4), 0) > 0);
  });

  it('lets nobody in while its probe is under way', () => {
    const suspicion = suspected([1]);
    suspicion.probe = passOf(2);
    assert.equal(suspicion.waitMs(callFor(3), 9e9), Number.POSITIVE_INFINITY);
  });

  it('takes what was under way when it began for no evidence, but knows those files', () => {
    const suspicion = suspected([1]);
    for (const id of [2, 3, 4]) suspicion.refused(passOf(id), forbidden, 0);
    assert.equal(suspicion.isTold, false);
    assert.ok(suspicion.isSuspect(callFor(4)));
    assert.ok(!suspicion.isSuspect(callFor(5)) && !suspicion.isSuspect(background));
  });

  it('tells the latest error', () => {
    const suspicion = suspected([1]);
    suspicion.refused(passOf(2), credits, 0);
    assert.equal(suspicion.error, credits);
  });

  it('is over for all when the probe of another file is granted; those that were refused are known', () => {
    const suspicion = suspected([1, 2]);
    suspicion.granted(passOf(9));
    assert.equal(suspicion.isOpen, false, 'it was under way before');
    const probe = passOf(3);
    suspicion.probe = probe;
    suspicion.granted(probe);
    assert.deepEqual([suspicion.isOpen, suspicion.probe, suspicion.waitMs(callFor(1), 0)], [true, null, 0]);
    assert.ok(suspicion.isSuspect(callFor(1)) && suspicion.isSuspect(callFor(2)));
    suspicion.refused(passOf(1), forbidden, 0);
    assert.equal(suspicion.isOpen, true, 'of a file that is known it says nothing new');
    for (const id of [4, 5]) probed(suspicion, passOf(id));
    assert.equal(suspicion.isTold, false, 'the row began anew');
  });

  it('is over for a file that is granted itself, and proves nothing of the others', () => {
    const suspicion = suspected([1, 2]);
    const probe = passOf(1);
    suspicion.probe = probe;
    suspicion.granted(probe);
    assert.deepEqual(
      [suspicion.isOpen, suspicion.isSuspect(callFor(1)), suspicion.isSuspect(callFor(2))],
      [true, false, true],
    );
    const known = suspected([1]);
    known.probe = passOf(2);
    known.granted(known.probe);
    known.granted(passOf(1));
    assert.equal(known.isSuspect(callFor(1)), false);
  });

  it('for want of credits is over with a file as large, and not with a smaller one', () => {
    for (const [sizeBytes, isOver] of [
      [999, false],
      [1_000, true],
    ] as const) {
      const suspicion = suspected([1, 2], credits);
      const probe = passOf(3, sizeBytes);
      suspicion.probe = probe;
      suspicion.granted(probe);
      assert.equal(suspicion.isOpen, true);
      probed(suspicion, passOf(4), credits);
      assert.equal(suspicion.isTold, !isOver, `${sizeBytes}`);
    }
  });

  it('for want of credits is compared with the largest file since it was over', () => {
    const suspicion = suspected([1], credits);
    const large = passOf(2, 1_000);
    suspicion.probe = large;
    suspicion.granted(large);
    probed(suspicion, passOf(3, 10), credits);
    probed(suspicion, passOf(4, 20), credits);
    const probe = passOf(5, 20);
    suspicion.probe = probe;
    suspicion.granted(probe);
    probed(suspicion, passOf(6, 10), credits);
    assert.equal(suspicion.isTold, false);
  });

  it('for want of credits is not measured by a file that is known to be refused alone', () => {
    const suspicion = suspected([1], credits);
    const probe = passOf(2);
    suspicion.probe = probe;
    suspicion.granted(probe);
    suspicion.refused(passOf(1, 9_000), credits, 0);
    probed(suspicion, passOf(3, 10), credits);
    const small = passOf(4, 10);
    suspicion.probe = small;
    suspicion.granted(small);
    for (const id of [5, 6]) probed(suspicion, passOf(id, 10), credits);
    assert.equal(suspicion.isTold, false);
  });

  it('for another reason is over with a file of any size', () => {
    const suspicion = suspected([1, 2]);
    const probe = passOf(3, 1);
    suspicion.probe = probe;
    suspicion.granted(probe);
    for (const id of [4, 5]) probed(suspicion, passOf(id));
    assert.equal(suspicion.isTold, false);
  });

  it('has the error that it began with, and keeps its file waiting as long at first as when it is told', () => {
    assert.equal(new Suspicion(credits, random).error, credits);
    const waits = [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]].map((ids) => suspected(ids).waitMs(callFor(1), 0));
    assert.deepEqual(waits, [1_250, 1_250, 1_250, 2_500]);
  });

  it('whose probe told nothing waits on', () => {
    const suspicion = suspected([1, 2, 3]);
    suspicion.probe = passOf(4);
    suspicion.unclear(100_000);
    assert.equal(suspicion.probe, null);
    assert.ok(suspicion.waitMs(callFor(1), 100_000) > 0 && suspicion.waitMs(callFor(5), 100_000) > 0);
    const fresh = suspected([1]);
    const waitMs = fresh.waitMs(callFor(1), 0);
    fresh.unclear(-100_000);
    assert.equal(fresh.waitMs(callFor(1), 0), waitMs, 'never sooner');
    fresh.unclear(100_000);
    assert.equal(fresh.waitMs(callFor(2), 100_000), 0, 'others need not');
  });

  it('is asked about at once where a person says that it is mended', () => {
    const suspicion = suspected([1, 2, 3]);
    suspicion.hurry(1);
    assert.deepEqual([suspicion.waitMs(callFor(1), 1), suspicion.waitMs(callFor(9), 1)], [0, 0]);
  });

  it('is forgotten when nobody was refused for ten minutes, and none is under way', () => {
    const suspicion = suspected([1]);
    assert.deepEqual([suspicion.isForgotten(600_000), suspicion.isForgotten(600_001)], [false, true]);
    suspicion.probe = passOf(2);
    assert.equal(suspicion.isForgotten(600_001), false);
    suspicion.refused(passOf(2), forbidden, 500_000);
    assert.equal(suspicion.isForgotten(600_001), false);
  });
});

describe('suspicions', () => {
  const line = (...calls: readonly Call[]) => {
    const waiting = new WaitingLine();
    for (const call of calls) waiting.add({ call, sinceMs: 0, enter: () => {} });
    return waiting;
  };
  const of = (ids: readonly number[]) => {
    const suspicions = new Suspicions(random);
    for (const id of ids) {
      const pass = passOf(id);
      suspicions.admitted(pass);
      suspicions.refused(pass, forbidden, 0);
    }
    return suspicions;
  };

  it('are of one operation each', () => {
    const suspicions = of([1, 2, 3]);
    assert.deepEqual(
      [suspicions.told(0), suspicions.isNarrow('reserve'), suspicions.isNarrow('check')],
      [forbidden, true, false],
    );
    assert.equal(suspicions.waitMs(callFor(1, 'check'), 0), 0);
    assert.ok(suspicions.waitMs(callFor(1), 0) > 0);
    assert.equal(suspicions.told(600_001), null, 'and told for ten minutes');
    assert.equal(of([1]).told(0), null);
    suspicions.hurry(0);
    assert.equal(suspicions.waitMs(callFor(1), 0), 0);
  });

  it('let a file that was not refused go before one that was, of the same operation', () => {
    const suspicions = of([1]);
    for (const [waiting, yields] of [
      [[callFor(2)], true],
      [[callFor(1)], false],
      [[callFor(2, 'check')], false],
      [[background], false],
      [[], false],
    ] as const)
      assert.equal(suspicions.yields(callFor(1), line(...waiting)), yields);
    assert.equal(suspicions.yields(callFor(3), line(callFor(2))), false, 'it was not refused itself');
    assert.equal(suspicions.yields(callFor(1, 'check'), line(callFor(2, 'check'))), false);
    const probe = passOf(2);
    suspicions.admitted(probe);
    suspicions.granted(probe);
    assert.equal(suspicions.yields(callFor(1), line(callFor(3))), false, 'it is over');
  });

  it('have the first that was let in for their probe, which tells nothing when it ends without a word', () => {
    const suspicions = of([1, 2]);
    const [probe, next] = [passOf(3), passOf(4)];
    suspicions.admitted(probe);
    suspicions.admitted(next);
    suspicions.ended(next, 0);
    assert.equal(suspicions.waitMs(callFor(5), 9e9), Number.POSITIVE_INFINITY);
    suspicions.ended(probe, 0);
    assert.equal(suspicions.waitMs(callFor(5), 9e9), 0);
    const open = new Suspicions(random);
    open.admitted(probe);
    open.ended(probe, 0);
    open.granted(probe);
    assert.deepEqual([open.isNarrow('reserve'), open.told(0)], [false, null]);
  });

  it('have no probe while nothing is suspected: who is let in then holds nobody up later', () => {
    const suspicions = of([1]);
    const probe = passOf(2);
    suspicions.admitted(probe);
    suspicions.granted(probe);
    suspicions.admitted(passOf(3));
    suspicions.refused(passOf(4), forbidden, 0);
    assert.deepEqual([suspicions.isNarrow('reserve'), suspicions.waitMs(callFor(5), 0)], [true, 0]);
  });

  it('are forgotten when nobody asks any more, and not while somebody waits to', () => {
    const suspicions = of([1, 2, 3]);
    suspicions.forget(line(), 600_000);
    suspicions.forget(line(callFor(9)), 600_001);
    assert.equal(suspicions.isNarrow('reserve'), true);
    suspicions.forget(line(callFor(9, 'check')), 600_001);
    assert.equal(suspicions.isNarrow('reserve'), false);
  });
});
