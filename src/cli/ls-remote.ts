import type { ConfigFlags } from '../config/sources.ts';
import type { ListedAsset } from '../core/event.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { withFlora } from '../operations/flora-session.ts';
import { placesOf, walkListing } from '../sync/flora/listing.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { isoTime, print, printJson, showBytes } from './output.ts';

interface Options {
  /** Only those that nothing here is bound to. */
  readonly unknown?: boolean;
  readonly json?: boolean;
}

const pageSize = 100;

/** FLORA's assets at the configured places, each once, with the path that each belongs to, if any. */
export async function listRemote(flags: ConfigFlags, options: Options): Promise<void> {
  const config = loadSettings(flags);
  const database = openDatabaseReadOnly(config.stateDir);
  const inventory = database === undefined ? undefined : new Inventory(database);
  const places = placesOf(config.folders.map((folder) => folder.destination));
  try {
    await interruptible('ls', (stop) =>
      withFlora(config, stop, async (session, signal) => {
        const seen = new Set<string>();
        for (const place of places) {
          for await (const { assets } of walkListing(session, { ...place, limit: pageSize }, signal)) {
            for (const asset of assets) {
              if (seen.size === seen.add(asset.assetId).size) continue;
              await show(toLine(asset, inventory), options);
            }
          }
        }
      }),
    );
  } finally {
    database?.close();
  }
}

type RemoteLine = ReturnType<typeof toLine>;

function toLine(asset: ListedAsset, inventory: Inventory | undefined) {
  const content = inventory?.byAsset(asset.assetId);
  const path = content === undefined ? null : (inventory?.pathOf(content.contentId) ?? null);
  return {
    asset_id: asset.assetId,
    name: asset.name,
    status: asset.status === 'unknown' ? (asset.statusWord ?? asset.status) : asset.status,
    size: asset.sizeBytes,
    url: asset.url,
    created_at: asset.createdAtMs === null ? null : isoTime(asset.createdAtMs),
    project_id: asset.projectId,
    path: path === null ? null : displayName(path),
    state: content?.state ?? null,
  };
}

async function show(line: RemoteLine, { unknown, json }: Options): Promise<void> {
  if (unknown === true && line.state !== null) return;
  if (json === true) return await printJson(line);
  const size = line.size === null ? '?' : showBytes(line.size);
  const whose = line.path === null ? (line.state ?? 'unknown') : showPath(line.path);
  const name = line.name === null ? '' : `  "${showPath(line.name)}"`;
  const status = showText(line.status).padEnd(14);
  await print(`${status} ${size.padStart(9)}  ${showText(line.asset_id)}  ${whose}${name}\n`);
}
