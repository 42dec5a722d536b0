import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AssetFacts, ListedAsset } from '../../../../src/core/event.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { walkListing } from '../../../../src/sync/flora/listing.ts';
import { Matching } from '../../../../src/sync/flora/matching.ts';
import { Transfers } from '../../../../src/sync/flora/transfers.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { NoLearning } from '../../../support/flora-knowledge.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';
import { listed } from '../../../support/remote-listing.ts';
import { floraError } from '../../../support/uploading.ts';

const { signal } = new AbortController();
const signals = { stopping: signal, abort: signal };
const anHour = 3_600_000;
const url = 'https://files/x';

/** What FLORA lists, says when it is asked, and gives when it is fetched. */
interface Flora {
  readonly shown: Partial<ListedAsset> & { readonly assetId: string };
  readonly asked?: Partial<AssetFacts>;
  readonly fetched?: string;
}

/** A search in which one file of four bytes waits, and a FLORA with one asset. */
async function search({ shown, asked = {}, fetched = '' }: Flora) {
  const { ledger } = memoryLedger();
  const { destinationId, folderId } = await withFolder(ledger);
  const clock = new HandClock();
  const asset = listed(shown.assetId, { name: 'a.png', url, ...shown });
  const isNamed = asset.assetId !== '';
  const page = { assets: isNamed ? [asset] : [], anonymous: isNamed ? [] : [asset], unreadable: 0, nextCursor: null };
  let isHidden = false;
  const remote = {
    // Hidden, another one is listed that GET does not show either.
    list: async () => ({ value: isHidden ? { ...page, assets: [listed('asset_2')] } : page, requestId: 'req_list' }),
    get: async () => {
      if (isHidden) throw floraError('not_found', { status: 404 });
      return { value: { ...asset, ...asked }, requestId: 'req_get' };
    },
    fetchDigest: async () => ({ sha256: `of ${fetched}`, sizeBytes: fetched.length }),
  } as unknown as RemotePort;
  const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
  const lines: string[] = [];
  const say = (level: string) => (told: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(told)}`);
  const matching = new Matching({
    ledger,
    remote,
    clock,
    gate,
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    learning: new NoLearning(ledger),
    places: [{ workspaceId: 'ws_1', projectId: null }],
    transfers: new Transfers(8),
    onWork: () => {},
  });
  const of = { ...newContent(destinationId, { sha256: 'of mine' }), sizeBytes: 4, fileName: 'a.png' };
  const content = await ledger.write(({ contents }) => contents.insert({ ...of, state: 'matching' }, 1));
  /** Why the file waits. */
  const reason = async () => {
    const event = (await matching.match(content, signals))?.event;
    return event?.type === 'trouble' ? `${event.code}: ${event.reason}` : (event?.type ?? 'cut short');
  };
  const hide = () => {
    isHidden = true;
  };
  return { ledger, folderId, clock, matching, reason, hide, lines };
}

async function reasonFor(flora: Flora): Promise<string> {
  const { matching, reason } = await search(flora);
  await matching.list(signal);
  return await reason();
}

const cannot = (why: string, name = 'asset_1, "a.png"') =>
  `match_unreadable: FLORA has an asset that may be this file (${name}) and cannot be compared: ${why}; nothing is sent meanwhile; \`flora-sync retry\` sends it all the same`;

describe('a file that waits to be compared says', () => {
  it('that the listing is not read yet', async () => {
    const { reason } = await search({ shown: { assetId: 'asset_1' } });
    assert.equal(await reason(), 'match_listing: What FLORA has already is being listed');
  });

  const rows: readonly (readonly [string, Flora, string])[] = [
    ['that the asset has no URL', { shown: { assetId: 'asset_1', url: null } }, cannot('FLORA names no URL for it')],
    [
      'that the size is not told',
      { shown: { assetId: 'asset_1' }, fetched: 'else' },
      cannot('FLORA does not tell its size, and what its URL gives may be made from it'),
    ],
    [
      'that the URL gives another length',
      { shown: { assetId: 'asset_1', sizeBytes: 4 }, fetched: 'shrunk' },
      cannot('it should be 4 bytes, and what its URL gives may be made from it'),
    ],
    [
      'that it may be converted',
      { shown: { assetId: 'asset_1', sizeBytes: 9 }, fetched: 'converted' },
      cannot('FLORA keeps it in another size than this file has, and may have converted it'),
    ],
    [
      'that the asset has its bytes and no id',
      { shown: { assetId: '', sizeBytes: 4 }, fetched: 'mine' },
      cannot(
        'it has these bytes, but FLORA names no id for it',
        'without id: ["a.png",4,"https://files/x",null], "a.png"',
      ),
    ],
    [
      'that an upload of its name is open',
      { shown: { assetId: 'asset_1', status: 'pending_upload' } },
      'match_pending: An upload of the same name is still open in FLORA (asset_1); it may be this file, so nothing is sent until that is decided, a day after it began at the latest',
    ],
    [
      'that an asset of its name has just become ready',
      { shown: { assetId: 'asset_1', status: 'pending_upload' }, asked: { status: 'ready' } },
      'match_more: An asset of this name has just become ready',
    ],
  ];
  for (const [what, flora, sentence] of rows)
    it(what, async () => {
      assert.equal(await reasonFor(flora), sentence);
    });

  it('that FLORA does not show the asset any more, and later that it shows none', async () => {
    const { matching, reason, hide, clock } = await search({ shown: { assetId: 'asset_1', sizeBytes: 4 } });
    await matching.list(signal);
    hide();
    assert.equal(await reason(), cannot('FLORA answers 404 for it'));
    clock.pass(anHour);
    assert.equal(await reason(), cannot('FLORA answers 404 for it, and shows no other asset either'));
  });
});

describe('the search says in the log', () => {
  it('that the listing was read, and how it ended', async () => {
    const { ledger, folderId, matching, lines, reason } = await search({
      shown: { assetId: 'asset_1', sizeBytes: 4 },
      fetched: 'mine',
    });
    await matching.list(signal);
    assert.deepEqual(lines.splice(0), [
      'debug listed what FLORA has {"workspace_id":"ws_1","project_id":null,"assets":1}',
    ]);
    assert.equal(await reason(), 'adopted');
    await ledger.write(({ directories, files, contents }) => {
      const content = contents.get(1);
      assert.ok(content !== undefined && contents.save(content, { ...content, state: 'queued' }, 2));
      const stat = { sizeBytes: 4, mtimeMs: 1, ctimeMs: 1, inode: 1, device: 1 };
      files.saveContent(directories.save(folderId, ''), 'a.png', stat, 1, 2);
    });
    await matching.finish([folderId]);
    assert.deepEqual(lines, [
      'info looked for files that FLORA has already {"assets":1,"adopted":0,"fetched_bytes":4}',
    ]);
  });
});

describe('a listing without an end says', () => {
  it('so, and what is made of it', async () => {
    const clock = new HandClock();
    const page = { assets: [], anonymous: [], unreadable: 0, nextCursor: 'again' };
    const remote = { list: async () => ({ value: page, requestId: 'req_1' }) } as unknown as RemotePort;
    const gate = new Gate({ most: 8, clock, random: { fraction: () => 0.5, token: () => '' }, onChange: () => {} });
    const pages = walkListing({ clock, gate, remote }, { workspaceId: 'ws_1', projectId: null, limit: 1 }, signal);
    const walked = (async () => {
      for await (const _ of pages);
    })();
    await assert.rejects(walked, {
      code: 'cursor_loop',
      message: "FLORA's listing of assets has no end: its cursor repeats",
      hint: 'Nothing is concluded from it; it is read again later.',
    });
  });
});
