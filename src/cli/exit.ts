import { ConfigError } from '../config/config-error.ts';
import { showText } from '../core/show-text.ts';
import { SyncError } from '../errors.ts';

/** The contract's exit codes. */
export const exitCodes = {
  ready: 0,
  unexpected: 1,
  usage: 2,
  incomplete: 3,
  owned: 4,
  unreachable: 5,
  config: 78,
} as const;

/** What the process should exit with after this error. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SyncError)) return exitCodes.unexpected;
  if (error.scope === 'config') return exitCodes.config;
  if (error.code === 'ledger_owned') return exitCodes.owned;
  if (error.code === 'usage') return exitCodes.usage;
  return error.scope === 'service' ? exitCodes.unreachable : exitCodes.unexpected;
}

/** The error as a person should read it at 2 a.m.: what, and what would do. A bug shows where it is. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof SyncError) {
    const trace = error.requestId === undefined ? '' : ` [request-id ${showText(error.requestId)}]`;
    // FLORA's words may stand in it, or a file's name.
    return `${showText(error.message)}${trace}${error.hint === undefined ? '' : `\n  ${showText(error.hint)}`}`;
  }
  return error instanceof Error ? `Unexpected error, please report it: ${error.stack ?? error.message}` : String(error);
}
