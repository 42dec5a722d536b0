import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { joinPath } from '../../src/core/entry.ts';
import { encodeName } from '../../src/core/name.ts';

/** What lies in a directory, by (lossless) name: content, a directory, or something out of the ordinary. */
export interface Tree {
  readonly [name: string]: string | Uint8Array | Tree | Special;
}

class Special {
  readonly make: (path: Buffer) => void;
  constructor(make: (path: Buffer) => void) {
    this.make = make;
  }
}

export function link(target: string): Special {
  return new Special((path) => symlinkSync(target, path));
}

export function fifo(): Special {
  return new Special((path) => execFileSync('mkfifo', [path.toString()]));
}

/** Writes the tree below `directory`. */
export function plant(directory: string, tree: Tree): void {
  for (const [name, what] of Object.entries(tree)) {
    const path = bytes(joinPath(directory, name));
    if (typeof what === 'string' || what instanceof Uint8Array) writeFileSync(path, what);
    else if (what instanceof Special) what.make(path);
    else {
      mkdirSync(path, { recursive: true });
      plant(joinPath(directory, name), what as Tree);
    }
  }
}

/** A new temporary directory with this tree, removed after the test; its path is a real path. */
export function plantTemporary(t: TestContext, tree: Tree): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flora-sync-')));
  // Not rmSync, which cannot remove trees that are deeper than a path may be long.
  t.after(() => execFileSync('rm', ['-rf', root]));
  plant(root, tree);
  return root;
}

/** The path as the file system takes it, whatever bytes the name has. */
export function bytes(path: string): Buffer {
  return Buffer.from(encodeName(path));
}
