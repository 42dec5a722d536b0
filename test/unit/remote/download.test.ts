import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import dns from 'node:dns';
import type { ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it, type TestContext } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Agent, type Dispatcher } from 'undici';
import { SyncError } from '../../../src/errors.ts';
import { type ClientOptions, FloraClient } from '../../../src/remote/client.ts';
import { type SeenRequest, scriptedServer } from '../../support/scripted-server.ts';

const signal = new AbortController().signal;
const plenty = 1 << 30;

const options: Omit<ClientOptions, 'baseUrl'> = {
  apiKey: () => 'sk_live_0123456789',
  concurrency: 2,
  userAgent: 'test',
  nowMs: () => Date.parse('2026-01-01T00:00:00Z'),
  token: () => 'token',
  setTimer: () => ({ cancel: () => {} }),
};

/** The API and the host of the assets are one server here: the key must stay away even then. */
async function connect(
  t: TestContext,
  answer: (request: SeenRequest, response: ServerResponse) => void,
  more: Partial<ClientOptions> = {},
) {
  const { origin, seen } = await scriptedServer(t, answer);
  const client = new FloraClient({ ...options, baseUrl: `${origin}/api/v1`, ...more });
  t.after(() => client.close());
  return { client, url: `${origin}/files/asset_1?signature=s3cret`, seen };
}

function digest(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function failure(promise: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SyncError, String(error));
  assert.equal(error.scope, 'file', 'it says nothing of FLORA');
  assert.equal(error.op, 'download');
  assert.doesNotMatch(error.message, /s3cret/);
  return error;
}

describe('what lies behind an asset’s URL', () => {
  it('is digested as it comes, asked for without the key and without encoding', async (t) => {
    const bytes = Buffer.alloc(3_000_000, 'flora');
    const { client, url, seen } = await connect(t, (_, response) => response.end(bytes));
    assert.deepEqual(await client.fetchDigest(url, plenty, signal), {
      sha256: digest(bytes),
      sizeBytes: bytes.length,
    });
    const [request] = seen;
    assert.deepEqual([request?.method, request?.url], ['GET', '/files/asset_1?signature=s3cret']);
    assert.equal(request?.headers.authorization, undefined);
    assert.doesNotMatch(JSON.stringify(request?.headers), /sk_live/);
    assert.equal(request?.headers['accept-encoding'], 'identity');
  });

  it('may be nothing at all', async (t) => {
    const { client, url } = await connect(t, (_, response) => response.end());
    assert.deepEqual(await client.fetchDigest(url, 0, signal), { sha256: digest(''), sizeBytes: 0 });
  });

  it('may be a web page: other bytes than ours', async (t) => {
    const { client, url } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>');
    });
    assert.equal((await client.fetchDigest(url, plenty, signal)).sha256, digest('<html>Please log in</html>'));
  });

  it('is read whole when it is as long as was asked for', async (t) => {
    const { client, url } = await connect(t, (_, response) => response.end('12345'));
    assert.deepEqual(await client.fetchDigest(url, 5, signal), { sha256: digest('12345'), sizeBytes: 5 });
  });

  it('is read one byte further and no more, however long it is', async (t) => {
    let close: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const { client, url } = await connect(t, (_, response) => {
      response.once('close', close);
      const more = () => {
        while (response.write(Buffer.alloc(65_536, 7)));
        response.once('drain', more);
      };
      more();
    });
    const { sha256, sizeBytes } = await client.fetchDigest(url, 100_000, signal);
    assert.deepEqual([sha256, sizeBytes], [digest(Buffer.alloc(100_001, 7)), 100_001]);
    await closed;
  });
});

describe('an answer that is not the bytes', () => {
  it('is let go of, however much it says', async (t) => {
    let close: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const { client, url } = await connect(t, (_, response) => {
      response.once('close', close);
      response.writeHead(404);
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
    });
    assert.equal((await failure(client.fetchDigest(url, plenty, signal))).status, 404);
    await closed;
  });

  const cases: readonly [status: number, headers: Record<string, string>, expected: Partial<SyncError>][] = [
    [300, {}, { code: 'url_redirected', disposition: 'retry' }],
    [399, {}, { code: 'url_redirected', disposition: 'retry' }],
    [400, {}, { code: 'url_unreadable', disposition: null }],
    [401, {}, { code: 'url_unreadable', disposition: null }],
    [425, {}, { code: 'server_error', disposition: 'retry' }],
    [499, {}, { code: 'url_unreadable', disposition: null }],
    [403, {}, { code: 'url_unreadable', disposition: null }],
    [404, {}, { code: 'url_unreadable', disposition: null }],
    [410, {}, { code: 'url_unreadable', disposition: null }],
    [206, {}, { code: 'url_unreadable', disposition: null }],
    [500, {}, { code: 'server_error', disposition: 'retry' }],
    [503, {}, { code: 'server_error', disposition: 'retry' }],
    [408, {}, { code: 'server_error', disposition: 'retry' }],
    [429, {}, { code: 'url_rate_limited', disposition: 'retry', retryAfterMs: 5_000 }],
    [429, { 'retry-after': '30' }, { code: 'url_rate_limited', disposition: 'retry', retryAfterMs: 30_000 }],
  ];
  for (const [status, headers, expected] of cases) {
    it(`${status} ${JSON.stringify(headers)} is ${expected.code}`, async (t) => {
      const { client, url, seen } = await connect(t, (_, response) => {
        response.writeHead(status, headers).end('<Error><Code>s3cret</Code></Error>');
      });
      const error = await failure(client.fetchDigest(url, plenty, signal));
      const { code, disposition, retryAfterMs } = error;
      assert.deepEqual({ retryAfterMs: undefined, ...expected }, { code, disposition, retryAfterMs });
      assert.equal(error.status, status);
      assert.equal(seen.length, 1);
    });
  }

  it('a redirect is not followed', async (t) => {
    const { client, url, seen } = await connect(t, (request, response) => {
      if (request.url === '/elsewhere') response.end('bytes');
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const error = await failure(client.fetchDigest(url, plenty, signal));
    assert.deepEqual([error.code, error.disposition, error.status], ['url_redirected', 'retry', 302]);
    assert.equal(seen.length, 1);
  });

  for (const [coding, encode] of [
    ['gzip', gzipSync],
    ['X-GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['deflate, gzip', (bytes: Buffer) => gzipSync(deflateSync(bytes))],
  ] as const) {
    it(`bytes that came as ${coding}, unasked, have the digest of what they are`, async (t) => {
      const { client, url, seen } = await connect(t, (_, response) => {
        response.writeHead(200, { 'content-encoding': coding }).end(encode(Buffer.from('bytes')));
      });
      const fetched = await client.fetchDigest(url, plenty, signal);
      assert.deepEqual(fetched, { sha256: digest('bytes'), sizeBytes: 5 });
      assert.equal(seen[0]?.headers['accept-encoding'], 'identity');
    });
  }

  it('a bomb of them is left where ours would have ended', async (t) => {
    const { client, url } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(64 << 20)));
    });
    assert.equal((await client.fetchDigest(url, 100, signal)).sizeBytes, 101);
  });

  for (const [coding, body] of [
    ['gzip', 'bytes'],
    ['gzip', gzipSync('bytes').subarray(0, 15)],
    ['deflate', 'bytes'],
    ['br', 'bytes'],
  ] as const) {
    it(`what only says that it is ${coding}, or a part of it, has none (${body.length} bytes)`, async (t) => {
      const { client, url } = await connect(t, (_, response) => {
        response.writeHead(200, { 'content-encoding': coding, 'content-length': body.length }).end(body);
      });
      const error = await failure(client.fetchDigest(url, plenty, signal));
      assert.deepEqual([error.code, error.disposition, error.status], ['url_unreadable', null, 200]);
    });
  }

  it('an encoded body that is cut was lost on the way', async (t) => {
    const { client, url } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': '100' });
      response.write(gzipSync('bytes'), () => response.destroy());
    });
    const error = await failure(client.fetchDigest(url, plenty, signal));
    assert.deepEqual([error.code, error.disposition], ['connection_lost', 'retry']);
  });

  it('bytes in a coding that we cannot undo have no digest of ours', async (t) => {
    const { client, url } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-encoding': 'zstd' }).end('bytes');
    });
    const error = await failure(client.fetchDigest(url, plenty, signal));
    assert.deepEqual([error.code, error.disposition], ['url_unreadable', null]);
    assert.match(error.message, /content-encoding/);
  });

  it('but bytes that say they are not encoded have one', async (t) => {
    const { client, url } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-encoding': 'Identity' }).end('bytes');
    });
    assert.equal((await client.fetchDigest(url, plenty, signal)).sha256, digest('bytes'));
  });

  it('a body that is cut where ours would end has no digest either', async (t) => {
    const { client, url } = await connect(t, (_, response) => {
      response.writeHead(200, { 'content-length': '6' });
      response.write('12345', () => response.destroy());
    });
    assert.equal((await failure(client.fetchDigest(url, 5, signal))).code, 'connection_lost');
  });

  for (const [how, headers] of [
    ['its length', { 'content-length': '10' }],
    ['its last chunk', {}],
  ] as const) {
    it(`a body that ends before ${how} has no digest`, async (t) => {
      const { client, url } = await connect(t, (_, response) => {
        response.writeHead(200, headers);
        response.write('12345', () => response.destroy());
      });
      const error = await failure(client.fetchDigest(url, plenty, signal));
      assert.deepEqual([error.code, error.disposition], ['connection_lost', 'retry']);
    });
  }

  it('a connection that breaks before the answer may be tried again', async (t) => {
    const { client, url } = await connect(t, (_, response) => response.destroy());
    const error = await failure(client.fetchDigest(url, plenty, signal));
    assert.deepEqual([error.code, error.disposition], ['connection_lost', 'retry']);
  });

  it('a host where nobody listens is not FLORA being away', async (t) => {
    const { client } = await connect(t, () => {});
    const error = await failure(client.fetchDigest('http://127.0.0.1:9/files/1?signature=s3cret', plenty, signal));
    assert.deepEqual([error.code, error.disposition], ['unreachable', 'retry']);
    assert.doesNotMatch(error.hint ?? '', /FLORA_BASE_URL/);
  });
});

describe('where bytes are fetched from', () => {
  /** An API on the public internet: only then are the rules strict. Nothing is sent there. */
  function publicClient(t: TestContext): FloraClient {
    const client = new FloraClient({ ...options, baseUrl: 'https://flora.invalid/api/v1' });
    t.after(() => client.close());
    return client;
  }

  for (const url of ['http://assets.example/1?s3cret', 'https://169.254.169.254/s3cret', 'file:///s3cret', 's3cret']) {
    it(`is never ${url}`, async (t) => {
      const error = await failure(publicClient(t).fetchDigest(url, plenty, signal));
      assert.deepEqual([error.code, error.disposition], ['url_refused', 'reject']);
    });
  }

  it('is never a name that resolves to a private address', async (t) => {
    const lookup = (_host: string, _options: unknown, callback: (...answer: unknown[]) => void) =>
      callback(null, [{ address: '10.0.0.1', family: 4 }]);
    t.mock.method(dns, 'lookup', lookup);
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const error = await failure(publicClient(t).fetchDigest('https://assets.example/s3cret', plenty, signal));
    assert.deepEqual([error.code, error.disposition], ['url_refused', 'retry']);
    assert.match(error.message, /10\.0\.0\.1/);
  });
});

describe('a download’s deadlines', () => {
  /** Timers that a test lets run out, and that tell when one was set. */
  function handTimers() {
    const set: { readonly delayMs: number; readonly callback: () => void; isCancelled: boolean }[] = [];
    let wake: () => void = () => {};
    return {
      set,
      setTimer(delayMs: number, callback: () => void) {
        const timer = { delayMs, callback, isCancelled: false };
        set.push(timer);
        wake();
        return {
          cancel: () => {
            timer.isCancelled = true;
          },
        };
      },
      async until(count: number) {
        while (set.length < count) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    };
  }

  it('are about progress: one that stalls is given up', async (t) => {
    const timers = handTimers();
    const write = (_: SeenRequest, response: ServerResponse) => response.write('some');
    const { client, url } = await connect(t, write, timers);
    const failed = failure(client.fetchDigest(url, plenty, signal));
    await timers.until(1);
    timers.set[0]?.callback();
    const error = await failed;
    assert.deepEqual([error.code, error.disposition], ['stalled', 'retry']);
    assert.ok(timers.set[0]?.isCancelled, 'no timer is left behind');
  });

  it('begin again with each 64 KiB, so that a long download may take as long as it takes', async (t) => {
    const timers = handTimers();
    const piece = Buffer.alloc(80_000, 1);
    let response: ServerResponse | undefined;
    const answer = (_: SeenRequest, given: ServerResponse) => {
      response = given;
      given.write(piece);
    };
    const { client, url } = await connect(t, answer, timers);
    const fetched = client.fetchDigest(url, plenty, signal);
    for (let pieces = 1; pieces < 4; pieces += 1) {
      await timers.until(pieces + 1);
      assert.deepEqual(
        timers.set.map((timer) => timer.isCancelled),
        [...new Array<boolean>(pieces).fill(true), false],
      );
      response?.write(piece);
    }
    response?.end();
    assert.equal((await fetched).sizeBytes, 4 * piece.length);
    assert.ok(timers.set.every((timer) => timer.isCancelled));
  });

  it('do not begin again for a drip', async (t) => {
    const timers = handTimers();
    const answer = (_: SeenRequest, response: ServerResponse) => {
      const drip = (left: number) => {
        if (left === 0) response.end();
        else response.write('x'.repeat(2_000), () => setImmediate(drip, left - 1));
      };
      response.write(Buffer.alloc(70_000), () => drip(30));
    };
    const { client, url } = await connect(t, answer, timers);
    assert.equal((await client.fetchDigest(url, plenty, signal)).sizeBytes, 130_000);
    assert.equal(timers.set.length, 2);
  });

  it('hold for an error’s body too', async (t) => {
    const timers = handTimers();
    const answer = (_: SeenRequest, response: ServerResponse) => {
      response.writeHead(404).write('<Error>');
    };
    const { client, url } = await connect(t, answer, timers);
    const failed = failure(client.fetchDigest(url, plenty, signal));
    await timers.until(1);
    timers.set[0]?.callback();
    assert.equal((await failed).code, 'url_unreadable');
  });

  it('are set for the first byte and between two pieces as well', async (t) => {
    const asked: Dispatcher.DispatchOptions[] = [];
    const dispatcher = new Agent().compose((dispatch) => (wanted, handler) => {
      asked.push(wanted);
      return dispatch(wanted, handler);
    });
    const { client, url } = await connect(t, (_, response) => response.end('bytes'), { dispatcher });
    await client.fetchDigest(url, plenty, signal);
    assert.deepEqual([asked[0]?.headersTimeout, asked[0]?.bodyTimeout], [60_000, 20_000]);
  });

  for (const moment of ['before', 'during']) {
    it(`give way to the caller, who may stop ${moment} the download`, async (t) => {
      const stop = new AbortController();
      const reason = new Error('stopping');
      const { client, url } = await connect(t, (_, response) => {
        response.write('some', () => stop.abort(reason));
      });
      if (moment === 'before') stop.abort(reason);
      await assert.rejects(client.fetchDigest(url, plenty, stop.signal), (error) => error === reason);
    });
  }
});

describe('the original of what a host optimises', () => {
  it('is asked for at ImageKit, and there only', async (t) => {
    const { MockAgent } = await import('undici');
    const agent = new MockAgent();
    t.after(() => agent.close());
    agent.disableNetConnect();
    const asked: string[] = [];
    for (const origin of ['https://ik.imagekit.io', 'https://media.flora.ai']) {
      agent
        .get(origin)
        .intercept({ path: () => true })
        .reply(200, ({ path }) => {
          asked.push(path);
          return 'bytes';
        })
        .persist();
    }
    const client = new FloraClient({ ...options, baseUrl: 'https://app.flora.ai/api/v1', dispatcher: agent });
    for (const url of [
      'https://ik.imagekit.io/flora/a.png',
      'https://ik.imagekit.io/flora/a.png?updatedAt=1&tr=w-300',
    ]) {
      assert.equal((await client.fetchDigest(url, plenty, signal)).sha256, digest('bytes'));
    }
    await client.fetchDigest('https://media.flora.ai/a.png?x=1', plenty, signal);
    assert.deepEqual(asked, ['/flora/a.png?tr=orig-true', '/flora/a.png?updatedAt=1&tr=orig-true', '/a.png?x=1']);
  });
});
