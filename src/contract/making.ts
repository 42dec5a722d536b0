import { SyncError } from '../errors.ts';
import { errorFromAnswer } from '../remote/answer-errors.ts';
import { judgeAgain, judgeProject } from './judge.ts';
import { tinyPicture } from './picture.ts';
import type { RawFlora } from './raw.ts';
import { type Reservation, readReservation } from './reservation.ts';
import { type Finding, notAsked, unknown } from './row.ts';
import { codeOf, isOk, isSilent, type Said, told } from './shapes.ts';

export const folder = 'flora-sync-contract';
export const contentType = 'image/png';
/** Never more, whatever FLORA answers: what it makes against its documents takes the place of one that was planned. */
export const mostAssets = 4;
const notUnderstood = 'a create was not understood: no more are made';

/** What stays in FLORA, which has no delete. */
export interface Traces {
  readonly assetIds: string[];
  /** Creates that may have made an asset whose id we were not told. */
  lost: number;
}

export interface Picture {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** An asset of ours; its target is null when it cannot be understood. */
export interface Made extends Reservation {
  readonly picture: Picture;
}

/** An asset, or why there is none. */
export type Making = Made | { readonly finding: Finding };

/** `POST /assets` in its three uses here: to have an asset, with a key that was used already, and with a malformed id. */
export class Maker {
  readonly #raw: RawFlora;
  readonly #workspaceId: string;
  readonly #traces: Traces;
  readonly #token: () => string;
  readonly #nowMs: () => number;
  /** Made where none should have been, and not used for anything yet. */
  #spare: Reservation | null = null;
  #stopped: string | null = null;
  #first: { readonly body: object; readonly key: string } | null = null;

  constructor(
    raw: RawFlora,
    deps: { readonly workspaceId: string; readonly traces: Traces; token(): string; nowMs(): number },
  ) {
    this.#raw = raw;
    this.#workspaceId = deps.workspaceId;
    this.#traces = deps.traces;
    this.#token = deps.token;
    this.#nowMs = deps.nowMs;
  }

  /**
   * The first create, and what was said to it.
   *
   * @throws SyncError of scope `service` when FLORA refuses the key, the workspace or the account
   */
  async first(signal: AbortSignal): Promise<{ readonly said: Said; readonly making: Making }> {
    const picture = this.#picture();
    const body = this.#body(picture);
    const key = this.#token();
    this.#first = { body, key };
    const said = await this.#post(body, key, signal);
    const refusal = isSilent(said) || isOk(said) ? null : errorFromAnswer('reserve', said, this.#nowMs());
    if (refusal?.disposition === 'wait') throw refusal;
    const reservation = readReservation(said);
    return { said, making: this.#made(reservation, picture, notAsked('there is no asset')) };
  }

  async next(signal: AbortSignal): Promise<Making> {
    const picture = this.#picture();
    const spare = this.#spare;
    this.#spare = null;
    if (spare !== null) return { ...spare, picture };
    const why = this.#whyNot();
    if (why !== null) return { finding: notAsked(why) };
    const said = await this.#post(this.#body(picture), this.#token(), signal);
    return this.#made(readReservation(said), picture, unknown(`POST /assets: ${told(said)}`));
  }

  /** The first create once more, word for word. */
  async again(first: Making, signal: AbortSignal): Promise<Finding> {
    const why = this.#whyNot();
    if (why !== null || this.#first === null || 'finding' in first) return notAsked(why ?? 'there is no first one');
    const said = await this.#post(this.#first.body, this.#first.key, signal);
    this.#keep(said, first.assetId);
    return judgeAgain(said, first.assetId);
  }

  async malformed(signal: AbortSignal): Promise<Finding> {
    const why = this.#whyNot();
    if (why !== null) return notAsked(why);
    const said = await this.#post(
      { ...this.#body(this.#picture()), project_id: 'prj_not a project' },
      this.#token(),
      signal,
    );
    this.#keep(said, null);
    return judgeProject(said);
  }

  #whyNot(): string | null {
    if (this.#stopped !== null) return this.#stopped;
    const { assetIds, lost } = this.#traces;
    return assetIds.length + lost >= mostAssets ? `${mostAssets} assets were made already` : null;
  }

  async #post(body: object, key: string, signal: AbortSignal): Promise<Said> {
    // Until it is answered it may have made one: Ctrl-C, too, leaves that open.
    this.#traces.lost += 1;
    const said = await this.#raw.ask({ method: 'POST', path: '/assets', body, key }, signal).catch((error: unknown) => {
      if (error instanceof SyncError && (error.status === 401 || error.code === 'unreachable')) this.#traces.lost -= 1;
      throw error;
    });
    const reservation = readReservation(said);
    const isRefused = !isSilent(said) && said.status >= 300 && (said.status < 500 || codeOf(said) !== '');
    if (reservation !== null || isRefused) this.#traces.lost -= 1;
    else this.#stopped ??= notUnderstood;
    if (reservation !== null && !this.#traces.assetIds.includes(reservation.assetId)) {
      this.#traces.assetIds.push(reservation.assetId);
    }
    return said;
  }

  #keep(said: Said, except: string | null): void {
    const reservation = readReservation(said);
    if (reservation !== null && reservation.assetId !== except && reservation.target !== null) {
      this.#spare = reservation;
    }
  }

  #made(reservation: Reservation | null, picture: Picture, finding: Finding): Making {
    if (reservation === null || reservation.target === null) this.#stopped ??= notUnderstood;
    return reservation === null ? { finding } : { ...reservation, picture };
  }

  #picture(): Picture {
    const mark = this.#token();
    return { name: `flora-sync-contract-${mark}.png`, contentType, bytes: tinyPicture(`flora-sync contract ${mark}`) };
  }

  #body(picture: Picture): object {
    return {
      source: 'signed-url',
      workspace_id: this.#workspaceId,
      content_type: contentType,
      file_name: picture.name,
      folder,
    };
  }
}
