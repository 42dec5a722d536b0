import type { MatchingSummary } from '../core/records.ts';
import type { FileSum } from '../ledger/reports.ts';
import { describeLeft, type InHand } from './in-hand.ts';
import { showBytes } from './show/bytes.ts';
import { plural, showCount } from './show/count.ts';
import { type Line, prose, type Screen } from './show/lines.ts';
import { describeUnready } from './show/states.ts';
import { showSeconds } from './show/time.ts';

/** The contract's summary of one `sync`. */
export interface SyncSummary {
  readonly ready: number;
  readonly uploaded: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly failed: number;
  readonly pending: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface Synced {
  readonly summary: SyncSummary;
  readonly matching: MatchingSummary | null;
  /** Files that are ready, with something odd about their asset. */
  readonly odd: number;
  /** How many files share a state and a reason. */
  readonly sums: readonly FileSum[];
  /** Files that are not in the ledger, or not as they are now: it did not wait for them any longer. */
  readonly left: InHand;
  readonly folders: readonly string[];
}

/** What a `sync` tells people at its end. */
export function summaryLines({ summary, matching, odd, sums, left, folders }: Synced, screen: Screen): readonly Line[] {
  const { ready, uploaded, unchanged, pending, bytes, seconds } = summary;
  const unready = describeUnready(sums);
  const texts = [
    `${plural(ready, 'file')} ready in FLORA (${showCount(uploaded)} uploaded now, ${showCount(unchanged)} unchanged), ` +
      `${showBytes(bytes)} sent in ${showSeconds(seconds)}`,
    matching === null || matching.adopted === 0 ? null : describeAdopted(matching),
    unready === null ? null : `${unready}: \`flora-sync ls\` tells why`,
    odd === 0
      ? null
      : `${showCount(odd)} ready but odd in FLORA (converted, or of another size): \`flora-sync status\` tells`,
    pending === 0 ? null : `${showCount(pending)} not finished: still being written or on their way`,
  ];
  const lines = texts.flatMap((text) => (text === null ? [] : prose(text, screen)));
  return [...lines, ...describeLeft(left, folders, screen)];
}

function describeAdopted({ adopted, fetchedBytes }: MatchingSummary): string {
  const found = `${plural(adopted, 'content')} ${adopted === 1 ? 'was' : 'were'} in FLORA already`;
  return `${found}: recognised by the bytes, ${showBytes(fetchedBytes)} fetched to compare`;
}
