import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * Whether `NO_PROXY` has this host reached directly. Its entries are separated by commas or blanks: a name, which stands for
 * those below it too, with or without dots around it; an address, or a network (`10.0.0.0/8`); each with `:port` where only
 * that port is meant; or `*`, alone or among others. That is what curl takes, what undici took, and IPv6 in any spelling.
 *
 * @param hostname as in a URL, with brackets or without
 */
export function isDirect(noProxy: string | undefined, hostname: string, port: number): boolean {
  if (noProxy === undefined) return false;
  const host = hostOf(hostname);
  return noProxy.split(/[\s,]+/).some((entry) => entry !== '' && isMeant(entry, host, port));
}

function isMeant(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const withPort = /^(\[[^\]]*\]|[^:[\]]+):(\d{1,5})$/.exec(entry);
  if (withPort?.[2] !== undefined && Number(withPort[2]) !== port) return false;
  const pattern = hostOf((withPort?.[1] ?? entry).replace(/^\*?\./, ''));
  if (isIP(host) !== 0) return isWithin(pattern, host);
  if (pattern === '') return false;
  const name = domainToASCII(pattern) || pattern;
  return host === name || host.endsWith(`.${name}`);
}

function isWithin(pattern: string, address: string): boolean {
  const [network = '', bits, ...others] = pattern.replaceAll(/[[\]]/g, '').split('/');
  const family = isIP(network);
  if (family === 0 || family !== isIP(address) || others.length > 0) return false;
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.POSITIVE_INFINITY;
  if (prefix > most) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, prefix, type);
  return list.check(address, type);
}

function hostOf(text: string): string {
  const host = text.toLowerCase().replace(/^\[([^\]]*)\]$/, '$1');
  // A dot at the end only says that no search domain is meant.
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
