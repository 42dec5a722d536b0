import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { askDaemon, askStatus, commandDaemon } from '../../../src/control/client.ts';
import { socketPath } from '../../../src/control/protocol.ts';
import { badRequest, type Command, startControlServer } from '../../../src/control/server.ts';
import { number, objectWith, requestWith } from '../../../src/core/shape.ts';
import { SyncError, usageError } from '../../../src/errors.ts';

const status = { pid: 1, state: 'watching', since: 0, inflight: [], trouble: null, pace: null, folders: {} };

async function serve(t: TestContext, commands: Readonly<Record<string, Command>>) {
  const stateDir = mkdtempSync(join(tmpdir(), 'fs-control-'));
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const server = await startControlServer(stateDir, {
    status: () => status,
    commands,
    signal: stopping.signal,
    onError,
    onTrouble: onError,
  });
  const stop = async () => {
    stopping.abort();
    await server.close();
  };
  t.after(async () => {
    await stop();
    rmSync(stateDir, { recursive: true });
  });
  const ask = (path: string, signal: AbortSignal = new AbortController().signal, fields: object = {}) => {
    const items: unknown[] = [];
    const onItem = async (item: unknown) => void items.push(item);
    return commandDaemon(stateDir, { path, fields, onItem, signal }).then((result) => ({ result, items }));
  };
  return { stateDir, stop, errors, ask };
}

async function post(stateDir: string, method: string, path: string, body: string) {
  const outgoing = request({ socketPath: socketPath(stateDir), method, path });
  outgoing.end(body);
  const [incoming] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of incoming) text += chunk;
  return { code: incoming.statusCode as number, json: JSON.parse(text) };
}

/** Resolves when it is called. */
function event() {
  let happen: () => void = () => {};
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happen, happened };
}

describe('the control socket', () => {
  it('hands on what a command tells, in order and whole, and then its result', async (t) => {
    // More than a socket holds, so that telling has to wait for the asking side.
    const long = 'ü\ud800'.repeat(20_000);
    const { ask, stateDir } = await serve(t, {
      '/count': async ({ to }, tell) => {
        await Promise.all(Array.from({ length: Number(to) }, (_, at) => tell({ at, long })));
        return { done: to };
      },
    });
    const { result, items } = await ask('/count', undefined, { to: 50 });
    assert.deepEqual(result, { done: 50 });
    assert.deepEqual(
      items,
      Array.from({ length: 50 }, (_, at) => ({ at, long })),
    );
    assert.deepEqual(await askStatus(stateDir), status);
  });

  it('answers what makes no sense with 4xx, a message and a hint, and goes on', async (t) => {
    const { stateDir, errors } = await serve(t, {
      '/do': async (fields) => {
        if ('bad' in fields) throw badRequest('bad_request', 'It is bad');
        return fields;
      },
    });
    const cases: readonly [string, string, string, number, RegExp][] = [
      ['POST', '/do', '{"bad": 1}', 400, /It is bad/],
      ['POST', '/do', 'no JSON', 400, /not JSON/],
      ['POST', '/do', '[1]', 400, /not a JSON object/],
      ['POST', '/other', '{}', 404, /no POST \/other/],
      ['POST', '/constructor', '{}', 404, /no POST/],
      ['GET', '/do', '', 404, /no GET \/do/],
      ['POST', '/do', `{"a": "${'x'.repeat(5 << 20)}"}`, 413, /4194304 bytes/],
    ];
    for (const [method, path, body, code, said] of cases) {
      const answer = await post(stateDir, method, path, body);
      assert.equal(answer.code, code, `${method} ${path}`);
      assert.match(answer.json.error.message, said);
      assert.equal(answer.json.error.hint, null);
    }
    assert.deepEqual(await post(stateDir, 'POST', '/do', '{"a": 1}'), { code: 200, json: { result: { a: 1 } } });
    assert.deepEqual(errors, []);
  });

  it('hands on a known failure with its hint, before the first item and after it', async (t) => {
    const details = { code: 'unreachable', scope: 'service', disposition: 'retry', op: 'list', hint: 'See.' } as const;
    const { ask, stateDir, errors } = await serve(t, {
      '/at-once': async () => {
        throw new SyncError('FLORA is away', details);
      },
      '/later': async (_, tell) => {
        await tell({ a: 1 });
        throw new SyncError('FLORA is away', details);
      },
    });
    for (const path of ['/at-once', '/later']) {
      await assert.rejects(ask(path), (error: unknown) => {
        assert.ok(error instanceof SyncError);
        assert.deepEqual(
          [error.message, error.code, error.scope, error.hint],
          ['FLORA is away', 'unreachable', 'service', 'See.'],
        );
        return true;
      });
    }
    assert.equal((await post(stateDir, 'POST', '/at-once', '')).code, 503);
    assert.deepEqual(errors, [], 'the daemon lives on');
  });

  it('lives on where what is asked for cannot be meant, as a command line may ask', async (t) => {
    const { ask, stateDir, errors } = await serve(t, {
      '/do': async () => {
        throw usageError('There is no such file', 'Name another.');
      },
    });
    await assert.rejects(ask('/do'), (error: unknown) => {
      assert.ok(error instanceof SyncError);
      assert.deepEqual([error.message, error.code, error.hint], ['There is no such file', 'usage', 'Name another.']);
      return true;
    });
    assert.equal((await post(stateDir, 'POST', '/do', '{}')).code, 400);
    assert.deepEqual(errors, [], 'the daemon lives on');
  });

  it('tells the daemon of a bug, and the asking side no more than that there is one', async (t) => {
    const { stateDir, errors } = await serve(t, {
      '/bug': async () => {
        throw new TypeError('secret inside');
      },
    });
    const { code, json } = await post(stateDir, 'POST', '/bug', '{}');
    assert.equal(code, 500);
    assert.doesNotMatch(JSON.stringify(json), /secret/);
    assert.match(String(errors), /secret inside/);
  });

  it('ends a command whose asking side went away', async (t) => {
    const begun = event();
    const ended = event();
    const { ask, errors } = await serve(t, {
      '/wait': async (_, __, signal) => {
        begun.happen();
        await once(signal, 'abort');
        ended.happen();
        return {};
      },
    });
    const leaving = new AbortController();
    const asked = ask('/wait', leaving.signal);
    await begun.happened;
    leaving.abort();
    await assert.rejects(asked);
    await ended.happened;
    assert.deepEqual(errors, []);
  });

  it('says that the daemon stopped when it stops, and does not wait for a reader that is asleep', async (t) => {
    const begun = event();
    const { ask, stop, stateDir } = await serve(t, {
      '/wait': async (_, tell, signal) => {
        await tell({ a: 1 });
        begun.happen();
        await once(signal, 'abort');
        return { a: 'half' };
      },
      '/flood': async (_, tell) => {
        for (;;) await tell({ long: 'x'.repeat(100_000) });
      },
    });
    const sleeper = request({ socketPath: socketPath(stateDir), method: 'POST', path: '/flood' });
    sleeper.end();
    await once(sleeper, 'response');
    const asked = assert.rejects(ask('/wait'), /daemon stopped before it had answered/);
    await begun.happened;
    await stop();
    await asked;
    sleeper.destroy();
    assert.deepEqual(await ask('/wait').then(({ result }) => result), null, 'and then nobody is there');
  });

  it('does not wait for who never ends a request when the daemon stops', async (t) => {
    const { stateDir, stop, errors } = await serve(t, { '/retry': async () => ({}) });
    const outgoing = request({ socketPath: socketPath(stateDir), method: 'POST', path: '/retry' });
    outgoing.setHeader('content-length', 10);
    outgoing.flushHeaders();
    const broken = once(outgoing, 'error');
    // Answered only after the first was read: then that one is under way.
    await askStatus(stateDir);
    await stop();
    await broken;
    assert.deepEqual(errors, []);
  });
});

describe('an operation that both ends know', () => {
  const operation = {
    path: '/count',
    request: requestWith({ to: number }),
    item: objectWith({ at: number }),
    result: objectWith({ count: number }),
  };
  const ask = (stateDir: string, items: unknown[]) => {
    const onItem = async (item: unknown) => void items.push(item);
    return askDaemon(stateDir, operation, { request: { to: 2 }, onItem, signal: new AbortController().signal });
  };

  it('hands on what it tells and its result, with what a later version has more', async (t) => {
    const { stateDir } = await serve(t, {
      '/count': async (fields, tell) => {
        await tell({ at: 1, more: 'later' });
        return { count: fields['to'] };
      },
    });
    const items: unknown[] = [];
    assert.deepEqual(await ask(stateDir, items), { count: 2 });
    assert.deepEqual(items, [{ at: 1, more: 'later' }]);
  });

  for (const [what, item, result] of [
    ['something else', { place: 1 }, { count: 2 }],
    ['another type', { at: '1' }, { count: 2 }],
    ['no object', 7, { count: 2 }],
    ['another result', { at: 1 }, { sum: 2 }],
    ['a result of another type', { at: 1 }, { count: null }],
    ['null for a result', { at: 1 }, null],
    ['a list for a result', { at: 1 }, [2]],
  ] as const) {
    it(`is unclear where a daemon of another version tells ${what}`, async (t) => {
      const { stateDir } = await serve(t, {
        '/count': async (_, tell) => {
          await tell(item as object);
          return result as object;
        },
      });
      const items: unknown[] = [];
      await assert.rejects(ask(stateDir, items), (error: unknown) => {
        assert.ok(error instanceof SyncError, String(error));
        assert.equal(error.code, 'daemon_unclear');
        return true;
      });
      assert.ok(items.every((each) => operation.item.fits(each)));
    });
  }
});
