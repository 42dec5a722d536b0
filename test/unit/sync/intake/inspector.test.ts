import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FolderFile } from '../../../../src/sync/intake/admit.ts';
import { Inspector } from '../../../../src/sync/intake/inspector.ts';
import type { Inspection, LocalPort } from '../../../../src/sync/ports/local.ts';
import { fixedRules } from '../../../support/fixed-rules.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { statOn } from '../../../support/known-files.ts';
import { memoryLedger, withFolder } from '../../../support/ledgers.ts';

// How much the inspector has in hand, when it tells of it, and what it does about what fails.

const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const stat = statOn(1);

async function inspecting() {
  const { ledger } = memoryLedger();
  const folder = await withFolder(ledger);
  const errors: unknown[] = [];
  const unfinished: string[] = [];
  const work: string[] = [];
  const reads: { readonly name: string; readonly device: number; readonly answer: (inspection: Inspection) => void }[] =
    [];
  const told = { size: -1 };
  const disk = { isBlocked: false, error: null as Error | null };
  const unblocked: (() => void)[] = [];
  const write = ledger.write.bind(ledger);
  Object.assign(ledger, {
    write: async (run: Parameters<typeof write>[0]) => {
      if (disk.isBlocked) await new Promise<void>((resolve) => unblocked.push(resolve));
      if (disk.error !== null) throw disk.error;
      return await write(run);
    },
  });
  const tokens: number[] = [];
  let device = 0;
  const inspector: Inspector = new Inspector({
    ledger,
    clock: new HandClock(),
    random: { fraction: () => 0.5, token: () => `token ${tokens.push(0)}` },
    log: noLog,
    local: {
      isRemote: (_: unknown, number: number) => {
        device = number;
        return false;
      },
      inspect: ({ name }: FolderFile) =>
        new Promise<Inspection>((resolve) => reads.push({ name, device, answer: resolve })),
    } as unknown as LocalPort,
    matching: { begin: (_, __, nowMs) => ({ state: 'queued', notBeforeMs: nowMs }) },
    roots: { isThere: () => true, mayTake: () => true },
    rules: fixedRules(),
    signal: new AbortController().signal,
    onWork: ({ path }) => work.push(path?.name ?? ''),
    onLost: () => assert.fail('nothing is lost'),
    onUnfinished: ({ name }) => unfinished.push(name),
    onChange: () => {
      told.size = inspector.size;
    },
    onError: (error) => errors.push(error),
  });
  const add = async (count: number) => {
    for (let at = 0; at < count; at += 1) inspector.add({ file: { ...folder, directory: '', name: `${at}` }, stat });
    await settled();
  };
  /** Answers what is read, and what is read after that. */
  const answerAll = async (inspectionOf: (name: string) => Inspection) => {
    for (let answered = 0; answered < reads.length; answered += 1) {
      reads[answered]?.answer(inspectionOf(reads[answered]?.name ?? ''));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settled();
  };
  const unblock = async () => {
    disk.isBlocked = false;
    for (const go of unblocked.splice(0)) go();
    await settled();
  };
  const listed = () =>
    inspector
      .list()
      .map(({ file: { name } }) => name)
      .sort((a, b) => Number(a) - Number(b));
  const rows = () => {
    const directory = ledger.directories.find(folder.folderId, '');
    return directory === undefined ? [] : ledger.files.inDirectory(directory.id);
  };
  return { inspector, add, answerAll, unblock, reads, disk, errors, unfinished, work, told, listed, rows };
}

const digested = (name: string): Inspection => ({
  kind: 'fingerprint',
  fingerprint: { stat, sha256: `digest of ${name}`, contentType: 'image/png' },
});
const refused = (code: string): Inspection => ({ kind: 'problem', problem: { code, reason: 'why' } });
const names = (count: number) => Array.from({ length: count }, (_, at) => `${at}`);

describe('what is to be read', () => {
  it('is listed and counted, read in its order and two at a time, and told of when it is no more', async () => {
    const { inspector, add, answerAll, reads, errors, work, told, listed } = await inspecting();
    await add(70);
    assert.deepEqual([listed(), inspector.size, reads.length], [names(70), 70, 2]);
    assert.equal(reads[0]?.device, 1);
    await answerAll(digested);
    assert.deepEqual([reads.map(({ name }) => name), work.length, errors], [names(70), 70, []]);
    assert.deepEqual([listed(), inspector.size, told.size, inspector.isAdmitting], [[], 0, 0, false]);
  });

  it('is no more than 64 ahead of what is durable', async () => {
    const { inspector, add, answerAll, unblock, reads, disk, told, work } = await inspecting();
    disk.isBlocked = true;
    await add(70);
    await answerAll(digested);
    assert.deepEqual([reads.length, work.length, inspector.size, inspector.isAdmitting], [64, 0, 70, true]);
    await unblock();
    assert.equal(reads.length, 66);
    for (let at = 64; at < 70; at += 1) {
      reads[at]?.answer(digested(`${at}`));
      await settled();
    }
    assert.deepEqual([work.length, inspector.size, told.size], [70, 0, 0]);
  });

  it('is in hand until its problem is durable', async () => {
    const { inspector, add, answerAll, unblock, disk, told, rows, unfinished, errors } = await inspecting();
    disk.isBlocked = true;
    await add(1);
    await answerAll(() => refused('read_error'));
    assert.equal(inspector.size, 1);
    await unblock();
    assert.deepEqual([inspector.size, told.size, unfinished, errors], [0, 0, [], []]);
    const [row] = rows();
    assert.deepEqual([row?.problem?.code, row?.stat.ctimeMs, row?.stat.sizeBytes], ['read_error', -1, stat.sizeBytes]);
  });

  it('is told of where it fails, whatever it is, and is in hand no more', async () => {
    const bug = new TypeError('a bug');
    for (const inspection of [digested('0'), refused('empty')]) {
      const { inspector, add, answerAll, disk, errors, told, work } = await inspecting();
      disk.error = bug;
      await add(1);
      await answerAll(() => inspection);
      assert.deepEqual([errors, work, inspector.size, told.size], [[bug], [], 0, 0]);
    }
    const { add, answerAll, errors } = await inspecting();
    await add(1);
    await answerAll(() => ({ kind: 'odd' }) as never);
    assert.deepEqual(errors.map(String), ['Error: Unknown inspection {"kind":"odd"}']);
  });

  it('is forgotten at the end, but for what is being read', async () => {
    const { inspector, add, reads, listed } = await inspecting();
    await add(70);
    const closing = inspector.close();
    assert.deepEqual([listed(), inspector.size], [[], 2]);
    for (const { name, answer } of reads) answer(digested(name));
    await closing;
    await settled();
    assert.deepEqual([reads.length, inspector.size], [2, 0]);
  });
});
