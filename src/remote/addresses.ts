import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { isLocalName } from '../core/host.ts';
import { SyncError } from '../errors.ts';

// IANA special-purpose registries: nothing a public upload host could be.
const notPublic = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  notPublic.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  // Unspecified, loopback and the deprecated IPv4-compatible addresses.
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2002::', 16],
  ['fec0::', 10],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  notPublic.addSubnet(network, bits, 'ipv6');
}

/** Whether a literal address is private, loopback, link-local or otherwise not on the public internet. */
export function isNonPublicAddress(address: string): boolean {
  const host = bareHost(address);
  const family = isIP(host);
  // BlockList knows IPv4 addresses in their IPv6 spelling (::ffff:7f00:1) too.
  return family !== 0 && notPublic.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Makes the error for an address that FLORA named and that must not be talked to. */
type Refuse = (why: string, disposition: 'reject' | 'retry') => SyncError;

/**
 * Accepts an upload target or explains why not: HTTPS only, no private or loopback host. With the API on loopback (the
 * emulator) anything goes. Hosts given by name are looked at again when they are resolved (`publicLookup`).
 */
export function checkUploadUrl(text: string, isApiOnLoopback: boolean): URL {
  return checkUrl(text, isApiOnLoopback, refusedTarget);
}

/** Accepts the URL behind which an asset's bytes lie, by the rules for upload targets; SyncError `url_refused` otherwise. */
export function checkAssetUrl(text: string, isApiOnLoopback: boolean): URL {
  return checkUrl(text, isApiOnLoopback, refusedAssetUrl);
}

function checkUrl(text: string, isApiOnLoopback: boolean, refuse: Refuse): URL {
  const url = parseUrl(text);
  if (url === null) throw refuse('is not a URL', 'reject');
  if (isApiOnLoopback && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  if (url.protocol !== 'https:') throw refuse(`uses ${url.protocol} instead of https:`, 'reject');
  if (isLocalName(url.hostname) || isNonPublicAddress(url.hostname)) {
    throw refuse(`points to the private address ${url.hostname}`, 'reject');
  }
  return url;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** `dns.lookup` for upload connections that refuses names which resolve to addresses that are not public. */
export const publicLookup = guardedLookup(refusedTarget);

/** The same for connections that fetch an asset's bytes. */
export const publicAssetLookup = guardedLookup(refusedAssetUrl);

function guardedLookup(refuse: Refuse): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const hidden = addresses.find(({ address }) => isNonPublicAddress(address));
      if (hidden !== undefined) {
        // A captive portal answers so for every name: worth another try, unlike a private address in the URL itself.
        return callback(refuse(`resolves to the private address ${hidden.address}`, 'retry'), '', 0);
      }
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      if (first === undefined) return callback(refuse('resolves to no address', 'retry'), '', 0);
      return callback(null, first.address, first.family);
    });
  };
}

function refusedTarget(why: string, disposition: 'reject' | 'retry'): SyncError {
  return new SyncError(`FLORA named an upload target that ${why}; nothing was sent there`, {
    code: 'target_refused',
    disposition,
    op: 'upload',
  });
}

function refusedAssetUrl(why: string, disposition: 'reject' | 'retry'): SyncError {
  return new SyncError(`FLORA gave an asset a URL that ${why}; nothing was fetched from there`, {
    code: 'url_refused',
    disposition,
    op: 'download',
  });
}

function bareHost(hostname: string): string {
  // A name with a dot at its end is the same host, looked up without search domains.
  return hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
}
