import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showLocal } from '../../../src/cli/show/time.ts';
import {
  creationLine,
  describeCreation,
  describeLearnt,
  describePace,
  describeReasons,
  learntLine,
  paceLine,
} from '../../../src/cli/status-flora.ts';
import { type Creation, freshCreation } from '../../../src/core/creation.ts';
import { type Learnt, type LearntType, nothingLearnt } from '../../../src/core/records.ts';
import { pipe, terminal } from '../../support/screens.ts';

const sinceMs = Date.parse('2026-11-27T10:00:00Z');

describe('what status says of creating', () => {
  const slow: Creation = {
    ...freshCreation('1'),
    slowSinceMs: sinceMs,
    nextProbeMs: sinceMs + 600_000,
    probes: 3,
    barren: 7.125,
    lost: 2,
    reason: 'Creating is slowed down: 8 assets …',
  };

  it('is nothing while assets are asked for as needed', () => {
    assert.equal(creationLine(null), null);
    assert.equal(creationLine(freshCreation('1')), null);
    assert.equal(creationLine({ ...slow, slowSinceMs: null }), null);
  });

  it('is told to scripts in whole assets and in times that can be read', () => {
    assert.deepEqual(creationLine(slow), {
      since: '2026-11-27T10:00:00.000Z',
      next_try: '2026-11-27T10:10:00.000Z',
      tries: 3,
      without_bytes: 8,
      answers_lost: 2,
      reason: 'Creating is slowed down: 8 assets …',
    });
  });

  it('is told to people with since when, the next try, and why', () => {
    const line = creationLine(slow);
    assert.ok(line !== null);
    const [since, next] = [showLocal(sinceMs), showLocal(sinceMs + 600_000)];
    assert.deepEqual(describeCreation(line, pipe), [
      `No new assets since ${since} but one now and then, the next at ${next}:`,
      '  Creating is slowed down: 8 assets …',
    ]);
    assert.equal(
      describeCreation(line, { ...terminal(80), nowMs: sinceMs + 180_000 })[0],
      'No new assets since 3 min ago but one now and then, the next in 7 min:',
    );
  });

  it('is told also of a slow time that began with the epoch', () => {
    assert.notEqual(creationLine({ ...slow, slowSinceMs: 0 }), null);
  });
});

describe('what status says of FLORA’s limit', () => {
  const told = (perMinute: number, counts: Readonly<Record<string, number>>, asksAgainMs: number | null = null) => {
    const line = paceLine({ perMinute, kind: 'bucket', asksAgainMs });
    assert.ok(line !== null);
    return describePace(line, counts, pipe);
  };

  it('is nothing while FLORA shows none', () => {
    assert.equal(paceLine(null), null);
  });

  it('is told to scripts in whole requests a minute, in tenths where they are few, and until when it is closed', () => {
    assert.deepEqual(paceLine({ perMinute: 57.4, kind: 'window', asksAgainMs: sinceMs }), {
      requests_per_minute: 57,
      kind: 'window',
      asks_again: '2026-11-27T10:00:00.000Z',
    });
    assert.equal(paceLine({ perMinute: 2.349, kind: 'bucket', asksAgainMs: null })?.requests_per_minute, 2.3);
  });

  it('is told to people with how long what waits will take: two requests for a file, one for what is begun', () => {
    assert.equal(told(57.4, { queued: 3_120 }), 'FLORA allows about 57 requests a minute; 3,120 files, about 2 h');
    const begun = { reserved: 10, uploaded: 10, checking: 10, renewing: 10, matching: 10, ready: 9_000, rejected: 3 };
    assert.equal(told(60, begun), 'FLORA allows about 60 requests a minute; 50 files, about 1 min');
    assert.equal(told(60, { queued: 1 }), 'FLORA allows about 60 requests a minute; 1 file, about 2 s');
    assert.equal(told(60, { queued: 600 }), 'FLORA allows about 60 requests a minute; 600 files, about 20 min');
    const many = told(16.7, { queued: 50_000 });
    assert.equal(many, 'FLORA allows about 17 requests a minute; 50,000 files, about 4 days');
  });

  it('is no forecast where nothing waits, and says until when FLORA is not asked', () => {
    assert.equal(told(60, { ready: 12 }), 'FLORA allows about 60 requests a minute');
    assert.ok(told(60, {}, sinceMs).endsWith(`a minute; it is asked again at ${showLocal(sinceMs)}`));
  });
});

describe('what status says of reasons', () => {
  it('is a title, and a line for each with its count and one reason', () => {
    const sums = [
      { code: 'server_error', count: 12, reason: 'FLORA answered 503' },
      { code: 'processing', count: 1, reason: 'FLORA is processing the upload' },
    ];
    assert.deepEqual(describeReasons('Waiting:', sums), [
      '',
      'Waiting:',
      '  12 server_error: FLORA answered 503',
      '  1 processing: FLORA is processing the upload',
    ]);
  });

  it('is no title over nothing', () => {
    assert.deepEqual(describeReasons('Waiting:', []), []);
  });
});

describe('what status says of FLORA', () => {
  const told = (learnt: Partial<Learnt>) => describeLearnt('ws_1', learntLine({ ...nothingLearnt, ...learnt }));
  const typed = (type: string, learnt: Partial<LearntType>) =>
    told({ types: { [type]: { isSizeKept: true, areBytesKept: true, keptAs: null, ...learnt } } }).at(-1);

  it('is nothing before anything was seen', () => {
    assert.deepEqual(told({}), []);
    assert.deepEqual(told({ assetId: 'asset_1', atMs: 1, lagMs: 0 }), [], 'nor where all is as it should be');
  });

  it('is where bytes go, by what, and for how long', () => {
    const put = { kind: 'put', host: 'storage.googleapis.com', livesMs: 900_000 } as const;
    assert.deepEqual(told({ target: put }), [
      'Seen of FLORA in ws_1:',
      '  bytes go to storage.googleapis.com by PUT, within 15 min 0 s',
    ]);
    assert.equal(
      told({ target: { ...put, kind: 'form', livesMs: null } }).at(-1),
      '  bytes go to storage.googleapis.com by a form',
    );
  });

  it('is what complete takes, and how GET lags', () => {
    assert.equal(told({ body: 'json' }).at(-1), '  complete takes {}');
    assert.equal(told({ body: 'none' }).at(-1), '  complete takes no body');
    assert.equal(told({ lagMs: 3_000 }).at(-1), '  GET lags 3.0 s behind complete');
  });

  it('is what becomes of each type, and what is not known of it', () => {
    assert.equal(typed('image/png', {}), '  image/png: its size is kept, its bytes are kept');
    assert.equal(
      typed('image/png', { isSizeKept: null, areBytesKept: null }),
      '  image/png: its size is not told, its bytes could not be compared',
    );
    assert.equal(
      typed('image/heic', { isSizeKept: false, areBytesKept: false, keptAs: 'image/jpeg' }),
      '  image/heic becomes image/jpeg: its size is changed, its bytes are others',
    );
    assert.equal(typed('image/png', { keptAs: 'image/png' }), '  image/png: its size is kept, its bytes are kept');
  });

  it('is told to scripts in seconds, and with null for what was not seen', () => {
    const types = { 'image/png': { isSizeKept: true, areBytesKept: null, keptAs: 'image/png' } };
    const target = { kind: 'form', host: 'h', livesMs: 900_000.4 } as const;
    const learnt: Learnt = {
      assetId: 'asset_1',
      atMs: sinceMs,
      body: 'json',
      target,
      lagMs: 1_234,
      areListedSizesRight: null,
      types,
    };
    assert.deepEqual(learntLine(learnt), {
      at: '2026-11-27T10:00:00.000Z',
      asset_id: 'asset_1',
      body: 'json',
      target: { kind: 'form', host: 'h', lives_seconds: 900 },
      get_lags_seconds: 1.234,
      types: { 'image/png': { is_size_kept: true, are_bytes_kept: null, kept_as: 'image/png' } },
    });
    const nothing = { at: null, asset_id: null, body: null, target: null, get_lags_seconds: null, types: {} };
    assert.deepEqual(learntLine(nothingLearnt), nothing);
  });
});
