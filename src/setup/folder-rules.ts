import type { Config } from '../config/load.ts';
import { readIgnoreFile } from '../local/read/ignore-file.ts';
import { type FolderRules, rulesWith } from '../rules/folder-rules.ts';

export interface ReadRules {
  readonly rules: FolderRules;
  /** Why the folder's ignore file is not among them; null when it is, or there is none. */
  readonly problem: string | null;
}

/** The rules of a drop folder as its settings and its ignore file have them now. What the daemon has taken may lag behind. */
export function readRules({ path, rules: settings }: Pick<Config['folders'][number], 'path' | 'rules'>): ReadRules {
  const file = settings.hasIgnoreFile ? readIgnoreFile(path) : { kind: 'none' as const };
  const read = rulesWith(settings, file.kind === 'text' ? file.text : null);
  return file.kind === 'problem' ? { ...read, problem: file.reason } : read;
}

/** The same by the folder's root; undefined for a folder that the settings do not name. */
export function rulesByRoot(folders: Config['folders']): (root: string) => FolderRules | undefined {
  const read = new Map<string, FolderRules>();
  return (root) => {
    const folder = folders.find(({ path }) => path === root);
    if (folder !== undefined && !read.has(root)) read.set(root, readRules(folder).rules);
    return read.get(root);
  };
}
