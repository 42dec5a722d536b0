import type { DestinationStream } from 'pino';
import { looseFiles } from '../config/guard.ts';
import type { Config } from '../config/load.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';

/** The command's logger: JSON on stderr, or pretty when a terminal reads along. */
export function loggerFor(config: Pick<Config, 'logLevel'>, destination?: DestinationStream) {
  const pretty = process.stderr.isTTY === true;
  const color = process.env['NO_COLOR'] === undefined || process.env['NO_COLOR'] === '';
  return createLogger({ level: config.logLevel, pretty, color, ...(destination === undefined ? {} : { destination }) });
}

/** Without the lines about what goes well, where the command's own output tells it. */
export function quieter(level: Config['logLevel']): Config['logLevel'] {
  return level === 'info' ? 'warn' : level;
}

/** For the daemon and for `sync`, once at their start: files of the settings on which others may lay hands. */
export function warnOfLooseFiles(config: Pick<Config, 'configFile' | 'apiKeySource'>, log: Logger): void {
  for (const { path, problem, hint } of looseFiles(config)) log.warn({ path, hint }, problem);
}
