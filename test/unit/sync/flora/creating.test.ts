import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Content } from '../../../../src/core/content.ts';
import { freshCreation, probed, slowed } from '../../../../src/core/creation.ts';
import type { ContentEvent } from '../../../../src/core/event.ts';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import { type CommitDeps, commitOutcome } from '../../../../src/sync/commit/commit.ts';
import { Creating, reopenCreation } from '../../../../src/sync/flora/creating.ts';
import { reservation } from '../../../support/contents.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { memoryLedger, newContent, withFolder } from '../../../support/ledgers.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** So long nothing may move before creating slows down. */
const standstill = 20 * second;

const notUnderstood: ContentEvent = {
  type: 'trouble',
  code: 'not_understood',
  reason: 'FLORA answers otherwise than this version knows',
  retryAfterMs: null,
};
const accepted: ContentEvent = { type: 'bytes-accepted' };
const keySpent: ContentEvent = { type: 'key-spent', reason: 'FLORA answered 409 idempotency_duplicate' };

function reserved(assetId: string, isReplayed = false): ContentEvent {
  return { type: 'reserved', reservation: reservation({ assetId }), isReplayed };
}

interface Life {
  readonly version?: string;
  readonly most?: number;
}

/** The budget over a ledger, as one life of the daemon has it. */
function live(ledger: Ledger, clock: HandClock, { version = '1', most = 64 }: Life = {}) {
  const lines: string[] = [];
  const changes: number[] = [];
  const codes: unknown[] = [];
  const line = (facts: object, message: string) => {
    lines.push(message);
    codes.push(facts);
  };
  const log = { debug: () => {}, info: line, warn: line, error: line };
  const onChange = () => void changes.push(changes.length);
  const creating = new Creating({ ledger, clock, log, version, most, onChange });
  return { creating, lines, codes, changes };
}

async function world(life: Life = {}, defer?: (flush: () => void) => void) {
  const clock = new HandClock();
  const { ledger, database } = memoryLedger(defer);
  const { destinationId } = await withFolder(ledger);
  const { creating, lines, codes, changes } = live(ledger, clock, life);
  let count = 0;
  const key = () => {
    count += 1;
    return `key ${count}`;
  };
  const commitDeps: CommitDeps = {
    ledger,
    clock,
    random: { fraction: () => 0.5, token: key },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    creating,
    onChange: () => {},
    uploadsMissing: () => false,
  };
  const queued = () => {
    const sha256 = key();
    return ledger.write(({ contents }) =>
      contents.insert(newContent(destinationId, { sha256, idempotencyKey: sha256 }), clock.now()),
    );
  };
  /** What came of a step, as a worker writes it down. */
  const step = async (content: Content, event: ContentEvent, by = creating) =>
    (await commitOutcome({ ...commitDeps, creating: by }, content, { event, requestId: null, doubted: [] })) ?? content;
  /** Contents that have an asset and no byte. */
  const opened = async (times: number) => {
    const contents: Content[] = [];
    for (let time = 0; time < times; time += 1) contents.push(await step(await queued(), reserved(key())));
    return contents;
  };
  const facts = () => ledger.facts.creation;
  return { ledger, database, clock, creating, lines, codes, changes, queued, step, opened, facts, key };
}

/** The same, slowed down because an answer was not understood; the first probe is due in two seconds. */
async function slowWorld(life: Life = {}, defer?: (flush: () => void) => void) {
  const made = await world(life, defer);
  const puzzled = await made.step(await made.queued(), notUnderstood);
  return { ...made, puzzled };
}

describe('the room for assets', () => {
  it('is eight at first, less those that a worker asks for, those without a byte, and those that stayed so', async () => {
    const { creating, opened, queued, step, key } = await world();
    assert.equal(creating.room(), 8);
    const [first] = await opened(3);
    assert.ok(first !== undefined);
    assert.equal(creating.room(), 5);
    creating.claim(101);
    creating.claim(102);
    assert.equal(creating.room(), 3);
    await step(first, { type: 'source-lost', reason: 'changed' });
    assert.equal(creating.room(), 3, 'what was given up counts as it did before');
    creating.release(101);
    assert.equal(creating.room(), 4);
    const taken = await queued();
    creating.claim(taken.id);
    await step(taken, reserved(key()));
    assert.equal(creating.room(), 3, 'and what got its asset counts once');
  });

  it('grows with each file whose bytes were accepted, and never beyond what may be on its way at once', async () => {
    const { creating, opened, step } = await world({ most: 10 });
    for (const room of [9, 10, 10]) {
      const [content] = await opened(1);
      assert.ok(content !== undefined);
      await step(content, accepted);
      assert.equal(creating.room(), room);
    }
  });

  it('is none, and not less than none, where more is open than the budget has', async () => {
    const { creating, opened } = await world();
    await opened(12);
    assert.equal(creating.room(), 0);
  });

  it('is given back by a barren asset only after eight accepted files', async () => {
    const { creating, opened, step } = await world({ most: 8 });
    const [barren] = await opened(1);
    assert.ok(barren !== undefined);
    await step(barren, { type: 'refused', code: 'upload_refused', reason: '413' });
    for (let files = 0; files < 8; files += 1) {
      assert.equal(creating.room(), 7);
      const [content] = await opened(1);
      assert.ok(content !== undefined);
      await step(content, accepted);
    }
    assert.equal(creating.room(), 8);
  });
});

describe('an asset without bytes counts once', () => {
  const ends: readonly [what: string, event: ContentEvent, patch: Partial<Content>][] = [
    ['whose file was rejected', { type: 'refused', code: 'upload_refused', reason: '413' }, {}],
    ['whose file is gone', { type: 'source-lost', reason: 'changed' }, {}],
    [
      'that is not there after minutes',
      { type: 'asset-missing', isControlled: false },
      { state: 'checking', missingSinceMs: 1 },
    ],
  ];
  for (const [what, event, patch] of ends) {
    it(what, async () => {
      const { ledger, creating, opened, step, facts, clock } = await world();
      const [open] = await opened(1);
      assert.ok(open !== undefined);
      await ledger.write(({ contents }) => contents.save(open, { ...open, ...patch }, clock.now()));
      const content = ledger.contents.get(open.id);
      assert.ok(content !== undefined);
      const after = await step(content, event);
      assert.equal(facts()?.barren, 1);
      assert.equal(creating.room(), 7);
      await step(after, { type: 'wanted', by: 'scan', needsMatching: false });
      assert.equal(facts()?.barren, 1, 'also when its bytes are wanted again');
    });
  }

  it('whose reservation was superseded, once for each reservation', async () => {
    const { ledger, opened, step, facts, key } = await world();
    const [open] = await opened(1);
    assert.ok(open !== undefined);
    const useless = { ...open, state: 'checking', target: null, reasonCode: 'not_renewable' } as const;
    await ledger.write(({ contents }) => contents.save(open, useless, 1));
    const content = ledger.contents.get(open.id);
    assert.ok(content !== undefined && content.assetId !== null);
    const pending = reservation({ assetId: content.assetId });
    const fresh = await step(content, { type: 'asset', facts: pending, by: 'get' });
    assert.deepEqual([fresh.state, fresh.reasonCode, facts()?.barren], ['queued', 'superseded', 1]);
    const again = await step(fresh, reserved(key()));
    await step(again, { type: 'source-lost', reason: 'changed' });
    assert.equal(facts()?.barren, 2);
  });

  it('that came too late for its file, as long as it is a new one', async () => {
    const { ledger, queued, step, facts, creating } = await world();
    const content = await queued();
    await ledger.write(({ contents }) => contents.save(content, { ...content, state: 'rejected' }, 1));
    await step(content, reserved('asset_dropped'));
    assert.deepEqual([ledger.contents.get(content.id)?.assetId, facts()?.barren], [null, 1]);
    assert.equal(creating.room(), 7);
    await step(content, reserved('asset_dropped', true));
    assert.equal(facts()?.barren, 1, 'a replayed answer tells of an asset that counts already');
  });

  it('that FLORA gave to a file of ours before, because nothing of this one may go there', async () => {
    const { opened, queued, step, facts } = await world();
    const [other] = await opened(1);
    assert.ok(other !== undefined && other.assetId !== null);
    const refused = await step(await queued(), reserved(other.assetId));
    assert.deepEqual([refused.state, refused.assetId, refused.reasonCode], ['queued', null, 'key_spent']);
    assert.equal(facts()?.barren, 1);
  });

  it('and not at all once its bytes were accepted', async () => {
    const { opened, step, facts } = await world();
    const [open] = await opened(1);
    assert.ok(open !== undefined);
    const sent = await step(open, accepted);
    await step(sent, { type: 'refused', code: 'asset_failed', reason: 'no' });
    assert.equal(facts()?.barren, 0);
  });

  it('and not at all when it became ready although no answer to its bytes came', async () => {
    const { ledger, opened, step, facts } = await world();
    const [open] = await opened(1);
    assert.ok(open !== undefined && open.assetId !== null);
    await ledger.write(({ contents }) => contents.save(open, { ...open, state: 'checking' }, 1));
    const content = ledger.contents.get(open.id);
    assert.ok(content !== undefined);
    const said = reservation({ assetId: open.assetId, status: 'ready' });
    const after = await step(content, { type: 'asset', facts: said, by: 'get' });
    assert.equal(after.state, 'ready');
    assert.equal(facts()?.barren ?? 0, 0);
  });
});

describe('an answer to a reservation that is not understood', () => {
  it('slows creating down at once, in a line that says why', async () => {
    const { creating, lines, facts, clock } = await slowWorld();
    assert.equal(creating.slowReason, 'FLORA answers otherwise than this version knows');
    assert.equal(creating.room(), 0);
    assert.equal(facts()?.barren, 1);
    assert.equal(facts()?.nextProbeMs, clock.now() + 2 * second);
    assert.deepEqual(lines, [
      'FLORA answers otherwise than this version knows; nothing is lost, and what has an asset goes on',
    ]);
  });

  it('counts once for each key: the same request makes no second asset', async () => {
    const { puzzled, step, facts } = await slowWorld();
    const again = await step(puzzled, notUnderstood);
    assert.equal(facts()?.barren, 1);
    const fresh = await step(again, keySpent);
    assert.deepEqual([facts()?.barren, facts()?.lost], [1, 0], 'that key’s answer was not lost');
    assert.notEqual(fresh.idempotencyKey, puzzled.idempotencyKey);
    await step(fresh, notUnderstood);
    assert.equal(facts()?.barren, 2, 'a new key makes a new asset');
  });

  it('is told with its code, and that it goes on without one', async () => {
    const { ledger, creating, codes } = await slowWorld();
    await ledger.write(reopenCreation);
    creating.changed();
    assert.deepEqual(codes, [{ code: 'creation_slow' }, {}]);
  });

  it('of a file that has an asset counts that asset as open still', async () => {
    const { ledger, opened, step, facts, clock } = await world();
    const [open] = await opened(7);
    assert.ok(open !== undefined);
    await ledger.write(({ contents }) => contents.save(open, { ...open, state: 'renewing' }, 1));
    await step(ledger.contents.get(open.id) ?? assert.fail(), notUnderstood);
    const { waitMs } = slowed({ ...freshCreation('1'), barren: 1, isMisunderstood: true }, clock.now(), '', true);
    assert.deepEqual([facts()?.barren, facts()?.waitMs], [1, waitMs]);
  });

  it('leaves a line once, however many of them follow', async () => {
    const { lines, queued, step } = await slowWorld();
    for (let files = 0; files < 3; files += 1) await step(await queued(), notUnderstood);
    assert.equal(lines.length, 1);
  });

  it('lets one asset be asked for when its time has come, and no second one while that is in hand', async () => {
    const { creating, clock } = await slowWorld();
    clock.pass(2 * second - 1);
    assert.equal(creating.room(), 0);
    clock.pass(1);
    assert.equal(creating.room(), 1);
    creating.claim(7);
    assert.equal(creating.room(), 0);
    creating.release(7);
    assert.equal(creating.room(), 1);
    assert.equal(await creating.enter(), null);
    assert.equal(creating.room(), 0, 'the next one has its own time');
  });
});

describe('the door before each reservation', () => {
  it('is open, and writes nothing, while assets are asked for as needed', async () => {
    const { creating, facts } = await world();
    assert.deepEqual(await Promise.all([creating.enter(), creating.enter()]), [null, null]);
    assert.equal(facts(), null);
  });

  it('lets one of several through that come together, and tells the others how long to wait', async () => {
    const { creating, clock, facts } = await slowWorld();
    clock.pass(2 * second);
    const entered = await Promise.all([creating.enter(), creating.enter(), creating.enter()]);
    const reason = creating.slowReason ?? '';
    const refusal = { type: 'trouble', code: 'creation_slow', reason, retryAfterMs: 4 * second };
    assert.deepEqual(entered, [null, refusal, refusal]);
    assert.equal(facts()?.probes, 1);
  });

  it('refuses what comes before its time, and asks it to look again within a minute', async () => {
    const { creating, clock, step, puzzled, facts } = await slowWorld();
    clock.pass(second);
    const early = await creating.enter();
    assert.deepEqual([early?.type, early?.type === 'trouble' && early.retryAfterMs], ['trouble', second]);
    for (let probes = 0; probes < 8; probes += 1) {
      clock.pass(hour);
      assert.equal(await creating.enter(), null);
    }
    await step(puzzled, notUnderstood);
    assert.ok((facts()?.nextProbeMs ?? 0) - clock.now() > minute);
    const late = await creating.enter();
    assert.equal(late?.type === 'trouble' && late.retryAfterMs, minute);
  });

  it('counts the probe, and sets the time of the next by whether assets that are there have spent the budget', async () => {
    for (const [open, barren] of [
      [0, 8],
      [0, 1],
      [8, 0],
    ] as const) {
      const { ledger, creating, opened, facts, clock } = await world();
      await opened(open);
      const slow = { ...freshCreation('1'), barren, slowSinceMs: 1, reason: 'why', waitMs: second };
      await ledger.write((tables) => tables.facts.setCreation(slow));
      assert.equal(await creating.enter(), null);
      assert.deepEqual(facts(), probed(slow, clock.now(), open + barren === 8), `${open}, ${barren}`);
    }
  });

  it('opens only when the probe is durable: a crash right after it leaves no second one', async () => {
    let flush: (() => void) | null = null;
    let isHeld = false;
    const { creating, clock, ledger, facts } = await slowWorld({}, (write) => {
      if (isHeld) flush = write;
      else setImmediate(write);
    });
    clock.pass(2 * second);
    isHeld = true;
    let isOpen = false;
    const entering = creating.enter().then(() => {
      isOpen = true;
    });
    await settled();
    assert.deepEqual([isOpen, facts()?.probes], [false, 0], 'nothing is durable yet');
    (flush as (() => void) | null)?.();
    await entering;
    assert.equal(facts()?.probes, 1);
    const next = live(ledger, clock).creating;
    assert.equal(next.room(), 0);
    isHeld = false;
    assert.equal((await next.enter())?.type, 'trouble');
  });
});

describe('another life over the same ledger', () => {
  it('has the same room: open, barren and accepted are known to it', async () => {
    const { ledger, clock, creating, opened, step } = await world();
    const [one, two, three] = await opened(5);
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    await step(one, accepted);
    await step(two, { type: 'source-lost', reason: 'changed' });
    await step(three, { type: 'trouble', code: 'server_error', reason: '503', retryAfterMs: null });
    assert.equal(creating.room(), 5, 'of nine: one barren, three open');
    assert.equal(live(ledger, clock).creating.room(), creating.room());
  });

  it('is as slow as the one before, and says so once', async () => {
    const { ledger, clock, creating, queued, step } = await slowWorld();
    const next = live(ledger, clock);
    await next.creating.begin();
    assert.equal(next.creating.slowReason, creating.slowReason);
    assert.equal(next.creating.room(), 0);
    for (let files = 0; files < 2; files += 1) await step(await queued(), notUnderstood, next.creating);
    assert.equal(next.lines.length, 1);
  });

  it('of another version begins with a whole budget, and keeps what was earned', async () => {
    const { ledger, clock, opened, step } = await world();
    for (const content of await opened(2)) await step(content, accepted);
    const [open, puzzling] = await opened(2);
    assert.ok(open !== undefined && puzzling !== undefined);
    await step(open, { type: 'source-lost', reason: 'changed' });
    await ledger.write(({ facts }) => {
      assert.ok(facts.creation !== null);
      facts.setCreation({
        ...facts.creation,
        slowSinceMs: clock.now(),
        reason: 'why',
        nextProbeMs: clock.now() + hour,
        waitMs: hour,
      });
    });
    const same = live(ledger, clock).creating;
    await same.begin();
    assert.equal(same.room(), 0, 'the same version would not understand more');
    const { creating: next } = live(ledger, clock, { version: '2' });
    await next.begin();
    assert.equal(next.slowReason, null);
    assert.equal(next.room(), 10 - 1);
    assert.equal(ledger.facts.creation?.version, '2');
  });

  it('writes nothing where nothing was ever asked for', async () => {
    const { ledger, clock } = await world();
    await live(ledger, clock, { version: '2' }).creating.begin();
    assert.equal(ledger.facts.creation, null);
  });
});

describe('creating goes on', () => {
  it('when bytes are accepted, in one line', async () => {
    const { creating, clock, lines, changes, puzzled, step, key } = await slowWorld();
    clock.pass(2 * second);
    assert.equal(await creating.enter(), null);
    const open = await step(puzzled, reserved(key()));
    assert.ok(creating.slowReason !== null, 'an asset alone is no reason');
    const before = changes.length;
    await step(open, accepted);
    assert.equal(creating.slowReason, null);
    assert.deepEqual(lines.slice(1), ['FLORA takes files again: assets are asked for as needed']);
    assert.ok(changes.length > before, 'whoever waits for room is told');
    assert.equal(creating.room(), 8);
  });

  it('when bytes are accepted, with room for one more beside those that are open', async () => {
    const { ledger, creating, opened, step, facts, clock } = await world();
    const [first] = await opened(4);
    assert.ok(first !== undefined);
    const slow = {
      barren: 8,
      slowSinceMs: clock.now(),
      reason: 'spent',
      waitMs: hour,
      nextProbeMs: clock.now() + hour,
    };
    await ledger.write((tables) => tables.facts.setCreation({ ...freshCreation('1'), ...slow }));
    await step(first, accepted);
    assert.deepEqual([facts()?.barren, creating.room()], [9 - 1 - 3, 1]);
  });

  it('when a person asks for another try, with the budget whole', async () => {
    const { ledger, creating, lines, changes, facts } = await slowWorld();
    const before = changes.length;
    await ledger.write(reopenCreation);
    creating.changed();
    assert.deepEqual([creating.slowReason, creating.room(), facts()?.barren], [null, 8, 0]);
    assert.deepEqual(lines.slice(1), ['FLORA takes files again: assets are asked for as needed']);
    assert.equal(changes.length, before + 1);
  });

  it('for a person’s sake also where it was never slow, without a word', async () => {
    const { ledger, creating, lines, facts } = await world();
    await ledger.write(reopenCreation);
    creating.changed();
    assert.deepEqual([facts(), lines], [null, []]);
  });

  it('and what was earned stays earned', async () => {
    const { ledger, opened, step, facts } = await world();
    for (const content of await opened(3)) await step(content, accepted);
    await ledger.write(reopenCreation);
    assert.equal(facts()?.accepted, 3);
  });
});

describe('room that nobody makes', () => {
  it('slows creating down after twenty seconds in which not a byte was sent', async () => {
    const { creating, clock, opened, lines } = await world();
    await opened(8);
    assert.equal(await creating.full(true), standstill);
    clock.pass(standstill - 1);
    assert.equal(await creating.full(true), 1);
    assert.equal(creating.slowReason, null);
    clock.pass(1);
    assert.equal(await creating.full(true), minute);
    assert.equal(
      creating.slowReason,
      'Creating is slowed down: 8 assets were made in FLORA and not one byte of them was accepted, and FLORA has no delete; ' +
        'one more is tried now and then, the seldomer the longer this lasts. ' +
        'Accepted bytes, a new version or `flora-sync retry` end that',
    );
    assert.equal(lines.length, 1);
    assert.equal(await creating.full(true), 5 * second, 'and then it is looked at when the next one may be tried');
    assert.equal(lines.length, 1);
  });

  it('is waited for as long as bytes are sent, or anything gets on', async () => {
    const { creating, clock, opened, step } = await world();
    const contents = await opened(9);
    for (let minutes = 0; minutes < 5; minutes += 1) {
      await creating.full(true);
      clock.pass(standstill - 1);
      creating.sent({ attempts: 0 });
      assert.equal(creating.slowReason, null, 'bytes are sent');
    }
    for (const content of contents.slice(0, 5)) {
      await creating.full(true);
      clock.pass(standstill - 1);
      await step(content, accepted);
      assert.equal(creating.slowReason, null, 'bytes are accepted');
    }
    assert.equal(await creating.full(true), minute);
  });

  it('is not waited for longer for bytes that were sent in vain three times', async () => {
    for (const [attempts, left] of [
      [2, standstill],
      [3, 1],
    ] as const) {
      const { creating, clock, opened } = await world();
      await opened(8);
      await creating.full(true);
      clock.pass(standstill - 1);
      creating.sent({ attempts });
      assert.equal(await creating.full(true), left, `${attempts}`);
    }
  });

  it('is not asked about where there is room, and begins no standstill then', async () => {
    const { creating, clock, opened } = await world();
    await opened(7);
    assert.equal(await creating.full(true), minute);
    clock.pass(standstill);
    await opened(1);
    assert.equal(await creating.full(true), standstill);
  });

  it('is waited for anew once a person asked, and as before where nothing was let go', async () => {
    const { creating, clock, opened } = await world();
    await opened(8);
    await creating.full(true);
    clock.pass(standstill - 1);
    creating.release(4_711);
    assert.equal(await creating.full(true), 1);
    creating.changed();
    assert.equal(await creating.full(true), standstill);
  });

  it('is looked for again within the wait of the probe, also where the clock was put back', async () => {
    const { creating, clock } = await slowWorld();
    clock.pass(-hour);
    assert.equal(await creating.full(true), 2 * second);
  });

  it('slows creating down once: whoever was first has said why', async () => {
    const { ledger, creating, clock, opened } = await world();
    await opened(8);
    await creating.full(true);
    clock.pass(standstill);
    const first = { ...freshCreation('1'), slowSinceMs: clock.now(), reason: 'first' };
    const both = [ledger.write((tables) => tables.facts.setCreation(first)), creating.full(true)];
    await Promise.all(both);
    assert.equal(creating.slowReason, 'first');
  });

  it('is told by what was made, given up or open, unless more answers were lost', async () => {
    for (const [lost, told] of [
      [6, '6 assets were made in FLORA'],
      [7, 'the answers to 7 reservations in a row were lost'],
    ] as const) {
      const { ledger, creating, opened } = await world();
      await opened(3);
      await ledger.write((tables) => tables.facts.setCreation({ ...freshCreation('1'), barren: 2.5, lost }));
      await creating.full(true);
      assert.ok(creating.slowReason?.includes(told), creating.slowReason ?? '');
    }
  });

  it('is announced with each asset that is opened or gets its bytes, and not with other steps', async () => {
    const { creating, changes, opened, queued, step } = await world();
    const [first] = await opened(1);
    assert.ok(first !== undefined);
    assert.equal(changes.length, 1);
    const waiting = await queued();
    creating.claim(waiting.id);
    await step(waiting, { type: 'trouble', code: 'server_error', reason: '503' });
    assert.deepEqual([changes.length, creating.room()], [1, 6], 'it is still asked for');
    await step(first, accepted);
    assert.deepEqual([changes.length, creating.room()], [2, 8]);
  });

  it('is waited for while something keeps FLORA from answering', async () => {
    const { creating, clock, opened } = await world();
    await opened(8);
    for (let minutes = 0; minutes < 10; minutes += 1) {
      assert.equal(await creating.full(false), standstill);
      clock.pass(standstill);
    }
    assert.equal(creating.slowReason, null);
  });

  it('is waited for as long as requests are under way: each ends by itself, and a slow one takes over a minute', async () => {
    const { creating, clock } = await world();
    for (let id = 101; id <= 108; id += 1) creating.claim(id);
    await creating.full(true);
    clock.pass(standstill);
    assert.equal(await creating.full(true), minute);
    assert.equal(creating.slowReason, null, 'nothing was made in FLORA so far');
  });

  it('is given all of that time from when FLORA answers again', async () => {
    const { creating, clock, opened } = await world();
    await opened(8);
    await creating.full(false);
    clock.pass(standstill - 1);
    assert.equal(await creating.full(true), standstill);
  });

  it('is not waited for where all of the budget is spent on what is given up already', async () => {
    const { creating, opened, step, facts, clock } = await world();
    for (const content of await opened(8)) await step(content, { type: 'source-lost', reason: 'changed' });
    await creating.full(true);
    assert.notEqual(creating.slowReason, null);
    assert.equal(facts()?.nextProbeMs, clock.now() + 5 * second, 'the first probe is not at once');
  });

  it('is looked for again when the next probe is due, and within a minute', async () => {
    const { creating, clock } = await slowWorld();
    assert.equal(await creating.full(true), 2 * second);
    clock.pass(2 * second);
    assert.equal(await creating.full(true), minute, 'the probe is on its way, and tells when it is over');
  });

  it('says nothing of assets that stood still once there was room in between', async () => {
    const { creating, clock, queued, step } = await world();
    const contents = await Promise.all(Array.from({ length: 8 }, () => queued()));
    for (const { id } of contents) creating.claim(id);
    assert.equal(await creating.full(true), standstill);
    for (const content of contents) {
      await step(content, { type: 'refused', code: 'input_validation_error', reason: 'no' });
      creating.release(content.id);
    }
    assert.equal(creating.room(), 8);
    clock.pass(hour);
    for (let id = 101; id <= 108; id += 1) creating.claim(id);
    await creating.full(true);
    assert.equal(creating.slowReason, null, 'nothing was made in FLORA at all');
  });
});

describe('answers to reservations that are lost', () => {
  it('count in a row: one that can be read ends it, and so do accepted bytes', async () => {
    const { queued, step, facts, key } = await world();
    let content = await queued();
    for (const lost of [1, 2, 3]) {
      content = await step(content, keySpent);
      assert.equal(facts()?.lost, lost);
    }
    await step(content, reserved(key()));
    assert.equal(facts()?.lost, 0);
  });

  it('do not count for a key that was only asked to renew', async () => {
    const { ledger, opened, step, facts } = await world();
    const [open] = await opened(1);
    assert.ok(open !== undefined);
    await ledger.write(({ contents }) => contents.save(open, { ...open, state: 'renewing' }, 1));
    const content = ledger.contents.get(open.id);
    assert.ok(content !== undefined);
    await step(content, keySpent);
    assert.equal(facts()?.lost ?? 0, 0);
  });

  it('eight times in a row slow creating down: each of them has made an asset', async () => {
    const { creating, queued, step } = await world();
    let content = await queued();
    for (let times = 0; times < 8; times += 1) content = await step(content, keySpent);
    assert.equal(creating.room(), 0);
    await creating.full(true);
    assert.match(creating.slowReason ?? '', /the answers to 8 reservations in a row were lost/);
  });
});
