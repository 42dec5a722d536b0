import { ownFolders, type SkipRule, sidecarRules, skipRules } from './skip-rules.ts';

type Kind = 'file' | 'directory';

/** Rules by what makes them quick to find: a rescan asks for each name that there is. */
interface Matcher {
  readonly names: ReadonlySet<string>;
  /** Ends of names by what stands behind their last dot. */
  readonly endings: ReadonlyMap<string, readonly string[]>;
  readonly others: RegExp;
}

const matchers: Readonly<Record<Kind, Matcher>> = { file: matcherFor('file'), directory: matcherFor('directory') };
const ownNames: ReadonlySet<string> = new Set(ownFolders);

/** Whether an entry is skipped because of its name (`skip-rules.ts`); what is no directory counts as a file. */
export function isSkippedName(name: string, kind: Kind): boolean {
  if (name.startsWith('.')) return true;
  if (kind === 'directory' && ownNames.has(name)) return true;
  const { names, endings, others } = matchers[kind];
  const lower = name.toLowerCase();
  if (names.has(lower)) return true;
  const ending = endings.get(lower.slice(lower.lastIndexOf('.') + 1));
  if (ending?.some((end) => lower.endsWith(end)) === true) return true;
  return others.test(lower);
}

/** The names under which a tool that is not done with this entry would keep its state beside it. */
export function sidecarsOf(name: string, kind: Kind): readonly string[] {
  return sidecarRules.filter((rule) => rule.kind === 'any' || rule.kind === kind).map(({ ending }) => name + ending);
}

/** The name of the entry that is not finished while this one is there; null when this is the state of none. */
export function sidecarOwner(name: string): string | null {
  const rule = sidecarRules.find(({ ending }) => name.endsWith(ending) && name.length > ending.length);
  return rule === undefined ? null : name.slice(0, -rule.ending.length);
}

function matcherFor(kind: Kind): Matcher {
  const names = new Set<string>();
  const endings = new Map<string, string[]>();
  const others: string[] = [];
  for (const rule of skipRules) {
    if (rule.kind !== 'any' && rule.kind !== kind) continue;
    const { pattern } = rule;
    const end = pattern.slice(1);
    if (!/[*?]/.test(pattern)) names.add(pattern);
    else if (pattern.startsWith('*') && end.includes('.') && !/[*?]/.test(end)) {
      const key = end.slice(end.lastIndexOf('.') + 1);
      endings.set(key, [...(endings.get(key) ?? []), end]);
    } else others.push(toRegExp(rule));
  }
  return { names, endings, others: new RegExp(`^(?:${others.join('|')})$`, 's') };
}

function toRegExp({ pattern }: Pick<SkipRule, 'pattern'>): string {
  const lastDot = pattern.lastIndexOf('.');
  return [...pattern]
    .map((char, at) => {
      if (char === '*') return lastDot > 0 && at > lastDot ? '[^.]*' : '.*';
      return char === '?' ? '.' : char.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
    })
    .join('');
}
