import type { ConfigFlags } from '../config/sources.ts';
import type { ListedAsset } from '../core/event.ts';
import { displayName } from '../core/name.ts';
import { showPath, showText } from '../core/show-text.ts';
import { openDatabaseReadOnly } from '../ledger/database.ts';
import { Inventory } from '../ledger/inventory.ts';
import { withFlora } from '../operations/flora-session.ts';
import { systemClock } from '../runtime/clock.ts';
import { placesOf, walkListing } from '../sync/flora/listing.ts';
import { interruptible } from './interrupt.ts';
import { loadSettings } from './loading.ts';
import { printJson, printLines, screenOf } from './output.ts';
import { showBytes } from './show/bytes.ts';
import { type Line, line, type Screen, span } from './show/lines.ts';
import { showAmong } from './show/path.ts';
import { isoTime } from './show/time.ts';
import { cutMiddle, padEnd, padStart } from './show/width.ts';

interface Options {
  /** Only those that nothing here is bound to. */
  readonly unknown?: boolean;
  /** Whole names, and the URL of each. */
  readonly long?: boolean;
  readonly json?: boolean;
}

const pageSize = 100;

/** FLORA's assets at the configured places, each once, with the path that each belongs to, if any. */
export async function listRemote(flags: ConfigFlags, options: Options): Promise<void> {
  const config = loadSettings(flags);
  const database = openDatabaseReadOnly(config.stateDir);
  const inventory = database === undefined ? undefined : new Inventory(database);
  const folders = config.folders.map(({ path }) => path);
  const places = placesOf(config.folders.map((folder) => folder.destination));
  try {
    await interruptible('ls', (stop) =>
      withFlora(config, stop, async (session, signal) => {
        const seen = new Set<string>();
        for (const place of places) {
          for await (const { assets } of walkListing(session, { ...place, limit: pageSize }, signal)) {
            for (const asset of assets) {
              if (seen.size === seen.add(asset.assetId).size) continue;
              await show(toLine(asset, inventory), options, folders);
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

async function show(remote: RemoteLine, options: Options, folders: readonly string[]): Promise<void> {
  if (options.unknown === true && remote.state !== null) return;
  if (options.json === true) return await printJson(remote);
  const screen = screenOf(options, systemClock.now());
  await printLines(describe(remote, folders, screen), screen);
}

function describe(remote: RemoteLine, folders: readonly string[], { columns, isTerminal, isLong }: Screen): Line[] {
  const size = padStart(remote.size === null ? '?' : showBytes(remote.size), 9);
  const whose = remote.path === null ? (remote.state ?? 'unknown') : showAmong(folders, remote.path);
  const name = remote.name === null ? '' : showPath(remote.name);
  const status = padEnd(showText(remote.status), 14);
  const url = isLong && remote.url !== null ? showText(remote.url) : null;
  const id = showText(remote.asset_id);
  if (!isTerminal) return [line(`${status} ${size}  ${id}  ${whose}${name && `  "${name}"`}`, url && `  ${url}`)];
  const cut = (text: string, used: number) => (columns === null ? text : cutMiddle(text, columns - used));
  // What it is called there is only told where that is something else.
  const isOwnName = name === '' || whose === name || whose.endsWith(`/${name}`);
  const below = [`${id}${isOwnName ? '' : `  "${name}"`}`, url].filter((part) => part !== null);
  return [
    line(span(status, remote.state === null ? 'yellow' : null), ` ${size}  `, cut(whose, 26)),
    ...below.map((part) => line('  ', span(cut(part, 2), 'dim'))),
  ];
}
