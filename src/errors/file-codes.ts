import type { CodeEntry } from './code.ts';

/** Why a file is not sent as it is, or not yet: what is found on this machine. */
export const fileCodes = {
  empty: {
    scope: 'file',
    meaning: 'The file has no bytes.',
    cure: 'Write it again, with its content.',
  },
  unsupported_type: {
    scope: 'file',
    meaning: 'By its content the file is of no accepted type, or of another type than its name says.',
    cure: '`flora-sync why` lists what is accepted; `FLORA_SYNC_ACCEPT` changes it.',
  },
  too_many_megapixels: {
    scope: 'file',
    meaning: 'The picture has more megapixels than FLORA takes.',
    cure: 'Save it smaller.',
  },
  unfinished: {
    scope: 'file',
    meaning: 'The file is not whole yet: its beginning, its end or its tables are missing.',
    cure: 'Nothing while it is being written: it is looked at again by itself, and whenever it changes.',
  },
  unreadable: {
    scope: 'file',
    meaning: 'The file may not be read.',
    cure: 'Give the user of flora-sync read permission, then `flora-sync retry` it.',
  },
  read_error: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'Reading the file failed.',
    cure: 'Check the disk or the network mount; it is tried again.',
  },
  unreadable_directory: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'A directory in the drop folder cannot be listed. Nothing in it counts as gone.',
    cure: 'Give the user of flora-sync read and search permission, or check the disk.',
  },
  path_too_long: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'The path is longer than the system allows.',
    cure: 'Move it further up, or shorten its name.',
  },
  not_a_regular_file: {
    scope: 'file',
    meaning: 'It is a pipe, a socket or a device.',
    cure: 'Take it out of the drop folder, or leave it: it is never sent.',
  },
  symlink_outside: {
    scope: 'file',
    meaning: 'It is a link that leads out of the drop folder, or that cannot be resolved.',
    cure: 'Put the file itself into the drop folder: links are not followed.',
  },
  symlink_dangling: {
    scope: 'file',
    meaning: 'It is a link that leads to nothing, or back to itself.',
    cure: 'Mend or remove the link.',
  },
  outside_root: {
    scope: 'file',
    meaning: 'When it was opened, its path led out of the drop folder.',
    cure: 'See which directory on its way is a link or a mount that changes.',
  },
  mount_missing: {
    scope: 'file',
    meaning: 'A drive that was mounted inside the drop folder is not. Its files stay as they were.',
    cure: 'Mount it again; it goes on by itself.',
  },
  source_changed: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'The file changed or went away while it was being sent. Nothing was completed.',
    cure: 'Nothing: it is sent again once it has settled.',
  },
  source_lost: {
    scope: 'file',
    meaning: 'The file was settled, and went away before it could be sent.',
    cure: 'Put it back if it is wanted.',
  },
  folder_away: {
    scope: 'file',
    meaning: 'The drop folder of the file is halted, so nothing is sent from there.',
    cure: 'See what `flora-sync status` says of the folder.',
  },
  row_changed: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'Somebody else changed what the ledger says of the file while it was being sent.',
    cure: 'Nothing: it goes on from what the ledger says now.',
  },
  too_many_open_files: {
    scope: 'file',
    disposition: 'retry',
    meaning: 'No more files or connections can be open at once.',
    cure: 'Raise the limit: `ulimit -n`, or `LimitNOFILE=` in the systemd unit. It goes on with fewer at once.',
  },
  excluded: {
    scope: 'file',
    meaning: 'A rule of the drop folder leaves the file alone. What FLORA has of it stays.',
    cure: 'Nothing, if it is meant so; else change the rule, which the reason names.',
  },
  rules_unusable: {
    scope: 'folder',
    meaning: 'The file `.floraignore` of the drop folder cannot be used. The rules before it stay.',
    cure: 'Mend the line that the reason names.',
  },
  folder_missing: {
    scope: 'folder',
    disposition: 'retry',
    meaning: 'The drop folder does not exist. Nothing counts as gone.',
    cure: 'Create it, mount it, or correct `FLORA_SYNC_FOLDER`; it is picked up when it is there.',
  },
  folder_not_directory: {
    scope: 'folder',
    disposition: 'retry',
    meaning: 'The drop folder is not a directory.',
    cure: 'Name the directory that holds the files in `FLORA_SYNC_FOLDER`.',
  },
  folder_unreadable: {
    scope: 'folder',
    disposition: 'retry',
    meaning: 'The drop folder cannot be read.',
    cure: 'Give the user of flora-sync read and search permission, or check the disk.',
  },
  folder_replaced: {
    scope: 'folder',
    disposition: 'wait',
    meaning: 'Another directory is where the drop folder was. Nothing counts as gone or as new.',
    cure: 'Mount the right drive; or, if it is meant to be so, `flora-sync resume <folder>`.',
  },
  folder_empty: {
    scope: 'folder',
    disposition: 'wait',
    meaning: 'Everything in a drop folder on a server vanished at once. Nothing counts as gone.',
    cure: 'It goes on when something is there again, or after an hour; `flora-sync resume <folder>` accepts it.',
  },
  watch_limit: {
    scope: 'folder',
    disposition: 'wait',
    meaning: 'The limit of directories that may be watched is reached. The periodic scan carries the rest.',
    cure: 'Raise it: the message has the `sysctl` line with the number that would do.',
  },
  watch_failed: {
    scope: 'folder',
    disposition: 'retry',
    meaning: 'A directory cannot be watched. The periodic scan carries it.',
    cure: 'See the message; on file systems without events there is nothing to do.',
  },
  network_mount: {
    scope: 'folder',
    meaning:
      'The drop folder is on a network or FUSE mount, so what other hosts write is looked for from time to time.',
    cure: 'Nothing.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
