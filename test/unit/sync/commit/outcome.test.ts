import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Action } from '../../../../src/core/next-action.ts';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { eventFromError } from '../../../../src/sync/commit/outcome.ts';
import { target } from '../../../support/contents.ts';
import { floraError } from '../../../support/uploading.ts';

const actions = {
  reserve: { type: 'reserve', idempotencyKey: 'k' },
  renew: { type: 'renew', assetId: 'asset_1', idempotencyKey: 'k' },
  complete: { type: 'complete', assetId: 'asset_1', idempotencyKey: 'k' },
  check: { type: 'check', assetId: 'asset_1' },
  upload: { type: 'upload', assetId: 'asset_1', target },
} as const satisfies Record<string, Action>;

/** What an error of this code means after each of these actions. */
function meanings(code: ErrorCode, ...more: readonly [patch?: Parameters<typeof floraError>[1], wasUnclear?: boolean]) {
  const [patch = {}, wasUnclear] = more;
  const error = floraError(code, patch);
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]) => [name, eventFromError(action, error, wasUnclear)]),
  );
}

describe('what the error of a request means for its content', () => {
  it('is a spent key where one was asked with, and else that FLORA has another idea of the asset', () => {
    const spent = { type: 'key-spent', reason: 'key_spent' };
    const conflict = { type: 'conflict', reason: 'key_spent' };
    assert.deepEqual(meanings('key_spent'), {
      reserve: spent,
      renew: spent,
      complete: conflict,
      check: conflict,
      upload: conflict,
    });
  });

  it('is a conflict, but for a reservation, which is tried again with its key', () => {
    const conflict = { type: 'conflict', reason: 'conflict' };
    assert.deepEqual(meanings('conflict', { retryAfterMs: 7 }), {
      reserve: { type: 'trouble', code: 'conflict', reason: 'conflict', retryAfterMs: 7 },
      renew: conflict,
      complete: conflict,
      check: conflict,
      upload: conflict,
    });
  });

  it('is a refusal of the form of the body, of the bytes or of the upload, or an asset that is not there', () => {
    for (const [code, wasUnclear, event] of [
      ['body_refused', false, { type: 'body-refused', reason: 'body_refused' }],
      ['not_found', false, { type: 'asset-missing', isControlled: false }],
      [
        'bytes_refused',
        undefined,
        { type: 'bytes-refused', reason: 'bytes_refused', isAboutBytes: true, wasUnclear: false },
      ],
      [
        'upload_refused',
        true,
        { type: 'bytes-refused', reason: 'upload_refused', isAboutBytes: false, wasUnclear: true },
      ],
    ] as const)
      for (const [name, meant] of Object.entries(meanings(code, {}, wasUnclear)))
        assert.deepEqual(meant, event, `${code} of ${name}`);
  });

  it('is passing trouble where FLORA did not reject it, with the wait that it names', () => {
    for (const [patch, retryAfterMs] of [
      [{ disposition: 'retry', retryAfterMs: 9 }, 9],
      [{ disposition: 'wait' }, null],
      [{}, null],
    ] as const)
      for (const meant of Object.values(meanings('server_error', patch)))
        assert.deepEqual(meant, { type: 'trouble', code: 'server_error', reason: 'server_error', retryAfterMs });
  });

  it('is the end of a content whose request FLORA rejects, as long as no byte may be there', () => {
    const code = 'input_validation_error' as ErrorCode;
    const refused = { type: 'refused', code, reason: code };
    const trouble = { type: 'trouble', code, reason: code, retryAfterMs: null };
    assert.deepEqual(meanings(code, { disposition: 'reject' }), {
      reserve: refused,
      upload: refused,
      renew: { type: 'conflict', reason: code },
      complete: trouble,
      check: trouble,
    });
  });
});
