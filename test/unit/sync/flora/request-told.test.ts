import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { type Call, isRefusal, type Pass, rankOf } from '../../../../src/sync/flora/call.ts';
import { endOf } from '../../../../src/sync/flora/ending.ts';
import type { Gate } from '../../../../src/sync/flora/gate.ts';
import { askFlora, isKnown, patiently, reading } from '../../../../src/sync/flora/request.ts';
import { callFor, serviceError } from '../../../support/gates.ts';
import { floraError } from '../../../support/uploading.ts';

const [stopping, abort] = [new AbortController().signal, new AbortController().signal];
const signals = { stopping, abort };

/** A gate that lets everybody in, and tells what it was told. */
function watched() {
  const told: unknown[] = [];
  const tell =
    (what: string) =>
    (pass: Pass, ...more: unknown[]) =>
      void told.push([what, pass.call.op, ...more]);
  const gate = {
    enter: async (call: Call, signal: AbortSignal) => {
      assert.equal(signal, stopping);
      return { call };
    },
    isGood: () => true,
    succeeded: tell('succeeded'),
    cancelled: tell('cancelled'),
    refused: tell('refused'),
    failed: tell('failed'),
    stumbled: tell('stumbled'),
    unclear: tell('unclear'),
  } as unknown as Gate;
  const ask = (call: Call, answer: unknown) =>
    askFlora(gate, signals, call, async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { ask, told, gate };
}

describe('what a request came to', () => {
  it('is the answer, and the gate knows', async () => {
    const { ask, told } = watched();
    assert.deepEqual(await ask(callFor(1), 7), { kind: 'answer', value: 7 });
    assert.deepEqual(told, [['succeeded', 'reserve']]);
  });

  for (const [what, error, told, op] of [
    ['all requests', serviceError('unreachable'), 'failed', 'check'],
    ['the service, that fails', floraError('server_error', { status: 500 }), 'stumbled', 'check'],
    ['nothing that can be read', floraError('bad_answer', { status: 200 }), 'stumbled', 'check'],
    ['nothing: silence', floraError('connection_lost'), 'unclear', 'check'],
  ] as const) {
    it(`is an error about ${what}, and the gate is told so (${told})`, async () => {
      const watching = watched();
      assert.deepEqual(await watching.ask(callFor(1, op), error), { kind: 'error', error });
      const more = told === 'unclear' ? [] : [error];
      assert.deepEqual(watching.told, [[told, op, ...more]]);
    });
  }

  it('is an error about this one, which shows that FLORA is there; only a reservation was not made', async () => {
    const error = floraError('not_found', { status: 404 });
    for (const [op, isGranted] of [
      ['check', true],
      ['complete', true],
      ['reserve', false],
    ] as const) {
      const { ask, told } = watched();
      assert.deepEqual(await ask(callFor(1, op), error), { kind: 'error', error });
      assert.deepEqual(told, [['succeeded', op, isGranted]]);
    }
  });

  it('is a refusal that the file takes for its own, and waits for; without a file it is everybody’s', async () => {
    const refusal = serviceError('forbidden', { disposition: 'wait', status: 403, requestId: 'req_1', hint: 'Ask.' });
    const { ask, told } = watched();
    const waits: (number | undefined)[] = [];
    for (const attempts of [0, 3, 99]) {
      const asked = await ask(callFor(1, 'check', { attempts }), refusal);
      assert.ok(asked?.kind === 'error');
      const { code, scope, disposition, status, requestId, hint, message, cause } = asked.error;
      assert.deepEqual(
        { code, scope, disposition, status, requestId, hint, message, cause },
        {
          code: 'forbidden',
          scope: 'file',
          disposition: 'retry',
          status: 403,
          requestId: 'req_1',
          hint: 'Ask.',
          message: 'forbidden',
          cause: refusal,
        },
      );
      waits.push(asked.error.retryAfterMs);
    }
    assert.ok((waits[0] ?? 0) < (waits[1] ?? 0) && (waits[1] ?? 0) < (waits[2] ?? 0) && (waits[2] ?? 0) <= 300_000);
    const listing = await ask({ op: 'list', file: null }, refusal);
    assert.deepEqual(listing, { kind: 'error', error: refusal });
    assert.deepEqual(told, [...Array(3).fill(['refused', 'check', refusal]), ['refused', 'list', refusal]]);
  });

  it('is nothing where the signal came first, and nothing is asked', async () => {
    const gate = { enter: async () => null } as unknown as Gate;
    assert.equal(await askFlora(gate, signals, callFor(1), () => assert.fail()), null);
  });

  it('is nothing where it was cut off, whatever it failed with, and the gate knows', async () => {
    for (const error of [new TypeError('cut'), serviceError('unreachable')]) {
      const { told, gate } = watched();
      const cut = new AbortController();
      const asked = askFlora(gate, { stopping, abort: cut.signal }, callFor(1), async () => {
        cut.abort();
        throw error;
      });
      assert.equal(await asked, null);
      assert.deepEqual(told, [['cancelled', 'reserve']]);
    }
  });

  it('is asked for anew with another pass where the first was no good any more, and each ends once', async () => {
    const { told, gate } = watched();
    let passes = 0;
    gate.isGood = () => {
      passes += 1;
      return passes > 1;
    };
    const bug = new TypeError('a bug');
    await assert.rejects(
      askFlora(gate, signals, callFor(1), () => Promise.reject(bug)),
      bug,
    );
    assert.deepEqual(told, [
      ['cancelled', 'reserve'],
      ['cancelled', 'reserve'],
    ]);
  });

  it('is thrown where it is no answer', async () => {
    for (const error of [
      new TypeError('a bug'),
      new SyncError('x', { code: 'ledger_full', op: 'x', scope: 'process' }),
    ]) {
      const { ask, told } = watched();
      await assert.rejects(ask(callFor(1), error), error);
      assert.deepEqual(told, [['cancelled', 'reserve']]);
      assert.equal(isKnown(error), false);
    }
    assert.equal(isKnown(floraError('not_found')), true);
  });
});

describe('a refusal', () => {
  it('is what may be one file’s own affair, of the service’s errors', () => {
    const codes = ['credits', 'forbidden', 'no_destination', 'not_flora', 'redirected', 'rate_limited', 'key_refused'];
    const refusals = codes.filter((code) => isRefusal(serviceError(code as 'credits')));
    assert.deepEqual(refusals, codes.slice(0, 5));
    assert.equal(isRefusal(floraError('forbidden')), false);
  });
});

describe('the rank of a request', () => {
  it('is higher the nearer a file is to its end, and lowest where no file waits', () => {
    const ops = ['complete', 'renew', 'check', 'list', 'reserve'] as const;
    assert.deepEqual(
      ops.map((op) => rankOf(callFor(1, op))),
      [0, 1, 1, 1, 2],
    );
    assert.deepEqual(
      ops.map((op) => rankOf({ op, file: null })),
      [3, 3, 3, 3, 3],
    );
  });
});

describe('a request that only reads', () => {
  it('ends with the stop', () => {
    assert.deepEqual(reading(signals), { stopping, abort: stopping });
  });
});

describe('whoever asks patiently', () => {
  it('asks until it is no trouble with FLORA as a whole', async () => {
    const trouble = { kind: 'error', error: serviceError('unreachable') } as const;
    const own = { kind: 'error', error: floraError('not_found') } as const;
    for (const last of [own, { kind: 'answer', value: 1 } as const, null]) {
      const answers = [trouble, trouble, last];
      assert.equal(await patiently(async () => answers.shift() ?? null), last);
      assert.equal(answers.length, 0);
    }
  });
});

describe('the end of something', () => {
  it('is its own, or that of the signal, and leaves nothing behind', async () => {
    const { signal } = new AbortController();
    const off: string[] = [];
    const remove = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      off.push(args[0]);
      remove(...args);
    };
    await endOf(Promise.resolve(), signal);
    assert.deepEqual(off, ['abort']);
    const stop = new AbortController();
    const left = endOf(new Promise(() => {}), stop.signal);
    stop.abort();
    await left;
  });
});
