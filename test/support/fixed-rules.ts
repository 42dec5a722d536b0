import { joinPath } from '../../src/core/entry.ts';
import { FolderRules } from '../../src/rules/folder-rules.ts';
import type { RuleBook } from '../../src/sync/intake/rule-book.ts';

/** A rule book in which nothing changes: all folders have the same rules, the built-in ones by default. */
export function fixedRules(rules: FolderRules = new FolderRules()): RuleBook {
  const book: Pick<RuleBook, 'of' | 'within' | 'isExcluded' | 'refresh'> = {
    of: () => rules,
    within: (_, directory) => rules.within(directory),
    isExcluded: ({ directory, name }) => rules.of(joinPath(directory, name), 'file') !== null,
    refresh: async () => false,
  };
  return book as RuleBook;
}
