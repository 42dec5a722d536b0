import { splitPath } from '../../src/core/entry.ts';
import type { LocalPort } from '../../src/sync/ports/local.ts';

/** What a root shows: its identity and, by path, what is in it. Null: nothing is there. */
export interface FakeRoot {
  readonly identity: string;
  readonly entries: Readonly<Record<string, 'file' | 'directory' | 'problem'>>;
  /** Directories on other devices than the root, and those of which none can be told. */
  readonly devices?: Readonly<Record<string, number | null>>;
}

/** The part of the local port that judges a folder, over a root that the test exchanges. */
export class FakeLocal implements Pick<LocalPort, 'rootIdentity' | 'glance' | 'look' | 'isRemote'> {
  root: FakeRoot | null;
  isOnServer = false;
  /** Called before each look at a name. */
  onLook: () => void = () => {};

  constructor(root: FakeRoot) {
    this.root = root;
  }

  rootIdentity(): string | null {
    return this.root?.identity ?? null;
  }

  glance(_: string, directory: string): { isEmpty: boolean; device: number | null } | null {
    if (this.root === null) return null;
    const { entries, identity, devices = {} } = this.root;
    if (directory !== '' && entries[directory] !== 'directory') return null;
    const isEmpty = !Object.keys(entries).some((path) => splitPath(path).directory === directory);
    const device = devices[directory];
    return { isEmpty, device: device === undefined ? Number.parseInt(identity, 10) : device };
  }

  look({ directory, name }: { directory: string; name: string }): ReturnType<LocalPort['look']> {
    this.onLook();
    const kind = this.root?.entries[directory === '' ? name : `${directory}/${name}`];
    switch (kind) {
      case undefined:
        return { kind: 'gone' };
      case 'directory':
        return { kind: 'directory' };
      case 'problem':
        return { kind: 'problem', stat: null, problem: { code: 'unreadable', reason: 'no' } };
      case 'file':
        return { kind: 'file', stat: { sizeBytes: 3, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 } };
      default: {
        const never: never = kind;
        throw new Error(`Unknown kind ${never}`);
      }
    }
  }

  isRemote(): boolean {
    return this.isOnServer;
  }

  /** All else belongs to no test of a folder's standing. */
  get port(): LocalPort {
    const unused = () => {
      throw new Error('not part of this test');
    };
    return {
      walk: unused,
      read: unused,
      openForWriting: unused,
      inspect: unused,
      openSource: unused,
      rootIdentity: () => this.rootIdentity(),
      glance: (root, directory) => this.glance(root, directory),
      look: (path) => this.look(path),
      detour: unused,
      isUnfinished: unused,
      isRemote: () => this.isRemote(),
    };
  }
}
