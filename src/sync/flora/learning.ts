import type { Content } from '../../core/content.ts';
import type { AssetFacts, Reservation } from '../../core/event.ts';
import type { Learnt, LearntType } from '../../core/records.ts';
import type { Outcome } from '../commit/outcome.ts';
import type { RemotePort } from '../ports/flora.ts';
import type { LedgerPort } from '../ports/ledger.ts';
import type { ClockPort } from '../ports/runtime.ts';
import type { Gate } from './gate.ts';
import { askFlora, isKnown, type WorkSignals } from './request.ts';
import type { Transfers } from './transfers.ts';

interface LearningDeps {
  readonly ledger: LedgerPort;
  readonly remote: RemotePort;
  readonly gate: Gate;
  readonly transfers: Transfers;
  readonly clock: ClockPort;
}

/** GET may not show at once what `complete` has called ready: looks, and the pause between two. */
const mostLooks = 12;
const pauseMs = 1_000;
/** Of a larger asset the bytes are not fetched only to learn from them; a smaller one will come. */
const mostBytes = 64 << 20;

/**
 * Learns how FLORA really answers, by workspace, where its documents disagree: what matching, and a person who asks `status`, rest
 * on. The first asset that a ledger makes ready, and the first of each content type, are looked at whole.
 */
export class Learning {
  readonly #deps: LearningDeps;
  readonly #looking = new Set<string>();

  constructor(deps: LearningDeps) {
    this.#deps = deps;
  }

  /**
   * What the bytes behind the URL of an asset of another size are, where that is not known of all files of this type, and the
   * asset is not too large for a look.
   */
  async compare(content: Content, facts: AssetFacts, signal: AbortSignal): Promise<'same' | 'other' | 'unknown'> {
    const known = this.#learntFor(content).types[content.contentType];
    const isKnownToChange = known?.isSizeKept === false && known.areBytesKept === false;
    if (isKnownToChange || content.sizeBytes > mostBytes) return 'unknown';
    const compared = await compareBytes(this.#deps, content, facts, signal);
    if (compared === 'other') await this.seen(content, { ...typeOf(content, facts), areBytesKept: false });
    return compared;
  }

  /** Where FLORA has bytes sent to. */
  async targeted(content: Content, { target, expiresInMs }: Reservation): Promise<void> {
    if (target === null) return;
    const { host } = new URL(target.url);
    const known = this.#learntFor(content).target;
    if (known !== null && known.kind === target.kind && known.host === host) return;
    await this.#note(content, (learnt) => ({ ...learnt, target: { kind: target.kind, host, livesMs: expiresInMs } }));
  }

  /** An asset was listed in one size, and GET told another, or the same. */
  async listed(content: Content, listedBytes: number | null, toldBytes: number | null): Promise<void> {
    if (listedBytes === null || toldBytes === null) return;
    const known = this.#learntFor(content).areListedSizesRight;
    const isRight = known !== false && listedBytes === toldBytes;
    if (known !== isRight) await this.#note(content, (learnt) => ({ ...learnt, areListedSizesRight: isRight }));
  }

  /** What became of a file of this type, told by a GET or by an adoption. */
  async seen(content: Content, type: LearntType): Promise<void> {
    const before = this.#learntFor(content).types[content.contentType];
    const after = before === undefined ? type : merged(before, type);
    const isSame =
      before?.isSizeKept === after.isSizeKept &&
      before.areBytesKept === after.areBytesKept &&
      before.keptAs === after.keptAs;
    if (isSame) return;
    await this.#note(content, (learnt) => ({ ...learnt, types: { ...learnt.types, [content.contentType]: after } }));
  }

  /** Whether this ready asset is the first of its kind. */
  isWanted(content: Content): boolean {
    const learnt = this.#learntFor(content);
    const isLearnt = learnt.assetId !== null && learnt.types[content.contentType] !== undefined;
    return !isLearnt && !this.#looking.has(this.#keyOf(content));
  }

  /**
   * Looks at an asset that has just become ready, if it is the first of its kind. Returns what a GET said that the ledger should
   * know; null when there is nothing to look at, or no answer.
   */
  async look(content: Content, signals: WorkSignals): Promise<Outcome | null> {
    const { assetId } = content;
    if (assetId === null || !this.isWanted(content)) return null;
    const key = this.#keyOf(content);
    this.#looking.add(key);
    try {
      const shown = await this.#get(assetId, content, signals);
      if (shown === null) return null;
      const { facts, lagMs, requestId } = shown;
      const compared =
        content.sizeBytes > mostBytes ? 'unknown' : await compareBytes(this.#deps, content, facts, signals.abort);
      const areBytesKept = compared === 'unknown' ? null : compared === 'same';
      await this.seen(content, { ...typeOf(content, facts), areBytesKept });
      const atMs = this.#deps.clock.now();
      await this.#note(content, (known) => (known.assetId === null ? { ...known, assetId, atMs, lagMs } : known));
      return { event: { type: 'asset', facts, by: 'get' }, requestId, doubted: [] };
    } finally {
      this.#looking.delete(key);
    }
  }

  /** Until GET shows it as ready; null when it does not, or was cut short. */
  async #get(assetId: string, file: Content, signals: WorkSignals) {
    const { clock, gate, remote } = this.#deps;
    const sinceMs = clock.monotonic();
    for (let looks = 1; looks <= mostLooks; looks += 1) {
      const asked = await askFlora(gate, signals, { op: 'check', file }, () => remote.get(assetId, signals.abort));
      if (asked === null) return null;
      if (asked.kind === 'answer' && asked.value.value.status === 'ready') {
        const { value: facts, requestId } = asked.value;
        return { facts, requestId, lagMs: looks === 1 ? 0 : Math.round(clock.monotonic() - sinceMs) };
      }
      await clock.sleep(pauseMs, signals.stopping);
      if (signals.stopping.aborted) return null;
    }
    return null;
  }

  #keyOf(content: Content): string {
    return `${this.#workspaceOf(content)} ${content.contentType}`;
  }

  #workspaceOf({ destinationId }: Content): string {
    return this.#deps.ledger.directories.destination(destinationId).workspaceId;
  }

  #learntFor(content: Content): Learnt {
    return this.#deps.ledger.facts.learnt(this.#workspaceOf(content));
  }

  async #note(content: Content, change: (learnt: Learnt) => Learnt): Promise<void> {
    const workspaceId = this.#workspaceOf(content);
    await this.#deps.ledger.write(({ facts }) => {
      const before = facts.learnt(workspaceId);
      const after = change(before);
      if (after !== before) facts.setLearnt(workspaceId, after);
    });
  }
}

/** What was seen to be changed once may be changed again: nothing that is kept later proves otherwise. */
function merged(before: LearntType, type: LearntType): LearntType {
  const sticky = (was: boolean | null, is: boolean | null) => (was === false ? false : (is ?? was));
  return {
    isSizeKept: sticky(before.isSizeKept, type.isSizeKept),
    areBytesKept: sticky(before.areBytesKept, type.areBytesKept),
    keptAs: type.keptAs ?? before.keptAs,
  };
}

/** What FLORA says that it made of a file. */
export function typeOf({ sizeBytes }: Content, facts: AssetFacts): LearntType {
  const isSizeKept = facts.sizeBytes === null ? null : facts.sizeBytes === sizeBytes;
  return { isSizeKept, areBytesKept: null, keptAs: facts.contentType };
}

/**
 * What the bytes behind an asset's URL are. Others than ours are evidence only if their number is the size that FLORA reports:
 * hosts in front of the storage optimise, redirect, and answer with pages.
 */
export async function compareBytes(
  { remote, transfers }: Pick<LearningDeps, 'remote' | 'transfers'>,
  content: Pick<Content, 'sizeBytes' | 'sha256'>,
  { url, sizeBytes }: Pick<AssetFacts, 'url' | 'sizeBytes'>,
  signal: AbortSignal,
): Promise<'same' | 'other' | 'unknown'> {
  if (url === null) return 'unknown';
  const mostFetched = Math.max(content.sizeBytes, sizeBytes ?? 0);
  try {
    const fetched = await transfers.fetch(() => remote.fetchDigest(url, mostFetched, signal));
    if (fetched.sizeBytes === content.sizeBytes && fetched.sha256 === content.sha256) return 'same';
    return fetched.sizeBytes === sizeBytes ? 'other' : 'unknown';
  } catch (error) {
    if (!isKnown(error) && !signal.aborted) throw error;
    return 'unknown';
  }
}
