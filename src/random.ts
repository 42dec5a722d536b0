import { randomUUID } from 'node:crypto';

/** The only source of chance, so that a test can replay it. */
export interface Random {
  /** In [0, 1). */
  fraction(): number;
  /** A fresh unguessable token: idempotency keys and multipart boundaries. */
  token(): string;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  token: () => randomUUID(),
};
