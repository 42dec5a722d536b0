import { resolve } from 'node:path';
import { badRequest, type Command } from '../control/server.ts';
import type { DropFolder } from '../core/drop-folder.ts';
import type { FilePath } from '../core/entry.ts';
import { displayName } from '../core/name.ts';
import { type Accepted, folderAt, reconcileAsked, retryFiles } from '../operations/operations.ts';
import type { Engine } from './engine.ts';
import { describeInHand } from './status.ts';

type Fields = Parameters<Command>[0];

/** What other flora-sync commands may have the running daemon do. */
export function commandsOf(engine: Engine): Readonly<Record<string, Command>> {
  return {
    '/reconcile': async (fields, tell, signal) => {
      requireOnly(fields, ['full', 'dry_run']);
      const wish = { isFull: isSet(fields, 'full'), isDryRun: isSet(fields, 'dry_run') };
      // Whoever asks may just have put the new key in its place.
      engine.flora.reloadKey();
      const { inventory } = engine;
      const { remote, gate } = engine.flora;
      const run = (...how: Parameters<Engine['reconcileNow']>) => engine.reconcileNow(...how);
      return await reconcileAsked({ remote, gate, pathOf: (id) => inventory.pathOf(id), run }, wish, tell, signal);
    },
    '/retry': async (fields, tell, signal) => {
      requireOnly(fields, ['paths', 'failed']);
      const { operating, inventory, hints } = engine;
      const onLook = (file: FilePath) => hints.add(file);
      return await retryFiles({ ...operating, inventory, onLook }, readWish(fields), tell, signal);
    },
    '/in_hand': async (fields, tell, signal) => {
      requireOnly(fields, []);
      const files = await engine.intake.list(signal);
      for (const each of files) await tell(describeInHand(each));
      return { count: files.length };
    },
    '/resume': async (fields) => {
      requireOnly(fields, ['folder']);
      const { folder } = fields;
      if (typeof folder !== 'string') throw badRequest('bad_request', '`folder` is not a path');
      return await resume(engine, folderAt(engine.folders, resolve(folder)));
    },
  };
}

async function resume(engine: Engine, folder: DropFolder): Promise<Accepted> {
  const path = displayName(folder.root);
  if (!engine.folderTroubles.has(path)) return { folder: path, outcome: 'unchanged', message: 'is not halted' };
  const trouble = await engine.intake.accept(folder);
  if (trouble !== null) return { folder: path, outcome: 'halted', message: trouble.message };
  return { folder: path, outcome: 'accepted', message: 'is taken as it is from now on' };
}

function readWish({ paths, failed }: Fields) {
  if (failed === true && paths === undefined) return { failed } as const;
  if (failed !== undefined || !isPaths(paths)) {
    throw badRequest('bad_request', 'Give either `paths`, an array of absolute paths, or `failed: true`');
  }
  return { paths };
}

function isPaths(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((path) => typeof path === 'string' && path.startsWith('/'));
}

function isSet(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw badRequest('bad_request', `\`${name}\` is neither true nor false`);
  return value;
}

function requireOnly(fields: Fields, names: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !names.includes(name));
  if (other === undefined) return;
  throw badRequest('bad_request', `There is no field \`${other}\`, only ${names.join(', ')}`);
}
