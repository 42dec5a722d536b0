import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freshCreation } from '../../../../src/core/creation.ts';
import { facts, reservation } from '../../../support/contents.ts';
import { HandClock } from '../../../support/hand-clock.ts';
import { floraError, obliging, uploading } from '../../../support/uploading.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

interface Wanted {
  readonly idempotencyKey: string;
}

describe('a FLORA whose answers to reservations nobody can read', () => {
  /** As it is seen to be: a key that has made an asset answers 409 from then on. No two answers come together. */
  const unreadable = () => {
    const clock = new HandClock();
    const used = new Set<string>();
    const reserve = async ({ idempotencyKey }: { idempotencyKey: string }) => {
      const code = used.has(idempotencyKey) ? 'key_spent' : 'not_understood';
      used.add(idempotencyKey);
      await clock.sleep(100 + 7 * used.size);
      throw floraError(code, { status: code === 'key_spent' ? 409 : 201 });
    };
    return { clock, used, reserve };
  };

  it('is asked for hardly more assets than were on their way, and then for one at a time', async () => {
    const { used, reserve, clock } = unreadable();
    const { run, calls } = await uploading({ files: 100, script: { reserve }, concurrency: 4, clock });
    await run(minute);
    const startMs = calls[0]?.atMs ?? 0;
    const early = calls.filter(({ atMs }) => atMs - startMs < second).length;
    // The first answer frees a place a moment before it is durable.
    assert.ok(early <= 5, `${early} at first`);
    const times = calls.slice(early).map(({ atMs }) => atMs - startMs);
    for (const [at, timeMs] of times.entries()) {
      assert.ok(timeMs - (times[at - 1] ?? 0) >= 2 * second, `never two together: ${times}`);
    }
    assert.ok(used.size <= 8, `${used.size} assets in a minute`);
  });

  it('makes a bounded number of assets in a day, for a hundred files', async () => {
    const { used, reserve, clock } = unreadable();
    const { run, ledger, lines } = await uploading({ files: 100, script: { reserve }, concurrency: 4, clock });
    await run(24 * hour);
    assert.ok(used.size <= 40, `${used.size} assets in a day`);
    assert.ok(used.size >= 15, `and it is asked now and then: ${used.size}`);
    assert.equal(ledger.facts.creation?.barren, used.size, 'each of them counts once');
    assert.equal(lines.length, 1);
  });

  it('has all files soon after it can be read again, with the next probe', async () => {
    const { reserve, clock } = unreadable();
    const good = obliging();
    let isMended = false;
    const script = { ...good, reserve: (...args: never[]) => (isMended ? good.reserve : reserve)?.(...args) };
    const { run, statesOf, lines } = await uploading({ files: 100, script, clock });
    clock.setTimer(5 * second, () => {
      isMended = true;
    });
    await run(30 * second);
    assert.deepEqual(new Set(statesOf()), new Set(['ready']));
    assert.equal(lines.length, 2);
  });

  it('still gets what has an asset already to its end', async () => {
    const good = obliging();
    const { reserve, clock } = unreadable();
    const script = { ...good, reserve };
    const { run, ledger, ids, statesOf, creating } = await uploading({ files: 20, script, clock });
    const bound = { state: 'uploaded', assetId: 'asset_1', areBytesConfirmed: true, isCompleteSent: true } as const;
    await ledger.write(({ contents }) => {
      const content = contents.get(ids.at(-1) ?? 0);
      assert.ok(content !== undefined);
      contents.save(content, { ...content, ...bound, notBeforeMs: clock.now() + second }, 1);
    });
    await run(10 * second);
    assert.notEqual(creating.slowReason, null);
    assert.equal(statesOf().at(-1), 'ready');
  });
});

describe('targets that take no file', () => {
  it('cost the budget and then an asset now and then, however many files wait', async () => {
    const script = {
      ...obliging(),
      upload: () => {
        throw floraError('upload_refused', { status: 403 });
      },
      get: (assetId: string) => ({ value: facts({ assetId }), requestId: null }),
      renew: () => {
        throw floraError('conflict', { status: 409 });
      },
    };
    const { run, countOf, creating } = await uploading({ files: 200, script });
    await run(hour);
    assert.ok(countOf('reserve') >= 8 && countOf('reserve') <= 8 + 9, `${countOf('reserve')} assets in an hour`);
    assert.match(creating.slowReason ?? '', /not one byte of them was accepted/);
  });

  it('that are open and get no byte stop what would open more, but for two that look', async () => {
    const script = {
      ...obliging(),
      upload: () => {
        throw floraError('connection_lost');
      },
      get: (assetId: string) => ({ value: facts({ assetId }), requestId: null }),
      renew: (assetId: string) => ({ value: reservation({ assetId }), requestId: null }),
    };
    const { run, countOf, lines } = await uploading({ files: 50, script });
    await run(5 * minute);
    assert.equal(countOf('reserve'), 10);
    assert.equal(lines.length, 1);
  });
});

describe('a FLORA that takes files', () => {
  it('is asked for eight at first, and then for as many as its accepted bytes make room for', async () => {
    const good = obliging();
    let waiting: (() => void)[] = [];
    const upload = () => new Promise<void>((resolve) => waiting.push(resolve));
    const { run, clock, countOf, statesOf } = await uploading({
      files: 60,
      script: { ...good, upload },
      concurrency: 32,
    });
    const reserved: number[] = [];
    for (let rounds = 1; rounds <= 6; rounds += 1) {
      clock.setTimer(rounds * second, () => {
        reserved.push(countOf('reserve'));
        for (const go of waiting) go();
        waiting = [];
      });
    }
    await run(10 * second);
    assert.deepEqual(reserved.slice(0, 2), [8, 8 + 16], 'eight were accepted, which makes room for sixteen');
    assert.equal(countOf('reserve'), 60);
    assert.deepEqual(new Set(statesOf()), new Set(['ready']));
  });

  it('is not slowed down for requests that failed before anything was made', async () => {
    const good = obliging();
    let isOnline = false;
    const reserve = (...args: never[]) => {
      if (!isOnline) throw floraError('connection_lost');
      return good.reserve?.(...args);
    };
    const { run, clock, statesOf, lines } = await uploading({ files: 20, script: { ...good, reserve } });
    clock.setTimer(2 * minute, () => {
      isOnline = true;
    });
    await run(3 * minute);
    assert.deepEqual(lines, []);
    assert.deepEqual(new Set(statesOf()), new Set(['ready']));
  });

  it('whose answers are all lost is not asked for an asset again and again', async () => {
    const made = new Set<string>();
    const reserve = ({ idempotencyKey }: { idempotencyKey: string }) => {
      const isKnown = made.has(idempotencyKey);
      made.add(idempotencyKey);
      throw isKnown ? floraError('key_spent', { status: 409 }) : floraError('connection_lost');
    };
    const { run } = await uploading({ files: 5, script: { reserve } });
    await run(hour);
    assert.ok(made.size <= 8 + 5 + 7, `${made.size} assets in an hour`);
  });
});

describe('a reservation that came to nothing', () => {
  it('for a file that FLORA refuses leaves its room to the others', async () => {
    const good = obliging();
    let refusals = 0;
    const reserve = (...args: never[]) => {
      refusals += 1;
      if (refusals > 12) return good.reserve?.(...args);
      throw floraError('server_error', { status: 500 });
    };
    const { run, statesOf } = await uploading({ files: 20, script: { ...good, reserve } });
    await run(minute);
    assert.deepEqual(new Set(statesOf()), new Set(['ready']));
  });

  it('is replayed, and counts no second time', async () => {
    const good = obliging();
    const seen = new Map<string, string>();
    const reserve = ({ idempotencyKey }: { idempotencyKey: string }) => {
      const known = seen.get(idempotencyKey);
      const assetId = known ?? `asset_${seen.size}`;
      seen.set(idempotencyKey, assetId);
      if (known === undefined) throw floraError('connection_lost');
      return { value: reservation({ assetId }), requestId: null, isReplayed: true };
    };
    const { run, ledger, statesOf } = await uploading({ files: 8, script: { ...good, reserve } });
    await run(minute);
    assert.deepEqual(new Set(statesOf()), new Set(['ready']));
    assert.deepEqual([ledger.facts.creation?.barren, ledger.facts.creation?.lost], [0, 0]);
  });
});

describe('the probe of a FLORA that gets no more than one now and then', () => {
  it('is a file whose turn it is: those that are refused whenever they ask do not take each turn', async () => {
    const good = obliging();
    const script = {
      ...good,
      reserve: async (wanted: Wanted, ...rest: never[]) => {
        if (wanted.idempotencyKey !== 'key 2') throw floraError('server_error', { status: 500, disposition: 'retry' });
        return await good.reserve?.(...([wanted, ...rest] as never[]));
      },
    };
    const { run, ledger, ids, clock, calls } = await uploading({ files: 3, script: script as never });
    const nowMs = clock.now();
    const slow = { ...freshCreation('1'), barren: 8, slowSinceMs: nowMs, probes: 4, reason: 'spent' };
    await ledger.write(({ facts: known }) =>
      known.setCreation({ ...slow, nextProbeMs: nowMs + 10 * minute, waitMs: 10 * minute }),
    );
    // Later than the others were tried; and not from the start, which believes no such wait.
    clock.setTimer(minute, () => {
      const late = ledger.contents.get(ids[2] ?? 0) ?? assert.fail();
      void ledger.write(({ contents }) => contents.save(late, { ...late, notBeforeMs: nowMs + 25 * minute }, nowMs));
    });
    await run(31 * minute);
    assert.equal(ledger.contents.get(ids[2] ?? 0)?.state, 'ready');
    const reserved = calls.filter(({ name }) => name === 'reserve');
    const times = reserved.map(({ atMs, args }) => [(atMs - nowMs) / minute, (args[0] as Wanted).idempotencyKey]);
    assert.deepEqual(times.slice(0, 3), [
      [10, 'key 0'],
      [20, 'key 1'],
      [30, 'key 2'],
    ]);
  });
});
