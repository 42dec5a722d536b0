import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { lookAtRacy } from '../../../../src/sync/intake/racy.ts';
import { openDrop } from '../../../support/drop.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { knowFiles } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';
import { until } from '../../../support/until.ts';

/** A file of which the ledger believes the bytes of another: it was rewritten, and looks as it did. */
async function rewritten(t: TestContext) {
  const drop = await openDrop(t, { a: 'new', b: 'old' });
  await drop.scan();
  const directoryId = drop.ledger.directories.find(drop.folder.folderId, '')?.id ?? 0;
  const known = () => drop.ledger.files.get(directoryId, 'a');
  const [right, wrong] = [known()?.contentId ?? 0, drop.contentOf('old')?.id ?? 0];
  const stat = known()?.stat;
  assert.ok(stat !== undefined);
  await drop.ledger.write(({ files }) => files.saveContent(directoryId, 'a', stat, wrong, 0));
  const note = (untilMs: number) => drop.ledger.write(({ racyFiles }) => racyFiles.note(directoryId, 'a', untilMs));
  const due = (nowMs = Date.now()) =>
    drop.ledger.racyFiles.due(drop.folder.folderId, nowMs, 10).map(({ name }) => name);
  return { ...drop, directoryId, known, right, wrong, note, due };
}

describe('a file that was looked at within a tick of its own times', () => {
  it('is read once more when it is due, by a scan, and then no more', async (t) => {
    const { scan, known, right, wrong, note, due, ledger, directoryId } = await rewritten(t);
    await scan();
    assert.equal(known()?.contentId, wrong, 'it looks the same');
    await note(Date.now() + 3_600_000);
    await scan();
    assert.equal(known()?.contentId, wrong, 'it is not due yet');
    await note(Date.now() - 1);
    assert.deepEqual(due(), ['a']);
    await scan();
    assert.equal(known()?.contentId, right);
    assert.equal(ledger.racyFiles.has(directoryId, 'a'), false);
    assert.deepEqual(due(Number.MAX_SAFE_INTEGER), []);
  });

  it('is read once more by what looks for what nothing tells, and meanwhile taken by nobody else', async (t) => {
    const { intake, known, right, note, due } = await rewritten(t);
    await note(Date.now() - 1);
    const looking = intake.scanHalted();
    await looking;
    assert.deepEqual(due(), []);
    await until('it was read', () => known()?.contentId === right);
  });

  it('is read when a hint names it, although it looks the same', async (t) => {
    const { intake, hint, known, right, wrong, note } = await rewritten(t);
    hint('', 'a');
    await until('the hint was looked into', () => intake.isIdle);
    assert.equal(known()?.contentId, wrong);
    await note(Date.now() + 3_600_000);
    hint('', 'a');
    await until('it was read', () => known()?.contentId === right);
  });

  it('is known as such by its times: a clock that was put back, or another machine, makes them', async (t) => {
    const aheadMs = 60_000;
    let isAhead = true;
    const drop = await openDrop(t, {}, {});
    const { root, folder, ledger } = drop;
    const inspect = drop.local.inspect;
    const look = drop.local.look;
    const later = <S extends { ctimeMs: number; mtimeMs: number }>(stat: S): S =>
      isAhead ? { ...stat, ctimeMs: stat.ctimeMs + aheadMs, mtimeMs: stat.mtimeMs + aheadMs } : stat;
    Object.assign(drop.local, {
      look: (path: Parameters<typeof look>[0]) => {
        const found = look(path);
        return found.kind === 'file' ? { ...found, stat: later(found.stat) } : found;
      },
      inspect: async (...args: Parameters<typeof inspect>) => {
        const found = await inspect(...args);
        if (found.kind !== 'fingerprint') return found;
        return { ...found, fingerprint: { ...found.fingerprint, stat: later(found.fingerprint.stat) } };
      },
    });
    writeFileSync(join(root, 'c'), 'c');
    drop.hint('', 'c');
    await until('it is in the ledger', () => drop.contentOf('c') !== undefined);
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    assert.equal(ledger.racyFiles.has(directoryId, 'c'), true);
    const changedMs = statSync(join(root, 'c')).ctimeMs + aheadMs;
    const due = (nowMs: number) => ledger.racyFiles.due(folder.folderId, nowMs, 10).length;
    assert.deepEqual([due(changedMs), due(changedMs + 2_000)], [0, 1]);
    isAhead = false;
    drop.hint('', 'c');
    await until('it is clean', () => !ledger.racyFiles.has(directoryId, 'c'));
  });
});

describe('the racy files of a ledger', () => {
  it('are those of one folder, the longest due first; one that is gone or written anew is none', async (t) => {
    const { ledger, folder, known, directoryId, due, note } = await rewritten(t);
    const noteB = (ms: number) => ledger.write(({ racyFiles }) => racyFiles.note(directoryId, 'b', ms));
    await note(20);
    await noteB(10);
    assert.deepEqual(due(), ['b', 'a']);
    assert.deepEqual(due(15), ['b']);
    assert.deepEqual(ledger.racyFiles.due(folder.folderId + 1, 100, 10), []);
    await ledger.write(({ files }) => files.markGone(directoryId, 'b', 0));
    assert.deepEqual(due(), ['a']);
    await noteB(10);
    assert.deepEqual(due(), ['a'], 'what is gone has nothing to be read');
    const file = known();
    assert.ok(file !== undefined);
    await ledger.write(({ files }) => files.saveProblem(directoryId, 'a', file.stat, { code: 'x', reason: 'x' }, 0));
    assert.deepEqual(due(), []);
  });
});

describe('many files that are due at once', () => {
  it('are taken 256 in a write, and all of them; nothing is written where none is due', async () => {
    const { ledger } = memoryLedger();
    const folder = await withFolder(ledger);
    const names = Array.from({ length: 300 }, (_, at) => `${at}`);
    await knowFiles(ledger, folder, names);
    const directoryId = ledger.directories.find(folder.folderId, '')?.id ?? 0;
    await ledger.write(({ racyFiles }) => {
      for (const name of names) racyFiles.note(directoryId, name, 1);
    });
    const asked: number[] = [];
    const taken: number[] = [];
    const { racyFiles } = ledger;
    const due = racyFiles.due.bind(racyFiles);
    racyFiles.due = (folderId, nowMs, most) => {
      const rows = due(folderId, nowMs, most);
      asked.push(most);
      taken.push(rows.length);
      return rows;
    };
    const seen: string[] = [];
    const examiner = { name: async (_: unknown, __: string, name: string) => void seen.push(name) };
    const deps = { ledger, clock: new HandClock(), roots: { mayTake: () => true } };
    await lookAtRacy({ ...deps, signal: new AbortController().signal }, examiner, folder);
    assert.equal(new Set(seen).size, 300);
    assert.deepEqual(
      [asked, taken],
      [
        [1, 256, 1, 256, 1],
        [1, 256, 1, 44, 0],
      ],
    );
  });
});
