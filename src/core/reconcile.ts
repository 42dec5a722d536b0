import type { Content } from './content.ts';
import type { AssetFacts, ContentEvent, ListedAsset } from './event.ts';
import { isNewSize } from './finding.ts';

type ListedContent = Pick<Content, 'assetId' | 'state' | 'url' | 'sizeBytes' | 'remoteSizeBytes' | 'reasonCode'>;

/**
 * What a listed asset means for the content that is bound to it, or null when it says nothing new. A listing is never
 * evidence of absence, and never moves a content that is on its way backwards: GET and the worker do that.
 */
export function reconcileListed(content: ListedContent, listed: AssetFacts): ContentEvent | null {
  if (content.assetId !== listed.assetId) return null;
  const event: ContentEvent = { type: 'asset', facts: listed, by: 'listing' };
  switch (content.state) {
    case 'missing':
      // It is there after all, in whatever state.
      return event;
    case 'ready':
      return isDrift(content, listed) ? event : null;
    case 'uploaded':
    case 'checking':
    case 'renewing':
      return listed.status === 'ready' ? event : null;
    case 'matching':
    case 'queued':
    case 'reserved':
    case 'rejected':
    case 'gone':
      return null;
    default: {
      const never: never = content.state;
      throw new Error(`Unknown content state ${String(never)}`);
    }
  }
}

/** Whether the listing says anything else of a ready asset than we know. */
function isDrift(content: ListedContent, listed: AssetFacts): boolean {
  const isMoved = listed.url !== null && listed.url !== content.url;
  const isKnownAgain = content.reasonCode === 'unknown_status';
  return listed.status !== 'ready' || isKnownAgain || isMoved || isNewSize(content, listed);
}

/** Watches in which order a listing shows its assets: FLORA documents none. */
export class ListingTrend {
  #lastMs = Number.POSITIVE_INFINITY;
  #isNewestFirst = true;

  add(assets: readonly ListedAsset[]): void {
    for (const { createdAtMs } of assets) {
      // What has no date fits no order.
      if (createdAtMs === null || createdAtMs > this.#lastMs) this.#isNewestFirst = false;
      else this.#lastMs = createdAtMs;
    }
  }

  get isNewestFirst(): boolean {
    return this.#isNewestFirst;
  }

  /** Whether everything that is still to come was created before that time, as far as this walk tells. */
  isOlderThan(timeMs: number): boolean {
    return this.#isNewestFirst && this.#lastMs < timeMs;
  }
}
