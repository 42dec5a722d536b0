import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openDrop } from '../../../support/drop.ts';
import { settled } from '../../../support/hand-clock.ts';
import { until } from '../../../support/until.ts';

describe('the intake', () => {
  it('is not idle while it scans, be there nothing at all', async (t) => {
    let release = () => {};
    const drop = await openDrop(t, {}, { walk: () => new Promise<void>((resolve) => (release = resolve)) });
    assert.equal(drop.intake.isIdle, true);
    const scanning = drop.intake.scan(drop.folder);
    await settled();
    assert.deepEqual([drop.intake.isIdle, drop.intake.pendingFiles], [false, 0]);
    release();
    assert.equal(await scanning, true);
    assert.equal(drop.intake.isIdle, true);
  });

  it('is not idle while a hint waits, be it about nothing', async (t) => {
    const drop = await openDrop(t, {});
    await drop.scan();
    drop.hint('', 'never.png');
    assert.deepEqual([drop.intake.isIdle, drop.intake.pendingFiles], [false, 0]);
    await until('the hint was handled', () => drop.intake.isIdle);
  });

  it('is not idle while a file is read, and lists it as finished, held by nobody', async (t) => {
    let release = () => {};
    let isRead = false;
    const drop = await openDrop(
      t,
      { 'a.png': 'one' },
      {
        inspect: async () => {
          isRead = true;
          await new Promise<void>((resolve) => (release = resolve));
          return { kind: 'gone' };
        },
      },
    );
    await drop.intake.scan(drop.folder);
    await until('the file is read', () => isRead);
    assert.deepEqual([drop.intake.isIdle, drop.intake.pendingFiles, drop.intake.heldOpen], [false, 1, 0]);
    const [listed, ...others] = await drop.intake.list(new AbortController().signal);
    assert.deepEqual(
      [listed?.file.name, listed?.stat.sizeBytes, listed?.isSettled, listed?.held, others],
      ['a.png', 3, true, null, []],
    );
    release();
  });
});
