import type { RuleSettings } from '../rules/folder-rules.ts';
import { parseRuleList, type RuleProblem } from '../rules/parse-rules.ts';
import type { Rule } from '../rules/rule.ts';
import { type ConfigProblem, showValue } from './config-error.ts';

interface RuleKeys {
  readonly exclude: readonly string[];
  readonly include: readonly string[];
  readonly ignore_case: boolean;
  readonly ignore_file: boolean;
}

/** @param nameOf how a setting of this folder is called in a message */
export function folderRules(
  keys: RuleKeys,
  nameOf: (key: 'exclude' | 'include') => string,
): { readonly rules: RuleSettings; readonly problems: readonly ConfigProblem[] } {
  const exclude = parseRuleList('exclude', keys.exclude);
  const include = parseRuleList('include', keys.include);
  const isNegative = ({ pattern }: Rule) => pattern.startsWith('!');
  const wrong = include.rules
    .filter(isNegative)
    .map((rule) => ({ ...rule, problem: 'begins with !', hint: noNegative }));
  return {
    rules: {
      exclude: exclude.rules,
      include: include.rules,
      ignoreCase: keys.ignore_case,
      hasIgnoreFile: keys.ignore_file,
    },
    problems: [
      ...exclude.problems.map((problem) => toProblem(problem, nameOf('exclude'))),
      ...[...include.problems, ...wrong].map((problem) => toProblem(problem, nameOf('include'))),
    ],
  };
}

const noNegative = 'write what is to be left alone into exclude, or \\! for the character itself';

function toProblem({ line, pattern, problem, hint }: RuleProblem, setting: string): ConfigProblem {
  return { setting: `entry ${line} of ${setting}`, value: showValue(pattern), problem, hint };
}
