import ignore, { type Ignore } from 'ignore';
import { joinPath, splitPath } from '../core/entry.ts';
import { lossyName } from '../core/name.ts';
import { isOwnName, isSkippedName, skipRuleOf } from '../core/skip.ts';
import { skipRules } from '../core/skip-rules.ts';
import { parseIgnoreFile } from './parse-rules.ts';
import type { Exclusion, Rule } from './rule.ts';

export type EntryKind = 'file' | 'directory';

/** The rules of one drop folder, in the order in which they are written: of several that match, the last decides. */
export interface RuleTexts {
  readonly exclude: readonly Rule[];
  readonly file: readonly Rule[];
  /** A second gate, for files only: at least one of these has to match, if there are any. */
  readonly include: readonly Rule[];
  readonly ignoreCase: boolean;
}

/** What the settings say of a folder's rules. */
export interface RuleSettings extends Omit<RuleTexts, 'file'> {
  /** Whether `.floraignore` in the folder adds to `exclude`. */
  readonly hasIgnoreFile: boolean;
}

export const noRules: RuleTexts = { exclude: [], file: [], include: [], ignoreCase: false };

/** What may be asked about the entries of one directory that is not excluded itself. */
export interface DirectoryRules {
  /** What excludes an entry; null when nothing does. */
  exclusion(name: string, kind: EntryKind): Exclusion | null;
  /**
   * Whether an entry is passed over already while its directory is read. Of a file only the built-in rules say so: who knows
   * the ledger asks `exclusion` about those that are new in it.
   */
  isPassedOver(name: string, kind: EntryKind): boolean;
}

/**
 * What a drop folder takes, in gitignore grammar: our own names first, which nothing takes back; then the built-in names, the
 * list `exclude` and the file `.floraignore` as one list; then `include`. Names are compared by characters, in NFC.
 */
export class FolderRules {
  /** Two sets of rules with the same text exclude the same. */
  readonly text: string;
  /** Whether any of them takes back what another, or a built-in one, excludes. */
  readonly takesBack: boolean;
  readonly #excluding: Ignore | null;
  readonly #including: Ignore | null;
  readonly #options: { readonly ignorecase: boolean };
  readonly #byMark = new Map<string, Rule>();

  constructor({ exclude, file, include, ignoreCase }: RuleTexts = noRules) {
    this.text = JSON.stringify([
      skipRules.map(({ pattern, kind }) => [pattern, kind]),
      exclude,
      file,
      include,
      ignoreCase,
    ]);
    this.takesBack = [...exclude, ...file].some(({ pattern }) => pattern.startsWith('!'));
    this.#options = { ignorecase: ignoreCase };
    this.#excluding = this.#compile([...exclude, ...file]);
    this.#including = this.#compile(include);
  }

  /** Asks about the entries of one directory: what the matcher keeps of their paths goes with it. */
  within(directory: string): DirectoryRules {
    if (this.#excluding === null && this.#including === null) return builtInRules;
    const excluding = this.#excluding && ignore(this.#options).add(this.#excluding);
    const including = this.#including && ignore(this.#options).add(this.#including);
    const exclusion = (name: string, kind: EntryKind): Exclusion | null => {
      if (isOwnName(name, kind)) return builtIn(name);
      const isSkipped = isSkippedName(name, kind);
      const path = pathOf(directory, name, kind);
      const verdict = excluding?.test(path);
      if (verdict?.ignored) return this.#ruleOf(verdict.rule?.mark);
      if (isSkipped && verdict?.unignored !== true) return builtIn(skipRuleOf(name, kind));
      if (kind === 'file' && including?.test(path).ignored === false) return notIncluded;
      return null;
    };
    return {
      exclusion,
      isPassedOver: (name, kind) => {
        const isAsked = excluding !== null && (kind === 'directory' || isSkippedName(name, kind));
        return isAsked ? exclusion(name, kind) !== null : isSkippedName(name, kind);
      },
    };
  }

  /** What excludes a path, or the first directory on the way to it; null when nothing does. */
  of(path: string, kind: EntryKind): Exclusion | null {
    if (path === '') return null;
    const { directory, name } = splitPath(path);
    return this.of(directory, 'directory') ?? this.within(directory).exclusion(name, kind);
  }

  #compile(rules: readonly Rule[]): Ignore | null {
    if (rules.length === 0) return null;
    const compiled = ignore(this.#options);
    for (const rule of rules) {
      const mark = `${rule.source}:${rule.line}`;
      this.#byMark.set(mark, rule);
      compiled.add({ pattern: asLine(rule), mark });
    }
    return compiled;
  }

  #ruleOf(mark: string | undefined): Exclusion {
    const rule = this.#byMark.get(mark ?? '');
    if (rule === undefined) throw new Error(`A rule without its place: ${mark}`);
    return rule;
  }
}

/** The rules of the settings and of an ignore file with this text, if any; only the former, and why, where that cannot be used. */
export function rulesWith(
  { exclude, include, ignoreCase }: RuleSettings,
  text: string | null,
): { readonly rules: FolderRules; readonly problem: string | null } {
  const { rules: file, problems } = parseIgnoreFile(text ?? '');
  const [wrong] = problems;
  const problem = wrong === undefined ? null : `line ${wrong.line}, ${wrong.pattern}, ${wrong.problem}: ${wrong.hint}`;
  return { rules: new FolderRules({ exclude, include, ignoreCase, file }), problem };
}

const builtInRules: DirectoryRules = {
  exclusion: (name, kind) => (isSkippedName(name, kind) ? builtIn(skipRuleOf(name, kind)) : null),
  isPassedOver: isSkippedName,
};

const notIncluded: Exclusion = { source: 'include', line: null, pattern: null };

function builtIn(pattern: string): Exclusion {
  return { source: 'built-in', line: null, pattern };
}

/** As a line of a file reads it: an entry of a list is no comment, and keeps the blanks at its end. */
function asLine({ source, pattern }: Rule): string {
  const text = pattern.normalize('NFC');
  if (source === '.floraignore') return text;
  return text.replace(/^#/, '\\#').replace(/ +$/, (blanks) => '\\ '.repeat(blanks.length));
}

/** A slash at its end tells the matcher that it is a directory. */
function pathOf(directory: string, name: string, kind: EntryKind): string {
  const path = lossyName(joinPath(directory, name)).normalize('NFC');
  return kind === 'directory' ? `${path}/` : path;
}
