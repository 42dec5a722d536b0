import type { Content } from '../../core/content.ts';
import {
  accounted,
  type Creation,
  freshCreation,
  isOwing,
  isProbeDue,
  isSpent,
  isWithoutBytes,
  mayCount,
  probed,
  roomIn,
  slowed,
} from '../../core/creation.ts';
import type { ContentEvent } from '../../core/event.ts';
import { asClause } from '../../core/show-text.ts';
import type { LedgerPort, LedgerTablesPort } from '../ports/ledger.ts';
import type { ClockPort, LogPort } from '../ports/runtime.ts';

export interface CreatingDeps {
  readonly ledger: LedgerPort;
  readonly clock: ClockPort;
  readonly log: LogPort;
  /** Of flora-sync. */
  readonly version: string;
  /** How many contents may be on their way at once. */
  readonly most: number;
  /** There may be room again, or none any more. */
  readonly onChange: () => void;
}

/** Open reservations that get no byte for so long are not waited for any more. */
const standstillMs = 20_000;
/** Bytes of an upload that failed more often than this are no step forward. */
const triesThatCount = 3;
/** What was claimed before creating slowed down looks again after this at the latest. */
const longestLookMs = 60_000;

/**
 * Watches over what can never be undone: FLORA has no delete, so that nothing that creates may loop. Assets that never got a byte
 * have a budget, over all files and lives; when it is spent, or an answer to a reservation cannot be understood, one asset is
 * asked for at a time, and seldom. Accepted bytes, a person, or a new version open it again.
 */
export class Creating {
  readonly #deps: CreatingDeps;
  /** Contents with an asset and no accepted byte. */
  readonly #open: Set<number>;
  /** Contents that a worker has claimed to ask for an asset. */
  readonly #claimed = new Set<number>();
  /** Monotonic: since when there is no room, and nothing is sent. */
  #standstillSinceMs: number | null = null;
  #isWritten = true;
  #isToldSlow = false;

  constructor(deps: CreatingDeps) {
    this.#deps = deps;
    this.#open = new Set(deps.ledger.contents.withoutBytes());
  }

  /** Lets a new version try again what its predecessor did not understand. */
  async begin(): Promise<void> {
    const { ledger, version } = this.#deps;
    const known = ledger.facts.creation;
    if (known === null || known.version === version) return;
    await ledger.write(({ facts }) => facts.setCreation({ ...freshCreation(version), accepted: known.accepted }));
  }

  /** Why assets are asked for one at a time; null while they are asked for as needed. */
  get slowReason(): string | null {
    const { slowSinceMs, reason } = this.#read();
    return slowSinceMs === null ? null : reason;
  }

  /** How many more queued contents may be claimed now. */
  room(): number {
    const { clock, most } = this.#deps;
    const creation = this.#read();
    if (creation.slowSinceMs !== null) return isProbeDue(creation, clock.now()) && this.#claimed.size === 0 ? 1 : 0;
    return Math.max(0, Math.floor(roomIn(creation, this.#open.size + this.#claimed.size, most)));
  }

  /**
   * There is no room although contents wait for it. Slows creating down when nothing will make room by itself.
   *
   * @param isAnswering nothing keeps FLORA from answering: while something does, standing still means nothing
   * @returns milliseconds until there may be room, or another look is worth it
   */
  async full(isAnswering: boolean): Promise<number> {
    const { clock } = this.#deps;
    const creation = this.#read();
    if (creation.slowSinceMs !== null) {
      const leftMs = Math.min(creation.waitMs, creation.nextProbeMs - clock.now());
      // The one probe is on its way, and tells when it is over.
      return leftMs > 0 ? leftMs : longestLookMs;
    }
    if (this.room() > 0) return longestLookMs;
    const nowMs = clock.monotonic();
    this.#standstillSinceMs = isAnswering ? (this.#standstillSinceMs ?? nowMs) : null;
    const leftMs = (this.#standstillSinceMs ?? nowMs) + standstillMs - nowMs;
    // A request that is under way ends by itself.
    const mayMakeRoom = this.#claimed.size > 0 || leftMs > 0;
    if (mayMakeRoom && !isSpent(creation, 0, this.#deps.most)) return leftMs > 0 ? leftMs : longestLookMs;
    await this.#slow(spentReason(creation, this.#open.size));
    return longestLookMs;
  }

  /** After `reopenCreation`. */
  changed(): void {
    this.#standstillSinceMs = null;
    this.#tell();
    this.#deps.onChange();
  }

  /** A worker has claimed this queued content, and lets go of it when it has an asset, or cannot get one now. */
  claim(id: number): void {
    this.#claimed.add(id);
  }

  release(id: number): void {
    // Room was made, whatever the request came to.
    if (this.#claimed.delete(id)) this.#standstillSinceMs = null;
  }

  /** Bytes are sent: what is open is getting on, unless they were sent in vain before. */
  sent({ attempts }: Pick<Content, 'attempts'>): void {
    if (attempts < triesThatCount) this.#standstillSinceMs = null;
  }

  /** Asked right before the request. Null when it may be made; otherwise what the content has to wait for. */
  async enter(): Promise<ContentEvent | null> {
    const { clock, ledger, most } = this.#deps;
    if (this.#read().slowSinceMs === null) return null;
    // Durable before the effect: a crash must not make each life's first request a probe.
    return await ledger.write((tables) => {
      const creation = this.#readFrom(tables);
      // Of this very moment: what was written meanwhile must not lie in its future.
      const nowMs = clock.now();
      if (!isProbeDue(creation, nowMs)) {
        const retryAfterMs = Math.min(longestLookMs, creation.nextProbeMs - nowMs);
        return { type: 'trouble', code: 'creation_slow', reason: creation.reason ?? '', retryAfterMs };
      }
      tables.facts.setCreation(probed(creation, nowMs, isOwing(creation, this.#open.size, most)));
      return null;
    });
  }

  /** Inside the write that stores what came of a step: what it means for the budget. `after` null: the result was dropped. */
  account(tables: LedgerTablesPort, before: Content, event: ContentEvent, after: Content | null): void {
    if (!mayCount(before, event, after)) return;
    const known = this.#readFrom(tables);
    // As the memory will have it once this is durable.
    const open = this.#open.size - (isWithoutBytes(before) ? 1 : 0) + (after !== null && isWithoutBytes(after) ? 1 : 0);
    const step = { before, event, after, nowMs: this.#deps.clock.now() };
    const next = accounted(known, step, open, this.#deps.most);
    if (next === known) return;
    this.#isWritten = true;
    tables.facts.setCreation(next);
  }

  /** After that write. */
  committed(before: Content, after: Content): void {
    if (before.state === 'queued' && after.assetId !== null) this.release(before.id);
    const wasOpen = this.#open.has(after.id);
    if (isWithoutBytes(after)) this.#open.add(after.id);
    else this.#open.delete(after.id);
    if (this.#isWritten) this.#tell();
    if (wasOpen === isWithoutBytes(after)) return;
    this.#standstillSinceMs = null;
    this.#deps.onChange();
  }

  /** One line when creating slows down, and one when it goes on. */
  #tell(): void {
    const { log } = this.#deps;
    this.#isWritten = false;
    const { slowSinceMs, reason } = this.#read();
    if ((slowSinceMs !== null) === this.#isToldSlow) return;
    this.#isToldSlow = slowSinceMs !== null;
    if (this.#isToldSlow)
      log.warn({ code: 'creation_slow' }, `${asClause(reason ?? '')}; nothing is lost, and what has an asset goes on`);
    else log.info({}, 'FLORA takes files again: assets are asked for as needed');
  }

  #read(): Creation {
    return this.#readFrom(this.#deps.ledger);
  }

  #readFrom({ facts }: LedgerTablesPort): Creation {
    return facts.creation ?? freshCreation(this.#deps.version);
  }

  async #slow(reason: string): Promise<void> {
    const { ledger, clock, most } = this.#deps;
    await ledger.write((tables) => {
      const creation = this.#readFrom(tables);
      if (creation.slowSinceMs === null)
        tables.facts.setCreation(slowed(creation, clock.now(), reason, isOwing(creation, this.#open.size, most)));
    });
    this.#tell();
  }
}

/** A person says that it is worth another try: the budget is whole again. Inside a write. */
export function reopenCreation({ facts }: Pick<LedgerTablesPort, 'facts'>): void {
  const known = facts.creation;
  if (known !== null) facts.setCreation({ ...freshCreation(known.version), accepted: known.accepted });
}

function spentReason({ barren, lost }: Creation, open: number): string {
  const made = Math.ceil(barren) + open;
  const what =
    lost > made
      ? `the answers to ${lost} reservations in a row were lost`
      : `${made} assets were made in FLORA and not one byte of them was accepted`;
  return (
    `Creating is slowed down: ${what}, and FLORA has no delete; one more is tried now and then, the seldomer the longer this lasts. ` +
    'Accepted bytes, a new version or `flora-sync retry` end that'
  );
}
