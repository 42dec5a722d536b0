import type { Traces } from './making.ts';
import type { QuestionId } from './questions.ts';
import type { RawFlora } from './raw.ts';
import type { Finding } from './row.ts';

export interface SurveyDeps {
  readonly raw: RawFlora;
  readonly workspaceId: string;
  /** Kept true at any time, so that they can be told also when the survey was broken off. */
  readonly traces: Traces;
  readonly clock: {
    now(): number;
    monotonic(): number;
    sleep(delayMs: number, signal: AbortSignal): Promise<void>;
  };
  readonly token: () => string;
  readonly signal: AbortSignal;
}

export type Found = readonly [QuestionId, Finding];
