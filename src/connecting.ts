import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { systemRandom } from './random.ts';
import { FloraClient } from './remote/client.ts';
import { userAgent } from './version.ts';

/** The client for the configured API, through the environment's proxy where there is one. */
export function connect(config: Pick<Config, 'baseUrl' | 'concurrency'>, apiKey: () => string): FloraClient {
  return new FloraClient({
    baseUrl: config.baseUrl,
    apiKey,
    concurrency: config.concurrency,
    userAgent,
    nowMs: systemClock.now,
    token: systemRandom.token,
    setTimer: systemClock.setTimer,
    proxy: proxyOf(process.env),
  });
}

function proxyOf(env: NodeJS.ProcessEnv) {
  const pick = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const httpsProxy = pick('HTTPS_PROXY');
  const httpProxy = pick('HTTP_PROXY');
  if (httpsProxy === undefined && httpProxy === undefined) return null;
  return { httpsProxy, httpProxy, noProxy: pick('NO_PROXY') };
}
