import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import { SyncError } from '../../../src/errors.ts';
import { Patience, patienceMs, reachFlora, type WatchedGate, withPatience } from '../../../src/operations/patience.ts';
import { HandClock, settled } from '../../support/hand-clock.ts';

function trouble(code: ErrorCode, disposition: 'wait' | 'retry' = 'retry', retryAfterMs?: number): SyncError {
  return new SyncError(code, { code, scope: 'service', disposition, op: 'list', retryAfterMs });
}

/** A gate whose trouble the test sets. */
function openedGate() {
  const gate: { trouble: SyncError | null; readonly listeners: Set<(trouble: SyncError | null) => void> } = {
    trouble: null,
    listeners: new Set(),
  };
  return gate satisfies WatchedGate;
}

/** Work that lasts until it is cut short, at a gate whose trouble the test sets. */
function waiting() {
  const clock = new HandClock();
  const gate = openedGate();
  const leaving = new AbortController();
  let isCut = false;
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => {
        isCut = true;
        resolve('cut short');
      });
    });
  const outcome = withPatience(gate, leaving.signal, work, clock).then(
    (value) => value,
    (error: SyncError) => error.code,
  );
  const tell = (told: SyncError | null) => {
    for (const listener of gate.listeners) listener(told);
  };
  return { clock, gate, leaving, outcome, tell, isCut: () => isCut };
}

describe('patience', () => {
  it('ends with what a person has to mend, soon', async () => {
    const { clock, gate, outcome, isCut } = waiting();
    await clock.advance(10 * patienceMs);
    assert.equal(isCut(), false);
    gate.trouble = trouble('key_refused', 'wait');
    await clock.advance(1_000);
    assert.equal(await clock.advanceUntil(outcome), 'key_refused');
  });

  it('ends with a network that is away for a minute on end, and not before', async () => {
    const { clock, gate, outcome, isCut } = waiting();
    for (let round = 0; round < 3; round += 1) {
      gate.trouble = trouble('unreachable');
      await clock.advance(patienceMs - 1_000);
      gate.trouble = null;
      await clock.advance(1_000);
    }
    gate.trouble = trouble('unreachable');
    await clock.advance(patienceMs - 1_000);
    assert.equal(isCut(), false);
    await clock.advance(2_000);
    assert.equal(await clock.advanceUntil(outcome), 'unreachable');
  });

  it('does not begin anew when the kind of trouble changes', async () => {
    const { clock, gate, outcome, isCut } = waiting();
    const kinds = ['unreachable', 'unavailable', 'redirected', 'connection_lost', 'not_flora', 'unreachable'] as const;
    for (const kind of kinds) {
      assert.equal(isCut(), false, kind);
      gate.trouble = trouble(kind);
      await clock.advance(patienceMs / kinds.length);
    }
    await clock.advance(1_000);
    assert.equal(isCut(), true);
    assert.equal(await clock.advanceUntil(outcome), 'unreachable');
  });

  it('begins anew with each answer, also one that came and went between two looks', async () => {
    const clock = new HandClock();
    const patience = new Patience(clock);
    for (let round = 0; round < 10; round += 1) {
      patience.see(trouble('unreachable'));
      await clock.advance(patienceMs - 1);
      assert.equal(patience.spent(), null);
      patience.see(null);
    }
    patience.see(trouble('unreachable'));
    await clock.advance(patienceMs);
    assert.equal(patience.spent()?.code, 'unreachable');
  });

  it('hears from the gate of an answer that came and went between two looks at it', async () => {
    const { clock, gate, outcome, tell, isCut } = waiting();
    gate.trouble = trouble('unreachable');
    await clock.advance(patienceMs - 1_000);
    tell(null);
    tell(gate.trouble);
    await clock.advance(patienceMs - 1_000);
    assert.equal(isCut(), false);
    await clock.advance(2_000);
    assert.equal(await clock.advanceUntil(outcome), 'unreachable');
  });

  it('listens to the gate for as long as the work lasts', async () => {
    const { clock, gate, leaving, outcome } = waiting();
    assert.equal(gate.listeners.size, 1);
    leaving.abort();
    await clock.advanceUntil(outcome);
    assert.equal(gate.listeners.size, 0);
  });

  it('goes by the clock that is not put back or forward', async () => {
    let wallMs = 0;
    const clock = { monotonic: () => 5, now: () => wallMs };
    const patience = new Patience(clock);
    patience.see(trouble('unreachable'));
    wallMs = 10 * patienceMs;
    assert.equal(patience.spent(), null);
  });

  for (const code of ['rate_limited', 'unreachable', 'unavailable'] as const) {
    it(`ends at once with ${code} for longer than it lasts, and not for a wait within it`, async () => {
      const { clock, gate, outcome, isCut } = waiting();
      gate.trouble = trouble(code, 'retry', patienceMs);
      await clock.advance(1_000);
      assert.equal(isCut(), false);
      gate.trouble = trouble(code, 'retry', patienceMs + 1);
      await clock.advance(1_000);
      assert.equal(isCut(), true);
      assert.equal(await clock.advanceUntil(outcome), code);
    });
  }

  it('does not end because FLORA asks for less, however long', async () => {
    const { clock, gate, leaving, outcome, isCut } = waiting();
    gate.trouble = trouble('rate_limited');
    await clock.advance(10 * patienceMs);
    assert.equal(isCut(), false);
    leaving.abort();
    assert.equal(await clock.advanceUntil(outcome), 'cut short');
  });

  it('says what the trouble was where the work, cut short, says only that it was', async () => {
    const clock = new HandClock();
    const gate = openedGate();
    const work = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const { signal } = new AbortController();
    const outcome = withPatience(gate, signal, work, clock).catch((error: SyncError) => error.code);
    await clock.advance(1_000);
    gate.trouble = trouble('key_refused', 'wait');
    assert.equal(await clock.advanceUntil(outcome), 'key_refused');
  });

  it('hands on the value, and the error that the work itself ends with', async () => {
    const clock = new HandClock();
    const gate = openedGate();
    const { signal } = new AbortController();
    assert.equal(await clock.advanceUntil(withPatience(gate, signal, async () => 7, clock)), 7);
    const failing = withPatience(gate, signal, () => Promise.reject(new TypeError('a bug')), clock);
    const said = failing.catch((error: TypeError) => error.message);
    assert.equal(await clock.advanceUntil(said), 'a bug');
  });

  it('begins nothing that would not be wanted any more', async () => {
    const clock = new HandClock();
    const work = async (signal: AbortSignal) => signal.aborted;
    assert.equal(await clock.advanceUntil(withPatience(openedGate(), AbortSignal.abort(), work, clock)), true);
  });
});

describe('reaching FLORA', () => {
  it('tells at once what a person has to mend, and a passing failure as one of the service', async () => {
    const { signal } = new AbortController();
    let calls = 0;
    const refused = () => {
      calls += 1;
      return Promise.reject(trouble('key_refused', 'wait'));
    };
    await assert.rejects(reachFlora({ workspaceIds: refused }, signal), /key_refused/);
    assert.equal(calls, 1);
    const shaky = async () => {
      calls += 1;
      if (calls < 3) throw new SyncError('lost', { code: 'connection_lost', scope: 'file', disposition: null, op: '' });
    };
    await reachFlora({ workspaceIds: shaky }, signal);
    assert.equal(calls, 3);
    await settled();
  });

  it('waits as long as FLORA asks for, however often, and gives up where it asks for too much', async () => {
    const clock = new HandClock();
    const { signal } = new AbortController();
    let calls = 0;
    const limited = async () => {
      calls += 1;
      if (calls <= 20) throw trouble('rate_limited', 'retry', 5_000);
    };
    await clock.advanceUntil(reachFlora({ workspaceIds: limited }, signal, clock));
    assert.equal(calls, 21);
    const closed = () => Promise.reject(trouble('rate_limited', 'retry', 40_000_000));
    const begunMs = clock.monotonic();
    const said = reachFlora({ workspaceIds: closed }, signal, clock).catch((error: SyncError) => error.code);
    assert.equal(await clock.advanceUntil(said), 'rate_limited');
    assert.equal(clock.monotonic(), begunMs);
  });

  it('waits for an answer no longer than patience lasts, and says so', async () => {
    const clock = new HandClock();
    const { signal } = new AbortController();
    const begunMs = clock.monotonic();
    const hung = (cut: AbortSignal) =>
      new Promise<never>((_, reject) => cut.addEventListener('abort', () => reject(cut.reason)));
    const said = reachFlora({ workspaceIds: hung }, signal, clock).catch((error: SyncError) => error);
    const error = await clock.advanceUntil(said);
    assert.ok(error instanceof SyncError);
    assert.deepEqual([error.code, error.scope], ['unreachable', 'service']);
    assert.match(error.message, /did not answer within 60 s/);
    assert.equal(clock.monotonic() - begunMs, patienceMs);
  });

  for (const [what, reason] of [
    ['the reason of the signal', new DOMException('This operation was aborted', 'AbortError')],
    ["undici's own", Object.assign(new Error('Request aborted'), { name: 'AbortError', code: 'UND_ERR_ABORTED' })],
    ['what was known', trouble('unreachable')],
  ] as const) {
    it(`ends quietly when nobody waits any more, whatever the request ends with: ${what}`, async () => {
      const leaving = new AbortController();
      const away = () => {
        leaving.abort();
        return Promise.reject(reason);
      };
      await assert.doesNotReject(reachFlora({ workspaceIds: away }, leaving.signal));
    });
  }

  it('hands a bug on, also when nobody waits any more', async () => {
    const leaving = new AbortController();
    const bug = () => {
      leaving.abort();
      return Promise.reject(new TypeError('a slip of ours'));
    };
    await assert.rejects(reachFlora({ workspaceIds: bug }, leaving.signal), /a slip of ours/);
  });

  it('ends quietly when nobody waits any more', async () => {
    const leaving = new AbortController();
    const away = () => {
      leaving.abort();
      return Promise.reject(trouble('unreachable'));
    };
    await assert.doesNotReject(reachFlora({ workspaceIds: away }, leaving.signal));
  });
});
