import { isAbsolute, join, resolve } from 'node:path';
import { isAtOrBelow } from '../core/entry.ts';
import { type Place, type Relation, relationOf } from '../core/place.ts';
import { type ConfigProblem, showValue } from './config-error.ts';
import type { Parsed } from './parse.ts';

/** What paths start from; asked only when needed, because a process may have neither. */
export interface PathContext {
  readonly cwd: () => string;
  readonly home: () => string;
}

/** The absolute, normalised path: `~/` is the home directory, a relative path starts at `base`. */
export function expandPath(path: string, base: () => string, { home }: Pick<PathContext, 'home'>): Parsed<string> {
  if (path.trim() === '') return { ok: false, problem: 'is an empty path', hint: 'name a directory or file' };
  if (path.includes('\0')) return { ok: false, problem: 'holds a zero byte', hint: 'write the path without it' };
  if (path === '~' || path.startsWith('~/')) return { ok: true, value: resolve(home(), `.${path.slice(1)}`) };
  if (path.startsWith('~')) {
    const hint = `write it as an absolute path, or as ./${path} if it really is called that`;
    return { ok: false, problem: 'starts with another user’s ~', hint };
  }
  return { ok: true, value: isAbsolute(path) ? resolve(path) : resolve(base(), path) };
}

/** `$STATE_DIRECTORY` (the first of systemd's list), else `$XDG_STATE_HOME/flora-sync`, else `~/.local/state/flora-sync`. */
export function defaultStateDir(env: Readonly<Record<string, string | undefined>>, { home }: PathContext): string {
  const fromSystemd = env['STATE_DIRECTORY']?.split(':')[0] ?? '';
  if (isAbsolute(fromSystemd)) return resolve(fromSystemd);
  // The XDG specification: a path that is not absolute is to be ignored.
  const stateHome = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(stateHome) ? stateHome : join(home(), '.local', 'state'), 'flora-sync');
}

/** Folders that are the same or lie inside one another: their files would be uploaded twice. */
export function overlappingFolders(setting: string, folders: readonly string[]): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const distinct = [...new Set(folders)];
  for (const folder of distinct) {
    const value = showValue(folder);
    if (folders.indexOf(folder) !== folders.lastIndexOf(folder)) {
      problems.push({ setting, value, problem: 'is listed twice', hint: 'leave one out' });
    }
    for (const outer of distinct) {
      if (outer === folder || !isAtOrBelow(folder, outer)) continue;
      const problem = `lies inside the drop folder ${showValue(outer)}`;
      problems.push({ setting, value, problem, hint: 'leave one out: a drop folder includes its subdirectories' });
    }
  }
  return problems;
}

/** A state directory among the files to upload would upload the ledger, and the other way round confuses as much. */
export function overlappingStateDir(
  setting: string,
  stateDir: string,
  folders: readonly string[],
): readonly ConfigProblem[] {
  return [...new Set(folders)].flatMap((folder) => {
    const inside = isAtOrBelow(stateDir, folder);
    if (!inside && !isAtOrBelow(folder, stateDir)) return [];
    const problem = inside
      ? `lies inside the drop folder ${showValue(folder)}`
      : `contains the drop folder ${showValue(folder)}`;
    return [
      { setting, value: showValue(stateDir), problem, hint: 'name a state directory apart from the drop folders' },
    ];
  });
}

/**
 * The same as `overlappingFolders` and `overlappingStateDir`, of what is really there: by links, other spellings and mounts a
 * path may lead to a directory of another name.
 */
export function overlappingPlaces(
  settings: { readonly folder: string; readonly stateDir: string },
  folders: readonly Place[],
  stateDir: Place,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [at, folder] of folders.entries()) {
    for (const other of folders.slice(at + 1)) {
      const relation = relationOf(folder, other);
      if (relation === null) continue;
      const [inner, outer] = relation === 'contains' ? [other, folder] : [folder, other];
      const problem = describeRelation(inner, outer, relation === 'contains' ? 'inside' : relation);
      const hint =
        relation === 'shares'
          ? 'leave one out, or mount that in one of them only'
          : 'leave one out: a drop folder includes its subdirectories, whatever leads to it';
      problems.push({ setting: settings.folder, value: showValue(inner.path), problem, hint });
    }
    const relation = relationOf(stateDir, folder);
    if (relation === null || relation === 'shares') continue;
    const problem = describeRelation(stateDir, folder, relation);
    const hint = 'name a state directory apart from the drop folders';
    problems.push({ setting: settings.stateDir, value: showValue(stateDir.path), problem, hint });
  }
  return problems;
}

const relationWords: Readonly<Record<Relation, string>> = {
  same: 'is the same directory as',
  inside: 'lies inside',
  contains: 'contains',
  shares: 'has a directory mounted in it that is also in',
};

function describeRelation(place: Place, other: Place, relation: Relation): string {
  const leads = [place, other]
    .filter(({ path, realPath }) => path !== realPath)
    .map(({ path, realPath }) => `${showValue(path)} leads to ${showValue(realPath)}`);
  const how = leads.length === 0 ? 'by a mount' : leads.join(', and ');
  return `${relationWords[relation]} the drop folder ${showValue(other.path)} (${how})`;
}
