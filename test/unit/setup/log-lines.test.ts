import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../src/errors.ts';
import type { LedgerNotice } from '../../../src/ledger/recovery/restore.ts';
import type { StrangeAnswer } from '../../../src/remote/wire-watch.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import {
  tellBlocked,
  tellFolder,
  tellGate,
  tellingShortage,
  tellLedger,
  tellRemote,
  tellStrange,
} from '../../../src/setup/log-lines.ts';

/** What is logged, as `level message facts`. */
function told(tell: (log: Logger) => void): string {
  const lines: string[] = [];
  const at = (level: string) => (facts: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(facts)}`);
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  tell(log);
  return lines.join('\n');
}

const trouble = new SyncError('FLORA answered 503: Later.', {
  code: 'unavailable',
  op: 'reserve',
  requestId: 'req_1',
  retryAfterMs: 5_000,
  hint: 'Wait.',
});
const strange = (kind: StrangeAnswer['kind']): StrangeAnswer => ({ host: 'h', op: 'check', stack: 'Error: x', kind });
const strangeFacts = '"host":"h","op":"check","stack":"Error: x"';
const snapshot = { path: '/s/1', takenAtMs: 1_800_000_000_000 } as Extract<
  LedgerNotice,
  { type: 'restored' }
>['snapshot'];
const restoredFacts = '{"snapshot":"/s/1","taken_at":"2027-01-15T08:00:00.000Z"}';

const lines: readonly (readonly [(log: Logger) => void, string])[] = [
  [(log) => tellGate(log, null), 'info FLORA answers again {}'],
  [
    (log) => tellGate(log, trouble),
    'warn FLORA answered 503: Later; nothing is lost, uploads go on when it is over {"code":"unavailable","request_id":"req_1","retry_after_ms":5000,"hint":"Wait."}',
  ],
  [(log) => tellStrange(log, strange('again')), `debug the same strange answer again {${strangeFacts}}`],
  [
    (log) => tellStrange(log, strange('first')),
    `warn a strange answer from h: it counts as a connection that was lost {${strangeFacts}}`,
  ],
  [
    (log) => tellStrange(log, strange('trouble')),
    `error nothing but the same strange answer from h; it is tried on {${strangeFacts},"code":"wire_trouble"}`,
  ],
  [(log) => tellFolder(log, '/drop', null), 'info the folder can be read again {"folder":"/drop"}'],
  [
    (log) => tellFolder(log, '/drop', trouble),
    'error FLORA answered 503: Later. {"folder":"/drop","code":"unavailable","hint":"Wait."}',
  ],
  [
    (log) => tellRemote(log, '/drop/server', 30_000),
    'info a mount to which other hosts may write: what they write raises no event here, and is looked for every 30 s {"path":"/drop/server","code":"network_mount","every_ms":30000}',
  ],
  [
    (log) => tellBlocked(log, '/state', null),
    'info the ledger can be written again; everything goes on {"state_dir":"/state"}',
  ],
  [
    (log) => tellBlocked(log, '/state', 'SQLITE_FULL'),
    'error the disk with the ledger is full: intake and uploads pause, nothing is lost {"state_dir":"/state","code":"SQLITE_FULL","hint":"Make room on it; nothing else is to be done."}',
  ],
  [
    (log) => tellBlocked(log, '/state', 'SQLITE_READONLY'),
    'error the ledger is on a read-only disk: intake and uploads pause, nothing is lost {"state_dir":"/state","code":"SQLITE_READONLY","hint":"Mount it read-write again."}',
  ],
  [
    (log) => tellLedger(log, { type: 'set-aside', path: '/l', reason: 'torn' }),
    'error the ledger was damaged; it is set aside {"path":"/l","reason":"torn"}',
  ],
  [
    (log) => tellLedger(log, { type: 'snapshot-damaged', path: '/s', reason: 'torn' }),
    'error a snapshot of the ledger is damaged; it is passed over {"path":"/s","reason":"torn"}',
  ],
  [
    (log) => tellLedger(log, { type: 'restored', snapshot, setAside: null }),
    `warn the ledger's file was gone; it is restored from its snapshot of 2027-01-15T08:00:00.000Z; files sent since are recognised by their bytes ${restoredFacts}`,
  ],
  [
    (log) => tellLedger(log, { type: 'restored', snapshot, setAside: '/l' }),
    `warn the ledger is restored from its snapshot of 2027-01-15T08:00:00.000Z; files sent since are recognised by their bytes ${restoredFacts}`,
  ],
  [
    (log) => tellLedger(log, { type: 'begun-anew' }),
    'warn a new ledger is begun; files that FLORA has already are recognised by their bytes {}',
  ],
];

describe('a line of the log', () => {
  for (const [tell, line] of lines) it(`is: ${line.split(' {')[0]}`, () => assert.equal(told(tell), line));

  it('says once in a while that there are too few descriptors, and not at each of them', () => {
    const short = told((log) => {
      const tell = tellingShortage(log);
      for (let at = 0; at < 100; at += 1) tell(trouble);
    });
    assert.equal(short, 'warn FLORA answered 503: Later. {"code":"unavailable","hint":"Wait."}');
  });
});
