import { claimPrefix, ignoreFileName, ownFolders, type SkipRule, sidecarRules, skipRules } from './skip-rules.ts';

type Kind = 'file' | 'directory';

const matchers: Readonly<Record<Kind, RegExp>> = { file: matcherFor('file'), directory: matcherFor('directory') };
const ownNames: ReadonlySet<string> = new Set(ownFolders);

/** Whether an entry is skipped because of its name (`skip-rules.ts`); what is no directory counts as a file. */
export function isSkippedName(name: string, kind: Kind): boolean {
  if (name.startsWith('.')) return true;
  if (kind === 'directory' && ownNames.has(name)) return true;
  return mayMatch(name) && matchers[kind].test(name.toLowerCase());
}

/**
 * Whether an entry is one of ours (`_done`, `.floraignore`, what is under way to `_done`), which no rule takes back; all of them are
 * skipped names.
 */
export function isOwnName(name: string, kind: Kind): boolean {
  return (kind === 'directory' && ownNames.has(name)) || name === ignoreFileName || name.startsWith(claimPrefix);
}

/** The pattern that skips a name; the name itself where none does. */
export function skipRuleOf(name: string, kind: Kind): string {
  const isMet = (rule: SkipRule) =>
    isOfKind(rule, kind) && new RegExp(`^${toRegExp(rule)}$`, 's').test(name.toLowerCase());
  return skipRules.find(isMet)?.pattern ?? name;
}

/** The names under which a tool that is not done with this entry would keep its state beside it. */
export function sidecarsOf(name: string, kind: Kind): readonly string[] {
  return sidecarRules.filter((rule) => rule.kind === 'any' || rule.kind === kind).map(({ ending }) => name + ending);
}

const sidecarEndings: ReadonlySet<string> = new Set(sidecarRules.map(({ ending }) => ending.slice(1)));

/** The name of the entry that is not finished while this one is there; null when this is the state of none. */
export function sidecarOwner(name: string): string | null {
  const dot = name.lastIndexOf('.');
  return dot > 0 && sidecarEndings.has(name.slice(dot + 1)) ? name.slice(0, dot) : null;
}

function matcherFor(kind: Kind): RegExp {
  const patterns = skipRules.filter((rule) => isOfKind(rule, kind)).map(toRegExp);
  return new RegExp(`^(?:${patterns.join('|')})$`, 's');
}

function isOfKind(rule: SkipRule, kind: Kind): boolean {
  return rule.kind === 'any' || rule.kind === kind;
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

// Each name that there is is asked about at each rescan, and nearly none is skipped: that has to show at its first letter and
// length, and at what stands behind its last dot, which few names have to themselves.
const isFree = ({ pattern }: SkipRule) => pattern.startsWith('*');
const firstLetters: ReadonlySet<number> = new Set(
  skipRules.filter((rule) => !isFree(rule) && rule.pattern.includes('*')).flatMap(({ pattern }) => codesOf(pattern)),
);
const wholeNames = skipRules.map(({ pattern }) => pattern).filter((pattern) => !pattern.includes('*'));
/** Of whole names, by their first letter. */
const lengths: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  wholeNames.flatMap(codesOf).map((code) => {
    const alike = wholeNames.filter((pattern) => codesOf(pattern).includes(code));
    return [code, new Set(alike.map(({ length }) => length))];
  }),
);
const tails = new RegExp(`(?:${skipRules.filter(isFree).map(tailOf).join('|')})$`, 's');
const mostTails = 1_000;
const knownTails = new Map<string, boolean>();

function mayMatch(name: string): boolean {
  const first = name.charCodeAt(0);
  if (firstLetters.has(first) || lengths.get(first)?.has(name.length) === true) return true;
  const tail = name.slice(name.lastIndexOf('.') + 1);
  const known = knownTails.get(tail);
  if (known !== undefined) return known;
  const isMet = tails.test(tail.toLowerCase());
  if (knownTails.size >= mostTails) knownTails.clear();
  knownTails.set(tail, isMet);
  return isMet;
}

/** The pattern's part behind its last dot is all of a name's; of a pattern without one, a name's end. */
function tailOf(rule: SkipRule): string {
  const dot = rule.pattern.lastIndexOf('.');
  if (dot === -1) return toRegExp({ pattern: rule.pattern.slice(1) });
  return `^${toRegExp({ pattern: rule.pattern.slice(dot + 1) })}`;
}

function codesOf(pattern: string): readonly number[] {
  return [pattern, pattern.toUpperCase()].map((each) => each.charCodeAt(0));
}
