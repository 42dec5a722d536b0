import type { Statement } from 'better-sqlite3';
import type { LedgerDatabase } from '../database.ts';

/** Contents that wait, or are odd, for the same reason. */
export interface ReasonSum {
  readonly code: string;
  readonly count: number;
  /** One of theirs, for people. */
  readonly reason: string;
}

/** Why contents wait, and what is odd about those that are ready: what `status` must not be silent about. */
export class WaitReports {
  readonly #waiting: Statement<[], ReasonSum>;
  readonly #findings: Statement<[], ReasonSum>;

  constructor(database: LedgerDatabase) {
    const sums = 'reason_code AS code, count(*) AS count, min(reason) AS reason FROM content';
    // The predicates of content_due and content_queued.
    const begun = `state <> 'queued' AND state <> 'ready' AND state <> 'missing' AND state <> 'rejected' AND state <> 'gone'`;
    this.#waiting = database.prepare(
      `SELECT code, sum(count) AS count, min(reason) AS reason FROM (
         SELECT ${sums} WHERE ${begun} AND reason_code IS NOT NULL GROUP BY 1
         UNION ALL SELECT ${sums} WHERE state = 'queued' AND reason_code IS NOT NULL GROUP BY 1)
       GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
    this.#findings = database.prepare(
      `SELECT ${sums} WHERE state = 'ready' AND reason_code IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
  }

  waiting(): readonly ReasonSum[] {
    return this.#waiting.all();
  }

  findings(): readonly ReasonSum[] {
    return this.#findings.all();
  }
}
