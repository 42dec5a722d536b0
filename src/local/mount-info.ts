import { readFileSync } from 'node:fs';
import { decodeName } from '../core/name.ts';
import { errnoCode } from '../errors.ts';

/** One line of the kernel's list of mounts (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: string;
  readonly device: string;
  /** The directory within the file system that is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  /** File system, source and options, as they stand there. */
  readonly source: string;
}

/** The list as it is; null where there is none (macOS). */
export function readMountInfo(): Buffer | null {
  if (process.platform !== 'linux') return null;
  try {
    return readFileSync('/proc/self/mountinfo');
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    return null;
  }
}

export function mountsIn(list: Buffer): readonly Mount[] {
  // Latin-1 keeps each byte as it is: names need not be UTF-8.
  const lines = list.toString('latin1').split('\n');
  return lines.flatMap((line) => {
    const [id = '', , device = '', root = '', mountPoint] = line.split(' ');
    if (mountPoint === undefined) return [];
    return [
      { id, device, root: nameOf(root), mountPoint: nameOf(mountPoint), source: line.slice(line.indexOf(' - ')) },
    ];
  });
}

/** Space, tab, newline and backslash stand there as `\040` and so on. */
function nameOf(field: string): string {
  const bytes = field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return decodeName(Buffer.from(bytes, 'latin1'));
}
