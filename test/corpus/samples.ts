// The files of the corpus: each content once, under its digest, and where it came from.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';

export interface Sample {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Its bytes, in a file whose name tells nothing. */
  readonly path: string;
  /** What it was called where it was found. */
  readonly name: string;
  /** `debian:pillow Tests/images/hopper.png`: the first place where these bytes were found. */
  readonly origin: string;
}

export const maxSampleBytes = 6 * 1024 * 1024;

export class Pool {
  readonly #directory: string;
  readonly #samples = new Map<string, Sample>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  get samples(): readonly Sample[] {
    return [...this.#samples.values()];
  }

  add(path: string, origin: string): void {
    const bytes = readFileSync(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (this.#samples.has(sha256)) return;
    const pooled = join(this.#directory, sha256);
    if (!existsSync(pooled)) copyFileSync(path, pooled);
    this.#samples.set(sha256, { sha256, sizeBytes: bytes.length, path: pooled, name: basename(path), origin });
  }

  /** Adds what is worth it below a directory: of each extension so many, the source code of programs hardly ever. */
  addTree(directory: string, origin: string, most: number): void {
    const counts = new Map<string, number>();
    for (const path of filesBelow(directory)) {
      const extension = extname(path).toLowerCase();
      const count = counts.get(extension) ?? 0;
      const limit = isDull(extension) ? 2 : most;
      const { size } = statSync(path);
      if (count >= limit || size === 0 || size > maxSampleBytes) continue;
      counts.set(extension, count + 1);
      this.add(path, `${origin} ${relative(directory, path)}`);
    }
  }
}

const dull =
  /^\.(c|h|cc|cpp|hpp|hxx|cxx|go|py|pl|pm|java|js|ts|mjs|cjs|map|m4|am|in|ac|po|pot|cmake|md|rst|txt|json|ui|html?|d|sh|yml|yaml|1|3|man|def|tcl|rb|rs|toml|sym|xml|svg|diff|patch|pro|qml|f90|cs|properties|css|golden|out|expected|log)$/;

function isDull(extension: string): boolean {
  return extension === '' || dull.test(extension);
}

/** Regular files, in an order that is the same everywhere. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    });
}
