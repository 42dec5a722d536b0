/**
 * The states of a content's way to FLORA, stored as written. What waits is a column (`notBeforeMs`), not a state. The
 * table with each state's durable facts is in ARCHITECTURE.md.
 */
export const contentStates = [
  'matching',
  'queued',
  'reserved',
  'uploaded',
  'checking',
  'renewing',
  'ready',
  'missing',
  'rejected',
  'gone',
] as const;

export type ContentState = (typeof contentStates)[number];

/** The state of a file: that of its content, unless a rule leaves the file alone. */
export type FileState = ContentState | 'excluded';
export const fileStates: readonly FileState[] = [...contentStates, 'excluded'];

/** Where the bytes go: a form with fields that must be sent unaltered, or a plain PUT. Holds secrets: never log it. */
export type UploadTarget =
  | {
      readonly kind: 'form';
      readonly url: string;
      readonly fileField: string;
      readonly formFields: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'put'; readonly url: string };

/**
 * The bytes of one or more files at one destination, and their one asset. There is exactly one such row for each
 * (destination, sha256, twin), so a second live asset for the same bytes has no place to be written. Twins other than 0
 * exist only where a drop folder's copies do not share an asset.
 */
export interface Content {
  readonly id: number;
  readonly destinationId: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly twin: number;
  readonly sizeBytes: number;
  readonly contentType: string;
  /** The name FLORA gets: that of the first file seen with these bytes, in NFC. */
  readonly fileName: string;
  readonly state: ContentState;
  /** Counts idempotency keys: a new one whenever a reservation is given up before its bytes were confirmed. */
  readonly generation: number;
  readonly idempotencyKey: string;
  /** Counts targets of the present asset; part of the keys of `complete` and `retry`. */
  readonly renewals: number;
  readonly assetId: string | null;
  /** Where the ready asset can be seen. */
  readonly url: string | null;
  /** The size that FLORA reports of the ready asset, where it is another than that of the file. */
  readonly remoteSizeBytes: number | null;
  readonly target: UploadTarget | null;
  /** By our clock; null when FLORA named no expiry. */
  readonly targetExpiresAtMs: number | null;
  /** The present target has answered 2xx to all our bytes. */
  readonly areBytesConfirmed: boolean;
  /** `complete` may have been sent for this asset, so it can become ready on its own: it must not be given up. */
  readonly isCompleteSent: boolean;
  /** FLORA accepted `complete` for the present target and is processing. */
  readonly isCompleteAccepted: boolean;
  /** All bytes may have reached a target of this asset, though none confirmed them: it may become ready without `complete`. */
  readonly mayHaveAllBytes: boolean;
  /** Tries of the present step; back to 0 after progress. */
  readonly attempts: number;
  /** How often FLORA failed or refused these bytes for reasons of their own. */
  readonly strikes: number;
  /** How often FLORA accepted these bytes and failed to process them; refusals by a target are strikes, not failures. */
  readonly failures: number;
  /** When FLORA first answered 404 for this asset; null once it was seen again. */
  readonly missingSinceMs: number | null;
  /** Due from this time on, milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Why it waits, was rejected or is gone; of what is ready: what is odd about it (finding.ts). */
  readonly reasonCode: string | null;
  readonly reason: string | null;
  /** Grows with each commit; the compare-and-set key. */
  readonly revision: number;
}

/**
 * Up to this size a body leaves in one piece: once its upload has begun, all of it may have arrived. Of a larger one that is
 * written down before its last piece leaves.
 */
export const oneBufferBytes = 1 << 20;

/** Whether its asset may become ready by itself: then one 404 or a refused renewal is no reason to make another. */
export function mayBecomeReady({ isCompleteSent, mayHaveAllBytes }: Content): boolean {
  return isCompleteSent || mayHaveAllBytes;
}

/** Whether the engine still has work to do on it. */
export function isActive(state: FileState): boolean {
  return state !== 'excluded' && state !== 'ready' && state !== 'missing' && state !== 'rejected' && state !== 'gone';
}

/** Whether the local file is still needed to go on. */
export function needsSource(content: Content): boolean {
  return content.state === 'queued' || content.state === 'reserved' || content.state === 'renewing';
}
