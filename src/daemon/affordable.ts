import type { Config } from '../config/load.ts';
import { SyncError } from '../errors.ts';
import { descriptorsLeft } from '../local/descriptors.ts';
import type { Logger } from '../runtime/logger.ts';

/** Each has its file open, a connection to its host, and one to the API at the same time. */
const perUpload = 3;
/** What else is opened in the course of time: watches, who asks the daemon, names that are looked up, a snapshot's process. */
const others = 24;
/** With fewer not even one upload goes through. */
const fewest = 12;

/**
 * The settings with as many uploads at once as this process may have files and connections open for.
 *
 * @param left how many more those may be; null where that is not known
 * @throws SyncError `too_many_open_files` when they do not suffice for one
 */
export function affordable(config: Config, log: Pick<Logger, 'warn'>, left: number | null = descriptorsLeft()): Config {
  if (left === null) return config;
  const hint = 'Raise the limit: `ulimit -n`, or LimitNOFILE= in the systemd unit.';
  const code = 'too_many_open_files';
  if (left < fewest) {
    throw new SyncError(`Only ${left} more files and connections can be open at once: too few to work with`, {
      code,
      scope: 'process',
      disposition: null,
      op: 'start',
      hint,
    });
  }
  const concurrency = Math.max(1, Math.min(config.concurrency, Math.floor((left - others) / perUpload)));
  if (concurrency === config.concurrency) return config;
  const what = `only ${left} more files and connections can be open at once`;
  log.warn({ code, hint }, `${what}: ${concurrency} uploads at once instead of ${config.concurrency}`);
  return { ...config, concurrency };
}
