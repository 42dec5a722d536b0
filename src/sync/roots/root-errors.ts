import { displayName } from '../../core/name.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { SyncError } from '../../errors.ts';

/** Nothing is at the root, or nothing that can be read. */
export function missing(root: string): SyncError {
  const what = 'is not there or cannot be read';
  return halted(root, 'folder_missing', what, 'See that the drive is mounted; it goes on by itself.');
}

/** Another directory is at the root, with nothing in it: what an unmounted drive leaves behind. */
export function replacedByEmpty(root: string): SyncError {
  const what = 'is empty, and not the directory that it was: its drive seems not to be mounted';
  return halted(root, 'folder_replaced', what, `Mount it; it goes on by itself. ${acceptance(root)}`);
}

/** Another directory is at the root, with something in it, but nothing of what we know. */
export function replacedByOther(root: string, missingNames: number): SyncError {
  const names =
    missingNames === 1
      ? 'the one name known at its top is missing'
      : `all ${missingNames} names known at its top are missing`;
  const what = `is another directory than it was, and ${names}: another drive seems to be mounted there`;
  return halted(root, 'folder_replaced', what, `It goes on by itself when the right one is back. ${acceptance(root)}`);
}

/** The root is the same, on a server, and lists nothing any more. */
export function emptied(root: string, patienceMs: number): SyncError {
  const minutes = Math.round(patienceMs / 60_000);
  const what = 'is on a server, and everything in it vanished at once';
  const hint = `Servers answer so by mistake, too. It goes on when something is there again, or is believed after ${minutes} minutes. `;
  return halted(root, 'folder_empty', what, hint + acceptance(root));
}

function acceptance(root: string): string {
  return `If it is meant to be so, \`flora-sync resume ${displayName(root)}\` accepts it.`;
}

// The hint stands in the message too: `status` shows messages only.
function halted(root: string, code: ErrorCode, what: string, hint: string): SyncError {
  const consequence = 'Nothing is taken from there, and nothing counts as gone.';
  return new SyncError(`The drop folder ${displayName(root)} ${what}. ${consequence} ${hint}`, {
    code,
    scope: 'folder',
    disposition: 'wait',
    op: 'scan',
    path: root,
    hint,
  });
}
