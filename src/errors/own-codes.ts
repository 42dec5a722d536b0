import type { CodeEntry } from './code.ts';

/** What is wrong with the settings, the ledger, this process or the daemon that was asked. */
export const ownCodes = {
  config: {
    scope: 'config',
    meaning: 'The settings cannot be used.',
    cure: 'The message names each one, and what would do.',
  },
  usage: {
    scope: 'process',
    meaning: 'What was asked for cannot be meant.',
    cure: 'See the message, and `--help`.',
  },
  unexpected: {
    scope: 'process',
    meaning: 'The daemon met an error that it does not know.',
    cure: 'Its log has the reason: please report it.',
  },
  interrupted: {
    scope: 'process',
    disposition: 'retry',
    meaning: 'The command was interrupted.',
    cure: 'Give it again: it goes on from there.',
  },
  state_dir: {
    scope: 'config',
    meaning: 'The state directory cannot be used, or belongs to another user.',
    cure: 'Let it belong to the user that runs flora-sync, or name another one.',
  },
  sqlite_unusable: {
    scope: 'config',
    meaning: 'The SQLite module cannot be loaded. The ledger is as it was.',
    cure: 'Run `npm rebuild better-sqlite3` with the Node.js that runs flora-sync.',
  },
  ledger_newer: {
    // It stays so until a person does something: no supervisor is to start it again.
    scope: 'config',
    meaning: 'A newer version wrote the ledger.',
    cure: 'Run that version, or set another state directory.',
  },
  ledger_older: {
    scope: 'process',
    meaning: 'An older version wrote the ledger, and this command only reads.',
    cure: 'Start `flora-sync run` or `flora-sync sync` once.',
  },
  ledger_owned: {
    scope: 'process',
    meaning: 'Another daemon owns the ledger.',
    cure: 'Stop it, or give this one its own `--state-dir`.',
  },
  ledger_full: {
    scope: 'process',
    meaning: 'The disk with the ledger is full.',
    cure: 'Make room: the daemon goes on by itself.',
  },
  ledger_io: {
    scope: 'process',
    meaning: 'The ledger cannot be read or written. It is safe as of its last commit.',
    cure: 'See that its disk is healthy, then start again.',
  },
  ledger_closed: {
    scope: 'process',
    meaning: 'The ledger was closed before the disk took the last writes.',
    cure: 'Nothing: they are made again at the next start.',
  },
  ledger_deleted: {
    scope: 'process',
    meaning: 'The ledger was deleted under the running daemon, and was written anew from memory.',
    cure: 'Start again, and find out who deletes files there.',
  },
  ledger_replaced: {
    scope: 'process',
    meaning: 'The ledger was replaced under the running daemon. The other file is set aside.',
    cure: 'Start again. To restore a backup, stop the daemon first.',
  },
  snapshot_failed: {
    scope: 'process',
    disposition: 'retry',
    meaning: 'No snapshot of the ledger could be taken. Uploads go on.',
    cure: 'See that the disk with the state directory is healthy; it is tried again.',
  },
  snapshot_no_room: {
    scope: 'process',
    disposition: 'retry',
    meaning: 'There is no room for a snapshot of the ledger. Uploads go on.',
    cure: 'Make room on the disk with the state directory; it is tried again.',
  },
  control_socket: {
    scope: 'process',
    disposition: 'retry',
    meaning: 'The socket on which other commands ask the daemon is not available.',
    cure: 'A shorter `--state-dir` helps where its path is too long; until then they work on the ledger alone.',
  },
  daemon_stopped: {
    scope: 'process',
    disposition: 'retry',
    meaning: 'The daemon stopped before it had answered. What it did until then stays done.',
    cure: 'Give the command again.',
  },
  daemon_unclear: {
    scope: 'process',
    disposition: 'retry',
    meaning: 'What listens on the socket does not answer as flora-sync does.',
    cure: 'If a daemon of another version runs there, start it again.',
  },
  bad_request: {
    scope: 'file',
    disposition: 'reject',
    meaning: 'The daemon does not understand what was asked.',
    cure: 'If it is of another version than the command, start it again.',
  },
  too_long: {
    scope: 'file',
    disposition: 'reject',
    meaning: 'More was asked of the daemon than it reads at once.',
    cure: 'Ask for fewer paths at a time.',
  },
  asker_gone: {
    scope: 'file',
    disposition: 'reject',
    meaning: 'Who asked the daemon went away before it had answered.',
    cure: 'Give the command again if you still want to know.',
  },
  emulator_data_dir_in_use: {
    scope: 'process',
    meaning: 'Another emulator uses the directory.',
    cure: 'Stop it, or name another directory.',
  },
  emulator_port_in_use: {
    scope: 'process',
    meaning: 'The port of the emulator is in use.',
    cure: 'Choose another port, or 0 for any free one.',
  },
  emulator_dialect_unknown: {
    scope: 'process',
    meaning: 'The emulator knows no such dialect.',
    cure: 'Choose one of those that the message names.',
  },
  emulator_failed: {
    scope: 'process',
    meaning: 'The emulator cannot start.',
    cure: 'See the message.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
