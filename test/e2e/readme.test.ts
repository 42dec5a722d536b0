import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { cloneOf, npmOf, whyNoSteps } from '../readme/installed-here.ts';
import { headerCommands, shellBlocks, unitEnvironment, withoutSystemd } from '../readme/steps.ts';
import { assertReadyOnce } from '../support/flora.ts';
import { writePictures } from '../support/pictures.ts';
import { findProgram } from '../support/programs.ts';
import { untilAsync } from '../support/until.ts';
import { jsonLines, KEY, type LsLine, World } from '../support/world.ts';

/** The one that the pages tell the reader to write over. */
const workspace = 'ws_0123456789';
const nobody = 65_534;

const isRoot = process.geteuid?.() === 0;
const self = process.geteuid?.() ?? nobody;

/** Only root can be somebody else. */
function ids(uid: number) {
  return isRoot ? { uid, gid: uid } : {};
}

interface Machine {
  readonly world: World;
  readonly home: string;
  readonly clone: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  /** A command that everything is started under. */
  readonly under: readonly string[];
}

/** A home in which nothing was ever done, a directory of the repository, and FLORA. */
async function freshMachine(t: TestContext, uid: number, under: readonly string[] = []): Promise<Machine> {
  const world = new World(t);
  await world.startFlora({ workspaces: [{ workspace_id: workspace, name: 'Renders' }] });
  chmodSync(world.base, 0o755);
  const home = world.directory('fresh');
  if (isRoot) chownSync(home, uid, uid);
  const env = {
    HOME: home,
    PATH: `${npmOf(world)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    // Nothing is fetched, and FLORA is the one on this machine.
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    FLORA_BASE_URL: `${world.floraOrigin}/api/v1`,
    FLORA_SYNC_SETTLE: '300ms',
  };
  return { world, home, clone: cloneOf(world, uid), env, uid, under };
}

/** Types the commands into one shell, in the directory of the repository; what is pasted is the key. */
async function type(t: TestContext, { clone, env, uid, under }: Machine, commands: string): Promise<string> {
  const { commands: possible, leftOut } = withoutSystemd(commands);
  for (const line of leftOut) t.diagnostic(`left out, for there may be no systemd: ${line}`);
  // nsenter leaves the directory. Many systems give people a group of their own, and a umask that lets it write.
  const [program = '', ...words] = [...under, '/bin/sh', '-euc', `cd '${clone}'; umask 002\n${possible}`];
  const child = spawn(program, words, { cwd: clone, env, ...ids(uid), stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  // Only the commands that ask for the key read it: the others may be gone before it is written.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => assert.equal(error.code, 'EPIPE'));
  child.stdin.end(`${KEY}\n`);
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${possible}\nended with ${code}:\n${said}`);
  return said;
}

function floraOf({ FLORA_BASE_URL = '', FLORA_SYNC_SETTLE = '' }: Readonly<Record<string, string>>) {
  return { FLORA_BASE_URL, FLORA_SYNC_SETTLE };
}

/** Starts what a unit starts, with the environment that it would have; and stops it, as systemd would. */
async function serve(t: TestContext, machine: Machine, unit: string, envFile: string, given: Record<string, string>) {
  const { env, clone, uid, under, home } = machine;
  const exec = /^ExecStart=(.*)$/m.exec(readFileSync(join(clone, 'systemd', unit), 'utf8'))?.[1] ?? '';
  // systemd hands out the file's variables; -a makes the shell do so. What the daemon is pointed at FLORA with comes with them.
  const service = { ...unitEnvironment(unit, home), HOME: home, ...floraOf(env), ...given };
  const [program = '', ...words] = [...under, '/bin/sh', '-euac', `. '${envFile}'; set +a; cd /; exec ${exec}`];
  const child = spawn(program, words, { cwd: '/', env: service, ...ids(uid), stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const closed = once(child, 'close');
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  t.after(async () => {
    if (isRunning()) child.kill('SIGKILL');
    await closed;
  });
  return {
    said: () => said,
    isRunning,
    async stop() {
      child.kill('SIGTERM');
      assert.deepEqual(await closed, [0, null], said);
    },
  };
}

async function untilReady(
  { clone, env, uid, under }: Machine,
  service: { said(): string; isRunning(): boolean },
  path: string,
  ...more: readonly string[]
) {
  const [program = '', ...words] = [...under, '/bin/sh', '-c', `flora-sync ls --json ${more.join(' ')}`];
  const ls = () =>
    new Promise<readonly LsLine[]>((resolve, reject) => {
      execFile(program, words, { cwd: clone, env, ...ids(uid) }, (error, stdout) => {
        // Before the daemon has made its ledger there is none to list.
        if (error === null || error.code === 2) resolve(jsonLines<LsLine>(stdout));
        else reject(error);
      });
    });
  const isReady = async () => {
    assert.ok(service.isRunning(), service.said());
    return (await ls()).some((line) => line.path === path && line.state === 'ready');
  };
  await untilAsync(`${path} is ready`, isReady, 120_000, service.said);
}

const users: readonly (readonly [string, number])[] = isRoot
  ? [
      ['root', 0],
      ['a user without rights', nobody],
    ]
  : [['this user', self]];

describe('the steps to the real service, as written, in a fresh home', { concurrency: true }, () => {
  for (const [who, uid] of users) {
    it(`bring files into FLORA, once and by the service, and can be undone: ${who}`, {
      skip: whyNoSteps(uid),
    }, async (t) => {
      const machine = await freshMachine(t, uid);
      const { world, home, env } = machine;
      const blocks = shellBlocks('README.md', '## Five minutes to the real service');
      const trial = blocks.findIndex((block) => block.includes('flora-sync sync'));
      assert.ok(trial > 0 && trial < blocks.length - 1, 'the steps have a trial, and the service behind it');
      await type(t, machine, blocks.slice(0, trial).join(''));
      assert.equal(statSync(join(home, '.config/flora-sync/api-key')).mode & 0o777, 0o600);
      const drop = join(home, 'flora-drop');
      const path = `${join(home, '.local/bin')}:${env.PATH}`;
      const inShell = { ...machine, env: { ...env, PATH: path } };
      writePictures(drop, 2);
      const said = await type(t, inShell, blocks[trial] ?? '');
      assert.match(said, /2 files ready/);
      // Neither the settings nor the key may be warned of.
      assert.doesNotMatch(said, /warn|"level":(?:40|50)/i);
      assert.equal(await assertReadyOnce(world, [drop]), 2);

      await type(t, inShell, blocks.slice(trial + 1).join(''));
      const unit = 'flora-sync.service';
      assert.ok(existsSync(join(home, '.config/systemd/user', unit)));
      const envFile = join(home, '.config/flora-sync/flora-sync.env');
      const service = await serve(t, inShell, unit, envFile, {});
      const [third = ''] = writePictures(drop, 1, 2);
      await untilReady(inShell, service, third);
      assert.equal(await assertReadyOnce(world, [drop]), 3);
      await service.stop();

      for (const block of shellBlocks('README.md', '## Upgrade and uninstall')) await type(t, inShell, block);
      for (const gone of [
        '.local/bin/flora-sync',
        '.config/flora-sync',
        '.local/state/flora-sync',
        `.config/systemd/user/${unit}`,
      ]) {
        assert.equal(existsSync(join(home, gone)), false, gone);
      }
      assert.ok(existsSync(third), 'the files stay');
    });
  }
});

/** Where the unit says that its documentation is. */
function documentationOf(unit: string, home: string): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'systemd', unit), 'utf8');
  return (/^Documentation=file:\/\/(.*)$/m.exec(text)?.[1] ?? '').replaceAll('%h', home);
}

describe('the steps at the top of the units, as written', { concurrency: true }, () => {
  for (const [who, uid] of users.slice(-1)) {
    it(`start the user unit behind the first four of the README: ${who}`, { skip: whyNoSteps(uid) }, async (t) => {
      const machine = await freshMachine(t, uid);
      const blocks = shellBlocks('README.md', '## Five minutes to the real service');
      const trial = blocks.findIndex((block) => block.includes('flora-sync sync'));
      await type(t, machine, blocks.slice(0, trial).join('') + headerCommands('flora-sync.service'));
      const { home, env } = machine;
      const service = await serve(
        t,
        machine,
        'flora-sync.service',
        join(home, '.config/flora-sync/flora-sync.env'),
        {},
      );
      const [path = ''] = writePictures(join(home, 'flora-drop'), 1);
      const inShell = { ...machine, env: { ...env, PATH: `${join(home, '.local/bin')}:${env.PATH}` } };
      await untilReady(inShell, service, path);
      await service.stop();
    });
  }

  it('make all that the user unit needs, also without any step before', { skip: whyNoSteps(self) }, async (t) => {
    const machine = await freshMachine(t, self);
    await type(t, machine, headerCommands('flora-sync.service'));
    assert.ok(existsSync(join(machine.home, '.config/systemd/user/flora-sync.service')));
  });

  const unshare = findProgram('unshare');
  const nsenter = findProgram('nsenter');
  const whyNoBox = (): string | false => {
    if (!isRoot) return 'only root can install a system unit';
    if (unshare === undefined || nsenter === undefined) return 'unshare and nsenter are not installed';
    return findProgram('useradd') === undefined ? 'useradd is not installed' : whyNoSteps(nobody);
  };
  it('start the system unit on a box of its own, and can be undone', { skip: whyNoBox() }, async (t) => {
    const box = await startBox(t, unshare ?? '');
    if (typeof box === 'string') return t.skip(box);
    const under = [nsenter ?? '', `--target=${box.pid}`, '--mount', '--'];
    const machine = await freshMachine(t, 0, under);
    await type(t, machine, headerCommands('flora-sync@.service'));
    await type(t, machine, `test -e ${documentationOf('flora-sync@.service', '')}`);
    const numbers = await type(t, machine, 'id -u ingest; id -g ingest');
    const [uid = '', gid = ''] = numbers.trim().split('\n');
    // What systemd does before it starts the unit: the state directory, and the credential where its user can read it.
    const state = '/var/lib/flora-sync/ingest';
    const credentials = join(machine.world.base, 'credentials');
    const given = `install -d -o ${uid} -g ${gid} -m 700 ${state} ${credentials}
      install -o ${uid} -g ${gid} -m 400 /etc/credstore/flora-api-key.ingest ${credentials}/flora-api-key
      install -o ${uid} -g ${gid} -m 400 /etc/flora-sync/ingest.env ${credentials}/env`;
    await type(t, machine, given);
    const asUser = [
      ...under,
      findProgram('setpriv') ?? 'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--',
    ];
    const service = await serve(t, { ...machine, under: asUser }, 'flora-sync@.service', `${credentials}/env`, {
      PATH: `${join(machine.world.base, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
      STATE_DIRECTORY: state,
      CREDENTIALS_DIRECTORY: credentials,
    });
    writePictures(machine.world.drop, 1);
    await type(t, machine, `cp ${machine.world.drop}/picture-0.png /srv/flora-drop/`);
    await untilReady(machine, service, '/srv/flora-drop/picture-0.png', '--state-dir', state);
    assert.equal(await assertReadyOnce(machine.world, [machine.world.drop]), 1);
    await service.stop();

    for (const block of shellBlocks('config/README.md', '## Where things are')) await type(t, machine, block);
    const left =
      'ls -d /usr/local/bin/flora-sync /etc/flora-sync /etc/credstore/flora-api-key.ingest /var/lib/flora-sync || true';
    const said = await type(t, machine, left);
    assert.equal(said.match(/cannot access/g)?.length, 4, said);
    await type(t, machine, 'test -e /srv/flora-drop/picture-0.png');
  });
});

/** A file system that looks like this one's and forgets what is written to it; or why there is none. */
async function startBox(t: TestContext, unshare: string): Promise<{ readonly pid: number } | string> {
  const script = `mount -t tmpfs tmpfs /mnt
    for place in etc usr/local srv var/lib; do
      mkdir -p /mnt/$place/upper /mnt/$place/work
      mount -t overlay -o lowerdir=/$place,upperdir=/mnt/$place/upper,workdir=/mnt/$place/work overlay /$place
    done
    echo made; exec cat`;
  const child = spawn(unshare, ['--mount', '--propagation=private', '/bin/sh', '-euc', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  t.after(async () => {
    child.stdin.end();
    await closed;
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const made = once(child.stdout, 'data').then(() => true);
  const isMade = await Promise.race([made, closed.then(() => false)]);
  return isMade ? { pid: child.pid ?? 0 } : `this machine mounts no overlay: ${said.trim()}`;
}
