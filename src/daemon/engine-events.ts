import type { Content } from '../core/content.ts';
import type { SyncError } from '../errors.ts';

/** What commands want to see of the engine while it works. */
export interface EngineObserver {
  onChange?(before: Content, after: Content): void;
  onSent?(content: Content, bytes: number): void;
  /** Something changed about the files that are settled and digested. */
  onIntake?(): void;
  /** Nothing is on its way to FLORA any more. */
  onIdle?(): void;
  /** The door to FLORA closed (error) or opened (null). */
  onTrouble?(trouble: SyncError | null): void;
}
