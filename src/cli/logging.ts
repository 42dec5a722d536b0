import type { DestinationStream } from 'pino';
import { looseFiles } from '../config/guard.ts';
import type { Config } from '../config/load.ts';
import type { ConfigFlags } from '../config/sources.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';
import { hasColors } from './output.ts';

/** The command's logger: JSON on stderr, or pretty when a terminal reads along. */
export function loggerFor(config: Pick<Config, 'logLevel'>, destination?: DestinationStream) {
  const pretty = process.stderr.isTTY === true;
  return createLogger({
    level: config.logLevel,
    pretty,
    color: hasColors(process.stderr),
    ...(destination === undefined ? {} : { destination }),
  });
}

/** Without the lines about what goes well, where the command's own output tells it. */
export function quieter(level: Config['logLevel']): Config['logLevel'] {
  return level === 'info' ? 'warn' : level;
}

interface Said {
  /** `--verbose`. */
  readonly isVerbose: boolean;
  readonly flags: ConfigFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * What `sync` logs: its end and the bar tell what goes well, so that only warnings are left. A level that was chosen is
 * obeyed: by the flag, by the variable, or as any other than the default in the TOML file, whose example writes that out.
 */
export function levelForSync(
  { logLevel }: Pick<Config, 'logLevel'>,
  { isVerbose, flags, env }: Said,
): Config['logLevel'] {
  if (isVerbose) return logLevel === 'trace' || logLevel === 'debug' ? logLevel : 'info';
  const isChosen = flags['log_level'] !== undefined || env['FLORA_SYNC_LOG_LEVEL'] !== undefined;
  return isChosen ? logLevel : quieter(logLevel);
}

/** For the daemon and for `sync`, once at their start: files of the settings on which others may lay hands. */
export function warnOfLooseFiles(config: Pick<Config, 'configFile' | 'apiKeySource'>, log: Logger): void {
  for (const { path, problem, hint } of looseFiles(config)) log.warn({ path, hint }, problem);
}
