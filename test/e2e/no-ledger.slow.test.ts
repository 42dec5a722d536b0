import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { takeOwnership } from '../../src/ledger/recovery/owner-lock.ts';
import { World } from '../support/world.ts';

const commands: readonly (readonly string[])[] = [
  ['ls'],
  ['ls', '--state', 'ready'],
  ['ls', '--versions'],
  ['why', 'a.png'],
  ['verify'],
  ['verify', 'a.png'],
  ['retry', '--failed'],
  ['retry', 'a.png'],
  ['resume', '/drop'],
  ['reconcile'],
  ['reconcile', '--dry-run'],
];

describe('where there is no ledger to look into', () => {
  it('every command says so in one sentence, which names the state directory, and ends with 2', async (t) => {
    const world = new World(t);
    const sentence = `There is no ledger in ${world.stateDir} yet\n`;
    for (const args of [
      ...commands,
      ...commands.filter(([name]) => name !== 'resume').map((each) => [...each, '--json']),
    ]) {
      const { code, stdout, stderr } = await world.run(args);
      assert.deepEqual([code, stdout], [2, ''], `${args.join(' ')}: ${stderr}`);
      assert.ok(stderr.startsWith(sentence), `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, /It begins with the first `run` or `sync`\./);
    }
    assert.equal((await world.run(['status'])).stderr.startsWith(sentence), true);
    assert.ok(!existsSync(join(world.stateDir, 'ledger.sqlite')), 'none is begun for that');
  });

  it('status --json says what it says where nothing runs, and ends with 2 all the same', async (t) => {
    const world = new World(t);
    const { code, stdout, stderr } = await world.run(['status', '--json']);
    assert.equal(code, 2);
    assert.match(stderr, /^There is no ledger in /);
    const { daemon, folders, counts } = JSON.parse(stdout);
    assert.deepEqual(
      { daemon, folders, counts },
      { daemon: { running: false, pid: null, state: 'stopped', since: null }, folders: [], counts: {} },
    );
  });

  it('but a daemon that is about to begin it, there is nothing to see yet', async (t) => {
    const world = new World(t);
    const lock = takeOwnership(world.stateDir, { pid: process.pid, since: Date.now() });
    t.after(() => lock.release());
    for (const args of [['ls'], ['ls', '--json'], ['ls', '--versions']]) {
      const { code, stdout, stderr } = await world.run(args);
      assert.deepEqual([code, stdout, stderr], [0, '', ''], args.join(' '));
    }
    const { code, stdout } = await world.run(['status', '--json']);
    assert.deepEqual([code, JSON.parse(stdout).daemon.pid], [0, process.pid]);
  });
});
