import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Agent, buildConnector, type Dispatcher, MockAgent } from 'undici';
import { Exchange, type ExchangeRequest } from '../../../src/remote/exchange.ts';
import { requestJson } from '../../../src/remote/http.ts';
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
