import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../support/programs.ts';
import type { World } from '../support/world.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A directory of the repository as `git clone` and the first step leave it: built, with its packages, and the user's own. */
export function cloneOf(world: World, uid: number): string {
  const clone = world.directory('clone');
  for (const name of ['.npmrc', 'package.json', 'README.md', 'config', 'systemd', 'dist']) {
    cpSync(join(root, name), join(clone, name), { recursive: true });
  }
  for (const name of ['.', ...readdirSync(clone, { recursive: true, encoding: 'utf8' })]) {
    if (process.geteuid?.() === 0) chownSync(join(clone, name), uid, uid);
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  return clone;
}

/**
 * A directory for the front of PATH whose `npm` has done `ci` and `run build` already (who runs this test has), and does all
 * else as ever. It also holds the Node that runs this test.
 */
export function npmOf(world: World): string {
  const bin = world.directory('bin');
  const shim = `#!/bin/sh\ncase "$1 $2" in 'ci '|'run build') exit 0;; esac\nexec '${findProgram('npm')}' "$@"\n`;
  writeFileSync(join(bin, 'npm'), shim);
  chmodSync(join(bin, 'npm'), 0o755);
  symlinkSync(process.execPath, join(bin, 'node'));
  return bin;
}

/** Why a user cannot take the steps on this machine; false when it can. */
export function whyNoSteps(uid: number): string | false {
  if (findProgram('npm') === undefined) return 'npm is not installed';
  const readable = spawnSync(
    '/bin/sh',
    ['-c', 'test -r "$0" && test -x "$1"', join(root, 'node_modules', 'pino'), process.execPath],
    {
      ...(process.geteuid?.() === 0 ? { uid } : {}),
    },
  );
  return readable.status === 0 ? false : `user ${uid} cannot read the packages below ${dirname(root)}`;
}
