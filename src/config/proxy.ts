import { isLoopbackHost } from '../core/host.ts';
import { exceptsAll, parseProxy } from '../core/proxy.ts';
import type { ConfigProblem } from './config-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxies that the environment names, as it writes them. */
interface ProxyVariables {
  readonly httpsProxy: string | undefined;
  readonly httpProxy: string | undefined;
  /** Hosts that are reached directly. */
  readonly noProxy: string | undefined;
}

/**
 * `HTTPS_PROXY`, `HTTP_PROXY` and, for what these leave open, `ALL_PROXY`; null without any. Names in lower case come first, as
 * with curl; an empty one is none. Unlike curl, `HTTP_PROXY` serves `https:` too where nothing else is named for it.
 */
export function proxyOf(env: Environment): ProxyVariables | null {
  const { https, http, noProxy } = variables(env);
  if (https === undefined && http === undefined) return null;
  return { httpsProxy: https?.value, httpProxy: http?.value, noProxy: noProxy?.value };
}

/** What of that cannot be used. Their values are not repeated: they may hold a password. */
export function proxyProblems(env: Environment, baseUrl: string): readonly ConfigProblem[] {
  const { https, http, noProxy } = variables(env);
  // Towards this machine, and where no host at all has one, they do not matter.
  if (URL.canParse(baseUrl) && isLoopbackHost(new URL(baseUrl).hostname)) return [];
  if (exceptsAll(noProxy?.value)) return [];
  const used = new Map([https, http].flatMap((each) => (each === undefined ? [] : [[each.name, each.value]])));
  return [...used].flatMap(([name, value]) => {
    const parsed = parseProxy(value);
    return 'problem' in parsed ? [{ setting: name, value: null, ...parsed }] : [];
  });
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

function variables(env: Environment) {
  const pick = (upper: string): Variable | undefined =>
    [upper.toLowerCase(), upper]
      .map((name) => ({ name, value: env[name] ?? '' }))
      .find(({ value }) => value.trim() !== '');
  const all = pick('ALL_PROXY');
  const http = pick('HTTP_PROXY') ?? all;
  return { https: pick('HTTPS_PROXY') ?? http, http, noProxy: pick('NO_PROXY') };
}
