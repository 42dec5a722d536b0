import { type Limit, readLimit } from '../../src/emulator/limit.ts';

/** One limit, who works under it, and what is wanted. */
export interface Row {
  readonly name: string;
  readonly limit: Limit;
  /** Calls a second that the limit allows. */
  readonly ideal: number;
  readonly latencyMs: number;
  readonly targetLifeMs: number;
  readonly daemons: 1 | 2;
  /** Calls a second of a client beside them that does not adapt; 0 for none. */
  readonly third: number;
  /** Seconds before anything counts. */
  readonly warmSecs: number;
  readonly reach: {
    /** Of the ideal, after what the third client takes. */
    readonly share: number;
    /** At most one 429 in so many seconds, all daemons together; null where that is not asked for. */
    readonly secsFor429: number | null;
  };
}

const usual = { latencyMs: 10, targetLifeMs: 900_000, daemons: 1, third: 0 } as const;

function bucket(perSecond: number, burst: number, retryAfter: string, more: Partial<Row> = {}, note = ''): Row {
  const rule = `bucket ${perSecond}/s burst ${burst} retry-after ${retryAfter}`;
  const share = retryAfter === 'none' ? 0.75 : 0.85;
  return {
    ...{ name: `bucket ${perSecond}/${burst} ${retryAfter}${note}`, limit: limitOf(rule), ideal: perSecond },
    ...{ ...usual, warmSecs: 60, reach: { share, secsFor429: 10 } },
    ...more,
  };
}

function minute(kind: 'fixed' | 'sliding', retryAfter: string): Row {
  return {
    ...{ name: `${kind} 60/min ${retryAfter}`, limit: limitOf(`${kind} 60/min retry-after ${retryAfter}`), ideal: 1 },
    ...{ ...usual, warmSecs: 180, reach: { share: 0.85, secsFor429: 30 } },
  };
}

function limitOf(rule: string): Limit {
  const limit = readLimit(rule);
  if (limit === undefined) throw new Error(`Not a limit: ${rule}`);
  return limit;
}

const twoAtOnce: Row = {
  ...{ name: 'two at once', limit: limitOf('in-flight 2'), ...usual, latencyMs: 40, ideal: 2 / 0.04, warmSecs: 60 },
  // No rate is right here, so each try of more is a 429.
  reach: { share: 0.5, secsFor429: null },
};

export const rows: readonly Row[] = [
  ...[5, 20, 60, 200].flatMap((perSecond) =>
    [10, perSecond].flatMap((burst) => ['1', 'none'].map((retryAfter) => bucket(perSecond, burst, retryAfter))),
  ),
  ...(['fixed', 'sliding'] as const).flatMap((kind) =>
    ['none', 'rest', '1'].map((retryAfter) => minute(kind, retryAfter)),
  ),
  ...['1', 'none'].map((retryAfter) => bucket(20, 20, retryAfter, { daemons: 2 }, ', two daemons')),
  bucket(20, 10, 'none', { daemons: 2 }, ', two daemons'),
  ...['1', 'none'].map((retryAfter) => bucket(20, 20, retryAfter, { third: 10 }, ', a third client')),
  bucket(60, 60, 'none', { targetLifeMs: 4_000, reach: { share: 0.7, secsFor429: 10 } }, ', targets of 4 s'),
  bucket(60, 10, '1', { targetLifeMs: 4_000, reach: { share: 0.7, secsFor429: 10 } }, ', targets of 4 s'),
  twoAtOnce,
];
