import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Agent, buildConnector, type Dispatcher, errors, MockAgent } from 'undici';
import { Exchange, type ExchangeRequest } from '../../../src/remote/exchange.ts';
import { requestJson } from '../../../src/remote/http.ts';
import { WireError } from '../../../src/remote/network-error.ts';
import { settled } from '../../support/hand-clock.ts';
import { handTimers } from '../../support/hand-timers.ts';
import { type SeenRequest, scriptedServer } from '../../support/scripted-server.ts';

const reason = new Error('stopping');

/** One connection at most, so that a second one shows. */
function agentFor(t: TestContext): Agent {
  const agent = new Agent({ connections: 1, pipelining: 1 });
  t.after(() => agent.destroy());
  return agent;
}

function request(origin: string, more: Partial<ExchangeRequest> = {}): ExchangeRequest {
  return {
    origin,
    path: '/path?query=1',
    method: 'POST',
    headers: { accept: '*/*' },
    body: null,
    signal: new AbortController().signal,
    setTimer: () => ({ cancel: () => {} }),
    wants: 'body',
    maxBodyBytes: 1_000,
    ...more,
  };
}

type Answer = (request: SeenRequest, response: ServerResponse) => void;

async function open(t: TestContext, answer: Answer) {
  const { origin, seen } = await scriptedServer(t, answer);
  const dispatcher = agentFor(t);
  const connections = { count: 0 };
  dispatcher.on('connect', () => {
    connections.count += 1;
  });
  const send = (more: Partial<ExchangeRequest> = {}) => new Exchange(request(origin, more)).send(dispatcher);
  return { origin, seen, dispatcher, connections, send };
}

describe('an exchange', () => {
  it('sends what it was given, and has status, headers and body', async (t) => {
    const { seen, send } = await open(t, (_, response) => {
      response.writeHead(418, { 'Request-Id': 'req_1' });
      response.write('one ', () => response.end('two'));
    });
    const answer = await send({ body: '{"a":1}', headers: { 'content-type': 'application/json' } });
    assert.deepEqual([answer.status, answer.headers['request-id'], `${answer.body}`], [418, 'req_1', 'one two']);
    const [asked] = seen;
    assert.deepEqual([asked?.method, asked?.url, `${asked?.body}`], ['POST', '/path?query=1', '{"a":1}']);
    assert.equal(asked?.headers['content-length'], '7');
    assert.equal(asked?.headers['content-type'], 'application/json');
  });

  it('uses its connection again, also after errors and after answers that nobody wanted to read', async (t) => {
    const statuses = [200, 404, 500, 204];
    const { connections, send } = await open(t, (_, response) => {
      const status = statuses.shift() ?? 200;
      response.writeHead(status).end(status === 204 ? undefined : 'some text');
    });
    for (const wants of ['body', 'status', 'status', 'body'] as const) await send({ wants });
    assert.equal(connections.count, 1);
  });

  it('follows no redirect', async (t) => {
    const { seen, send } = await open(t, (_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    for (const method of ['GET', 'POST', 'PUT'] as const) assert.equal((await send({ method })).status, 302);
    assert.ok(seen.every(({ url }) => url === '/path?query=1') && seen.length === 3);
  });

  it('waits for the answer behind an interim one', async (t) => {
    const { send } = await open(t, (_, response) => {
      response.writeProcessing();
      response.writeHead(201).end('made');
    });
    const answer = await send();
    assert.deepEqual([answer.status, `${answer.body}`], [201, 'made']);
  });

  it('takes no interim answer for one', async (t) => {
    const { send } = await open(t, (_, response) => {
      response.writeProcessing();
      setImmediate(() => response.destroy());
    });
    await assert.rejects(send({ wants: 'status' }), { code: 'UND_ERR_SOCKET' });
  });

  it('reads no more than it may, and closes the connection of what goes on', async (t) => {
    const closed: Promise<unknown>[] = [];
    const { send } = await open(t, (_, response) => {
      closed.push(once(response, 'close'));
      response.writeHead(200).write(Buffer.alloc(1_001, 0x20));
    });
    for (const wants of ['body', 'status'] as const) {
      const answer = await send({ wants });
      assert.deepEqual([answer.status, answer.isTooLong, answer.body.length], [200, true, 0]);
    }
    assert.equal(closed.length, 2);
    await Promise.all(closed);
  });

  it('has a body of exactly the most bytes', async (t) => {
    const { send } = await open(t, (_, response) => response.end(Buffer.alloc(1_000, 0x20)));
    const answer = await send();
    assert.deepEqual([answer.isTooLong, answer.body.length], [false, 1_000]);
  });

  it('fails when the body ends before its length', async (t) => {
    const { send } = await open(t, (_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345', () => response.destroy());
    });
    await assert.rejects(send(), { code: 'UND_ERR_SOCKET' });
  });

  it('keeps a status that is enough, whatever happens behind it, and what a refusal said until then', async (t) => {
    const { send } = await open(t, (_, response) => {
      response.writeHead(403, { 'content-length': '10' });
      response.write('12345', () => response.destroy());
    });
    const { status, body } = await send({ wants: 'status' });
    assert.deepEqual([status, `${body}`], [403, '12345']);
  });

  it('that wants a status keeps the words of a refusal, up to the most bytes, and of nothing else', async (t) => {
    const answers: [status: number, lengths: readonly number[]][] = [
      [200, [10]],
      [404, [10, 20]],
      [404, [600, 600]],
    ];
    const { send } = await open(t, async (_, response) => {
      const [status, lengths] = answers.shift() ?? [500, []];
      response.writeHead(status);
      for (const length of lengths) {
        // One piece a packet.
        await new Promise((resolve) => response.write(Buffer.alloc(length, 0x20), resolve));
        await settled();
      }
      response.end();
    });
    const lengths: number[] = [];
    for (let at = 0; at < 3; at += 1) lengths.push((await send({ wants: 'status' })).body.length);
    assert.deepEqual(lengths, [0, 30, 600]);
  });

  it('asks for its deadlines between the pieces, and for none before the answer where only a status is wanted', async (t) => {
    const { origin } = await open(t, (_, response) => response.end());
    const asked: Dispatcher.DispatchOptions[] = [];
    const dispatcher = agentFor(t).compose((dispatch) => (wanted, handler) => {
      asked.push(wanted);
      return dispatch(wanted, handler);
    });
    for (const wants of ['body', 'status'] as const) await new Exchange(request(origin, { wants })).send(dispatcher);
    assert.deepEqual(
      asked.map(({ headersTimeout, bodyTimeout }) => [headersTimeout, bodyTimeout]),
      [
        [60_000, 20_000],
        [0, 20_000],
      ],
    );
  });

  it('works through a dispatcher that answers by itself', async (t) => {
    const mock = new MockAgent();
    t.after(() => mock.close());
    mock.disableNetConnect();
    mock
      .get('http://flora.invalid')
      .intercept({ path: '/path?query=1', method: 'POST' })
      .reply(200, '{"a":1}', { headers: { 'request-id': 'req_1' } });
    const answer = await requestJson(mock, request('http://flora.invalid'));
    assert.deepEqual([answer.json, answer.requestId], [{ a: 1 }, 'req_1']);
  });

  it('fails with what a dispatcher throws', async () => {
    const broken = { dispatch: () => assert.fail('broken') } as unknown as Dispatcher;
    const { signal } = new AbortController();
    await assert.rejects(new Exchange(request('http://flora.invalid', { signal })).send(broken), /broken/);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  it('fails when its dispatcher is closed', async (t) => {
    const { dispatcher, send } = await open(t, () => {});
    const sent = send();
    await once(dispatcher, 'connect');
    const failed = assert.rejects(sent, { code: 'UND_ERR_DESTROYED' });
    await dispatcher.destroy();
    await failed;
  });
});

describe('an exchange that is stopped', () => {
  const moments: Record<string, Answer> = {
    'before its answer': () => {},
    'in the middle of its answer': (_, response) => {
      response.writeHead(200).write('some');
    },
  };

  it('before it began sends nothing', async (t) => {
    const { seen, send, connections } = await open(t, (_, response) => response.end());
    await assert.rejects(send({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    assert.deepEqual([seen.length, connections.count], [0, 0]);
  });

  for (const [moment, answer] of Object.entries(moments)) {
    it(`${moment} fails with the reason, and closes its connection`, async (t) => {
      const stop = new AbortController();
      const closed: Promise<unknown>[] = [];
      const { send } = await open(t, (asked, response) => {
        closed.push(once(response, 'close'));
        answer(asked, response);
        setImmediate(() => stop.abort(reason));
      });
      await assert.rejects(send({ signal: stop.signal }), (error) => error === reason);
      assert.equal(closed.length, 1);
      await Promise.all(closed);
    });
  }

  it('while it waits for a connection fails at once, and nothing of it goes out when there is one', async (t) => {
    const { origin, seen } = await scriptedServer(t, (_, response) => response.end());
    const waiting: (() => void)[] = [];
    const dial = buildConnector({});
    const dispatcher = new Agent({
      connections: 1,
      connect: (options, callback) => {
        waiting.push(() => dial(options, callback));
      },
    });
    t.after(() => dispatcher.destroy());
    const stop = new AbortController();
    const stopped = new Exchange(request(origin, { signal: stop.signal, path: '/stopped' })).send(dispatcher);
    const other = new Exchange(request(origin, { path: '/other' })).send(dispatcher);
    stop.abort(reason);
    await assert.rejects(stopped, (error) => error === reason);
    // Stopping it closes the connection that it was given, and the other one gets one of its own.
    while (waiting.length === 0) await settled();
    waiting.shift()?.();
    while (waiting.length === 0 && seen.length === 0) await settled();
    waiting.shift()?.();
    assert.equal((await other).status, 200);
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['/other'],
    );
  });

  it('leaves no listener on the signal, and no timer, however it ended', async (t) => {
    const { signal } = new AbortController();
    const timers = handTimers();
    const answers: Answer[] = [
      (_, response) => response.end('fine'),
      (_, response) => response.writeHead(302, { location: '/' }).end(),
      (_, response) => response.end(Buffer.alloc(1_001)),
      (_, response) => response.destroy(),
      (_, response) => response.write('1', () => response.destroy()),
    ];
    const { send } = await open(t, (asked, response) => answers[Number(asked.url.slice(1))]?.(asked, response));
    for (const wants of ['body', 'status'] as const) {
      for (const at of answers.keys()) {
        const sent = send({ path: `/${at}`, signal, wants, setTimer: timers.setTimer });
        await sent.catch(() => {});
        assert.deepEqual(getEventListeners(signal, 'abort'), [], `${wants} ${at}`);
      }
    }
    assert.ok(timers.set.length >= answers.length && timers.set.every((timer) => timer.isCancelled));
  });

  it('has one listener on the signal while it is under way, and none when it was stopped', async (t) => {
    const stop = new AbortController();
    const { send } = await open(t, () => stop.abort(reason));
    const sent = send({ signal: stop.signal });
    assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
    await assert.rejects(sent, (error) => error === reason);
    assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
  });
});

describe('the deadline of a whole answer', () => {
  const drip: Answer = (_, response) => {
    response.writeHead(200).write('1');
  };

  it('runs from the request on, and cuts an answer that drips', async (t) => {
    const timers = handTimers();
    const closed: Promise<unknown>[] = [];
    const { send } = await open(t, (asked, response) => {
      closed.push(once(response, 'close'));
      drip(asked, response);
    });
    const sent = send({ setTimer: timers.setTimer });
    assert.deepEqual(
      timers.set.map(({ delayMs }) => delayMs),
      [120_000],
    );
    timers.set[0]?.callback();
    await assert.rejects(sent, { code: 'ETOOSLOW' });
    await Promise.all(closed);
  });

  it('of a refused upload is short, and runs from its head on', async (t) => {
    const timers = handTimers();
    const { send } = await open(t, (_, response) => {
      response.writeHead(413, { 'content-length': '10' }).flushHeaders();
    });
    const sent = send({ wants: 'status', setTimer: timers.setTimer });
    while (timers.set.length === 0) await settled();
    assert.deepEqual(
      timers.set.map(({ delayMs }) => delayMs),
      [2_000],
    );
    timers.set[0]?.callback();
    assert.equal((await sent).status, 413);
  });

  it('of an upload runs from the body of its answer on: its status is known and stays', async (t) => {
    const timers = handTimers();
    const closed: Promise<unknown>[] = [];
    const { send } = await open(t, (asked, response) => {
      closed.push(once(response, 'close'));
      drip(asked, response);
    });
    const sent = send({ wants: 'status', setTimer: timers.setTimer });
    assert.equal(timers.set.length, 0);
    while (timers.set.length === 0) await settled();
    timers.set[0]?.callback();
    assert.equal((await sent).status, 200);
    assert.equal(closed.length, 1);
    await Promise.all(closed);
  });
});

/** A dispatcher that only takes what it is given: the test tells what came of it. */
function byHand(more: Partial<ExchangeRequest> = {}, fails?: Error) {
  const given: Dispatcher.DispatchOptions[] = [];
  const aborted: unknown[] = [];
  const timers = handTimers();
  const controller = { abort: (why: unknown) => void aborted.push(why) } as unknown as Dispatcher.DispatchController;
  const exchange = new Exchange(request('http://h', { setTimer: timers.setTimer, ...more }));
  const dispatcher = {
    dispatch(options: Dispatcher.DispatchOptions) {
      given.push(options);
      if (fails !== undefined) exchange.onResponseError(controller, fails);
      return true;
    },
  } as unknown as Dispatcher;
  const sent = exchange.send(dispatcher);
  sent.catch(() => {});
  const says = {
    begins: () => exchange.onRequestStart(controller),
    head: (status: number) => exchange.onResponseStart(controller, status, { 'x-status': String(status) }),
    piece: (lengthBytes: number) => exchange.onResponseData(controller, Buffer.alloc(lengthBytes)),
    end: () => exchange.onResponseEnd(),
    fails: (error: Error) => exchange.onResponseError(controller, error),
  };
  const reasons = () => aborted.map((why) => (why instanceof Error ? why.message : why));
  const delays = () => timers.set.map(({ delayMs, isCancelled }) => [delayMs, isCancelled]);
  return { exchange, given, sent, says, reasons, delays, timers };
}

describe('what an exchange makes of what it is told', () => {
  const unwanted = 'Not waited for any more';

  it('begins with what it was asked for, and nothing else', () => {
    const headers = { accept: '*/*' };
    const common = {
      origin: 'http://h',
      path: '/path?query=1',
      method: 'POST',
      headers,
      body: 'x',
      bodyTimeout: 20_000,
    };
    assert.deepEqual(byHand({ body: 'x' }).given, [{ ...common, headersTimeout: 60_000 }]);
    assert.deepEqual(byHand({ body: 'x', wants: 'status' }).given, [{ ...common, headersTimeout: 0 }]);
  });

  it('is told an answer that is too long once, whatever still comes of it', async () => {
    for (const wants of ['body', 'status'] as const) {
      const { sent, says, reasons, delays } = byHand({ wants });
      says.begins();
      says.head(404);
      says.piece(600);
      says.piece(400);
      says.piece(1);
      const before = delays();
      for (const _ of [1, 2]) says.piece(700);
      says.end();
      says.fails(new Error('late'));
      const { status, headers, body, isTooLong } = await sent;
      assert.deepEqual([status, headers['x-status'], isTooLong], [404, '404', true]);
      assert.equal(body.length, wants === 'body' ? 0 : 1_000);
      assert.deepEqual([reasons(), delays()], [[unwanted], before]);
    }
    const { says, delays } = byHand({ wants: 'status' });
    says.begins();
    says.head(200);
    says.piece(2_000);
    says.piece(1);
    assert.deepEqual(delays(), [], 'nothing is waited for any more');
  });

  it('is not ended by what comes behind its end', async () => {
    const { exchange, sent, says, reasons } = byHand();
    says.begins();
    says.head(200);
    says.end();
    exchange.cut(reason);
    exchange.handleEvent();
    assert.deepEqual([(await sent).status, reasons()], [200, []]);
  });

  it('has one piece as it came, several together, and none as nothing', async () => {
    for (const lengths of [[], [3], [3, 4], [1, 2, 3]]) {
      const { sent, says } = byHand();
      says.head(200);
      for (const length of lengths) says.piece(length);
      says.end();
      assert.equal(
        (await sent).body.length,
        lengths.reduce((sum, length) => sum + length, 0),
      );
    }
  });

  it('that is cut says why, and where nobody knows, that it is not waited for', async () => {
    for (const [why, told] of [
      [reason, 'stopping'],
      ['a text', unwanted],
      [undefined, unwanted],
    ]) {
      const { exchange, sent, says, reasons } = byHand();
      says.begins();
      exchange.cut(why);
      await assert.rejects(sent, (error) => error === why);
      assert.deepEqual(reasons(), [told]);
    }
  });

  it('that was cut before it began is ended when it begins', () => {
    const { exchange, says, reasons } = byHand();
    exchange.cut(reason);
    assert.deepEqual(reasons(), []);
    says.begins();
    assert.deepEqual(reasons(), [unwanted]);
  });

  it('that is cut has its status where that is enough and has come', async () => {
    for (const [wants, status, isEnough] of [
      ['status', 200, true],
      ['status', 199, false],
      ['status', 100, false],
      ['body', 200, false],
    ] as const) {
      for (const end of ['cut', 'error'] as const) {
        const { exchange, sent, says } = byHand({ wants });
        says.begins();
        says.head(status);
        const lost = new Error('lost');
        if (end === 'cut') exchange.cut(lost);
        else says.fails(lost);
        if (isEnough) assert.equal((await sent).status, status);
        else
          await assert.rejects(sent, (error) =>
            end === 'cut' ? error === lost : error instanceof WireError && error.cause === lost,
          );
      }
    }
  });

  it('waits two seconds for the words of a refusal, and two minutes for what follows another head', () => {
    for (const [status, wants, set] of [
      [299, 'status', [[120_000, false]]],
      [300, 'status', [[2_000, false]]],
      [300, 'body', [[120_000, false]]],
    ] as const) {
      const { says, delays } = byHand({ wants });
      says.begins();
      says.head(status);
      says.piece(1);
      says.piece(1);
      assert.deepEqual(delays(), set, `${status} ${wants}`);
    }
  });

  it('keeps the words of a refusal, and none of what is fine', async () => {
    for (const [status, length] of [
      [299, 0],
      [300, 2],
    ]) {
      const { sent, says } = byHand({ wants: 'status' });
      says.head(status ?? 0);
      says.piece(2);
      says.end();
      assert.equal((await sent).body.length, length);
    }
  });

  it('that takes too long is an error off the wire with a name', async () => {
    const { sent, says, timers, reasons } = byHand();
    says.begins();
    timers.set[0]?.callback();
    await assert.rejects(sent, (error) => {
      assert.ok(error instanceof WireError && error.cause instanceof Error);
      return error.code === 'ETOOSLOW' && error.cause.message === 'No whole answer in 120 s';
    });
    assert.deepEqual(reasons(), ['The request did not get through']);
  });

  it('that a dispatcher refuses at once is a mistake of its arguments, unless it is only closed', async () => {
    const mistake = new errors.InvalidArgumentError('a bug');
    await assert.rejects(byHand({}, mistake).sent, (error) => error === mistake);
    for (const closed of [new errors.ClientClosedError(), new errors.ClientDestroyedError()])
      await assert.rejects(byHand({}, closed).sent, (error) => error instanceof WireError && error.cause === closed);
    const { sent, says } = byHand();
    says.fails(mistake);
    await assert.rejects(sent, (error) => error instanceof WireError && error.cause === mistake);
  });
});
