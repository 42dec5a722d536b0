import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// The compiled file lies in build/test/support.
const root = join(import.meta.dirname, '..', '..', '..', 'src');

export interface Literal {
  readonly code: string;
  /** Relative to src. */
  readonly path: string;
}

/** Names under which the sources speak of a code. */
const named = /\b(?:code|reasonCode|problemCode|reason_code|problem_code)\b/.source;

/**
 * Every literal that stands where a code belongs, in all of src: in a field of such a name, compared with one, in a set of codes, or
 * handed to a function that calls its parameter so. (Where the compiler sees the type, it finds what is not in the table itself;
 * `core` may not import it.)
 */
export function codeLiterals(): readonly Literal[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('emulator/'))
    .map((path) => ({ path, text: withoutComments(readFileSync(join(root, path), 'utf8')) }));
  const everywhere = files.flatMap(({ text }) => takersIn(text));
  return files.flatMap(({ path, text }) => {
    const imported = new Set(
      [...text.matchAll(/^import \{([^}]*)\}/gm)].flatMap((match) => match[1]?.match(/\w+/g) ?? []),
    );
    const takers = new Map([...everywhere.filter(([name]) => imported.has(name)), ...takersIn(text)]);
    return literalsIn(text, takers).map((code) => ({ code, path }));
  });
}

/** The literals of one text; `takers`: functions that take a code, and at which place. */
export function literalsIn(text: string, takers: ReadonlyMap<string, number>): readonly string[] {
  const fields = new RegExp(`(?<!typeof [\\w.]*)${named}\\??\\s*(?::|===|!==|=)([^,;{}()|&]*)`, 'g');
  const sets = /\w*[cC]odes\w*(?::[^=;]*)?\s*=\s*new Set\(\s*\[([^\]]*)\]/g;
  const found = [...text.matchAll(fields), ...text.matchAll(sets)].flatMap((match) => wordsIn(match[1] ?? ''));
  for (const [name, at] of takers) {
    for (const call of text.matchAll(new RegExp(`(?<!\\w|[\\w)]\\.|function )${name}\\(`, 'g'))) {
      found.push(...wordsIn(argumentsFrom(text, call.index + call[0].length)[at] ?? ''));
    }
  }
  return found;
}

/** Functions declared here with a parameter for a code, and at which place it stands. */
export function takersIn(text: string): readonly (readonly [name: string, at: number])[] {
  return [...text.matchAll(/\bfunction (\w+)(?:<[^>]*>)?\(/g)].flatMap((match) => {
    const parameters = argumentsFrom(text, match.index + match[0].length);
    const at = parameters.findIndex((each) => new RegExp(`^\\s*${named}\\??\\s*:\\s*(?:string|ErrorCode)`).test(each));
    return at < 0 ? [] : [[match[1] ?? '', at] as const];
  });
}

/** The parts between commas from there to the closing bracket. */
function argumentsFrom(text: string, start: number): readonly string[] {
  const parts: string[] = [''];
  let depth = 1;
  let quote: string | null = null;
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (quote !== null) {
      if (letter === quote && text[at - 1] !== '\\') quote = null;
    } else if ('\'"`'.includes(letter)) quote = letter;
    else if ('([{'.includes(letter)) depth += 1;
    else if (')]}'.includes(letter)) depth -= 1;
    if (depth === 0) break;
    if (letter === ',' && depth === 1 && quote === null) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

function wordsIn(text: string): readonly string[] {
  return [...text.matchAll(/'([a-z][a-z0-9_]*)'/g)].map((match) => match[1] ?? '');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '');
}
