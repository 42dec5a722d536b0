import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentStates } from '../../../src/core/content.ts';
import { failedStates, failureCodes } from '../../../src/core/failure.ts';
import { codes } from '../../../src/errors/codes.ts';

describe('what has failed', () => {
  it('is a file of which nobody knows whether it is acceptable, and none with a problem of its own', () => {
    const failed = Object.keys(codes).filter((code) => failureCodes.has(code));
    assert.deepEqual(failed.sort(), ['mount_missing', 'read_error', 'unreadable', 'unreadable_directory']);
    assert.equal(failureCodes.size, failed.length, 'each is a code that there is');
  });

  it('is a content that was refused or is missing, not one that goes on, is ready, or whose file went', () => {
    assert.deepEqual(
      contentStates.filter((state) => failedStates.has(state)),
      ['missing', 'rejected'],
    );
  });
});
