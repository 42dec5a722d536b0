// What the engine needs of the process it runs in: time, chance, and somewhere to tell.

export interface ClockPort {
  now(): number;
  monotonic(): number;
  setTimer(delayMs: number, callback: () => void): { cancel(): void };
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Resolves after one turn of the event loop: what is ready goes first. */
  turn(): Promise<void>;
}

export interface RandomPort {
  fraction(): number;
  token(): string;
}

/** pino's shape: facts first, then the sentence. */
export interface LogPort {
  /** Whether such lines are written at all; absent: they may be. */
  isLevelEnabled?(level: 'debug' | 'info'): boolean;
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
