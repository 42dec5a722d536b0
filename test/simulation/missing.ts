import { seldomMs } from '../../src/core/steps.ts';
import type { World } from './world.ts';

/** The answer to one GET, as FLORA was when it answered, once the daemon has it. */
export interface Look {
  readonly assetId: string;
  readonly isShown: boolean;
  readonly nowMs: number;
  readonly wallMs: number;
}

/** An answer takes a while: two looks ten minutes apart by the daemon's clock may be so much nearer at FLORA. */
const latestAnswerMs = 60_000;

/**
 * Holds the engine to what `missing` means: FLORA did not show the asset at two looks ten minutes apart (by the daemon's own
 * clock, as it may know no better), and showed another at the second.
 */
export class MissingWatch {
  /** Assets that were rightly called missing. */
  readonly declared = new Set<string>();
  readonly #world: World;
  readonly #looks: Look[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  looked(look: Look): void {
    this.#looks.push(look);
  }

  /** The ledger calls this asset missing, in a row or in its history. */
  judge(assetId: string): void {
    if (this.declared.has(assetId)) return;
    const why = this.#doubt(assetId);
    if (why !== null) this.#world.trace.violate(`${assetId} is called missing ${why}`);
    this.declared.add(assetId);
  }

  #doubt(assetId: string): string | null {
    const hidden = this.#looks.filter((look) => look.assetId === assetId && !look.isShown);
    const second = hidden.at(-1);
    if (second === undefined) return 'although FLORA never said so';
    const apartMs = seldomMs - latestAnswerMs;
    if (!hidden.some(({ wallMs }) => second.wallMs - wallMs >= apartMs)) return 'after one look';
    const isControl = (look: Look) => look.isShown && look.assetId !== assetId && look.nowMs >= second.nowMs;
    return this.#looks.some(isControl) ? null : 'while FLORA showed no other asset';
  }
}
