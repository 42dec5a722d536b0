import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Of the repository: the compiled file lies in build/test/mutation. */
export const root = join(import.meta.dirname, '..', '..', '..');

/** The compiled modules that have a source, relative to build/src: what was moved or removed may still lie there. */
export function modulesOf(tree: string): readonly string[] {
  return readdirSync(join(tree, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replace(/\.ts$/, '.js'))
    .filter((name) => existsSync(join(tree, 'build', 'src', name)))
    .sort();
}

/** Whether a module, `sync/intake/hints.js`, is of a room, `sync` or `sync/intake`, or is the file itself, in any spelling. */
export function isOf(module: string, word: string): boolean {
  const place = word.replace(/^(\.\/)?((build|dist)\/)?(src\/)?/, '').replace(/(\.[jt]s|\/)$/, '');
  return module === `${place}.js` || module.startsWith(`${place}/`);
}

export function roomOf(module: string): string {
  return module.replace(/\.js$/, '').split('/')[0] ?? '';
}

export function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('base64url').slice(0, 16);
}

/** Compiled files and what they import of ours, read once each. */
export class Imports {
  /** The directory that all paths are relative to. */
  readonly #base: string;
  readonly #texts = new Map<string, string>();
  readonly #closures = new Map<string, ReadonlySet<string>>();

  constructor(base: string) {
    this.#base = base;
  }

  text(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const file = join(this.#base, path);
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    this.#texts.set(path, text);
    return text;
  }

  /** The file with all that it imports, through others too. */
  closure(path: string): ReadonlySet<string> {
    const known = this.#closures.get(path);
    if (known !== undefined) return known;
    const seen = new Set([path]);
    for (const file of seen) for (const target of this.#direct(file)) seen.add(target);
    this.#closures.set(path, seen);
    return seen;
  }

  #direct(path: string): readonly string[] {
    const specifiers = this.text(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])(\.[^'"]*)\1/g);
    return [...specifiers].map(([, , name = '']) =>
      relative(this.#base, join(this.#base, dirname(path), name.replace(/\.ts$/, '.js'))),
    );
  }
}
