import type { FolderRules } from '../../src/rules/folder-rules.ts';
import type { IgnoreFile } from '../../src/sync/ports/local.ts';
import { Prng } from './prng.ts';
import type { World } from './world.ts';

/** What somebody writes into an ignore file: files, directories, nearly everything; and what cannot be used. */
const texts = [
  'a.png',
  'b.png\nc.png',
  '*.png',
  '*\n!a.png',
  'a.png\n',
  '?.png\n!b.png',
  '',
  'a[',
  '/d1/',
  '*/',
  '**/a.png',
];

/**
 * The ignore files of the drop folders, in every sixth seed: somebody writes them, changes them and takes them back while the faults go
 * on. Once those are over there is none any more, and everything has to be ready, as if there had never been any.
 */
export class IgnoreFiles {
  readonly #world: World;
  readonly #files = new Map<string, { readonly text: string; readonly version: number }>();
  #version = 0;

  constructor(world: World) {
    this.#world = world;
  }

  plan(): void {
    const { seed, timeline, trace, knobs, folders } = this.#world;
    const rng = new Prng(seed, 9);
    for (let count = rng.between(1, 6); count > 0; count -= 1) {
      const { root } = rng.pick(folders);
      const text = rng.chance(0.3) ? null : rng.pick(texts);
      timeline.after(rng.between(0, knobs.faultMs - 1), () => {
        trace.add(`people: the ignore file of ${root} is ${JSON.stringify(text)}`);
        this.#write(root, text);
      });
    }
    timeline.after(knobs.faultMs, () => {
      for (const { root } of folders) this.#write(root, null);
    });
  }

  stamp(root: string): { readonly stamp: string; readonly changedMs: number } | null {
    const file = this.#there(root);
    return file === undefined ? null : { stamp: `${file.version}`, changedMs: 0 };
  }

  read(root: string): IgnoreFile {
    const file = this.#there(root);
    return file === undefined ? { kind: 'none' } : { kind: 'text', stamp: `${file.version}`, text: file.text };
  }

  #there(root: string) {
    return this.#world.disk.root(root).mount === 'there' ? this.#files.get(root) : undefined;
  }

  #write(root: string, text: string | null): void {
    this.#version += 1;
    if (text === null) this.#files.delete(root);
    else this.#files.set(root, { text, version: this.#version });
  }
}

/** The rules of a folder, as whoever reads directories asks for them. */
export type RulesOf = (root: string) => FolderRules;
