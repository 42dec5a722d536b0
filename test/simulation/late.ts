import { joinPath } from '../../src/core/entry.ts';
import type { Inode, Root } from './disk.ts';
import { noteVersions, type World } from './world.ts';

const slackMs = 2_500;
/** Of src/sync: how often a folder that is away is looked for, and how often everything is walked. */
const lookForMs = 30_000;
const walkMs = 10 * 60_000;

/** What the drops need of the machine. */
export interface Watched {
  /** What is not as it should be: a sentence for each file, which begins with its path. */
  unfinished(): readonly string[];
}

/**
 * Once everything is ready and nothing is wrong any more, somebody goes on working, and each file must be ready soon after it was
 * finished: a wake-up that is lost is made good by the next walk or another file's, and nobody would notice but the one who waits.
 */
export class LateDrops {
  readonly #world: World;
  readonly #computer: Watched;
  hasBegun = false;
  #open = 0;
  #files = 0;

  constructor(world: World, computer: Watched) {
    this.#world = world;
    this.#computer = computer;
  }

  get isOver(): boolean {
    return this.#open === 0;
  }

  begin(): void {
    this.hasBegun = true;
    const { disk, peopleRng, knobs, trace } = this.#world;
    const root = disk.roots.find(({ mount }) => mount === 'there');
    if (root === undefined || !isPrompt(this.#world)) return;
    trace.add('somebody goes on working');
    this.#world.isWorking = true;
    this.#world.calmOver.abort();
    this.#world.flora.isGentle = true;
    // Files trickle in faster than any of them becomes quiet; meanwhile another is being written.
    for (let count = 0; count < 6; count += 1) this.#at(count * knobs.quietMs * 0.6, () => this.#drop(root));
    this.#at(peopleRng.between(0, 1_000), () => this.#write(root));
    // Each when the one before is expected.
    const replaceMs = 14 * knobs.quietMs + this.#boundMs();
    const awayMs = replaceMs + this.#boundMs();
    const backMs = awayMs + 20_000;
    this.#at(replaceMs, () => this.#replace(root));
    this.#at(awayMs, () => this.#takeAway(root, backMs - awayMs));
    const lastMs = backMs + lookForMs + this.#boundMs();
    this.#at(lastMs, () => {
      this.#world.isWorking = false;
      this.#dropUnseen(root);
    });
    // More than may be in hand at once.
    if (knobs.concurrency === 1 && peopleRng.chance(0.3)) this.#at(lastMs + walkMs, () => this.#dropMany(root, 24));
  }

  #at(delayMs: number, run: () => void): void {
    this.#open += 1;
    this.#world.timeline.after(delayMs, () => {
      this.#open -= 1;
      run();
      noteVersions(this.#world);
    });
  }

  #drop(root: Root): string {
    this.#files += 1;
    const path = `late-${this.#files}.png`;
    this.#world.disk.create(root, path, blocksOf(this.#world));
    this.#expect(root, path, this.#boundMs());
    return path;
  }

  #dropMany(root: Root, count: number): void {
    for (let each = 0; each < count; each += 1) {
      this.#files += 1;
      const path = `many-${this.#files}.png`;
      this.#world.disk.create(root, path, blocksOf(this.#world));
      this.#expect(root, path, this.#boundMs() * count);
    }
  }

  /** Held open, with pauses in which it looks finished. */
  #write(root: Root): void {
    const { disk, timeline, knobs } = this.#world;
    const blocks = blocksOf(this.#world, 8);
    const inode = disk.create(root, 'written.png', [], true);
    inode.isHalf = true;
    inode.writers += 1;
    const pauseMs = knobs.isRemoteMount ? knobs.quietMs / 2 : knobs.quietMs * 1.5;
    this.#open += 1;
    const next = (at: number): void => {
      const block = blocks[at];
      if (block !== undefined) {
        inode.blocks.push(block);
        disk.changed(inode);
        timeline.after(pauseMs, () => next(at + 1));
        return;
      }
      this.#open -= 1;
      this.#closed(root, inode);
    };
    next(0);
  }

  #closed(root: Root, inode: Inode): void {
    inode.writers -= 1;
    inode.isHalf = false;
    noteVersions(this.#world);
    this.#world.disk.onEvent(root, 'written.png');
    this.#expect(root, 'written.png', this.#boundMs());
  }

  #replace(root: Root): void {
    this.#world.disk.create(root, 'late-1.png', blocksOf(this.#world));
    this.#expect(root, 'late-1.png', this.#boundMs());
  }

  /** The drive goes just after a file came, and comes back with it. */
  #takeAway(root: Root, forMs: number): void {
    const { disk, timeline, trace } = this.#world;
    this.#files += 1;
    const path = `late-${this.#files}.png`;
    disk.create(root, path, blocksOf(this.#world));
    timeline.after(100, () => disk.mount(root, 'away'));
    this.#at(forMs, () => {
      trace.add(`${root.path} is back`);
      disk.mount(root, 'there');
      this.#expect(root, path, lookForMs + this.#boundMs());
    });
  }

  /** The kernel tells nobody of it. */
  #dropUnseen(root: Root): void {
    const { disk } = this.#world;
    const { onEvent } = disk;
    disk.onEvent = () => {};
    disk.create(root, 'unseen.png', blocksOf(this.#world));
    disk.onEvent = onEvent;
    noteVersions(this.#world);
    this.#expect(root, 'unseen.png', walkMs + this.#boundMs());
  }

  #expect(root: Root, path: string, withinMs: number): void {
    const { timeline, trace } = this.#world;
    const whole = joinPath(root.path, path);
    const sinceMs = timeline.nowMs;
    this.#open += 1;
    timeline.after(withinMs, () => {
      this.#open -= 1;
      // It was replaced, moved or carried off since: another expectation holds.
      const inode = root.files.get(path);
      if (inode === undefined || inode.sinceMs > sinceMs) return;
      const late = this.#computer.unfinished().find((each) => each.startsWith(`${whole} `));
      // A listing that shows what was has what is ready looked at once more.
      if (this.#world.knobs.listLagMs > 0 && late?.startsWith(`${whole} is checking (null`)) return;
      if (late !== undefined) trace.violate(`${late}, ${Math.round(withinMs)} ms after it was finished`);
    });
  }

  /** From a file's last change until it is ready, when nothing is wrong: each wait on its way at its longest. */
  #boundMs(): number {
    const { quietMs, latencyMs, processingMs, hiddenMs, nature, isRemoteMount } = this.#world.knobs;
    // Times on a server may be shown so late, and what keeps still for a tick of its times only has changed no more.
    const stillMs = quietMs + Math.max(nature.tickMs, 20) + (isRemoteMount ? 3_000 : 0);
    const requests = 2 * 4 * latencyMs + 6 * latencyMs;
    // What stays pending for a minute is completed once more, after a pause.
    const polls = processingMs > 60_000 ? 40_000 : Math.min(10_000, 2 * (processingMs + hiddenMs));
    return stillMs + requests + processingMs + hiddenMs + polls + slackMs;
  }
}

/** Whether nothing in this world may hold a file up for longer than its own way takes. */
function isPrompt({ knobs }: World): boolean {
  const { hiddenMs, latencyMs, nature, dialect, isForeignPending } = knobs;
  const isTroubled = nature.ownTroubles.some(({ untilMs }) => untilMs === Number.POSITIVE_INFINITY);
  const isOdd = isTroubled || dialect.isConverting || isForeignPending;
  return hiddenMs <= 1_000 && latencyMs <= 50 && nature.limit === null && !isOdd;
}

/** Bytes that FLORA takes. */
function blocksOf({ counters, flora, peopleRng }: World, length = peopleRng.between(1, 4)): readonly string[] {
  for (;;) {
    counters.tokens += 1;
    const version = String(counters.tokens).padStart(4, '0');
    const blocks = Array.from({ length }, (_, index) => `${version}.${index} `);
    if (!flora.isPoison(blocks.join(''))) return blocks;
  }
}
