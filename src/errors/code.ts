/** What is affected: one file, the FLORA service as a whole, one drop folder, the settings, or this process. */
export type ErrorScope = 'file' | 'service' | 'folder' | 'config' | 'process';

/**
 * What is known of another try: the same may work later (`retry`), will never work (`reject`), or has to `wait` for a person (key,
 * credits). Whatever is none of these, the one who asked decides by its code: what was done is not known, say.
 */
export type ErrorDisposition = 'retry' | 'reject' | 'wait';

/** One code, and what people are told of it. The texts go into config/README.md. */
export interface CodeEntry {
  /** Of an error with this code, unless it says otherwise itself. */
  readonly scope: ErrorScope;
  readonly disposition?: ErrorDisposition;
  /** A sentence: what has happened. */
  readonly meaning: string;
  /** A sentence: what a person can do, or that there is nothing to do. */
  readonly cure: string;
}
