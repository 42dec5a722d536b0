import type { Rule, RuleSource } from './rule.ts';

/** A rule that cannot be used, with what would do. */
export interface RuleProblem extends Rule {
  readonly problem: string;
  readonly hint: string;
}

export interface ParsedRules {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
}

/** More than anybody writes by hand; each costs time for each new name. */
const mostRules = 10_000;

/** The entries of a list in the settings: one rule each, without comments, and with the blanks at their ends. */
export function parseRuleList(source: Exclude<RuleSource, '.floraignore'>, entries: readonly string[]): ParsedRules {
  return judged(entries.map((pattern, at) => ({ source, line: at + 1, pattern })));
}

/** The lines of the file in the drop folder, as git reads its own: without comments and empty lines. */
export function parseIgnoreFile(text: string): ParsedRules {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  const rules = lines.map((pattern, at) => ({ source: '.floraignore' as const, line: at + 1, pattern }));
  return judged(rules.filter(({ pattern }) => !pattern.startsWith('#') && /[^ ]/.test(pattern)));
}

function judged(all: readonly Rule[]): ParsedRules {
  const [extra] = all.slice(mostRules);
  if (extra !== undefined) {
    return {
      rules: [],
      problems: [{ ...extra, problem: `is one rule more than ${mostRules}`, hint: 'join some of them' }],
    };
  }
  const problems = all.flatMap((rule) => {
    const [problem, hint] = problemOf(rule.pattern) ?? [];
    return problem === undefined || hint === undefined ? [] : [{ ...rule, problem, hint }];
  });
  return { rules: problems.length > 0 ? [] : all, problems };
}

/** What git would take without a word, although it never matches anything. */
function problemOf(pattern: string): readonly [problem: string, hint: string] | null {
  if (/[\n\r]/.test(pattern)) return ['holds a line break', 'write one rule in each entry'];
  if (pattern.includes('\0')) return ['holds a NUL', 'no name has one: leave it out'];
  const body = pattern.replace(/^!/, '');
  if (/^\/*$/.test(body)) return ['names nothing', 'write a name such as raw/ or *.psd, or leave it out'];
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(body)) return ['ends in a backslash', 'write \\\\ for the character itself'];
  if (/^\/?\.{1,2}(?:\/|$)|\/\.{1,2}(?:\/|$)/.test(body))
    return ['goes through . or ..', 'write the path as it is from the drop folder on, such as raw/*.psd'];
  // What git makes of these depends on whether what stands before them has wildcards.
  if (/\*{3}/.test(body)) return ['has three * in a row', 'write ** for directories, or * for a part of a name'];
  if (/[^/]\*\*\//.test(body))
    return ['has a ** that is only the end of a name', 'write * for a part of a name, or /**/ for directories'];
  if (body.includes('//')) return ['has two slashes in a row', 'write one'];
  if (!areBracketsClosed(body)) return ['has a [ without its ]', 'write \\[ for the character itself'];
  return null;
}

function areBracketsClosed(body: string): boolean {
  for (let at = 0; at < body.length; at += 1) {
    if (body[at] === '\\') at += 1;
    else if (body[at] === '[') {
      at = endOfBracket(body, at);
      if (at === -1) return false;
    }
  }
  return true;
}

/** Where the bracket that opens at `start` closes; -1 if it does not. Its first character may be a `]`. */
function endOfBracket(body: string, start: number): number {
  let at = start + 1;
  if (body[at] === '!' || body[at] === '^') at += 1;
  for (let isFirst = true; at < body.length; at += 1, isFirst = false) {
    if (body[at] === '\\') at += 1;
    else if (body.startsWith('[:', at)) {
      const end = body.indexOf(':]', at + 2);
      if (end === -1) return -1;
      at = end + 1;
    } else if (body[at] === ']' && !isFirst) return at;
  }
  return -1;
}
