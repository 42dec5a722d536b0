/**
 * Whether a host, as `URL` spells it or an address without its brackets, is certainly this machine: `localhost`, 127.0.0.0/8 or
 * ::1. The key may go there unencrypted, and what is there may name any host. So `localhost.` and names below `localhost`, for
 * which resolvers ask DNS, are not; nor is an IPv4-mapped address, which nobody writes but to get around a check.
 */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' || /^(?:\[::1\]|::1|127(?:\.(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])){3})$/.test(hostname)
  );
}

/** Whether a name is one that RFC 6761 keeps for this machine: it may lead here, whatever a resolver makes of it. */
export function isLocalName(hostname: string): boolean {
  return /^(?:.*\.)?localhost\.?$/i.test(hostname);
}
