import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Config } from '../../src/config/load.ts';
import type { Content } from '../../src/core/content.ts';
import { overByRefusalMs } from '../../src/core/next-action.ts';
import { parseProxy } from '../../src/core/proxy.ts';
import { dictionaryOf, list, number, objectWith, text } from '../../src/core/shape.ts';
import { transition } from '../../src/core/transition.ts';
import { affordable } from '../../src/daemon/affordable.ts';
import { outOfDescriptors, SyncError } from '../../src/errors.ts';
import { knownRoots, neverSeen, openLedgerOfDaemon } from '../../src/operations/known-files.ts';
import { mountMissing } from '../../src/sync/roots/lost-mount.ts';
import { emptied, missing, replacedByEmpty, replacedByOther } from '../../src/sync/roots/root-errors.ts';
import { bound, contextAt, facts, now } from '../support/contents.ts';

/** What a person reads of it: the message, and what would help. */
function read(error: unknown): string {
  assert.ok(error instanceof SyncError, String(error));
  return `${error.message} | ${error.hint ?? ''}`;
}

function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return read(error);
  }
  return assert.fail('nothing was thrown');
}

function proxyProblem(address: string): string {
  const parsed = parseProxy(address);
  return 'problem' in parsed ? `${parsed.problem} | ${parsed.hint}` : assert.fail('it is a proxy');
}

/** What a content says after FLORA showed its asset pending, or refused another target. */
function reasonOf(patch: Partial<Content>): string | null {
  const pending = { type: 'asset', facts: facts(), by: 'get' } as const;
  return transition(bound(patch), pending, contextAt(now)).reason;
}

const noTarget = { state: 'checking', reasonCode: 'not_renewable', target: null } as const;
const refusedTarget = { state: 'checking', reasonCode: 'not_renewable', targetExpiresAtMs: overByRefusalMs } as const;
const few = (left: number) => affordable({ concurrency: 16 } as Config, { warn: () => {} }, left);
const halted = 'Nothing is taken from there, and nothing counts as gone.';
const accepts = 'If it is meant to be so, `flora-sync resume /drop` accepts it.';
const begins = 'It begins with the first `run` or `sync`. Is --state-dir (FLORA_SYNC_STATE_DIR) the same as theirs?';
const descriptors = 'Raise the limit: `ulimit -n`, or LimitNOFILE= in the systemd unit.';
const asHttp = 'write http://proxy.example:3128, with user:password@ before the name where it wants them';

function inEmptyDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'flora-reasons-'));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const rows: readonly (readonly [what: string, told: () => string | null, sentence: string])[] = [
  [
    'a drop folder that is not there',
    () => read(missing('/drop')),
    `The drop folder /drop is not there or cannot be read. ${halted} See that the drive is mounted; it goes on by itself. | See that the drive is mounted; it goes on by itself.`,
  ],
  [
    'an empty folder in its place',
    () => read(replacedByEmpty('/drop')),
    `The drop folder /drop is empty, and not the directory that it was: its drive seems not to be mounted. ${halted} Mount it; it goes on by itself. ${accepts} | Mount it; it goes on by itself. ${accepts}`,
  ],
  [
    'a strange folder in its place, of one known name',
    () => read(replacedByOther('/drop', 1)),
    `The drop folder /drop is another directory than it was, and the one name known at its top is missing: another drive seems to be mounted there. ${halted} It goes on by itself when the right one is back. ${accepts} | It goes on by itself when the right one is back. ${accepts}`,
  ],
  [
    'a strange folder in its place, of several known names',
    () => replacedByOther('/drop', 3).message.slice(0, 140),
    'The drop folder /drop is another directory than it was, and all 3 names known at its top are missing: another drive seems to be mounted there.'.slice(
      0,
      140,
    ),
  ],
  [
    'a folder on a server that is empty',
    () => read(emptied('/drop', 3_600_000)),
    `The drop folder /drop is on a server, and everything in it vanished at once. ${halted} Servers answer so by mistake, too. It goes on when something is there again, or is believed after 60 minutes. ${accepts} | Servers answer so by mistake, too. It goes on when something is there again, or is believed after 60 minutes. ${accepts}`,
  ],
  [
    'a drive in the folder that is away',
    () => mountMissing.reason,
    'The drive that was mounted here is not: its files are left as they were until it is back, or something else is here.',
  ],
  [
    'too many open files',
    () => read(outOfDescriptors('read', Object.assign(new Error('x'), { code: 'EMFILE' }))),
    `No more files or connections can be open at once (EMFILE) | It goes on with fewer at once. ${descriptors}`,
  ],
  [
    'too many open files, for a reason without a name',
    () => outOfDescriptors('read', undefined).message,
    'No more files or connections can be open at once (unknown)',
  ],
  [
    'too few descriptors to begin',
    () => thrown(() => few(3)),
    `Only 3 more files and connections can be open at once: too few to work with | ${descriptors}`,
  ],
  [
    'a SOCKS proxy',
    () => proxyProblem('socks5://proxy.example'),
    `names a SOCKS proxy (socks5:), which is not supported | ${asHttp}; for a SOCKS proxy put one that speaks HTTP in front of it`,
  ],
  [
    'a proxy of another kind',
    () => proxyProblem('ftp://proxy.example'),
    `names a kind of proxy that is not supported: only http: and https: are | ${asHttp}`,
  ],
  ['an object with fields', () => objectWith({ a: text, b: text }).words, 'an object with a, b'],
  ['an object of things', () => dictionaryOf(number, 'numbers').words, 'an object of numbers'],
  ['a list that may not be empty', () => list(text, 'texts', 1).words, 'an array, not empty, of texts'],
  ['folders, where none is known', () => knownRoots([]), 'It knows none: it begins with the first `run` or `sync`.'],
  [
    'a file that was never seen',
    () => read(neverSeen('/drop/a.png')),
    'The ledger has never seen /drop/a.png | `flora-sync ls` lists what it knows; hidden and temporary names are never taken.',
  ],
  [
    'a reservation that is of no use',
    () => reasonOf(noTarget),
    'The reservation has no usable target and cannot be renewed',
  ],
  [
    'bytes that may have arrived',
    () => reasonOf({ ...refusedTarget, mayHaveAllBytes: true }),
    'No answer told whether the bytes arrived, and the target takes no more: FLORA is asked to complete the asset',
  ],
];

describe('what is said of', () => {
  for (const [what, told, sentence] of rows) it(what, () => assert.equal(told(), sentence));

  it('a state directory without a ledger', () =>
    inEmptyDirectory((directory) => {
      const none = `There is no ledger in ${directory} yet`;
      assert.equal(
        thrown(() => openLedgerOfDaemon(directory)),
        `${none} | ${begins}`,
      );
      assert.equal(
        thrown(() => openLedgerOfDaemon(directory, '/drop/a.png')),
        `${none} | It has never seen /drop/a.png. ${begins}`,
      );
    }));

  it('fewer uploads at once than were set', () => {
    const lines: unknown[] = [];
    const log = { warn: (...line: readonly unknown[]) => void lines.push(line) };
    affordable({ concurrency: 16 } as Config, log as never, 66);
    const facts = { code: 'too_many_open_files', hint: descriptors };
    assert.deepEqual(lines, [
      [facts, 'only 66 more files and connections can be open at once: 14 uploads at once instead of 16'],
    ]);
  });
});
