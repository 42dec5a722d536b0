import { joinPath, splitPath } from '../../src/core/entry.ts';
import type { LedgerDatabase } from '../../src/ledger/database.ts';
import type { LedgerTables } from '../../src/ledger/ledger.ts';
import { bytesOf, type Inode, type Root } from './disk.ts';
import type { Asset } from './flora.ts';
import { placeOf, type World } from './world.ts';

interface Row {
  readonly id: number;
  readonly folder: string | null;
  readonly sha256: string;
  readonly state: string;
  readonly asset_id: string | null;
  readonly target: string | null;
  readonly bytes_confirmed: number;
  readonly complete_sent: number;
  readonly reason_code: string | null;
  readonly reason: string | null;
}

/** Reads what is committed, beside the production code's own statements. */
export function openCommitted(database: LedgerDatabase) {
  const columns = `content.id, destination.folder, sha256, state, asset_id, target, bytes_confirmed, complete_sent, reason_code,
    reason FROM content JOIN destination ON destination.id = content.destination_id`;
  return {
    rows: database.prepare<[], Row>(`SELECT ${columns}`),
    byAsset: database.prepare<[string], Row>(`SELECT ${columns} WHERE asset_id = ?`),
  };
}

export type Committed = ReturnType<typeof openCommitted>;

/** Watches over what must hold at every moment; the first thing that does not ends the run. */
export class Guard {
  readonly #world: World;
  readonly #committed: Committed;
  readonly #confirmed = new Set<string>();

  constructor(world: World, committed: Committed) {
    this.#world = world;
    this.#committed = committed;
    world.flora.onReady = (asset) => this.#ready(asset);
  }

  /** Bytes begin to leave for this target: the binding stands in the ledger. */
  sending(url: string): void {
    const asset = this.#world.flora.assetOf(url);
    const row = asset === undefined ? undefined : this.#committed.byAsset.get(asset.id);
    if (asset === undefined) this.#violate(`bytes go to ${url}, which FLORA never gave out`);
    else if (row === undefined) this.#violate(`bytes go to ${asset.id} before its binding is committed`);
    else if (row.state !== 'reserved') this.#violate(`bytes go to ${asset.id} while the ledger says ${row.state}`);
    else if (!row.target?.includes(`"${url}"`))
      this.#violate(`bytes of ${asset.id} go to a target that is not committed`);
  }

  /** Bytes arrived whole: they are those of the content that the asset is bound to. */
  arrived(url: string, bytes: string, status: number): void {
    const asset = this.#world.flora.assetOf(url);
    if (asset === undefined || status >= 300) return;
    const row = this.#committed.byAsset.get(asset.id);
    if (row !== undefined && row.sha256 !== bytes) this.#violate(`${asset.id} got bytes that are not its content's`);
  }

  /** The storage's 2xx reached the daemon. */
  confirmed(url: string): void {
    this.#confirmed.add(url);
  }

  completing(assetId: string): void {
    const row = this.#committed.byAsset.get(assetId);
    if (row === undefined) {
      this.#violate(`complete of ${assetId} before its binding is committed`);
      return;
    }
    const isCommitted = row.bytes_confirmed === 1 && row.complete_sent === 1;
    if (!isCommitted) this.#violate(`complete of ${assetId} before it is committed that its bytes were confirmed`);
    const url = row.target === null ? null : (JSON.parse(row.target) as { url: string }).url;
    if (url === null || !this.#confirmed.has(url))
      this.#violate(`complete of ${assetId} whose target confirmed no bytes`);
  }

  /** What the ledger says is true, at each commit. */
  checkCommitted(): void {
    const { flora, trace } = this.#world;
    for (const row of this.#committed.rows.all()) {
      trace.add(`  row ${row.id} ${row.state} ${row.asset_id} ${row.reason_code}`);
      if (row.state === 'rejected' || row.state === 'gone') {
        if (row.reason_code === null || row.reason === null)
          this.#violate(`content ${row.id} is ${row.state} without a reason`);
      }
      if (row.state !== 'ready') continue;
      const asset = flora.assets.find(({ id }) => id === row.asset_id);
      if (asset?.status !== 'ready') this.#violate(`content ${row.id} is called ready, and ${row.asset_id} is not`);
      else if (asset.bytes !== row.sha256) this.#violate(`content ${row.id} is called ready with other bytes`);
      else if (asset.place !== (row.folder ?? '')) this.#violate(`content ${row.id} is at another destination`);
    }
  }

  #ready(asset: Asset): void {
    const { flora, versions } = this.#world;
    const { id, place, bytes } = asset;
    if (bytes === null || !versions.has(`${place}:${bytes}`))
      this.#violate(`${id} is ready with what never existed whole`);
    const same = flora.assets.filter((each) => each.status === 'ready' && each.place === place && each.bytes === bytes);
    if (same.length > 1)
      this.#violate(`${same.map((each) => each.id).join(' and ')} are both ready with the same version`);
    if (this.#committed.byAsset.get(id) === undefined) this.#violate(`${id} is ready and nobody knows of it`);
  }

  #violate(what: string): void {
    this.#world.trace.violate(what);
  }
}

/** What is not yet as it should be once the faults are over: a sentence for each file. */
export function unfinished(
  world: World,
  tables: LedgerTables,
  folderIds: ReadonlyMap<string, number>,
): readonly string[] {
  return world.disk.roots.flatMap((root) =>
    [...root.files].flatMap(([path, inode]) => {
      const wrong = unfinishedFile(world, tables, folderIds.get(root.path) ?? 0, root, path, inode);
      return wrong === null ? [] : [`${joinPath(root.path, path)} ${wrong}`];
    }),
  );
}

function unfinishedFile(
  world: World,
  tables: LedgerTables,
  folderId: number,
  root: Root,
  path: string,
  inode: Inode,
): string | null {
  const { directory, name } = splitPath(path);
  const parent = tables.directories.find(folderId, directory);
  const file = parent === undefined ? undefined : tables.files.get(parent.id, name);
  if (file === undefined) return 'is not known';
  if (file.isGone) return 'is called gone';
  if (name.endsWith('.txt')) return file.problem === null ? 'is not reported' : null;
  if (file.contentId === null) return `is reported as ${file.problem?.code}`;
  const content = tables.contents.get(file.contentId);
  if (content?.sha256 !== bytesOf(inode)) return 'is known with other bytes';
  if (world.flora.isPoison(content.sha256)) {
    return content.state === 'rejected' ? null : `is ${content.state}, and FLORA will never take it`;
  }
  if (content.state !== 'ready') return `is ${content.state} (${content.reasonCode}: ${content.reason})`;
  const place = placeOf(world, root.path);
  const asset = world.flora.assets.find(({ id }) => id === content.assetId);
  const isThere = asset?.status === 'ready' && asset.place === place && asset.bytes === content.sha256;
  return isThere ? null : `is ready, and its asset ${content.assetId} is not`;
}
