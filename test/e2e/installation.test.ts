import assert from 'node:assert/strict';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writePictures } from '../support/pictures.ts';
import { type World, worldWithFlora } from '../support/world.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A copy of what is installed, with the packages it needs, but for the file that was compiled. */
function installed(world: World, binding: string | null): string {
  const base = world.directory('installed');
  cpSync(join(root, 'dist'), join(base, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(base, 'package.json'));
  const packages = join(base, 'node_modules');
  mkdirSync(packages);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== 'better-sqlite3') symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
  const sqlite = join(packages, 'better-sqlite3');
  mkdirSync(sqlite);
  for (const name of ['package.json', 'lib']) {
    cpSync(join(root, 'node_modules', 'better-sqlite3', name), join(sqlite, name), { recursive: true });
  }
  if (binding !== null) {
    mkdirSync(join(sqlite, 'build', 'Release'), { recursive: true });
    writeFileSync(join(sqlite, 'build', 'Release', 'better_sqlite3.node'), binding);
  }
  return join(base, 'dist', 'main.js');
}

/** What Node says of a binding for another version, word for word. */
const otherNode = `process.dlopen = (_, path) => {
  throw Object.assign(
    new Error("The module '" + path + "'\\nwas compiled against a different Node.js version using\\nNODE_MODULE_VERSION 9." +
      " This version of Node.js requires\\nNODE_MODULE_VERSION 999. Please try re-compiling or re-installing\\nthe module" +
      " (for instance, using \`npm rebuild\` or \`npm install\`)."),
    { code: 'ERR_DLOPEN_FAILED' });
};`;

describe('a better-sqlite3 that this Node.js cannot load', () => {
  const cases: readonly (readonly [string, string | null, RegExp])[] = [
    ['is not there', null, /its binding is not there/],
    ['is of another kind of machine', 'no ELF', /cannot be loaded: .*(?:invalid ELF header|too short)/],
  ];
  for (const [what, binding, said] of cases) {
    it(`${what}: every command says how to mend it and ends with 78`, async (t) => {
      const world = await worldWithFlora(t);
      writePictures(world.drop, 1);
      assert.equal((await world.run(['sync'])).code, 0);
      const main = installed(world, binding);
      for (const args of [['run'], ['sync'], ['status'], ['ls'], ['reconcile']]) {
        // The program that would be started comes as a word to a Node that starts another one.
        const under = ['/bin/sh', '-c', 'shift; node="$1"; shift; shift; exec "$node" "$0" "$@"', main, '--'];
        const { code, stderr } = await world.startUnder(under, args).exited;
        assert.equal(code, 78, `${args[0]}: ${stderr}`);
        assert.match(stderr, said);
        assert.match(stderr, /Run `npm rebuild better-sqlite3`/);
        assert.doesNotMatch(stderr, /disk is healthy|report it|\n\s+at /);
      }
    });
  }

  it('was built for another Node.js: both versions are named', async (t) => {
    const world = await worldWithFlora(t);
    const hook = join(world.base, 'hook.cjs');
    writeFileSync(hook, otherNode);
    for (const args of [['run'], ['sync']]) {
      const { code, stderr } = await world.run(args, { NODE_OPTIONS: `--require=${hook}` });
      assert.equal(code, 78, stderr);
      const own = `NODE_MODULE_VERSION 9, and this is ${process.versions.modules}`;
      assert.ok(stderr.includes(own), stderr);
      assert.match(stderr, /Run `npm rebuild better-sqlite3`/);
    }
  });
});

describe('a ledger of a newer flora-sync', () => {
  it('ends every command with 78, and is not touched', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    assert.equal((await world.run(['sync'])).code, 0);
    world.alterLedger('PRAGMA user_version = 999');
    const path = join(world.stateDir, 'ledger.sqlite');
    const before = readFileSync(path);
    for (const args of [['run'], ['sync'], ['status'], ['ls'], ['verify'], ['retry', '--failed']]) {
      const { code, stderr } = await world.run(args);
      assert.equal(code, 78, `${args[0]}: ${stderr}`);
      assert.match(stderr, /is of version 999.*\n {2}Run the newer flora-sync/);
    }
    assert.deepEqual(readFileSync(path), before);
  });
});

describe('a state directory that cannot be trusted', () => {
  it('ends every command with 78, and what a link leads to stays as it is', async (t) => {
    const world = await worldWithFlora(t);
    writePictures(world.drop, 1);
    assert.equal((await world.run(['sync'])).code, 0);
    const precious = join(world.base, 'precious');
    writeFileSync(precious, 'precious');
    for (const name of ['owner.json', 'owner.lock', 'control.sock']) {
      rmSync(join(world.stateDir, name), { force: true });
      symlinkSync(precious, join(world.stateDir, name));
      for (const args of [['run'], ['sync'], ['status'], ['retry', '--failed']]) {
        const { code, stderr } = await world.run(args);
        assert.equal(code, 78, `${name}, ${args[0]}: ${stderr}`);
        assert.match(stderr, new RegExp(`${name} is a symbolic link`));
      }
      rmSync(join(world.stateDir, name));
    }
    assert.equal(readFileSync(precious, 'utf8'), 'precious');
    assert.equal((await world.run(['sync'])).code, 0);
  });

  const notRoot = process.geteuid?.() !== 0 && 'only root can give files to others';
  it("is another user's: root looks at it, and writes nothing there", { skip: notRoot }, async (t) => {
    const world = await worldWithFlora(t);
    const theirs = world.directory('theirs');
    chownSync(theirs, 4_242, 4_242);
    for (const args of [['run'], ['sync']]) {
      const { code, stderr } = await world.run(args, { FLORA_SYNC_STATE_DIR: theirs });
      assert.equal(code, 78, stderr);
      assert.match(stderr, /belongs to another user \(uid 4242, and this is uid 0\)\n {2}Run it as that user/);
    }
    const looked = await world.run(['status'], { FLORA_SYNC_STATE_DIR: theirs });
    assert.equal(looked.code, 2);
    assert.match(looked.stderr, /^There is no ledger in /);
    assert.deepEqual(readdirSync(theirs), []);
    assert.equal(existsSync(world.stateDir), false);
  });
});
