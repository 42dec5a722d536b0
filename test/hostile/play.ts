import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { picture } from '../support/pictures.ts';
import { type Cleanup, ended, type Running } from '../support/process.ts';
import { until } from '../support/until.ts';
import { type LsLine, World } from '../support/world.ts';
import { selfSigned } from './certificate.ts';
import { credentials, digestOf, Flora, type Place, type Ways } from './flora.ts';
import { type ProxyTrouble, type StartedProxy, startProxy } from './proxy.ts';
import { type HostileServer, startServer } from './server.ts';
import { type Trouble, Troubles } from './trouble.ts';

/** One row of the table. */
export interface Case {
  readonly title: string;
  /** How many good files there are; bad ones come on top. */
  readonly good?: number;
  /** Files that cannot become ready, and what they must say for a reason. */
  readonly bad?: { readonly count: number; readonly reason: RegExp; readonly sizeBytes?: number };
  readonly flora?: Partial<Ways>;
  readonly troubles: readonly Trouble[];
  readonly seed?: number;
  /** FLORA lies behind a proxy, which is in trouble. */
  readonly proxy?: ProxyTrouble;
  /** Most requests of a kind about one file. */
  readonly most?: Readonly<Partial<Record<Place, number>>>;
  /** Most CONNECTs while the proxy is in trouble. */
  readonly mostConnects?: number;
  /** Until all good files are ready in FLORA; two minutes would be patience, not a promise. */
  readonly withinMs?: number;
  /** As with a ledger that knows nothing yet: what FLORA has is listed before anything is sent. */
  readonly searches?: boolean;
  /** Takes long, by its waits: begins before the others. */
  readonly isSlow?: boolean;
  /** Reads FLORA's words to people, in every command, and wants none of their control characters. */
  readonly isRead?: boolean;
}

/** Of a name, in the order of their making: good ones for the usual ways of `Flora`, bad ones by their name. */
export const badNames = /^bad-/;

const host = 'flora.example';

/**
 * Plays one case against the real daemon: it lives, all good files are ready exactly once by the server's own store, each bad one
 * is named with its reason, and the process is gone two seconds after SIGTERM.
 */
export async function play(t: Cleanup, one: Case): Promise<void> {
  const world = new World(t);
  const files = plantFiles(world.drop, one);
  const flora = new Flora(one.flora ?? {});
  const troubles = new Troubles(one.troubles, one.seed ?? 1);
  const server = await startServer(t, flora, troubles);
  const { env, proxy } = await environmentOf(t, world, one, flora, server);
  const daemon = world.start(['run'], env);
  const scene = () => describeScene({ daemon, server, flora, troubles, ...(proxy === undefined ? {} : { proxy }) });
  try {
    const good = [...files].filter(([name]) => !badNames.test(name)).map(([, digest]) => digest);
    const readyDigests = () => flora.assets.filter(({ status }) => status === 'ready').map(({ digest }) => digest);
    const lives = () => assert.ok(daemon.isRunning(), 'the daemon has ended');
    const isDone = () => {
      lives();
      const ready = new Set(readyDigests());
      return good.every((digest) => ready.has(digest));
    };
    const withinMs = one.withinMs ?? 120_000;
    await until('all good files are ready in FLORA', isDone, withinMs);
    await until('the daemon knows it', () => lives() === undefined && readyPaths(daemon).size >= good.length, withinMs);
    if (one.bad !== undefined || one.isRead === true) {
      const lines = await world.lsUntil(
        'ls gives each bad file its reason',
        (all) => isSettled(all, files, one),
        120_000,
      );
      await readsWell(world, lines, one);
      lives();
    }

    daemon.kill('SIGTERM');
    const { code } = await ended(daemon, 2_000);
    assert.equal(code, 0, 'its exit code');
    judge(readyDigests(), good, [...files.values()]);
    assert.deepEqual(flora.complaints, []);
    for (const [place, most] of Object.entries(one.most ?? {})) {
      for (const name of files.keys()) {
        const times = server.asked.filter((asked) => asked.place === place && asked.name === name).length;
        assert.ok(times <= most, `${name} was asked for at ${place} ${times} times, ${most} at most`);
      }
    }
    if (proxy !== undefined) {
      const [begin = 0] = proxy.connects;
      const early = proxy.connects.filter((at) => at - begin < (one.proxy?.forMs ?? 0)).length;
      assert.ok(early <= (one.mostConnects ?? 60), `${early} CONNECTs while the proxy was in trouble`);
    } else {
      const hits = Object.values(troubles.hits()).reduce((sum, count) => sum + count, 0);
      assert.ok(hits > 0 || one.troubles.length === 0, 'no trouble was ever met: the case shows nothing');
    }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${scene()}`, { cause: error });
  }
}

/** Their digests by their names. */
function plantFiles(drop: string, { good = 6, bad }: Case): ReadonlyMap<string, string> {
  const names = [
    ...Array.from({ length: bad?.count ?? 0 }, (_, at) => `bad-${at}.png`),
    ...Array.from({ length: good }, (_, at) => `good-${at}.png`),
  ];
  return new Map(
    names.map((name, number) => {
      const padding = badNames.test(name) ? (bad?.sizeBytes ?? 0) : 0;
      const bytes = Buffer.concat([picture(number), Buffer.alloc(padding, number)]);
      writeFileSync(join(drop, name), bytes);
      return [name, digestOf(bytes)];
    }),
  );
}

async function environmentOf(t: Cleanup, world: World, one: Case, flora: Flora, server: HostileServer) {
  const usual = {
    FLORA_API_KEY: credentials.key,
    FLORA_WORKSPACE_ID: credentials.workspaceId,
    FLORA_SYNC_SETTLE: '50ms',
    FLORA_BASE_URL: `http://127.0.0.1:${server.apiPort}/api/v1`,
    ...(one.searches === true ? {} : { FLORA_SYNC_ON_NEW_LEDGER: 'upload' }),
  };
  if (one.proxy === undefined) return { env: usual, proxy: undefined };
  const identity = selfSigned([host, `storage.${host}`]);
  const authority = join(world.base, 'authority.pem');
  writeFileSync(authority, identity.cert);
  const proxy = await startProxy(t, one.proxy, identity, server.serve);
  flora.storageOrigin = `https://storage.${host}`;
  const env = {
    ...usual,
    FLORA_BASE_URL: `https://${host}/api/v1`,
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    NODE_EXTRA_CA_CERTS: authority,
  };
  return { env, proxy };
}

/** Of what the daemon has said to be ready. */
function readyPaths(daemon: Running): ReadonlySet<unknown> {
  return new Set(daemon.logs().flatMap(({ to, path }) => (to === 'ready' ? [path] : [])));
}

/** The good ones are ready, and each of the bad ones has the reason that it should. */
function isSettled(lines: readonly LsLine[], files: ReadonlyMap<string, string>, { bad }: Case): boolean {
  if (lines.length !== files.size) return false;
  return lines.every(({ path, state, reason }) =>
    badNames.test(nameOf(path)) && bad !== undefined
      ? state !== 'ready' && bad.reason.test(reason ?? '')
      : state === 'ready',
  );
}

/** `why`, `ls` and `status` name a bad file's reason, and whatever FLORA said, none of them hands a terminal anything but text. */
async function readsWell(world: World, lines: readonly LsLine[], one: Case): Promise<void> {
  const line = lines.find(({ path }) => badNames.test(nameOf(path))) ?? lines[0];
  assert.ok(line !== undefined);
  const why = (await world.run(['why', line.path])).stdout;
  const texts = [why];
  if (one.bad !== undefined) assert.match(why, one.bad.reason);
  if (one.isRead === true) {
    for (const args of [['ls'], ['status'], ['ls', '--state', 'rejected'], ['retry', line.path]]) {
      const { stdout, stderr } = await world.run(args);
      texts.push(stdout, stderr);
    }
  }
  for (const text of texts) assert.doesNotMatch(text.replace(/[\n\t]/g, ''), unsafe);
}

// Everything that a terminal acts upon: control characters but line feed and tab, and what turns the direction of writing.
const unsafe = /[\p{Cc}\p{Bidi_Control}]/u;

function judge(ready: readonly string[], good: readonly string[], all: readonly string[]): void {
  for (const digest of good) {
    const count = ready.filter((one) => one === digest).length;
    assert.equal(count, 1, `${count} ready assets for a good file`);
  }
  assert.equal(new Set(ready).size, ready.length, 'a content is ready more than once');
  assert.deepEqual(
    ready.filter((digest) => !all.includes(digest)),
    [],
    'what is ready was never in the folder',
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

interface Scene {
  readonly daemon: Running;
  readonly server: HostileServer;
  readonly flora: Flora;
  readonly troubles: Troubles;
  readonly proxy?: StartedProxy;
}

/** What a failure shows of how it came to that. */
function describeScene({ daemon, server, flora, troubles, proxy }: Scene): string {
  const counts = new Map<string, number>();
  for (const { place, trouble } of server.asked) {
    const what = `${place}${trouble === null ? '' : ` (${trouble})`}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const states = flora.assets.map(
    ({ name, status, bytes }) => `${name} ${status}${bytes === null ? ' (no bytes)' : ''}`,
  );
  const last = server.asked.slice(-8).map(({ place, name, trouble }) => `${place} ${name} ${trouble ?? ''}`.trim());
  return [
    `daemon: ${daemon.isRunning() ? 'runs' : 'has ended'}`,
    `asked: ${[...counts].map(([what, count]) => `${what} ${count}`).join(', ')}`,
    `troubles: ${JSON.stringify(troubles.hits())}${proxy === undefined ? '' : `, ${proxy.connects.length} CONNECTs`}`,
    `last: ${last.join('; ')}`,
    `assets: ${states.slice(-40).join(', ')}`,
    `it said: ${daemon.stderr().slice(-1_500)}`,
  ].join('\n');
}
