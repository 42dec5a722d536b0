import { EventEmitter } from 'node:events';
import type { Content } from '../core/content.ts';
import type { DropFolder } from '../core/drop-folder.ts';
import type { SyncError } from '../errors.ts';

/** What an engine is doing. */
export type EngineState = 'starting' | 'scanning' | 'watching' | 'draining';

/** What happens in an engine, by name. A fact that must survive a crash is a row of the ledger, not an event. */
export interface EngineEventMap {
  /** A content's row is another now, durably. */
  'content:changed': [before: Content, after: Content];
  /** So many bytes of a content were handed to the network; they may be sent again. */
  'content:sent': [content: Content, bytes: number];
  /** Something changed about the files that are settled, read and admitted. */
  'intake:changed': [];
  /** No content is on its way to FLORA any more. */
  'uploads:idle': [];
  /** FLORA is in trouble as a whole, or for another reason than before (error), or answers again (null). */
  'flora:trouble': [trouble: SyncError | null];
  /** A drop folder cannot be believed any more (error), or can again (null). */
  'folder:trouble': [folder: DropFolder, trouble: SyncError | null];
  /** The watcher has lost events of a folder: everything has to be scanned. */
  'watch:overflow': [folder: DropFolder];
}

/** Any number may listen. A listener that throws is a bug, and ends the engine as any other does. */
export class EngineEvents extends EventEmitter<EngineEventMap> {}
