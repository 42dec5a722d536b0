/** Where a rule of a person's stands: a list of the settings, or the file in the drop folder. */
export type RuleSource = 'exclude' | 'include' | '.floraignore';

/** A rule in gitignore grammar, and where it stands. */
export interface Rule {
  readonly source: RuleSource;
  /** From 1: the entry of a list, or the line of the file. */
  readonly line: number;
  /** As it is written. */
  readonly pattern: string;
}

/** What keeps an entry out of FLORA. */
export interface Exclusion {
  readonly source: RuleSource | 'built-in';
  /** Null of a built-in rule, and where `include` names nothing that fits. */
  readonly line: number | null;
  /** Null where `include` names nothing that fits. */
  readonly pattern: string | null;
}

/** `.floraignore:3: *.psd`, as git tells which of its rules decides. */
export function describeExclusion({ source, line, pattern }: Exclusion): string {
  if (pattern === null) return `${source}: no entry of it names this file`;
  return line === null ? `${source}: ${pattern}` : `${source}:${line}: ${pattern}`;
}
