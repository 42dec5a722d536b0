import { createHash } from 'node:crypto';
import type { LedgerDatabase } from '../../src/ledger/database.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { WaitReports } from '../../src/ledger/tables/waits.ts';
import { type ClientOptions, FloraClient } from '../../src/remote/client.ts';
import type { Creating, CreatingDeps } from '../../src/sync/flora/creating.ts';
import { WorkspaceCheck } from '../../src/sync/flora/workspace-check.ts';
import type { RemotePort } from '../../src/sync/ports/flora.ts';
import { Computer } from '../simulation/computer.ts';
import type { Parts } from '../simulation/engine.ts';
import { Guard } from '../simulation/invariants.ts';
import { openOnce } from '../simulation/run.ts';
import { createWorld, noteVersions, type World } from '../simulation/world.ts';
import { VirtualWire } from './exchange.ts';
import { type Figures, Judge, type Verdict } from './judge.ts';
import type { Mutation } from './mutations.ts';
import { type Scene, scenes } from './scenes.ts';
import { apiOrigin, createFlora, type Traffic } from './wire.ts';
import { dropsAround, type End, plantForeign, quiet } from './world.ts';

export interface Case {
  readonly scene: Scene;
  readonly mutation: Mutation;
}

export interface Outcome extends Figures {
  readonly verdict: Verdict;
  readonly reasons: string;
  /** What did not hold, or null. */
  readonly violation: string | null;
  readonly steps: number;
  readonly lines: readonly string[];
}

export const cases: readonly Case[] = scenes.flatMap((scene) =>
  scene.mutations.map((mutation) => ({ scene, mutation })),
);

export function nameOf({ scene, mutation }: Case): string {
  return `${scene.name}: ${mutation.field} ${mutation.name}`;
}

const minute = 60_000;
const hour = 60 * minute;
const calmAfterMs = 5 * minute;
const mostSteps = 400_000;

export interface Options {
  readonly isTold?: boolean;
  /** Virtual ones. */
  readonly hours?: number;
  readonly creating?: (deps: CreatingDeps) => Creating;
}

/** Plays one case in six hours, or as many, with a crash or the loss of the ledger in the middle. */
export async function play(
  { scene, mutation }: Case,
  end: End,
  { isTold = false, hours = 6, creating }: Options = {},
): Promise<Outcome> {
  const opened = openOnce();
  const world = createWorld(1, isTold, { ...quiet, ...scene.knobs });
  plantForeign(world, scene);
  const endMs = (hours / 2) * hour;
  const { timeline, trace } = world;
  opened.database.exec('BEGIN');
  try {
    const traffic: Traffic = { requests: 0, lost: 0, hasUploads: false, accepted: new Set() };
    const judge = new Judge(world, waitsOf(opened.database), traffic);
    const guard = new Guard(world, opened.committed);
    guard.onCommit = (rows) => judge.committed(rows);
    const parts = {
      ...partsOf(world, { scene, mutation }, traffic, judge, guard),
      ...(creating === undefined ? {} : { creating }),
    };
    const computer = new Computer(world, opened, guard, parts);
    for (const [atMs, name, bytes] of dropsAround(endMs)) timeline.after(atMs, () => drop(world, judge, name, bytes));
    timeline.after(endMs, () => {
      judge.died(end === 'lost');
      if (end === 'crash') computer.crash('in the middle');
      else computer.loseLedger('lost');
    });
    const look = () => {
      judge.look();
      timeline.after(minute, look);
    };
    timeline.after(minute, look);
    computer.start();
    await run(world, 2 * endMs);
    const verdict = judge.verdict();
    const reasons = judge.reasons();
    computer.crash('the end');
    const { violation, lines } = trace;
    return { ...judge.figures, verdict, reasons, violation, steps: timeline.steps, lines };
  } finally {
    opened.database.exec('ROLLBACK');
  }
}

let waits: WaitReports | undefined;

/** One for all cases: statements are never collected (src/runtime/sqlite.ts). */
function waitsOf(database: LedgerDatabase): WaitReports {
  waits ??= new WaitReports(database);
  return waits;
}

async function run({ timeline, trace }: World, untilMs: number): Promise<void> {
  for (;;) {
    // All promises that can go on have gone on after one turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (trace.violation !== null || timeline.nowMs >= untilMs || !timeline.step()) return;
    if (timeline.steps > mostSteps) trace.violate(`no end after ${mostSteps} steps`);
  }
}

/** The real client, over a wire that ends in the model. */
function partsOf(
  world: World,
  { scene, mutation }: Case,
  traffic: Traffic,
  judge: Judge,
  guard: Guard,
): Partial<Parts> {
  const { timeline } = world;
  const arrive = createFlora(world, scene, mutation, traffic, guard);
  const isHeld = mutation.isLie !== true;
  return {
    remote: (life, ledger, clock, random) => {
      const client = new FloraClient({
        ...bodyMemory(world, ledger),
        baseUrl: `${apiOrigin}/api/v1`,
        apiKey: () => 'sk_live_0123456789',
        concurrency: world.knobs.concurrency,
        userAgent: 'fuzz',
        nowMs: clock.now,
        token: random.token,
        setTimer: clock.setTimer,
        dispatcher: new VirtualWire(world, life, (request) => arrive(request, life.isAlive && isHeld ? guard : null)),
      });
      return withModelDigests(world, client);
    },
    onBuilt: (built) => {
      // At first it looks often whether its search is over; after that each look would only cost time.
      world.calmMs = timeline.nowMs + calmAfterMs;
      judge.born(built);
      built.creating.begin().catch(built.fail);
      new WorkspaceCheck(built).run(built, built.signal).catch(built.fail);
    },
  };
}

/** As `src/setup/flora-client.ts` remembers it, which needs a package beside it. */
function bodyMemory(world: World, ledger: Ledger): Pick<ClientOptions, 'bodyForm' | 'onBodyForm'> {
  return {
    bodyForm: ledger.facts.learnt('ws_1').body ?? undefined,
    onBodyForm: (body) => {
      const writing = ledger.write(({ facts }) => facts.setLearnt('ws_1', { ...facts.learnt('ws_1'), body }));
      writing.catch((error) => world.trace.violate(`no body is remembered: ${String(error)}`));
    },
  };
}

/** The model's digest of bytes is the bytes themselves (`simulation/local.ts`). */
function withModelDigests(world: World, client: FloraClient): RemotePort {
  const bytesOf = (sha256: string) =>
    world.flora.assets.find(({ bytes }) => bytes !== null && digestOf(bytes) === sha256)?.bytes ?? sha256;
  return {
    reserve: (wanted, signal) => client.reserve(wanted, signal),
    upload: (wanted, signal) => client.upload(wanted, signal),
    complete: (id, key, signal) => client.complete(id, key, signal),
    renew: (id, key, signal) => client.renew(id, key, signal),
    get: (id, signal) => client.get(id, signal),
    workspaceIds: (signal) => client.workspaceIds(signal),
    list: (query, cursor, signal) => client.list(query, cursor, signal),
    fetchDigest: async (url, mostBytes, signal) => {
      const fetched = await client.fetchDigest(url, mostBytes, signal);
      return { ...fetched, sha256: bytesOf(fetched.sha256) };
    },
  };
}

function digestOf(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function drop(world: World, judge: Judge, name: string, bytes: string): void {
  world.trace.add(`people drop ${name}`);
  const [root] = world.disk.roots;
  if (root === undefined) throw new Error('No drop folder');
  world.disk.create(root, name, [bytes]);
  noteVersions(world);
  judge.dropped(name, bytes);
}
