import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ranges } from './coverage.ts';
import { hashOf, type Imports } from './tree.ts';

/** What is known of a test file. */
export interface KnownTest {
  /** Of its code and that of the helpers that it imports. */
  readonly code: string;
  /** Of the names of all modules. */
  readonly names: string;
  readonly passes: boolean;
  readonly said: string;
  readonly ms: number;
  readonly reached: Readonly<Record<string, { readonly hash: string; readonly ranges: Ranges }>>;
}

/** What each test file reaches, kept between runs. */
export class CoverageMap {
  readonly #path: string;
  readonly #imports: Imports;
  readonly #names: string;
  readonly #tests: Map<string, KnownTest>;

  /** @param imports of the build directory */
  constructor(path: string, imports: Imports, modules: readonly string[]) {
    this.#path = path;
    this.#imports = imports;
    this.#names = hashOf(...modules);
    const kept: Readonly<Record<string, KnownTest>> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    this.#tests = new Map(Object.entries(kept));
  }

  /** Undefined if it has to be run to know what it reaches of the module; each time if it failed: it may pass by now. */
  known(test: string, module: string): KnownTest | undefined {
    const known = this.#tests.get(test);
    if (known === undefined || !known.passes || known.code !== this.#codeOf(test)) return undefined;
    const reached = known.reached[module];
    if (reached !== undefined) return reached.hash === this.hashOf(module) ? known : undefined;
    const isNew = startsProgram(test, this.#imports)
      ? known.names !== this.#names
      : this.#imports.closure(`test/${test}`).has(`src/${module}`);
    return isNew ? undefined : known;
  }

  /** Whether the test could reach the module at all, by what it imports or starts. */
  mayReach(test: string, module: string): boolean {
    return startsProgram(test, this.#imports) || this.#imports.closure(`test/${test}`).has(`src/${module}`);
  }

  learn(test: string, ran: Pick<KnownTest, 'passes' | 'said' | 'ms'>, reached: ReadonlyMap<string, Ranges>): void {
    const entries = [...reached].map(([module, ranges]) => [module, { hash: this.hashOf(module), ranges }] as const);
    this.#tests.set(test, {
      ...ran,
      code: this.#codeOf(test),
      names: this.#names,
      reached: Object.fromEntries(entries),
    });
  }

  save(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.new`, JSON.stringify(Object.fromEntries(this.#tests)));
    renameSync(`${this.#path}.new`, this.#path);
  }

  hashOf(module: string): string {
    return hashOf(this.#imports.text(join('src', module)));
  }

  #codeOf(test: string): string {
    const own = [...this.#imports.closure(`test/${test}`)].filter((path) => path.startsWith('test/')).sort();
    return hashOf(...own.map((path) => this.#imports.text(path)));
  }
}

/** Whether it runs the built program, in which anything may be reached. */
function startsProgram(test: string, imports: Imports): boolean {
  return [...imports.closure(`test/${test}`)].some(
    (path) => path.startsWith('test/') && imports.text(path).includes("'main.js'"),
  );
}
