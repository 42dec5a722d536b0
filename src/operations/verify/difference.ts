import { displayName } from '../../core/name.ts';
import type { systemClock } from '../../runtime/clock.ts';

/** How what is there differs from what the ledger says. */
export type DifferenceKind =
  /** The drop folder is not there, or is another and empty one: nothing is said of the files in it. */
  | 'folder_missing'
  | 'folder_replaced'
  | 'missing_local'
  | 'size'
  | 'digest'
  /** It changed while it was read. */
  | 'changed'
  | 'unreadable'
  /** It is there, and the ledger does not know it. */
  | 'untracked'
  | 'missing_remote'
  | 'remote_state'
  | 'remote_size'
  | 'remote_digest'
  /** FLORA could not be asked about it. */
  | 'unverified';

type Value = string | number | null;

export interface Difference {
  readonly path: string;
  readonly difference: DifferenceKind;
  readonly expected: Value;
  readonly found: Value;
}

/** Counts what was looked at, and hands each difference on as it is found. */
export class Findings {
  files = 0;
  bytesRead = 0;
  assets = 0;
  bytesDownloaded = 0;
  /** Files that are not at their end yet: no difference. */
  pending = 0;
  /** Files that are not acceptable, and so have no digest to compare. */
  rejected = 0;
  differences = 0;
  readonly #onDifference: (difference: Difference) => Promise<void>;

  constructor(onDifference: (difference: Difference) => Promise<void>) {
    this.#onDifference = onDifference;
  }

  async differ(path: string, difference: DifferenceKind, expected: Value, found: Value): Promise<void> {
    this.differences += 1;
    await this.#onDifference({ path: displayName(path), difference, expected, found });
  }

  summary(startedMs: number, clock: Pick<typeof systemClock, 'monotonic'>) {
    return {
      files: this.files,
      bytes_read: this.bytesRead,
      assets: this.assets,
      bytes_downloaded: this.bytesDownloaded,
      pending: this.pending,
      rejected: this.rejected,
      differences: this.differences,
      seconds: Math.round(clock.monotonic() - startedMs) / 1000,
    };
  }
}
