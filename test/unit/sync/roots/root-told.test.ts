import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mountMissing } from '../../../../src/sync/roots/lost-mount.ts';
import { emptied, missing, replacedByEmpty, replacedByOther } from '../../../../src/sync/roots/root-errors.ts';

const nothing = 'Nothing is taken from there, and nothing counts as gone.';
const accepts = 'If it is meant to be so, `flora-sync resume /drop` accepts it.';

describe('what a person is told of a drop folder', () => {
  for (const [name, error, code, what, hint] of [
    [
      'that is missing',
      missing('/drop'),
      'folder_missing',
      'is not there or cannot be read',
      'See that the drive is mounted; it goes on by itself.',
    ],
    [
      'that is another and empty one',
      replacedByEmpty('/drop'),
      'folder_replaced',
      'is empty, and not the directory that it was: its drive seems not to be mounted',
      `Mount it; it goes on by itself. ${accepts}`,
    ],
    [
      'that is another one',
      replacedByOther('/drop', 2),
      'folder_replaced',
      'is another directory than it was, and all 2 names known at its top are missing: another drive seems to be mounted there',
      `It goes on by itself when the right one is back. ${accepts}`,
    ],
    [
      'that is another one, of which one name was known',
      replacedByOther('/drop', 1),
      'folder_replaced',
      'is another directory than it was, and the one name known at its top is missing: another drive seems to be mounted there',
      `It goes on by itself when the right one is back. ${accepts}`,
    ],
    [
      'that a server lists as empty',
      emptied('/drop', 90_000 * 60),
      'folder_empty',
      'is on a server, and everything in it vanished at once',
      `Servers answer so by mistake, too. It goes on when something is there again, or is believed after 90 minutes. ${accepts}`,
    ],
  ] as const) {
    it(name, () => {
      const { message, scope, disposition, op, path } = error;
      assert.equal(message, `The drop folder /drop ${what}. ${nothing} ${hint}`);
      assert.deepEqual(
        { code: error.code, scope, disposition, op, path, hint: error.hint },
        { code, scope: 'folder', disposition: 'wait', op: 'scan', path: '/drop', hint },
      );
    });
  }

  it('of which a drive is away', () => {
    assert.deepEqual(mountMissing, {
      code: 'mount_missing',
      reason:
        'The drive that was mounted here is not: its files are left as they were until it is back, or something else is here.',
    });
  });
});
