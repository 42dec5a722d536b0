import assert from 'node:assert/strict';
import { settled } from './hand-clock.ts';
import { memoryLedger } from './ledgers.ts';

/** A ledger in memory whose groups commit by themselves until it is held; from then on when `commitsOf` says so. */
export function heldLedger() {
  let isHeld = false;
  let waiting: (() => void) | null = null;
  const { ledger, database } = memoryLedger((flush) => {
    if (isHeld) waiting = flush;
    else setImmediate(flush);
  });
  /** Makes durable what waits for that; false where nothing does. */
  const commit = () => {
    const flush = waiting;
    waiting = null;
    flush?.();
    return flush !== null;
  };
  /** How many commits this waits for, one after the other; when it is over nothing that it wrote may wait for another. */
  const commitsOf = async (work: () => Promise<unknown>): Promise<number> => {
    isHeld = true;
    let isOver = false;
    const working = work().finally(() => {
      isOver = true;
    });
    working.catch(() => {});
    let commits = 0;
    await settled();
    while (!isOver) {
      assert.ok(commit(), 'It waits for something else than the ledger');
      commits += 1;
      await settled();
    }
    assert.equal(waiting, null, 'It is over before all of it is durable');
    isHeld = false;
    await working;
    return commits;
  };
  const hold = () => {
    isHeld = true;
  };
  return { ledger, database, hold, commit, commitsOf };
}
