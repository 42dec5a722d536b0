import { type Stats, statSync } from 'node:fs';
import { errnoCode } from '../errors.ts';
import type { ApiKeySource } from './api-key.ts';

/** A file of the settings on which others may lay hands. Nothing of what it holds is in any of the texts. */
interface LooseFile {
  /** Absolute. */
  readonly path: string;
  /** What is wrong, as a sentence with the path in it. */
  readonly problem: string;
  /** What would do. */
  readonly hint: string;
}

/** Numeric ids of the user that runs this. */
interface Self {
  readonly uid: number;
}

interface Used {
  readonly configFile: string | null;
  readonly apiKeySource: ApiKeySource | undefined;
}

const groupOrOthersWrite = 0o022;
const othersRead = 0o004;
const groupReads = 0o040;
const root = 0;

/** The files that were read and that others can change, or whose key they can read. Links are followed, as for reading. */
export function looseFiles(
  { configFile, apiKeySource }: Used,
  self: Self = { uid: process.geteuid?.() ?? root },
): readonly LooseFile[] {
  // A credential is in systemd's keeping, whose access list looks like permissions of a group.
  const keyFile = apiKeySource?.kind === 'file' ? apiKeySource.path : null;
  return [
    ...(configFile === null ? [] : judged(configFile, 'configuration', self, () => null)),
    ...(keyFile === null ? [] : judged(keyFile, 'key', self, (stats) => readableBy(stats, self))),
  ];
}

function judged(
  path: string,
  what: string,
  self: Self,
  readers: (stats: Stats) => string | null,
): readonly LooseFile[] {
  const stats = look(path);
  // What is no file, such as a pipe of the shell's, is nobody else's.
  if (stats === null || !stats.isFile()) return [];
  const found = [
    ...(stats.uid === self.uid || stats.uid === root ? [] : [`belongs to another user (uid ${stats.uid})`]),
    ...((stats.mode & groupOrOthersWrite) === 0 ? [] : [`can be changed by ${whose(stats.mode, groupOrOthersWrite)}`]),
    ...[readers(stats)].filter((each) => each !== null),
  ];
  if (found.length === 0) return [];
  const mode = what === 'key' ? 'chmod 600' : 'chmod go-w';
  const hint =
    stats.uid === self.uid ? `${mode} ${path}` : `Let it belong to the user that runs flora-sync, with ${mode}`;
  return [{ path, problem: `The ${what} file ${path} ${found.join(' and ')}`, hint }];
}

/** Who is not its owner may well read it through its group: then that is what the group is for. */
function readableBy({ mode, uid }: Stats, self: Self): string | null {
  const bits = othersRead | (uid === self.uid ? groupReads : 0);
  return (mode & bits) === 0 ? null : `can be read by ${whose(mode, bits)}`;
}

function whose(mode: number, bits: number): string {
  return (mode & bits & 0o007) === 0 ? 'its group' : 'other users';
}

/** Null where it has gone since it was read. */
function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return null;
  }
}
