import { redactText } from '../core/redact.ts';
import { showText } from '../core/show-text.ts';
import { SyncError } from '../errors.ts';

/** One thing that is wrong with one setting. Every text is safe to print: keys are not in it. */
export interface ConfigProblem {
  /** As the person wrote it: `FLORA_SYNC_SETTLE`, `--settle`, or `settle in /path/config.toml`. */
  readonly setting: string;
  /** Quoted for people; null when the setting is missing or its value must not be shown. */
  readonly value: string | null;
  readonly problem: string;
  /** What would do. */
  readonly hint: string;
}

/** Settings that cannot be used: exit code 78. Carries every problem at once, so that one run of corrections is enough. */
export class ConfigError extends SyncError {
  readonly problems: readonly ConfigProblem[];

  constructor(found: readonly ConfigProblem[]) {
    const problems = found.map(withoutSecrets);
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`${count} in the configuration:`, ...problems.map((each) => `  ${describeProblem(each)}`)].join('\n'), {
      code: 'config',
      op: 'config',
    });
    this.problems = problems;
  }
}

/** The last gate: a key may also stand where a name or a path was expected, and thus in any of the texts. */
function withoutSecrets({ setting, value, problem, hint }: ConfigProblem): ConfigProblem {
  return {
    setting: safe(setting),
    value: value === null ? null : safe(value),
    problem: safe(problem),
    hint: safe(hint),
  };
}

function safe(text: string): string {
  return showText(redactText(text));
}

/** One line for people: the name, the value, what is wrong, and what would do. */
export function describeProblem({ setting, value, problem, hint }: ConfigProblem): string {
  return `${setting}${value === null ? '' : ` = ${value}`}: ${problem}; ${hint}`;
}

const LONGEST_SHOWN = 120;

/** A value as it may be shown: quoted, on one line, shortened, without keys. */
export function showValue(value: unknown): string {
  const text = redactText(quote(value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'a date' : value.toISOString();
  if (Array.isArray(value)) return 'a list';
  return 'a table';
}
