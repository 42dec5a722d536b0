import type { Content } from '../../src/core/content.ts';
import { joinPath, splitPath } from '../../src/core/entry.ts';
import { maxRefusals } from '../../src/core/steps.ts';
import type { LedgerTables } from '../../src/ledger/ledger.ts';
import type { Asset } from './asset.ts';
import { bytesOf, type Inode } from './disk.ts';
import { longestSlowMs } from './fates.ts';
import { isHopeless } from './own-trouble.ts';
import type { World } from './world.ts';

/** What is not yet as it should be once the faults are over: a sentence for each file. */
export function unfinished(
  world: World,
  tables: LedgerTables,
  folderIds: ReadonlyMap<string, number>,
): readonly string[] {
  return world.disk.roots.flatMap((root) =>
    [...root.files].flatMap(([path, inode]) => {
      const wrong = unfinishedFile(world, tables, folderIds.get(root.path) ?? 0, path, inode);
      return wrong === null ? [] : [`${joinPath(root.path, path)} ${wrong}`];
    }),
  );
}

function unfinishedFile(
  world: World,
  tables: LedgerTables,
  folderId: number,
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
  if (isUndecidable(world, content) || isSpent(world, content) || isTroubled(world, content)) return null;
  if (isAlwaysLate(world, content)) return null;
  const isPoison = world.flora.isPoison(content.sha256);
  if (isPoison && content.state === 'rejected') return null;
  const asset = world.flora.assets.find(({ id }) => id === content.assetId);
  if (asset?.isRemoved === true) return isTold(world, content, asset) ? null : `is ${content.state}, and was removed`;
  if (isPoison) return `is ${content.state}, and FLORA will never take it`;
  if (content.state !== 'ready') return `is ${content.state} (${content.reasonCode}: ${content.reason})`;
  const isThere = asset?.status === 'ready' && asset.bytes === content.sha256;
  return isThere ? null : `is ready, and its asset ${content.assetId} is not`;
}

/** What somebody removed from FLORA is called missing, or is asked for while nothing else is there to compare with. */
function isTold(world: World, { state, reasonCode }: Content, removed: Asset): boolean {
  // What FLORA had failed before is told already.
  if (state === 'missing' || (state === 'rejected' && reasonCode === 'asset_failed')) return true;
  const { flora } = world;
  const isAlone = !flora.assets.some((each) => each !== removed && flora.isShown(each, 'get'));
  return isAlone && state === 'checking' && reasonCode === 'asset_missing';
}

/**
 * An asset of the same name whose size FLORA never tells, or that it converted, and whose bytes are others: they may have been made
 * of ours. Until FLORA was seen to keep a file of this type as it was, nothing is sent, and a person is told; after that an
 * open upload of that name may still be waited for.
 */
function isUndecidable(world: World, { state, reasonCode }: Content): boolean {
  if (state !== 'matching' || (reasonCode !== 'match_unreadable' && reasonCode !== 'match_pending')) return false;
  const { isSizeTold, isListedSizeTold, dialect } = world.knobs;
  const isUnclear = dialect.isConverting || !(isSizeTold && isListedSizeTold);
  return isUnclear && world.flora.assets.some(({ status }) => status === 'ready');
}

/** Its own trouble never ends: it is told, and that is all. */
function isTroubled({ knobs }: World, { fileName, reason }: Content): boolean {
  return reason !== null && isHopeless(knobs.nature.ownTroubles, fileName);
}

/**
 * A target that served its one request, of an asset that FLORA had failed before: it is not renewed before it is over, and no other
 * asset may be made. The bytes are refused again and again, and a person is told.
 */
function isSpent(world: World, { state, reasonCode, isCompleteSent }: Content): boolean {
  return world.knobs.dialect.isOneShot && state === 'rejected' && reasonCode === 'upload_refused' && isCompleteSent;
}

/**
 * Targets that live for less than an answer or an upload may take: what tells of them comes when they are over, so that all that
 * is seen is a target that refuses. After so many a person is told.
 */
function isAlwaysLate({ knobs }: World, { state, reasonCode, strikes }: Content): boolean {
  const isShort = knobs.expiresMs !== null && knobs.expiresMs < longestSlowMs && knobs.fates.includes('slow');
  return isShort && state === 'rejected' && reasonCode === 'upload_refused' && strikes >= maxRefusals;
}
