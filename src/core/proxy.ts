/** A proxy that speaks HTTP: where it listens, and how it is told who asks. */
export interface ProxyServer {
  readonly isTls: boolean;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The value of `proxy-authorization`; null without credentials. A secret. */
  readonly authorization: string | null;
}

/** Why a value names no proxy that we could use, in words that repeat nothing of it. */
interface ProxyProblem {
  readonly problem: string;
  readonly hint: string;
}

const example = 'write http://proxy.example:3128, with user:password@ before the name where it wants them';

/**
 * A proxy as the environment names it: a URL, or, as curl takes it, `host:port` for an HTTP proxy. Credentials are decoded as
 * curl does it: what is no escape stands for itself; a user needs no password.
 */
export function parseProxy(text: string): ProxyServer | ProxyProblem {
  const trimmed = text.trim();
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme?.startsWith('socks') === true) {
    const hint = `${example}; for a SOCKS proxy put one that speaks HTTP in front of it`;
    return { problem: `names a SOCKS proxy (${scheme}:), which is not supported`, hint };
  }
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return { problem: 'names a kind of proxy that is not supported: only http: and https: are', hint: example };
  }
  const spelt = scheme === undefined ? `http://${trimmed}` : trimmed;
  if (!URL.canParse(spelt)) return { problem: 'is not the address of a proxy', hint: `${example}; ${escapes}` };
  const url = new URL(spelt);
  const isTls = url.protocol === 'https:';
  return {
    isTls,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    authorization: authorizationOf(url.username, url.password),
  };
}

/** Whether `NO_PROXY` has every host reached directly. */
export function exceptsAll(noProxy: string | undefined): boolean {
  return noProxy?.split(/[\s,]+/).includes('*') ?? false;
}

const escapes = 'a / ? # or % in a password is written as %2F %3F %23 %25';

function authorizationOf(username: string, password: string): string | null {
  if (username === '' && password === '') return null;
  const bytes = [...unescaped(username), 0x3a, ...unescaped(password)];
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Its bytes. URL has made everything beyond ASCII an escape. */
function unescaped(text: string): readonly number[] {
  const parts = text.match(/%[0-9a-f]{2}|[\s\S]/gi) ?? [];
  return parts.map((part) => (part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0)));
}
