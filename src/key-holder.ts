import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { reloadApiKey } from './config-key.ts';
import type { SyncError } from './errors.ts';
import type { Logger } from './logger.ts';

export interface KeyHolder {
  /** The key as it is now; for the Authorization header, and nowhere else. */
  current(): string;
  /** Reads the key anew from where it came when FLORA refused it: keys are rotated by cut-over. */
  refused(error: SyncError): void;
}

export function holdKey({ apiKey, apiKeySource }: Pick<Config, 'apiKey' | 'apiKeySource'>, log: Logger): KeyHolder {
  let key = apiKey;
  return {
    current: () => key.reveal(),
    refused: (error) => {
      if (error.code !== 'key_refused') return;
      try {
        const fresh = reloadApiKey(apiKeySource, process.env);
        if (fresh.reveal() !== key.reveal())
          log.info({ source: apiKeySource.kind }, 'the API key was changed; trying it');
        key = fresh;
      } catch (problem) {
        if (!(problem instanceof ConfigError)) throw problem;
        log.warn({ source: apiKeySource.kind }, problem.message);
      }
    },
  };
}
