/** What a watch reports; paths are the absolute paths that were armed. */
export interface WatchEvents {
  /** `name` is null where the system gives none, or not the bytes of it. A directory's own end comes under its own name. */
  readonly onRaw: (path: string, event: string, name: string | null) => void;
  readonly onDirectoryAdded: (path: string) => void;
  /** The backend closes the watch of this path, and those below, by itself. */
  readonly onDirectoryRemoved: (path: string) => void;
  readonly onError: (path: string | null, error: unknown) => void;
}

/** One way of watching single directories, not their subdirectories. */
export interface WatchBackend {
  /** Starts to watch; failures go to `onError`. A path must not be armed twice. */
  arm(path: string): void;
  isArmed(path: string): boolean;
  disarm(path: string): void;
  close(): Promise<void>;
}
