import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { LearntType } from '../../src/core/records.ts';
import type { ErrorCode } from '../../src/errors/codes.ts';
import { SyncError } from '../../src/errors.ts';
import { Creating } from '../../src/sync/flora/creating.ts';
import { Gate } from '../../src/sync/flora/gate.ts';
import { Learning } from '../../src/sync/flora/learning.ts';
import { Polls } from '../../src/sync/flora/polls.ts';
import { Transfers } from '../../src/sync/flora/transfers.ts';
import { DueWork } from '../../src/sync/ports/due-work.ts';
import type { RemotePort } from '../../src/sync/ports/flora.ts';
import { mostClaimed, startScheduler } from '../../src/sync/upload/scheduler.ts';
import { advance, type WorkerDeps } from '../../src/sync/upload/worker.ts';
import { facts, reservation } from './contents.ts';
import { NoLearning } from './flora-knowledge.ts';
import { HandClock } from './hand-clock.ts';
import { memoryLedger, newContent, withFolder } from './ledgers.ts';

/** What FLORA answers, by call; what is left out is refused as unexpected. */
export type Script = Partial<{ [Call in keyof RemotePort]: (...args: never[]) => unknown }>;

export interface UploadingOptions {
  readonly files: number;
  readonly script: Script;
  readonly concurrency?: number;
  readonly clock?: HandClock;
  /** Whether FLORA's ways are learnt; otherwise nothing is asked for that the files do not need. */
  readonly isLearning?: boolean;
  readonly contentTypeOf?: (at: number) => string;
}

/** An error of FLORA's about one request. */
export function floraError(code: ErrorCode, patch: Partial<SyncError> = {}): SyncError {
  return new SyncError(code, { code, scope: 'file', disposition: null, op: 'test', ...patch });
}

/** The scheduler over a real ledger with that many queued files, and a FLORA that answers what the test wrote. */
export async function uploading({
  files,
  script,
  concurrency = 4,
  clock = new HandClock(),
  isLearning = false,
  contentTypeOf = () => 'image/png',
}: UploadingOptions) {
  const { ledger } = memoryLedger();
  const { destinationId, folderId } = await withFolder(ledger);
  const stat = { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
  const ids = await ledger.write((tables) => {
    const directoryId = tables.directories.save(folderId, '');
    return Array.from({ length: files }, (_, at) => {
      const own = { sha256: `digest ${at}`, idempotencyKey: `key ${at}`, contentType: contentTypeOf(at) };
      const { id } = tables.contents.insert(newContent(destinationId, own), clock.now());
      tables.files.saveContent(directoryId, `${at}.png`, stat, id, clock.now());
      return id;
    });
  });
  const calls: { readonly name: keyof RemotePort; readonly atMs: number; readonly args: readonly unknown[] }[] = [];
  const remote = new Proxy({} as RemotePort, {
    get:
      (_, name: keyof RemotePort) =>
      async (...args: never[]) => {
        calls.push({ name, atMs: clock.now(), args });
        const answer = script[name];
        assert.ok(answer, `Unexpected call: ${name}`);
        return await answer(...args);
      },
  });
  let tokens = 0;
  const token = () => {
    tokens += 1;
    return `token ${tokens}`;
  };
  const random = { fraction: () => 0.5, token };
  const lines: string[] = [];
  const line = (_: object, message: string) => void lines.push(message);
  const noLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const gate = new Gate({ most: concurrency, clock, random, onChange: () => {} });
  const due = new DueWork();
  const creating = new Creating({
    ledger,
    clock,
    log: { ...noLog, info: line, warn: line },
    version: '1',
    most: mostClaimed(concurrency),
    onChange: () => due.announce(),
  });
  const unused = () => assert.fail('not part of this test');
  const deps: WorkerDeps = {
    ledger,
    clock,
    random,
    remote,
    log: noLog,
    gate,
    transfers: new Transfers(concurrency),
    local: {
      walk: unused,
      read: unused,
      look: () => ({ kind: 'file', stat }),
      detour: () => null,
      isUnfinished: () => false,
      glance: unused,
      rootIdentity: unused,
      openForWriting: unused,
      isRemote: unused,
      inspect: unused,
      openSource: async () => ({ kind: 'source', sizeBytes: 3, async *chunks() {}, close: async () => {} }),
    },
    roots: { isThere: () => true },
    matching: { match: unused },
    creating,
    polls: new Polls(gate, clock),
    learning: isLearning
      ? new Learning({ ledger, remote, gate, clock, transfers: new Transfers(8) })
      : new NoLearning(ledger, remote),
    uploadsMissing: () => false,
    onChange: () => due.announce(),
    onSent: () => {},
    onDoubt: unused,
  };
  const stopping = new AbortController();
  const signals = { stopping: stopping.signal, abort: new AbortController().signal };
  // As the engine does.
  setMaxListeners(0, signals.stopping, signals.abort);
  return {
    ledger,
    clock,
    creating,
    gate,
    calls,
    lines,
    ids,
    deps: { ...deps, due },
    countOf: (name: keyof RemotePort) => calls.filter((call) => call.name === name).length,
    statesOf: () => ids.map((id) => ledger.contents.get(id)?.state),
    learntOf: (type: string): LearntType | undefined => ledger.facts.learnt('ws_1').types[type],
    /** One file as far as it goes now. */
    advance: (at: number) => advance(deps, ids[at] ?? 0, signals),
    /** Lets the scheduler work for so long, and stops it. In small steps at first: what is ready takes turns of its own. */
    run: async (forMs: number) => {
      const scheduler = startScheduler({ ...deps, due }, concurrency, signals);
      for (let ms = 0, stepMs = 0; ms < forMs; ms += stepMs) {
        stepMs = Math.min(forMs - ms, Math.max(100, Math.floor(ms / 50)));
        await clock.advance(stepMs);
      }
      stopping.abort();
      await clock.advanceUntil(scheduler.finished);
    },
  };
}

/** A FLORA that takes everything: each reservation makes an asset, which is ready once it is complete. */
export function obliging(): Script {
  let count = 0;
  return {
    reserve: () => {
      count += 1;
      return { value: reservation({ assetId: `asset_${count}` }), requestId: null, isReplayed: false };
    },
    upload: ({ onSent }: { onSent: (bytes: number) => void }) => onSent(3),
    complete: (assetId: string) => ({ value: facts({ assetId, status: 'ready' }), requestId: null }),
  };
}
