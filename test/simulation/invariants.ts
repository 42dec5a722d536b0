import type { Asset } from './asset.ts';
import type { Committed, Row } from './committed.ts';
import { Duplicates } from './duplicates.ts';
import { GivenUp } from './given-up.ts';
import { MissingWatch } from './missing.ts';
import { Orphans } from './orphans.ts';
import type { World } from './world.ts';

/** What leaves in one piece, as the client sends it. */
const onePieceBytes = 1 << 20;

/** Watches over what must hold at every moment; the first thing that does not ends the run. */
export class Guard {
  readonly #world: World;
  readonly #committed: Committed;
  readonly #confirmed = new Set<string>();
  /** Assets of which any target, also a former one, confirmed the bytes. */
  readonly #everConfirmed = new Set<string>();
  #isReplaced = false;
  /** Told what is in the ledger after each commit. */
  onCommit: (rows: readonly Row[]) => void = () => {};
  #lastVerdict = 0;
  #seen: readonly Row[] | null = null;
  readonly missing: MissingWatch;
  readonly duplicates: Duplicates;
  readonly orphans: Orphans;
  readonly givenUp: GivenUp;

  constructor(world: World, committed: Committed) {
    this.#world = world;
    this.#committed = committed;
    this.missing = new MissingWatch(world);
    this.orphans = new Orphans(world);
    this.givenUp = new GivenUp(world);
    this.duplicates = new Duplicates(world, committed, this.missing);
    world.flora.onReady = (asset) => this.#ready(asset);
  }

  /** The ledger was lost, or put back as it was. */
  ledgerReplaced(): void {
    this.#lastVerdict = this.#committed.lastHistoryId();
    this.#isReplaced = true;
    this.#committed.contentsChanged();
    this.duplicates.ledgerReplaced();
    this.givenUp.forget();
  }

  /** An asset is asked for: its bytes have none yet. */
  reserving(key: string): void {
    const row = this.#committed.byKey(key);
    if (row === undefined) {
      this.#violate(`an asset is asked for under ${key}, which is not committed`);
      return;
    }
    const orphans = this.orphans.tooMany();
    if (orphans !== null) this.#violate(orphans);
    const others = this.duplicates.tooMany({ place: row.place, bytes: row.sha256, name: row.file_name }, 1);
    if (others !== null) this.#violate(`another asset is asked for although ${others.join(' and ')} is ready`);
  }

  /** Bytes begin to leave for this target: the binding stands in the ledger. */
  sending(url: string): void {
    const asset = this.#world.flora.assetOf(url);
    const row = asset === undefined ? undefined : this.#committed.byAsset(asset.id);
    if (asset === undefined) this.#violate(`bytes go to ${url}, which FLORA never gave out`);
    else if (row === undefined) this.#violate(`bytes go to ${asset.id} before its binding is committed`);
    else if (row.state !== 'reserved') this.#violate(`bytes go to ${asset.id} while the ledger says ${row.state}`);
    else if (!row.target?.includes(`"${url}"`))
      this.#violate(`bytes of ${asset.id} go to a target that is not committed`);
  }

  /** The last byte has left: unless it was the first one too, as in a small file, the ledger must know already. */
  sentWhole(url: string): void {
    const asset = this.#world.flora.assetOf(url);
    const row = asset === undefined ? undefined : this.#committed.byAsset(asset.id);
    if (row === undefined || row.size_bytes <= onePieceBytes || row.may_have_all_bytes === 1) return;
    this.#violate(`all bytes of ${row.asset_id} have left before it is committed that they may have`);
  }

  /** Bytes arrived whole: they are those of the content that the asset is bound to. */
  arrived(url: string, bytes: string, status: number): void {
    const asset = this.#world.flora.assetOf(url);
    if (asset === undefined || status >= 300) return;
    const row = this.#committed.byAsset(asset.id);
    if (row !== undefined && row.sha256 !== bytes) this.#violate(`${asset.id} got bytes that are not its content's`);
  }

  /** The storage's 2xx reached the daemon. */
  confirmed(url: string): void {
    this.#confirmed.add(url);
    const asset = this.#world.flora.assetOf(url);
    if (asset === undefined) return;
    this.#everConfirmed.add(asset.id);
    this.orphans.accepted(asset.id);
  }

  completing(assetId: string): void {
    const row = this.#committed.byAsset(assetId);
    if (row === undefined) {
      this.#violate(`complete of ${assetId} before its binding is committed`);
      return;
    }
    // It may be asked whether it has bytes of which nobody knows.
    if (row.may_have_all_bytes === 1) return;
    const isCommitted = row.bytes_confirmed === 1 && row.complete_sent === 1;
    if (!isCommitted) this.#violate(`complete of ${assetId} before it is committed that its bytes were confirmed`);
    // Once it was called missing, the ledger has the target no more.
    const asset = this.#world.flora.assets.find(({ id }) => id === assetId);
    const url = row.target === null ? asset?.target?.url : (JSON.parse(row.target) as { url: string }).url;
    if (url !== undefined && this.#confirmed.has(url)) return;
    // A ledger that was put back knows a former target's confirmation, and not that there has been another since.
    if (this.#isReplaced && row.target === null && this.#everConfirmed.has(assetId)) return;
    this.#violate(`complete of ${assetId} whose target confirmed no bytes`);
  }

  /** What the ledger says is true, at each commit. */
  checkCommitted(): void {
    const rows = this.#committed.rows();
    if (rows !== this.#seen) this.#checkRows(rows);
    this.#seen = rows;
    // Where a rule asks for it again at once, only the history tells that it was called missing.
    for (const { id, asset_id: assetId } of this.#committed.verdictsAfter(this.#lastVerdict)) {
      this.#lastVerdict = id;
      this.missing.judge(assetId);
    }
    this.duplicates.checkCommitted();
    this.onCommit(rows);
  }

  #checkRows(rows: readonly Row[]): void {
    const { flora, trace } = this.#world;
    for (const row of rows) {
      trace.add(`  row ${row.id} ${row.state} ${row.asset_id} ${row.reason_code}`);
      if (row.state === 'rejected' || row.state === 'gone') {
        if (row.reason_code === null || row.reason === null)
          this.#violate(`content ${row.id} is ${row.state} without a reason`);
      }
      if (row.state === 'missing' && row.asset_id !== null) this.missing.judge(row.asset_id);
      if (row.state !== 'ready') continue;
      const asset = flora.assets.find(({ id }) => id === row.asset_id);
      if (asset?.status !== 'ready') this.#violate(`content ${row.id} is called ready, and ${row.asset_id} is not`);
      else if (asset.bytes !== row.sha256) this.#violate(`content ${row.id} is called ready with other bytes`);
      else if (!this.#isPlaceRight(asset, row)) this.#violate(`content ${row.id} is at another destination`);
    }
    const givenUp = this.givenUp.wrongly(rows);
    if (givenUp !== null) this.#violate(givenUp);
  }

  #ready(asset: Asset): void {
    const { versions } = this.#world;
    const { id, place, bytes } = asset;
    if (bytes === null || !versions.has(`${place}:${bytes}`))
      this.#violate(`${id} is ready with what never existed whole`);
    const others = this.duplicates.tooMany({ place, bytes: bytes ?? '', name: asset.name }, 0);
    if (others !== null) this.#violate(`${others.join(' and ')} are both ready with the same version`);
    const { lostMs } = this.duplicates;
    const isForgotten = lostMs !== null && asset.createdMs <= lostMs;
    // Rightly called missing, and its `complete` landed only then: what was asked for in its place is known (seed 504440).
    const isGivenUp = this.missing.declared.has(id);
    if (!isForgotten && !isGivenUp && this.#committed.byAsset(id) === undefined)
      this.#violate(`${id} is ready and nobody knows of it`);
  }

  /** A listing shows projects, not folders: what a search found may lie in another folder, or be somebody else's. */
  #isPlaceRight(asset: Asset, row: Row): boolean {
    if (asset.place === row.place) return true;
    if (!asset.isForeign && this.duplicates.lostMs === null) return false;
    return row.project_id === null || asset.project === row.project_id;
  }

  #violate(what: string): void {
    this.#world.trace.violate(what);
  }
}
