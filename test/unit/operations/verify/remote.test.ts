import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import type { AssetFacts, ListedAsset } from '../../../../src/core/event.ts';
import type { ErrorCode } from '../../../../src/errors/codes.ts';
import { SyncError } from '../../../../src/errors.ts';
import { Inventory } from '../../../../src/ledger/inventory.ts';
import { type Difference, Findings } from '../../../../src/operations/verify/difference.ts';
import { verifyRemote } from '../../../../src/operations/verify/remote.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import type { RemotePort } from '../../../../src/sync/ports/flora.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

const sizeBytes = 3;
const sha256 = 'aa'.repeat(32);
const url = 'https://cdn.example/a';

function facts(patch: Partial<AssetFacts> = {}): AssetFacts {
  const said = { statusWord: null, contentType: null, failureMessage: null };
  return { assetId: 'asset_0', status: 'ready', url, sizeBytes, ...said, ...patch };
}

function notFound(): SyncError {
  return new SyncError('FLORA answered 404', { code: 'not_found', scope: 'file', disposition: null, op: 'check' });
}

function passing(code: ErrorCode): SyncError {
  return new SyncError('It is a bad day', { code, scope: 'file', disposition: 'retry', op: 'check' });
}

interface Flora {
  readonly listed?: readonly Partial<ListedAsset>[] | SyncError;
  readonly get?: () => AssetFacts;
  readonly fetch?: () => { sha256: string; sizeBytes: number };
}

/** Contents a0.png, a1.png, … bound to asset_0, asset_1, …, and a FLORA that answers as it is told. */
async function world(flora: Flora, states: readonly Partial<Content>[] = [{}]) {
  const { ledger, database } = memoryLedger();
  const { folderId, destinationId } = await withFolder(ledger);
  await ledger.write((tables) => {
    const directoryId = tables.directories.save(folderId, '');
    for (const [at, patch] of states.entries()) {
      const digest = String(at).repeat(64).slice(0, 64);
      const keys = { sha256: at === 0 ? sha256 : digest, idempotencyKey: `key-${at}` };
      const inserted = tables.contents.insert(newContent(destinationId, keys), 0);
      const ready = { ...inserted, state: 'ready', assetId: `asset_${at}`, url, ...patch } as const;
      tables.contents.save(inserted, ready, 0);
      const stat = { sizeBytes, mtimeMs: 1, ctimeMs: 1, inode: at, device: 1 };
      tables.files.saveContent(directoryId, `a${at}.png`, stat, inserted.id, 0);
    }
  });
  const calls: string[] = [];
  const slept: number[] = [];
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    setTimer: () => ({ cancel: () => {} }),
    sleep: async (delayMs: number) => void slept.push(delayMs),
    turn: async () => {},
  };
  const answer = <T>(value: T) => ({ value, requestId: null });
  const remote: Pick<RemotePort, 'list' | 'get' | 'fetchDigest'> = {
    list: async () => {
      calls.push('list');
      const { listed = [] } = flora;
      if (listed instanceof SyncError) throw listed;
      const said = { name: null, createdAtMs: null, projectId: null, uploadContentType: null };
      const assets = listed.map((each) => ({ ...facts(), ...said, ...each }));
      return answer({ assets, anonymous: [], unreadable: 0, nextCursor: null });
    },
    get: async (assetId) => {
      calls.push(`get ${assetId}`);
      return answer({ ...(flora.get ?? facts)(), assetId });
    },
    fetchDigest: async (address, mostBytes) => {
      calls.push(`fetch ${address} ${mostBytes}`);
      return (flora.fetch ?? (() => ({ sha256, sizeBytes })))();
    },
  };
  const gate = new Gate({ most: 8, clock, random: { fraction: () => 0, token: () => '' }, onChange: () => {} });
  const verify = async (options: { isDownload?: boolean; only?: ReadonlySet<number> } = {}) => {
    const differences: Difference[] = [];
    const findings = new Findings(async (difference) => void differences.push(difference));
    const common = { gate, clock, inventory: new Inventory(database), findings };
    await verifyRemote({
      ...common,
      remote: remote as RemotePort,
      concurrency: 2,
      isDownload: false,
      only: null,
      signal: new AbortController().signal,
      ...options,
    });
    return { differences, findings };
  };
  return { verify, calls, slept, ledger };
}

describe('the comparison with FLORA', () => {
  it('takes a listing that says the same for proof, and asks for nothing that it shows', async () => {
    const { verify, calls } = await world({ listed: [{}] });
    const { differences, findings } = await verify();
    assert.deepEqual([differences, findings.assets, calls], [[], 1, ['list']]);
    const moved = await world({ listed: [{ url: 'https://cdn.example/b' }] });
    await moved.verify();
    assert.deepEqual(moved.calls, ['list'], 'another URL is no difference');
  });

  for (const [what, listed] of [
    ['lacks it', []],
    ['shows it as failed', [{ status: 'failed' }]],
    ['shows another size', [{ sizeBytes: 4 }]],
    ['shows no size', [{ sizeBytes: null }]],
    ['cannot be read', passing('bad_answer')],
  ] as const) {
    it(`concludes nothing from a listing that ${what}: GET decides`, async () => {
      const { verify, calls } = await world({ listed });
      assert.deepEqual((await verify()).differences, []);
      assert.deepEqual(calls, ['list', 'get asset_0']);
    });
  }

  it('names what GET says', async () => {
    const cases: readonly [() => AssetFacts, Omit<Difference, 'path'>][] = [
      [
        () => facts({ status: 'pending_upload' }),
        { difference: 'remote_state', expected: 'ready', found: 'pending_upload' },
      ],
      [() => facts({ sizeBytes: 4 }), { difference: 'remote_size', expected: 3, found: 4 }],
      [
        () => {
          throw notFound();
        },
        { difference: 'missing_remote', expected: 'asset_0', found: null },
      ],
    ];
    for (const [get, expected] of cases) {
      const { verify } = await world({ get });
      assert.deepEqual((await verify()).differences, [{ path: '/drop/a0.png', ...expected }]);
    }
  });

  it('counts what FLORA is known to have lost, without asking again', async () => {
    const { verify, calls } = await world({}, [{ state: 'missing' }]);
    const { differences } = await verify();
    assert.deepEqual(differences, [
      { path: '/drop/a0.png', difference: 'missing_remote', expected: 'asset_0', found: null },
    ]);
    assert.deepEqual(calls, ['list']);
  });

  it('says nothing of what the daemon has let go meanwhile', async () => {
    const { verify, ledger } = await world({
      get: () => {
        const content = ledger.contents.get(1);
        assert.ok(content !== undefined);
        ledger.contents.save(content, { ...content, state: 'checking' }, 0);
        throw notFound();
      },
    });
    assert.deepEqual((await verify()).differences, []);
  });

  it('leaves out what has no path in a watched folder or is not at its end, and what was not asked for', async () => {
    const { verify, calls, ledger } = await world({}, [{}, { state: 'checking' }, {}, {}]);
    await ledger.write((tables) => tables.files.remove(1, 'a2.png'));
    const { findings } = await verify({ only: new Set([1, 2, 3]) });
    assert.equal(findings.assets, 1);
    assert.deepEqual(calls, ['get asset_0']);
  });

  it('waits passing trouble out a few times, and then says that it could not ask', async () => {
    let fails = 3;
    const get = () => {
      fails -= 1;
      if (fails >= 0) throw passing('server_error');
      return facts();
    };
    const patient = await world({ get });
    assert.deepEqual((await patient.verify()).differences, []);
    assert.equal(patient.slept.length, 3);
    fails = 100;
    const { differences } = await (await world({ get })).verify();
    assert.deepEqual(differences, [
      { path: '/drop/a0.png', difference: 'unverified', expected: 'asset_0', found: 'It is a bad day' },
    ]);
  });

  it('ends with the first thing that is no known failure', async () => {
    const { verify } = await world(
      {
        get: () => {
          throw new TypeError('a bug');
        },
      },
      Array.from({ length: 9 }, () => ({})),
    );
    await assert.rejects(verify(), /a bug/);
  });
});

describe('the comparison of bytes', () => {
  it('fetches from the URL that the listing confirms, and from a fresh one otherwise', async () => {
    const known = await world({ listed: [{}] });
    const { differences, findings } = await known.verify({ isDownload: true });
    assert.deepEqual([differences, findings.bytesDownloaded], [[], 3]);
    assert.deepEqual(known.calls, ['list', `fetch ${url} 3`]);

    const fresh = 'https://cdn.example/b';
    const moved = await world({ listed: [{ url: fresh }], get: () => facts({ url: fresh }) });
    await moved.verify({ isDownload: true });
    assert.deepEqual(moved.calls, ['list', 'get asset_0', `fetch ${fresh} 3`]);
  });

  it('names what differs', async () => {
    const other = 'bb'.repeat(32);
    const cases: readonly [Flora['fetch'], Omit<Difference, 'path'>][] = [
      [() => ({ sha256: other, sizeBytes: 3 }), { difference: 'remote_digest', expected: sha256, found: other }],
      // What is in front of the storage may have made them.
      [
        () => ({ sha256: other, sizeBytes: 2 }),
        { difference: 'unverified', expected: sha256, found: 'its URL gives 2 bytes, FLORA keeps 3' },
      ],
      [
        () => ({ sha256: other, sizeBytes: 4 }),
        { difference: 'unverified', expected: sha256, found: 'its URL gives more than 3 bytes, FLORA keeps 3' },
      ],
      [
        () => {
          throw passing('stalled');
        },
        { difference: 'unverified', expected: sha256, found: 'It is a bad day' },
      ],
    ];
    for (const [fetch, expected] of cases) {
      const { verify } = await world({ listed: [{}], ...(fetch === undefined ? {} : { fetch }) });
      assert.deepEqual((await verify({ isDownload: true })).differences, [{ path: '/drop/a0.png', ...expected }]);
    }
    const { verify } = await world({ get: () => facts({ url: null }) });
    assert.equal((await verify({ isDownload: true })).differences[0]?.difference, 'unverified');
  });
});

describe('a digest that cannot be fetched', () => {
  const failing = async (error: SyncError, times = Number.POSITIVE_INFINITY) => {
    let fails = times;
    const fetch = () => {
      fails -= 1;
      if (fails >= 0) throw error;
      return { sha256, sizeBytes };
    };
    const { verify, calls, slept } = await world({ listed: [{}], fetch });
    const { differences, findings } = await verify({ isDownload: true });
    const fetches = calls.filter((call) => call.startsWith('fetch')).length;
    return { fetches, slept, found: differences.map(({ difference, found }) => [difference, found]), findings };
  };

  it('is asked for four times where that may pass, each time after a longer pause', async () => {
    for (const error of [passing('server_error'), passing('stalled'), floraLost()]) {
      const { fetches, slept, found } = await failing(error);
      assert.deepEqual([fetches, found], [4, [['unverified', error.message]]], error.code);
      assert.deepEqual(slept, [313, 625, 1_250]);
    }
  });

  it('is asked for once where it will not pass', async () => {
    for (const status of [401, 403, 404, 410]) {
      const message = `The asset's URL answered ${status}`;
      const error = new SyncError(message, { code: 'url_unreadable', op: 'download', status });
      const { fetches, slept, found } = await failing(error);
      assert.deepEqual([fetches, slept, found], [1, [], [['unverified', message]]]);
    }
  });

  it('is asked for as late as the host says, and is no difference once it comes', async () => {
    const limited = new SyncError('later', { code: 'url_rate_limited', op: 'download', retryAfterMs: 9_000 });
    const { fetches, slept, found, findings } = await failing(limited, 2);
    assert.deepEqual([fetches, slept, found, findings.bytesDownloaded], [3, [9_000, 9_000], [], 3]);
  });

  it('fails with what is no known failure', async () => {
    const fetch = () => {
      throw new TypeError('a bug');
    };
    await assert.rejects((await world({ listed: [{}], fetch })).verify({ isDownload: true }), TypeError);
  });
});

function floraLost(): SyncError {
  return new SyncError('The connection was lost', { code: 'connection_lost', op: 'download' });
}
