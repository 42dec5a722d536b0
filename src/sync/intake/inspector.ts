import PQueue from 'p-queue';
import { unknownStat } from '../../core/diff.ts';
import { type FileStat, type Fingerprint, isSameStat } from '../../core/entry.ts';
import { racyUntilMs } from '../../core/settle.ts';
import type { Admitted } from '../ports/ledger.ts';
import type { LocalPort } from '../ports/local.ts';
import type { RootGuard } from '../roots/root-guard.ts';
import { type AdmitDeps, admitFile, admitProblem, type FolderFile } from './admit.ts';
import { Line } from './line.ts';
import type { RuleBook } from './rule-book.ts';

export interface InspectorDeps extends AdmitDeps {
  readonly local: LocalPort;
  readonly signal: AbortSignal;
  /** There may be new work in the ledger: this. */
  readonly onWork: (admitted: Admitted) => void;
  readonly roots: Pick<RootGuard, 'isThere' | 'mayTake'>;
  readonly rules: Pick<RuleBook, 'isExcluded'>;
  /** The file is not what it was: look at its name again. */
  readonly onLost: (file: FolderFile) => void;
  /** It looks like a copy that has paused: settle it once more, for so many quiet periods. */
  readonly onUnfinished: (file: FolderFile, stat: FileStat, quietPeriods: number) => void;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** A file, and what it looked like when it had settled. */
export interface Settled {
  readonly file: FolderFile;
  readonly stat: FileStat;
}

/** Digests at once: more would only fight over the disk. */
const inspectors = 2;

/** So many are queued, read or become durable: enough for digests to go on while a group of rows is written. The rest stands in line. */
const mostAtOnce = 64;

/** Reads what has settled, and brings it into the ledger: as its content, or with the reason why it is not sent. */
export class Inspector {
  readonly #deps: InspectorDeps;
  readonly #queue = new PQueue({ concurrency: inspectors });
  readonly #line = new Line<Settled>(
    () => this.#underWay < mostAtOnce,
    (settled) => this.#begin(settled),
  );
  readonly #toRead = new Set<Settled>();
  /** How files looked that are settling once more. Those that changed meanwhile begin anew. */
  readonly #unfinished = new WeakMap<FolderFile, FileStat>();
  #admitting = 0;

  constructor(deps: InspectorDeps) {
    this.#deps = deps;
    // Only now is the task no longer in hand: when its own end is told, p-queue still counts it.
    this.#queue.on('next', () => this.#changed());
  }

  add(settled: Settled): void {
    this.#line.add(settled);
  }

  #begin(settled: Settled): void {
    const { file, stat } = settled;
    this.#toRead.add(settled);
    void this.#queue.add(() => this.#guard(this.#inspect(file, stat).finally(() => this.#toRead.delete(settled))));
  }

  /** What waits to be read, or is being read. */
  list(): readonly Settled[] {
    return [...this.#line.list(), ...this.#toRead];
  }

  /** How many files wait, are read, or become durable. */
  get size(): number {
    return this.#line.size + this.#underWay;
  }

  get #underWay(): number {
    return this.#queue.size + this.#queue.pending + this.#admitting;
  }

  /** Waits for what is being read and written; the rest is forgotten. */
  async close(): Promise<void> {
    this.#line.clear();
    this.#queue.clear();
    this.#toRead.clear();
    await this.#queue.onIdle();
  }

  get isAdmitting(): boolean {
    return this.#admitting > 0;
  }

  async #inspect(file: FolderFile, stat: FileStat): Promise<void> {
    const { clock, local, signal, roots, rules, onLost, onUnfinished } = this.#deps;
    if (signal.aborted) return;
    const before = this.#unfinished.get(file);
    const racyMs = racyUntilMs(stat, clock.now(), local.isRemote(file, stat.device));
    const inspection = await local.inspect(file, signal, before !== undefined && isSameStat(before, stat));
    if (signal.aborted) return;
    // Another drive may have come into its place while the file was waited for, or a rule.
    if (!roots.mayTake(file) || rules.isExcluded(file)) return onLost(file);
    switch (inspection.kind) {
      case 'fingerprint':
        // It settled as something else: somebody went on writing meanwhile, and this may be half a file.
        if (!isSameStat(inspection.fingerprint.stat, stat)) return onLost(file);
        // Not waited for here: the next digest is taken while this row becomes durable.
        void this.#guard(this.#admit(file, inspection.fingerprint, racyMs));
        return;
      case 'problem': {
        const { problem } = inspection;
        // A disk that could not be read once may do so next time: look again at each scan.
        // Looked at anew each time; people are told its size all the same.
        const seen = problem.code === 'read_error' ? { ...unknownStat, sizeBytes: stat.sizeBytes } : stat;
        await admitProblem(this.#deps, file, seen, problem, racyMs);
        return;
      }
      case 'unfinished':
        this.#unfinished.set(file, stat);
        return onUnfinished(file, stat, inspection.quietPeriods);
      case 'changed':
      case 'gone':
        return onLost(file);
      default: {
        const never: never = inspection;
        throw new Error(`Unknown inspection ${JSON.stringify(never)}`);
      }
    }
  }

  async #admit(file: FolderFile, fingerprint: Fingerprint, racyMs: number | null): Promise<void> {
    this.#admitting += 1;
    let admitted: Admitted;
    try {
      admitted = await admitFile(this.#deps, file, fingerprint, racyMs);
    } finally {
      this.#admitting -= 1;
    }
    this.#deps.onWork(admitted);
  }

  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#deps.signal.aborted) this.#deps.onError(error);
    } finally {
      this.#changed();
    }
  }

  #changed(): void {
    this.#line.advance();
    this.#deps.onChange();
  }
}
