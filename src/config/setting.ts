import { durationBetween, type Parsed } from './parse.ts';

/**
 * How the text of a flag or a variable becomes what the TOML file would hold: a `word` without blanks around it, `verbatim` as
 * it is, a `file` (a word that may be left empty), a `number`, a `boolean`, a comma-separated `list`
 * of words in which case does not matter, the same of `patterns` in which it does, or the colon-separated `folders`.
 */
export type SettingForm = 'word' | 'verbatim' | 'file' | 'number' | 'boolean' | 'list' | 'patterns' | 'folders';

/** All that is known of one setting. */
export interface Entry {
  /** Shared with FLORA's other tools: its variable begins with `FLORA_`, not with `FLORA_SYNC_`. */
  readonly isShared?: true;
  readonly form: SettingForm;
  /** One line for `--help`. */
  readonly summary: string;
  /** What its value has to be, as in "is not …". */
  readonly noun: string;
  /** What would do, as the second half of a sentence. */
  readonly wants: string;
  /** What the table for users says of it, where that is more than the summary. */
  readonly meaning?: string;
  /** What that table says of its default, where that is not the schema's. */
  readonly shown?: string;
  /** JSON Schema of its value. A setting with a `default` there always has one. */
  readonly schema: object;
  /** What an editor says of it. */
  readonly description: string;
  /** The same of its key in a `[[folder]]` table. Without it, it is no setting of single folders. */
  readonly inFolder?: string;
  /** Its name in `Config`, or with `inFolder` in `FolderConfig`. Without it, `loadConfig` makes more of it. */
  readonly as?: string;
  /** Its value there, where that is not the text itself. */
  readonly parse?: (text: string) => Parsed<unknown>;
}

export const hourMs = 3_600_000;

/** A duration within limits in milliseconds. `mostMs` has to stay below what a timer can hold. */
export function duration<const D extends string>(initial: D, leastMs: number, mostMs: number) {
  return {
    form: 'word',
    noun: 'a duration',
    wants: 'write a duration such as 500ms, 2s, 15m or 1h',
    schema: { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$', default: initial },
    parse: durationBetween(leastMs, mostMs),
  } as const;
}

/** Yes or no. */
export function yesOrNo<const D extends boolean>(initial: D) {
  return {
    form: 'boolean',
    noun: 'true or false',
    wants: 'write true or false',
    schema: { type: 'boolean', default: initial },
  } as const;
}

/** Rules in gitignore grammar; what each of them may be, `rules/parse-rules` says. */
export const patterns = {
  form: 'patterns',
  noun: 'a pattern',
  wants: 'write patterns such as raw/ or *.psd',
  shown: 'none',
  schema: { type: ['array', 'string'], items: { type: 'string' }, default: [] as const },
} as const;

/** One of a few words, the first of which is the default. */
export function oneOf<const C extends readonly [string, string, ...string[]]>(...words: C) {
  return {
    form: 'word',
    noun: 'a choice',
    wants: `write ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    schema: { type: 'string', enum: words, default: words[0] as C[0] },
  } as const;
}
