import { assetCodes } from './asset-codes.ts';
import type { CodeEntry } from './code.ts';
import { fileCodes } from './file-codes.ts';
import { ownCodes } from './own-codes.ts';
import { serviceCodes } from './service-codes.ts';

/** Every code that errors, logs, `ls`, `why` and `status` show. Stable: scripts and stored rows rely on them. */
export const codes = { ...fileCodes, ...assetCodes, ...serviceCodes, ...ownCodes } as const;

/** A code of the table, which is in lower case with underscores. */
export type ErrorCode = keyof typeof codes;

declare const foreign: unique symbol;

/** A code that is not ours: FLORA's own word for a refusal, or what the daemon of another version says. */
export type ForeignCode = string & { readonly [foreign]: true };

/** What an error may have: of a refusal for which FLORA has no word, its HTTP status. */
export type AnyCode = ErrorCode | ForeignCode | `http_${number}`;

export function foreignCode(word: string): ForeignCode {
  return word as ForeignCode;
}

export function entryOf(code: AnyCode): CodeEntry | undefined {
  return Object.hasOwn(codes, code) ? codes[code as ErrorCode] : undefined;
}

/** Why a file is not sent as it is, with a code of the table: a `Problem` of core. */
export interface CodedProblem {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly detail?: string;
}
