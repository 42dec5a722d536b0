import { errors } from 'undici';
import { redactText } from '../core/redact.ts';
import { errnoCode, isOutOfDescriptors, outOfDescriptors, SyncError } from '../errors.ts';

/**
 * What came out of undici once a request was handed over: from the wire, whatever it is. What is thrown before that, and what
 * undici says of its arguments, is not wrapped, and so stays the bug that it is.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  /** Of the cause. */
  readonly code: string | undefined;

  constructor(cause: unknown) {
    super('The request did not get through', { cause });
    this.code = errnoCode(cause);
  }
}

/** A proxy did not let us through: nothing of the request went out. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
}

const neverConnected: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const isCertificateRefused = /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/;
const isTlsFailure = /^(ERR_TLS_|ERR_SSL_|EPROTO)/;

/** A failure below HTTP: nothing is known of the request's effect. What is no WireError is handed on as it is. */
export function networkError(op: string, host: string, error: unknown): unknown {
  if (!(error instanceof WireError)) return error;
  const { cause } = error;
  // A SyncError may come out of a lookup or a body that we handed to undici.
  if (cause instanceof SyncError) return cause;
  if (cause instanceof Error && cause.cause instanceof SyncError) return cause.cause;
  // Not one byte left, and FLORA has nothing to do with it.
  if (triesOf(cause).some(isOutOfDescriptors)) return outOfDescriptors(op, cause);
  const reason = whyUnreachable(cause);
  if (reason === null) {
    const details = { code: 'connection_lost', op, cause } as const;
    if (cause instanceof errors.HTTPParserError) {
      return new SyncError(`${host} answers in something that is not HTTP/1.1 (${nameOf(cause)})`, details);
    }
    return new SyncError(`The connection to ${host} was lost (${nameOf(cause)})`, details);
  }
  const details = { code: 'unreachable', op, cause } as const;
  return new SyncError(`${host} cannot be reached${reason.told}`, { ...details, hint: reason.hint });
}

const proxyHint =
  'A captive portal, or a proxy: see HTTPS_PROXY with its credentials, and NODE_EXTRA_CA_CERTS for its CA.';
const onlineHint = 'See that this machine is online and that FLORA_BASE_URL is right.';

/** Why nothing of the request can have gone out; null where it may have. */
function whyUnreachable(cause: unknown): { readonly told: string; readonly hint: string } | null {
  if (cause instanceof ProxyError) return { told: `: ${cause.message}`, hint: proxyHint };
  const code = errnoCode(cause) ?? '';
  if (isCertificateRefused.test(code)) {
    return { told: `: its certificate is not accepted (${code})`, hint: proxyHint };
  }
  if (isTlsFailure.test(code)) return { told: `: no TLS connection comes about with it (${code})`, hint: proxyHint };
  const tries = triesOf(cause);
  return tries.every(isBeforeConnection)
    ? { told: ` (${tries.map(tries.length > 1 ? nameOfTry : nameOf).join('; ')})`, hint: onlineHint }
    : null;
}

/** Of a name with several addresses, each that was tried: the first alone may be the one that matters least. */
function triesOf(cause: unknown): readonly unknown[] {
  return cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors : [cause];
}

/** By the call that failed where it is told: a connection that stood may time out, too. */
function isBeforeConnection(error: unknown): boolean {
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : undefined;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return syscall === undefined && neverConnected.has(errnoCode(error));
}

/** Its code, or what its maker says where that tells more. */
function nameOf(error: unknown): string {
  const code = errnoCode(error);
  if (code !== undefined && !code.startsWith('HPE_')) return code;
  if (!(error instanceof Error)) return 'no reason was given';
  return redactText(`${code ?? error.name}: ${error.message}`).slice(0, 200);
}

/** `ENETUNREACH [2001:db8::1]:443` */
function nameOfTry(error: unknown): string {
  const { address, port } = error instanceof Error ? (error as { address?: unknown; port?: unknown }) : {};
  if (typeof address !== 'string') return nameOf(error);
  return `${nameOf(error)} ${address.includes(':') ? `[${address}]` : address}${typeof port === 'number' ? `:${port}` : ''}`;
}

const ordinary = /^(E(?!RR_)[A-Z0-9_]+|UND_ERR_(SOCKET|INFO|ABORTED|DESTROYED|CLOSED|(CONNECT|HEADERS|BODY)_TIMEOUT))$/;

/** Whether it is one of the ways in which connections end every day, and not news to whoever maintains this. */
export function isOrdinary(cause: unknown): boolean {
  return ordinary.test(errnoCode(cause) ?? '');
}
