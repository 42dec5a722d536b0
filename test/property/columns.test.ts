import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Status } from '../../src/cli/collect-status.ts';
import { inHandLines, inHandOf } from '../../src/cli/in-hand.ts';
import { driftLines, reconcileLines } from '../../src/cli/reconcile-lines.ts';
import { fileLines } from '../../src/cli/show/file-lines.ts';
import { fit, type Line, type Screen, textOf } from '../../src/cli/show/lines.ts';
import { progressLine } from '../../src/cli/show/progress-line.ts';
import { timelineLines } from '../../src/cli/show/timeline.ts';
import { cutEnd, cutMiddle, displayWidth, wrap } from '../../src/cli/show/width.ts';
import { statusLines } from '../../src/cli/status-lines.ts';
import { summaryLines } from '../../src/cli/sync-lines.ts';
import { decodeName, displayName } from '../../src/core/name.ts';
import { showPath, showText } from '../../src/core/show-text.ts';
import { pipe, terminal } from '../support/screens.ts';

const pieces = [
  '日本語',
  '🌻',
  '👨‍👩‍👧',
  '🇩🇪',
  'e\u0301\u0302',
  'صورة',
  'กำ',
  '한',
  '\u001b[2J',
  '\u202e',
  '\n',
  ' ',
  '-',
  '.png',
  'ﾊﾟ',
];
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...pieces) },
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.uint8Array({ maxLength: 4 }).map(decodeName),
);
/** What a file may be called, and what a stranger may say. */
const anyName = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('').replaceAll('\0', ''));
const anyWidth = fc.integer({ min: 1, max: 130 });
const anyCount = fc.oneof(fc.nat(), fc.nat(30));
const anyMs = fc.integer({ min: 0, max: 2 * pipe.nowMs });
const iso = anyMs.map((ms) => new Date(ms).toISOString());

function assertFits(lines: readonly Line[], screen: Screen): void {
  for (const each of lines) {
    const text = textOf(fit(each, screen.columns));
    assert.ok(displayWidth(text) <= (screen.columns ?? 0), `${screen.columns}: ${JSON.stringify(text)}`);
    assert.doesNotMatch(text, /\n/);
  }
}

const anyFile = fc.record({
  path: anyName.map((name) => `/drop/${name}`),
  folder: fc.constant('/drop'),
  state: fc.constantFrom('ready', 'rejected', 'uploaded'),
  assetId: fc.option(anyName),
  url: fc.option(anyName),
  sizeBytes: anyCount,
  sha256: fc.option(fc.constant('0123456789abcdef'.repeat(4))),
  attempts: anyCount,
  reasonCode: fc.option(anyName),
  reason: fc.option(anyName),
  updatedAtMs: anyMs,
});

const anyEntry = fc.record({
  atMs: anyMs,
  event: anyName,
  from: fc.option(anyName),
  to: fc.option(anyName),
  assetId: fc.option(anyName),
  requestId: fc.option(anyName),
  attempt: fc.option(anyCount),
  detail: fc.option(anyName),
});

const anyInHand = fc.record({
  path: anyName.map((name) => `/drop/${name}`),
  folder: fc.constant('/drop'),
  size: anyCount,
  changed: anyMs,
  phase: fc.constantFrom('changing' as const, 'held' as const, 'reading' as const),
  held_since: fc.option(anyMs),
  held_by: fc.array(fc.record({ pid: anyCount, name: anyName }), { maxLength: 3 }),
});

const anySums = fc.array(
  fc.record({
    state: fc.constantFrom('ready' as const, 'rejected' as const, 'missing' as const),
    code: fc.option(anyName),
    count: anyCount,
    fresh: anyCount,
    failed: fc.constantFrom(0, 1),
    gone: fc.constant(0),
  }),
  { maxLength: 4 },
);

const anyReasons = fc.array(fc.record({ code: anyName, count: anyCount, reason: anyName }), { maxLength: 3 });

const anyStatus: fc.Arbitrary<Status> = fc.record({
  daemon: fc.record({ running: fc.constant(true), pid: anyCount, state: anyName, since: iso }),
  folders: fc.array(
    fc.record({
      path: anyName.map((name) => `/${displayName(name)}`),
      counts: fc.dictionary(fc.constantFrom('ready', 'rejected', 'gone'), anyCount),
      trouble: anyName,
      notices: fc.array(anyName, { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
  counts: fc.constant({ queued: 9_999 }),
  inflight: fc.array(
    fc.record({ path: anyName, asset_id: fc.constant(null), state: anyName, sent_bytes: anyCount, size: anyCount }),
    { maxLength: 3 },
  ),
  settling: fc.constant({ count: 0, held_open: 0, files: [] }),
  last_reconcile: fc.record({
    at: iso,
    is_full: fc.boolean(),
    pages: anyCount,
    assets: anyCount,
    ours: anyCount,
    unknown: anyCount,
    unreadable: anyCount,
    drift: anyCount,
    asked: anyCount,
    missing: anyCount,
    seconds: fc.double({ min: 0, noNaN: true }),
    error: fc.option(anyName),
  }),
  matching: fc.record({
    since: iso,
    ended: fc.option(iso),
    assets: anyCount,
    unreadable: anyCount,
    fetched_bytes: anyCount,
    adopted: anyCount,
    trouble: fc.constant(null),
  }),
  creation: fc.record({
    since: iso,
    next_try: iso,
    tries: anyCount,
    without_bytes: anyCount,
    answers_lost: anyCount,
    reason: anyName,
  }),
  pace: fc.record({ requests_per_minute: anyCount, kind: fc.constant('bucket'), asks_again: fc.option(iso) }),
  waiting: anyReasons,
  findings: anyReasons,
  learnt: fc.constant({}),
  trouble: fc.option(anyName),
});

const runs = { numRuns: 60 };

describe('no line is wider than the terminal, whatever files are called and strangers say', () => {
  it('in ls', () => {
    fc.assert(
      fc.property(anyFile, anyInHand, anyWidth, (file, inHand, columns) => {
        const screen = terminal(columns);
        const [path, url, reason] = [showPath(file.path), showText(file.url ?? ''), showText(file.reason ?? '')];
        assertFits(fileLines({ ...file, path, url, reason }, screen), screen);
        assertFits(inHandLines(inHand, showPath(inHand.path), screen), screen);
      }),
      runs,
    );
  });

  it('in why', () => {
    fc.assert(
      fc.property(anyFile, fc.array(anyEntry, { maxLength: 3 }), anyWidth, (file, entries, columns) => {
        const screen = terminal(columns);
        const shown = { ...file, entries } as Parameters<typeof timelineLines>[0];
        assertFits(timelineLines(shown, 'held open for writing', screen), screen);
      }),
      runs,
    );
  });

  it('in status', () => {
    fc.assert(
      fc.property(
        anyStatus,
        fc.array(anyInHand, { maxLength: 3 }),
        anySums,
        anyWidth,
        (status, files, sums, columns) => {
          const screen = terminal(columns);
          assertFits(statusLines(status, { inHand: inHandOf(files), sums }, screen), screen);
        },
      ),
      runs,
    );
  });

  it('in reconcile', () => {
    fc.assert(
      fc.property(anyStatus, anyName, anyName, anyWidth, (status, path, word, columns) => {
        const screen = terminal(columns);
        const summary = status.last_reconcile;
        if (summary !== null) assertFits(reconcileLines(summary, false, screen), screen);
        const listed = { status: word, size: 7, url: null };
        const drift = { path, asset_id: word, state: 'ready', becomes: 'checking', listed };
        assertFits(driftLines(drift, ['/drop'], screen), screen);
      }),
      runs,
    );
  });

  it('in sync, at its end and in its bar', () => {
    const anyNames = fc.array(anyName, { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(anyInHand, { maxLength: 3 }), anySums, anyNames, anyWidth, (files, sums, names, columns) => {
        const screen = terminal(columns);
        const summary = {
          ready: 3,
          uploaded: 2,
          unchanged: 1,
          rejected: 1,
          failed: 0,
          pending: 9,
          bytes: 1e12,
          seconds: 3599.6,
        };
        const synced = { summary, matching: null, odd: 4, sums, left: inHandOf(files), folders: ['/drop'] };
        assertFits(summaryLines(synced, screen), screen);
        const bar = {
          phase: null,
          doneFiles: 1,
          totalFiles: 2,
          share: 0.4,
          sentBytes: 5e9,
          rate: 1e6,
          leftSeconds: 99,
        };
        const shown = progressLine({ ...bar, names: names.map(showPath) }, columns);
        assert.ok(displayWidth(shown) <= columns, shown);
      }),
      runs,
    );
  });
});

describe('a text that is cut', () => {
  const segmenter = new Intl.Segmenter('en');
  const charactersOf = (text: string) => [...segmenter.segment(text)].map(({ segment }) => segment);

  it('holds whole characters only, those of its beginning and of its ending', () => {
    fc.assert(
      fc.property(anyName.map(showPath), anyWidth, (text, columns) => {
        for (const shown of [cutMiddle(text, columns), cutEnd(text, columns)]) {
          assert.ok(displayWidth(shown) <= columns, shown);
          if (displayWidth(text) <= columns) assert.equal(shown, text);
        }
        const [head = '', tail = ''] = cutMiddle(`${text}\u0001`, columns).split('…');
        const all = charactersOf(`${text}\u0001`);
        if (displayWidth(text) <= columns || text.includes('…')) return;
        const [first, last] = [charactersOf(head), charactersOf(tail)];
        assert.deepEqual(all.slice(0, first.length), first);
        assert.deepEqual(all.slice(all.length - last.length), last);
      }),
      { numRuns: 300 },
    );
  });

  it('loses nothing where it is broken into lines', () => {
    const bare = (text: string) => text.replaceAll(' ', '');
    fc.assert(
      fc.property(anyName.map(showText), fc.integer({ min: 2, max: 60 }), (text, columns) => {
        assert.equal(bare(wrap(text, columns).join('')), bare(text));
      }),
      { numRuns: 300 },
    );
  });
});
