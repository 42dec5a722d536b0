import { joinPath, splitPath } from '../../src/core/entry.ts';
import { foldName } from '../../src/core/spelling.ts';
import { readNames } from '../../src/local/walk/names.ts';
import type { IntakeDeps } from '../../src/sync/intake/intake.ts';

type Local = IntakeDeps['local'];
type Path = Parameters<Local['look']>[0];

/** A real directory as a file system shows it to which neither case nor composition matter: every spelling opens. */
export function folding(local: Local): Local {
  const real = (path: Path): Path => {
    let at = '';
    for (const name of joinPath(path.directory, path.name).split('/')) {
      const names = namesIn(joinPath(path.root, at));
      const found = names.includes(name) ? name : names.find((each) => foldName(each) === foldName(name));
      at = joinPath(at, found ?? name);
    }
    return { root: path.root, ...splitPath(at) };
  };
  const directory = (root: string, path: string): string => {
    if (path === '') return path;
    const found = real({ root, ...splitPath(path) });
    return joinPath(found.directory, found.name);
  };
  return {
    ...local,
    look: (path) => local.look(real(path)),
    detour: (path) => {
      const found = real(path);
      const spelled = joinPath(path.directory, path.name).split('/');
      const listed = joinPath(found.directory, found.name).split('/');
      const at = spelled.findIndex((name, index) => name !== listed[index]);
      return at === -1 ? local.detour(path) : spelled.slice(0, at + 1).join('/');
    },
    read: async (root, path, signal) => {
      const read = await local.read(root, directory(root, path), signal);
      return read.kind === 'listing' ? { ...read, listing: { ...read.listing, directory: path } } : read;
    },
    inspect: async (path, signal) => {
      const found = real(path);
      const isDetour = joinPath(found.directory, found.name) !== joinPath(path.directory, path.name);
      const result = await local.inspect(found, signal);
      return isDetour ? { kind: 'gone' } : result;
    },
  };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readNames(directory);
  } catch {
    return [];
  }
}
