import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../src/core/content.ts';
import { unknownStat } from '../../../src/core/diff.ts';
import { nothingLearnt } from '../../../src/core/records.ts';
import { flag, list, nothing, nullable, number, oneOf, optional, text, yes } from '../../../src/core/shape.ts';
import * as steps from '../../../src/core/steps.ts';
import { beginAnew, later, progress, settleAs, unbound } from '../../../src/core/steps.ts';

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
