import { randomUUID } from 'node:crypto';

/** The only source of chance, so that a test can replay it. */
interface Random {
  /** In [0, 1). */
  fraction(): number;
  /** A fresh unguessable token: idempotency keys and multipart boundaries. */
  token(): string;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  token: () => uuidV7(Date.now()),
};

/**
 * A UUID of version 7 (RFC 9562, 5.7): 48 bits of time, then chance. The ledger keeps such keys in an index: those of one
 * time stand on one page of it, and not on one each.
 *
 * @param nowMs milliseconds since the epoch
 */
export function uuidV7(nowMs: number): string {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0').slice(-12);
  // Of version 4, all but 6 of the other 80 bits are chance already.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
