import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '../../errors.ts';

export interface Snapshot {
  readonly name: string;
  readonly path: string;
  /** By the clock of that time. */
  readonly takenAtMs: number;
}

const directoryName = 'snapshots';
const snapshotName = /^ledger-(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)\.sqlite$/;
const dayMs = 24 * 3_600_000;

/** A time as it stands in file names: in UTC, so that their order as text is that of time. */
export function stampOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[:.]/g, '-');
}

export function snapshotsDirectory(stateDir: string): string {
  return join(stateDir, directoryName);
}

export function snapshotPath(stateDir: string, takenAtMs: number): string {
  return join(snapshotsDirectory(stateDir), `ledger-${stampOf(takenAtMs)}.sqlite`);
}

/**
 * The snapshots that are there, by their names, newest first. What is more than a day ahead of `nowMs` was taken under a
 * wrong clock: it counts as the oldest, or it would be the newest for years.
 */
export function listSnapshots(stateDir: string, nowMs: number): readonly Snapshot[] {
  const ageMs = ({ takenAtMs }: Snapshot) =>
    takenAtMs > nowMs + dayMs ? Number.MAX_SAFE_INTEGER - takenAtMs : nowMs - takenAtMs;
  return namesIn(snapshotsDirectory(stateDir))
    .flatMap((name) => {
      const takenAtMs = takenAt(name);
      return takenAtMs === undefined ? [] : [{ name, path: join(snapshotsDirectory(stateDir), name), takenAtMs }];
    })
    .sort((a, b) => ageMs(a) - ageMs(b));
}

/** What snapshots that were never finished have left behind. */
export function listUnfinished(stateDir: string): readonly string[] {
  const directory = snapshotsDirectory(stateDir);
  return namesIn(directory)
    .filter((name) => name.startsWith('ledger-') && name.includes('.sqlite.partial'))
    .map((name) => join(directory, name));
}

function takenAt(name: string): number | undefined {
  const [, hours, minutes, seconds, rest] = snapshotName.exec(name) ?? [];
  const ms = Date.parse(`${hours}:${minutes}:${seconds}.${rest}`);
  return Number.isNaN(ms) ? undefined : ms;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}
