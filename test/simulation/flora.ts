import type { Destination } from '../../src/core/entry.ts';
import type { BodyForm } from '../../src/remote/body-forms.ts';
import type { JsonAnswer } from '../../src/remote/http.ts';
import type { ListQuery } from '../../src/sync/ports/flora.ts';
import { type Asset, keptAs, keptBytes, placeKey, type Target } from './asset.ts';
import { Catalogue } from './catalogue.ts';
import type { Knobs } from './knobs.ts';
import { Limiter } from './limit.ts';
import type { Prng } from './prng.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

export type Said = Pick<JsonAnswer, 'status' | 'json'>;

interface Remembered extends Said {
  readonly atMs: number;
}

const hour = 3_600_000;

/** The model FLORA: what each request does when it arrives, and what is answered. No request is lost in here. */
export class Flora {
  readonly assets: Asset[] = [];
  readonly catalogue: Catalogue;
  readonly limiter: Limiter | null;
  keyVersion = 0;
  /** The daemon looks for its bytes among the assets just now. */
  isSearched = true;
  #removedWhileSearched = 0;
  /** Told before the state of any asset changes for others to see. */
  /** It fails nothing any more without a reason. */
  isGentle = false;
  onReady: (asset: Asset) => void = () => {};
  readonly #knobs: Knobs;
  readonly #timeline: Timeline;
  readonly #rng: Prng;
  readonly #trace: Trace;
  readonly #targets = new Map<string, Target>();
  readonly #keys = new Map<string, Remembered>();
  readonly #misfortunes = new Map<string, number>();

  constructor(knobs: Knobs, timeline: Timeline, rng: Prng, trace: Trace) {
    this.#knobs = knobs;
    this.#timeline = timeline;
    this.#rng = rng;
    this.#trace = trace;
    this.catalogue = new Catalogue(knobs, timeline, rng);
    const { limit } = knobs.nature;
    this.limiter = limit === null ? null : new Limiter(limit);
  }

  reserve(destination: Destination, name: string): Said {
    const { projectId: project } = destination;
    return said(201, this.#reservation(this.add({ place: placeKey(destination), project, name, isForeign: false })));
  }

  add(wanted: Pick<Asset, 'place' | 'project' | 'name' | 'isForeign'> & Partial<Asset>): Asset {
    const id = `asset_${this.assets.length + 1}`;
    const asset: Asset = {
      id,
      url: `https://cdn.example/${id}`,
      createdMs: this.#timeline.nowMs,
      whim: this.#rng.fraction(),
      isRemoved: false,
      hidden: null,
      overlookedMs: null,
      status: 'pending_upload',
      isProcessing: false,
      target: null,
      bytes: null,
      changedMs: 0,
      hasHadBytes: wanted.bytes != null,
      before: wanted.status ?? 'pending_upload',
      ...wanted,
    };
    this.assets.push(asset);
    return asset;
  }

  searchBegins(): void {
    this.isSearched = true;
    this.#removedWhileSearched = 0;
  }

  /**
   * Whether an asset may go out of the listing now. While a ledger searches only one may: each such shift can hide another
   * asset from one walk, and two of them from both.
   */
  mayVanish(): boolean {
    if (!this.isSearched) return true;
    this.#removedWhileSearched += 1;
    return this.#removedWhileSearched === 1;
  }

  /** Whether our key can see it now. */
  isShown({ isRemoved, hidden }: Asset, how: 'get' | 'list'): boolean {
    const { nowMs } = this.#timeline;
    const isHidden = hidden !== null && hidden.fromMs <= nowMs && nowMs < hidden.untilMs;
    return !isRemoved && !(isHidden && (how === 'get' || hidden.isUnlisted));
  }

  /** Whether this body of `complete` and `retry` is one that FLORA takes. */
  takes(form: BodyForm): boolean {
    const { body } = this.#knobs.dialect;
    return body === 'any' || body === form;
  }

  complete(id: string): Said {
    const asset = this.#find(id);
    if (asset === undefined) return refused(404, 'not_found');
    const isDone = asset.status === 'ready' || asset.isProcessing;
    if (isDone && this.#knobs.completeTwice === 'answer') return said(200, this.#facts(asset));
    if (isDone || asset.status === 'failed' || asset.bytes === null) return this.#refusal();
    asset.isProcessing = true;
    const { processingMs } = this.#knobs;
    if (processingMs === 0) this.#process(asset);
    else this.#timeline.after(this.#rng.between(1, processingMs), () => this.#process(asset));
    return said(200, this.#facts(asset));
  }

  retry(id: string): Said {
    const asset = this.#find(id);
    if (asset === undefined) return refused(404, 'not_found');
    const isExpired = asset.target !== null && asset.target.expiresMs <= this.#timeline.nowMs;
    const isOpen = asset.status === 'failed' || (asset.status === 'pending_upload' && isExpired);
    if (!isOpen || asset.isProcessing) return this.#refusal();
    asset.bytes = null;
    this.#turn(asset, 'pending_upload');
    return said(200, this.#reservation(asset));
  }

  get(id: string): Said {
    const asset = this.#find(id);
    if (asset === undefined || !this.isShown(asset, 'get')) return refused(404, 'not_found');
    if (this.#timeline.nowMs - asset.createdMs < this.#knobs.hiddenMs) return refused(404, 'not_found');
    return said(200, this.#facts(asset));
  }

  list(query: ListQuery, cursor: string | null): Said {
    const shown = this.assets.filter((asset) => this.isShown(asset, 'list'));
    const { nowMs } = this.#timeline;
    if (this.isSearched) for (const asset of this.assets) if (!shown.includes(asset)) asset.overlookedMs = nowMs;
    return said(200, this.catalogue.page(shown, query, cursor));
  }

  /** What lies behind an asset's URL; null for nothing. */
  fetch(url: string): string | null {
    const asset = this.assets.find((each) => each.url === url);
    return asset === undefined || asset.isRemoved || asset.status !== 'ready' ? null : keptBytes(asset, this.#knobs);
  }

  /** The storage: what it answers to bytes that arrived whole. */
  put(url: string, bytes: string): number {
    const target = this.#targets.get(url);
    if (target === undefined) return 404;
    const { asset } = target;
    if (asset.isRemoved) return 404;
    if (target.expiresMs <= this.#timeline.nowMs) return 403;
    if (asset.target !== target && !this.#knobs.doOldTargetsLive) return 403;
    if (this.#knobs.dialect.isOneShot && target.isUsed) return 400;
    target.isUsed = true;
    // What is being processed or ready is not overwritten: the storage keeps its first object.
    if (asset.status === 'pending_upload' && !asset.isProcessing) {
      asset.bytes = bytes;
      asset.hasHadBytes = true;
      this.#completeByItself(asset, bytes);
    }
    return 200;
  }

  /** Where the storage tells FLORA of what arrived, `complete` is only the faster way. */
  #completeByItself(asset: Asset, bytes: string): void {
    const { completesWithinMs } = this.#knobs.nature;
    if (completesWithinMs === null) return;
    this.#timeline.after(this.#rng.between(1, completesWithinMs), () => {
      if (asset.status !== 'pending_upload' || asset.isProcessing || asset.bytes !== bytes) return;
      this.#trace.add(`flora: ${asset.id} is complete by itself`);
      this.#process(asset);
    });
  }

  targetAt(url: string): Target | undefined {
    return this.#targets.get(url);
  }

  nameOf(id: string): string | undefined {
    return this.#find(id)?.name;
  }

  assetOf(url: string): Asset | undefined {
    return this.#targets.get(url)?.asset;
  }

  /** What was answered to this key before, if FLORA lets that count already. */
  remembered(key: string): { readonly answer: Said; readonly isReplayed: boolean } | null {
    const past = this.#keys.get(key);
    if (past === undefined) return null;
    const ageMs = this.#timeline.nowMs - past.atMs;
    const keptMs = this.#knobs.keys === 'replay' ? 24 * hour : 2 * hour;
    if (ageMs < this.#knobs.keyRaceMs || ageMs > keptMs) return null;
    if (this.#knobs.keys === 'replay') return { answer: past, isReplayed: true };
    return { answer: refused(409, 'idempotency_duplicate'), isReplayed: false };
  }

  remember(key: string, answer: Said): void {
    if (!this.#keys.has(key)) this.#keys.set(key, { ...answer, atMs: this.#timeline.nowMs });
  }

  /** Whether FLORA never makes an asset of these bytes. */
  isPoison(bytes: string): boolean {
    let sum = this.#knobs.poison === 0 ? 1 : 0;
    for (let at = 0; at < bytes.length && sum < 1; at += 1) sum = (sum * 31 + bytes.charCodeAt(at) / 997) % 1;
    return sum < this.#knobs.poison;
  }

  /**
   * What fails or is refused for no reason counts against the bytes, as nobody can tell it from a reason: twice is bad luck,
   * four times would be a verdict.
   */
  mayHurt(bytes: string): boolean {
    const count = (this.#misfortunes.get(bytes) ?? 0) + 1;
    if (count > 2) return false;
    this.#misfortunes.set(bytes, count);
    return true;
  }

  #process(asset: Asset): void {
    asset.isProcessing = false;
    if (asset.isRemoved) return;
    const bytes = asset.bytes ?? '';
    const isUnlucky = this.#rng.chance(this.#knobs.failures) && !this.isGentle;
    if (this.isPoison(bytes) || (isUnlucky && this.mayHurt(bytes))) {
      this.#turn(asset, 'failed');
      return;
    }
    this.#turn(asset, 'ready');
    this.onReady(asset);
  }

  #turn(asset: Asset, status: Asset['status']): void {
    asset.before = asset.status;
    asset.status = status;
    asset.changedMs = this.#timeline.nowMs;
    this.#trace.add(`flora: ${asset.id} ${asset.before} -> ${status} ${asset.bytes ?? ''}`);
  }

  #find(id: string): Asset | undefined {
    const asset = this.assets[Number(id.slice('asset_'.length)) - 1];
    return asset?.isRemoved ? undefined : asset;
  }

  #reservation(asset: Asset): object {
    const { expiresMs, targetKind } = this.#knobs;
    const url = `https://storage.example/${this.#targets.size + 1}`;
    const target: Target = {
      url,
      asset,
      isUsed: false,
      expiresMs: expiresMs === null ? Infinity : this.#timeline.nowMs + expiresMs,
    };
    asset.target = target;
    this.#targets.set(url, target);
    if (this.#isTargetless()) return this.#facts(asset);
    const { spelling } = this.#knobs.dialect;
    const form =
      spelling === 'snake'
        ? { url, method: 'POST', file_field: 'file', form_fields: { token: 'secret' } }
        : { url, fileField: 'file', formFields: { token: 'secret' } };
    return {
      ...this.#facts(asset),
      ...(expiresMs === null ? {} : { expires_at: new Date(this.#timeline.trueMs() + expiresMs).toISOString() }),
      ...(targetKind === 'form' ? { upload: form } : { upload_url: url }),
    };
  }

  #isTargetless(): boolean {
    const { targetless } = this.#knobs.dialect;
    const { nowMs } = this.#timeline;
    return targetless !== null && targetless.fromMs <= nowMs && nowMs < targetless.untilMs;
  }

  #refusal(): Said {
    return refused(this.#knobs.dialect.refusal, 'conflict');
  }

  #facts(asset: Asset) {
    const isTold = this.#knobs.isSizeTold && asset.status === 'ready';
    return {
      asset_id: asset.id,
      status: asset.status,
      url: asset.url,
      ...(isTold ? keptAs(asset, this.#knobs) : {}),
      ...(asset.status === 'failed' ? { failure_message: 'It cannot be read' } : {}),
    };
  }
}

function said(status: number, json: object): Said {
  return { status, json };
}

export function refused(status: number, code: string): Said {
  return { status, json: { error: { code, message: code } } };
}
