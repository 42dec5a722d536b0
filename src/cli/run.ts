import type { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { startDaemon } from '../daemon/daemon.ts';
import type { Engine } from '../daemon/engine.ts';
import { errnoCode, SyncError } from '../errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { version } from '../runtime/version.ts';
import { loggerFor, warnOfLooseFiles } from './logging.ts';
import { printJson } from './output.ts';
import { addSettings, flagsOf } from './settings.ts';
import { isoTime } from './show/time.ts';
import { nextStopSignal } from './signals.ts';

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('the daemon, in the foreground: watches the drop folders until SIGTERM or Ctrl-C')
    .option('--json', 'say on stdout, in one JSON object, when the daemon has started');
  addSettings(command).action(async (options: { json?: boolean }) => {
    const config = loadConfig({ flags: flagsOf(command), env: process.env });
    const log = loggerFor(config);
    warnOfLooseFiles(config, log);
    const stopping = new AbortController();
    const stopSignal = nextStopSignal().then((signal) => {
      stopping.abort();
      return signal;
    });
    const engine = await startUnlessStopped(config, log, stopping.signal);
    if (engine === null) return;
    try {
      const folders = config.folders.map((folder) => folder.path);
      log.info({ version, pid: process.pid, folders, state_dir: config.stateDir, base_url: config.baseUrl }, 'started');
      if (options.json === true) await sayStarted({ pid: process.pid, since: isoTime(engine.startedMs), folders }, log);
      process.on('SIGHUP', () => {
        engine.flora.reloadKey();
        rereadRules(engine, log, () => loadConfig({ flags: flagsOf(command), env: process.env, require: ['folders'] }));
      });
      const signal = await Promise.race([stopSignal, engine.life.failed]);
      log.info({ signal }, 'stopping: steps under way are finished first');
    } finally {
      await engine.stop();
      log.info({}, 'stopped');
    }
  });
}

/** Of the settings only the rules of folders are taken over while it runs; none of them where any setting is wrong. */
function rereadRules(engine: Engine, log: Logger, load: () => Pick<Config, 'folders'>): void {
  try {
    engine.changeRules(load().folders);
    log.info({}, 'the rules of the drop folders are read anew; other settings count at the next start');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log.error({ code: error.code }, `the rules stay as they were: ${error.message}`);
  }
}

/** Where nobody reads it, it is not what the daemon is there for. */
async function sayStarted(started: object, log: Logger): Promise<void> {
  process.stdout
    .removeAllListeners('error')
    .on('error', (error) => log.warn({ code: errnoCode(error) }, 'stdout cannot be written'));
  await printJson(started).catch((error: unknown) => {
    // Told above.
    if (errnoCode(error) === undefined) throw error;
  });
}

/** Null when it was stopped before it could start: a full disk holds even the first write up. */
async function startUnlessStopped(config: Config, log: Logger, stop: AbortSignal): Promise<Engine | null> {
  try {
    return await startDaemon(config, log, { stop });
  } catch (error) {
    if (stop.aborted && error instanceof SyncError && error.code === 'ledger_closed') return null;
    throw error;
  }
}
