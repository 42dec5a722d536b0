import type { JsonAnswer } from '../../src/remote/http.ts';
import type { Knobs } from './knobs.ts';
import type { Prng } from './prng.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';

export interface Asset {
  readonly id: string;
  readonly place: string;
  readonly createdMs: number;
  status: 'pending_upload' | 'ready' | 'failed';
  isProcessing: boolean;
  target: Target | null;
  bytes: string | null;
  changedMs: number;
  before: Asset['status'];
}

export interface Target {
  readonly url: string;
  readonly asset: Asset;
  readonly expiresMs: number;
}

export type Said = Pick<JsonAnswer, 'status' | 'json'>;

interface Remembered extends Said {
  readonly atMs: number;
}

const hour = 3_600_000;

/** The model FLORA: what each request does when it arrives, and what is answered. No request is lost in here. */
export class Flora {
  readonly assets: Asset[] = [];
  keyVersion = 0;
  /** Told before the state of any asset changes for others to see. */
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
  }

  reserve(place: string): Said {
    const asset: Asset = {
      id: `asset_${this.assets.length + 1}`,
      place,
      createdMs: this.#timeline.nowMs,
      status: 'pending_upload',
      isProcessing: false,
      target: null,
      bytes: null,
      changedMs: 0,
      before: 'pending_upload',
    };
    this.assets.push(asset);
    return said(201, this.#reservation(asset));
  }

  complete(id: string): Said {
    const asset = this.#find(id);
    if (asset === undefined) return refused(404, 'not_found');
    const isDone = asset.status === 'ready' || asset.isProcessing;
    if (isDone && this.#knobs.completeTwice === 'answer') return said(200, this.#facts(asset));
    if (isDone || asset.status === 'failed' || asset.bytes === null) return refused(409, 'conflict');
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
    if (!isOpen || asset.isProcessing) return refused(409, 'conflict');
    asset.bytes = null;
    this.#turn(asset, 'pending_upload');
    return said(200, this.#reservation(asset));
  }

  get(id: string): Said {
    const asset = this.#find(id);
    if (asset === undefined) return refused(404, 'not_found');
    if (this.#timeline.nowMs - asset.createdMs < this.#knobs.hiddenMs) return refused(404, 'not_found');
    return said(200, this.#facts(asset));
  }

  /** Newest first, so that pages shift under whoever reads them, and with the states of a while ago. */
  list(cursor: string | null): Said {
    const offset = cursor === null ? 0 : Number(cursor);
    const { pageSize, listLagMs } = this.#knobs;
    const all = this.assets.toReversed();
    const isOld = (asset: Asset) => this.#timeline.nowMs - asset.changedMs >= listLagMs;
    const assets = all
      .slice(offset, offset + pageSize)
      .map((asset) => ({ ...this.#facts(asset), ...(isOld(asset) ? {} : { status: asset.before }) }));
    const next = offset + pageSize < all.length ? String(offset + pageSize) : null;
    return said(200, { assets, meta: { next_cursor: next } });
  }

  /** The storage: what it answers to bytes that arrived whole. */
  put(url: string, bytes: string): number {
    const target = this.#targets.get(url);
    if (target === undefined) return 404;
    const { asset } = target;
    if (target.expiresMs <= this.#timeline.nowMs) return 403;
    if (asset.target !== target && !this.#knobs.doOldTargetsLive) return 403;
    // What is being processed or ready is not overwritten: the storage keeps its first object.
    if (asset.status === 'pending_upload' && !asset.isProcessing) asset.bytes = bytes;
    return 200;
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
    const bytes = asset.bytes ?? '';
    if (this.isPoison(bytes) || (this.#rng.chance(this.#knobs.failures) && this.mayHurt(bytes))) {
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
    return this.assets[Number(id.slice('asset_'.length)) - 1];
  }

  #reservation(asset: Asset): object {
    const { expiresMs, targetKind } = this.#knobs;
    const url = `https://storage.example/${this.#targets.size + 1}`;
    const target: Target = { url, asset, expiresMs: expiresMs === null ? Infinity : this.#timeline.nowMs + expiresMs };
    asset.target = target;
    this.#targets.set(url, target);
    const form = { url, method: 'POST', file_field: 'file', form_fields: { token: 'secret' } };
    return {
      ...this.#facts(asset),
      ...(expiresMs === null ? {} : { expires_at: new Date(this.#timeline.trueMs() + expiresMs).toISOString() }),
      ...(targetKind === 'form' ? { upload: form } : { upload_url: url }),
    };
  }

  #facts(asset: Asset) {
    const isTold = this.#knobs.isSizeTold && asset.status === 'ready';
    return {
      asset_id: asset.id,
      status: asset.status,
      url: `https://cdn.example/${asset.id}`,
      ...(isTold ? { size_bytes: asset.bytes?.length } : {}),
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
