import { reloadApiKey } from '../config/api-key.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/load.ts';
import { type Clock, repeat, systemClock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

export interface KeyHolder {
  /** The key as it is now; for the Authorization header, and nowhere else. */
  current(): string;
  /** Reads the key anew from where it came; true when it is another one. Keeps the old one when there is none to read. */
  reload(): boolean;
}

export function holdKey({ apiKey, apiKeySource }: Pick<Config, 'apiKey' | 'apiKeySource'>, log: Logger): KeyHolder {
  let key = apiKey;
  let lastProblem = '';
  return {
    current: () => key.reveal(),
    reload: () => {
      try {
        const fresh = reloadApiKey(apiKeySource, process.env);
        lastProblem = '';
        if (fresh.reveal() === key.reveal()) return false;
        key = fresh;
        log.info({ source: apiKeySource.kind }, 'the API key was changed');
        return true;
      } catch (problem) {
        if (!(problem instanceof ConfigError)) throw problem;
        // While somebody writes the file it may be empty: told once, tried again.
        if (problem.message !== lastProblem) log.warn({ source: apiKeySource.kind }, problem.message);
        lastProblem = problem.message;
        return false;
      }
    },
  };
}

const lookForKeyMs = 5_000;

/** Looks for another key where it came from; `onChange` is told when there is one. Keys are rotated by cut-over. */
export async function lookForNewKey(
  key: KeyHolder,
  onChange: () => void,
  signal: AbortSignal,
  clock: Pick<Clock, 'sleep'> = systemClock,
): Promise<void> {
  const look = async () => {
    if (key.reload()) onChange();
  };
  await repeat(lookForKeyMs, signal, look, clock);
}
