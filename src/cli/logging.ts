import type { DestinationStream } from 'pino';
import type { Config } from '../config.ts';
import { createLogger } from '../logger.ts';

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
