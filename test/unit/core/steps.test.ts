import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import { unknownStat } from '../../../src/core/diff.ts';
import type { ContentEvent } from '../../../src/core/event.ts';
import { nothingLearnt } from '../../../src/core/records.ts';
import { flag, list, nothing, nullable, number, oneOf, optional, text, yes } from '../../../src/core/shape.ts';
import * as steps from '../../../src/core/steps.ts';
import { beginAnew, later, progress, settleAs, unbound } from '../../../src/core/steps.ts';
import { transition } from '../../../src/core/transition.ts';

const context = { nowMs: 1_000_000, random: 0.5, freshKey: 'fresh' };

/** A content of which nothing is as it was at first. */
const used: Content = {
  id: 7,
  destinationId: 1,
  workspaceId: 'ws_1',
  folder: null,
  projectId: null,
  sha256: 'digest',
  sizeBytes: 3,
  contentType: 'image/png',
  fileName: 'a.png',
  twin: 0,
  generation: 2,
  revision: 3,
  state: 'reserved',
  idempotencyKey: 'key',
  renewals: 3,
  assetId: 'asset_1',
  url: 'https://host/1',
  remoteSizeBytes: 9,
  target: { kind: 'put', url: 'https://host/upload' },
  targetExpiresAtMs: 4,
  areBytesConfirmed: true,
  isCompleteSent: true,
  isCompleteAccepted: true,
  mayHaveAllBytes: true,
  attempts: 5,
  strikes: 6,
  failures: 7,
  missingSinceMs: 8,
  notBeforeMs: 9,
  reasonCode: 'code',
  reason: 'reason',
} as unknown as Content;

const fresh = {
  ...{ assetId: null, url: null, remoteSizeBytes: null, target: null, targetExpiresAtMs: null },
  ...{ areBytesConfirmed: false, isCompleteSent: false, isCompleteAccepted: false, mayHaveAllBytes: false },
  ...{ renewals: 0, missingSinceMs: null },
};

describe('a step of a content', () => {
  it('forward has its attempts begin anew, at once, for no reason, but for what is said', () => {
    const begun = { attempts: 0, notBeforeMs: 1_000_000, reasonCode: null, reason: null, state: 'uploaded' };
    assert.deepEqual(progress(used, 'uploaded', context), { ...used, ...begun });
    const said = { reason: 'said', strikes: 0 };
    assert.deepEqual(progress(used, 'uploaded', context, said), { ...used, ...begun, ...said });
  });

  it('that is tried later waits, and keeps what it was for', () => {
    const waiting = later(used, 'renewing', context, { url: 'u' });
    assert.ok(waiting.notBeforeMs > 1_000_000);
    assert.deepEqual(
      { ...waiting, notBeforeMs: 0 },
      { ...used, attempts: 6, notBeforeMs: 0, url: 'u', state: 'renewing' },
    );
  });

  it('that is the last gives its target up, and tells why', () => {
    const settled = { state: 'gone', target: null, targetExpiresAtMs: null, attempts: 0, reasonCode: 'c', reason: 'r' };
    assert.deepEqual(settleAs(used, 'gone', 'c', 'r'), { ...used, ...settled });
  });

  it('back to the beginning forgets the whole reservation', () => {
    assert.deepEqual(unbound, fresh);
    const anew = beginAnew(used, 'c', 'r', context);
    const key = { generation: 3, idempotencyKey: 'fresh', attempts: 6, state: 'queued', reasonCode: 'c', reason: 'r' };
    assert.deepEqual(anew, { ...used, ...fresh, ...key, notBeforeMs: anew.notBeforeMs });
  });

  it('is taken so often, and so late, as people were told', () => {
    const { maxStrikes, maxRefusals, maxRefusalsOfBytes, mostSuperseded, maxFailures } = steps;
    assert.deepEqual([maxStrikes, maxRefusals, maxRefusalsOfBytes, mostSuperseded, maxFailures], [8, 4, 2, 1, 4]);
    assert.deepEqual([steps.seldomMs, steps.laggingMs, steps.longestWaitMs], [600_000, 120_000, 960_000]);
  });
});

describe('an event', () => {
  const target = { kind: 'put', url: 'https://host/2' } as const;
  const asset = {
    assetId: 'asset_1',
    status: 'ready',
    statusWord: 'ready',
    url: 'https://host/3',
    sizeBytes: 3,
  } as const;
  const facts = { ...asset, contentType: 'image/png', failureMessage: null };
  const reservation = { ...facts, assetId: 'asset_2', url: 'https://host/2', target, expiresInMs: 1_000 };
  const bound = { assetId: 'asset_2', url: 'https://host/2', target, targetExpiresAtMs: 1_001_000 };
  const unproven = { areBytesConfirmed: false, isCompleteAccepted: false };
  const none = { target: null, targetExpiresAtMs: null };
  const due = { notBeforeMs: 1_000_000, reasonCode: null, reason: null };
  const sixth = { attempts: 6, notBeforeMs: 1_010_000 };
  const why = (reasonCode: string, reason: string) => ({ reasonCode, reason });
  const generation = { generation: 3, idempotencyKey: 'fresh' };

  const rows: readonly (readonly [Content['state'], ContentEvent, Partial<Content>])[] = [
    [
      'queued',
      { type: 'reserved', reservation, isReplayed: false },
      { state: 'reserved', ...bound, ...unproven, ...due },
    ],
    [
      'queued',
      { type: 'reserved', reservation: { ...reservation, target: null }, isReplayed: true },
      { state: 'checking', ...bound, target: null, ...unproven, ...due },
    ],
    [
      'queued',
      { type: 'reserved', reservation: { ...reservation, expiresInMs: 0 }, isReplayed: true },
      { state: 'checking', ...bound, targetExpiresAtMs: 1_000_000, ...unproven, ...due },
    ],
    [
      'queued',
      { type: 'reserved', reservation: { ...reservation, expiresInMs: null }, isReplayed: false },
      { state: 'reserved', ...bound, targetExpiresAtMs: null, ...unproven, ...due },
    ],
    [
      'queued',
      { type: 'key-spent', reason: 'spent' },
      { ...fresh, ...generation, attempts: 6, notBeforeMs: 1_000_000, ...why('key_spent', 'spent') },
    ],
    ['renewing', { type: 'key-spent', reason: 'spent' }, { renewals: 4, ...sixth, ...why('key_spent', 'spent') }],
    ['reserved', { type: 'bytes-accepted' }, { state: 'uploaded', attempts: 0, ...due }],
    ['reserved', { type: 'target-expired' }, { state: 'checking', targetExpiresAtMs: 1, ...due }],
    [
      'renewing',
      { type: 'renewed', reservation },
      { state: 'reserved', renewals: 4, target, targetExpiresAtMs: 1_001_000, ...unproven, ...due },
    ],
    [
      'renewing',
      { type: 'renewed', reservation: { ...reservation, target: null } },
      { state: 'checking', renewals: 4, targetExpiresAtMs: 1, ...sixth },
    ],
    [
      'matching',
      { type: 'adopted', facts },
      {
        ...{ state: 'ready', ...none, url: 'https://host/3', remoteSizeBytes: null, renewals: 0 },
        ...{ mayHaveAllBytes: false, attempts: 0, missingSinceMs: null, ...due },
      },
    ],
    [
      'matching',
      { type: 'adopted', facts: { ...facts, assetId: 'asset_9', sizeBytes: 4 } },
      {
        ...{ state: 'ready', ...none, ...generation, assetId: 'asset_9', url: 'https://host/3', remoteSizeBytes: 4 },
        ...{ renewals: 0, mayHaveAllBytes: false, attempts: 0, missingSinceMs: null, ...due },
      },
    ],
    ['matching', { type: 'unmatched' }, { state: 'checking', ...due }],
    [
      'checking',
      { type: 'asset-missing', isControlled: false },
      { attempts: 6, notBeforeMs: 1_600_000, ...why('asset_missing', 'FLORA answers 404 for this asset') },
    ],
    ['uploaded', { type: 'conflict', reason: '409' }, { state: 'checking', ...due, ...why('complete_refused', '409') }],
    [
      'renewing',
      { type: 'conflict', reason: '409' },
      {
        ...{ state: 'checking', renewals: 4, targetExpiresAtMs: null, areBytesConfirmed: false },
        ...{ ...sixth, ...why('not_renewable', '409') },
      },
    ],
    [
      'uploaded',
      { type: 'body-refused', reason: '400' },
      { attempts: 6, notBeforeMs: 1_000_000, ...why('body_refused', '400') },
    ],
    [
      'reserved',
      { type: 'trouble', code: 'stalled', reason: 'still', retryAfterMs: null },
      { state: 'checking', ...sixth, ...why('stalled', 'still') },
    ],
    [
      'checking',
      { type: 'refused', code: 'no', reason: 'refused' },
      { state: 'rejected', ...none, attempts: 0, ...why('no', 'refused') },
    ],
    ['reserved', { type: 'source-lost', reason: 'lost' }, { state: 'gone', ...why('source_lost', 'lost') }],
    [
      'missing',
      { type: 'wanted', by: 'operator', needsMatching: true },
      { ...{ state: 'matching', ...fresh, ...generation }, ...{ attempts: 0, strikes: 0, failures: 0, ...due } },
    ],
    [
      'rejected',
      { type: 'wanted', by: 'operator', needsMatching: true },
      { state: 'checking', attempts: 0, strikes: 0, failures: 0, ...due },
    ],
    [
      'checking',
      { type: 'asset', facts, by: 'get' },
      {
        ...{ state: 'ready', ...none, url: 'https://host/3', remoteSizeBytes: null },
        ...{ attempts: 0, missingSinceMs: null, ...due },
      },
    ],
    [
      'uploaded',
      { type: 'asset', facts: { ...facts, status: 'pending_upload' }, by: 'complete' },
      {
        ...{ state: 'checking', attempts: 6, notBeforeMs: 1_005_000, missingSinceMs: null },
        ...why('processing', 'FLORA is processing the upload'),
      },
    ],
    [
      'checking',
      { type: 'asset', facts: { ...facts, status: 'failed', failureMessage: 'bad' }, by: 'get' },
      {
        ...{ state: 'renewing', ...unproven, ...sixth, failures: 3, missingSinceMs: null },
        ...why('asset_failed', 'bad'),
      },
    ],
  ];
  for (const [state, event, changes] of rows) {
    const of = 'reservation' in event ? ` of ${JSON.stringify(event.reservation).slice(-60)}` : '';
    it(`${event.type} changes so much of what is ${state}, and no more${of}`, () => {
      const before = { ...used, failures: 2, targetExpiresAtMs: 2_000_000, state };
      assert.deepEqual(transition(before, event, context), { ...before, ...changes });
    });
  }
});

describe('what nothing is known of', () => {
  it('is a file that is like none, and a FLORA of which nothing was learnt', () => {
    assert.deepEqual(unknownStat, { sizeBytes: 0, mtimeMs: 0, ctimeMs: -1, inode: 0, device: 0 });
    const learnt = { assetId: null, atMs: null, body: null, target: null, lagMs: null, areListedSizesRight: null };
    assert.deepEqual(nothingLearnt, { ...learnt, types: {} });
  });
});

describe('a shape', () => {
  it('says what it wants', () => {
    const said = [
      text,
      number,
      flag,
      nothing,
      yes,
      oneOf('a', 'b'),
      nullable(text),
      list(text, 'texts'),
      list(text, 'texts', 1),
    ];
    assert.deepEqual(
      said.map(({ words }) => words),
      [
        ...['a text', 'a number', 'true or false', 'nothing', 'true', 'a or b', 'a text or null'],
        ...['an array of texts', 'an array, not empty, of texts'],
      ],
    );
    assert.equal(optional(text).isOptional, true);
    assert.deepEqual(
      [list(text, 'texts').fits(['a', 1]), list(text, 'texts').fits([]), list(text, 'texts', 1).fits([])],
      [false, true, false],
    );
    assert.equal(nothing.fits(undefined), false);
  });
});
