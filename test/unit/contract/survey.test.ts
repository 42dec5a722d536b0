import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import type { Traces } from '../../../src/contract/making.ts';
import { questions } from '../../../src/contract/questions.ts';
import { RawFlora } from '../../../src/contract/raw.ts';
import type { Row } from '../../../src/contract/row.ts';
import { survey } from '../../../src/contract/survey.ts';
import { SyncError } from '../../../src/errors.ts';
import { json, type SeenRequest, scriptedServer } from '../../support/scripted-server.ts';

const KEY = 'sk_live_unit0123456789SECRET';

/** A FLORA that makes an asset for every `POST /assets`, and answers otherwise as a test has it. */
interface Ways {
  /** What the test answers itself: true when it did. */
  readonly answer?: (request: SeenRequest, response: ServerResponse, call: string) => boolean;
  readonly reservation?: (origin: string) => Readonly<Record<string, unknown>>;
}

async function ask(t: TestContext, { answer, reservation = snake }: Ways) {
  let made = 0;
  const bytes = new Map<string, Buffer>();
  const server = await scriptedServer(t, (request, response) => {
    const { method, url } = request;
    const [path = ''] = url.split('?');
    const call = `${method} ${path.replace(/asset_\w+/, 'ID')}`;
    const assetId = /asset_\w+/.exec(path)?.[0] ?? '';
    if (answer?.(request, response, call) === true) return;
    const asset = {
      asset_id: assetId,
      status: 'ready',
      url: `${server.origin}/files/${assetId}`,
      workspace_id: 'ws_1',
    };
    switch (call) {
      case 'GET /api/v1/workspaces':
        return json(response, 200, { workspaces: [{ workspace_id: 'ws_1' }], meta: {} });
      case 'POST /api/v1/assets':
        made += 1;
        return json(response, 201, {
          ...{
            asset_id: `asset_${String(made).padStart(20, '0')}`,
            status: 'pending_upload',
            uploaded_via: 'signed_url',
          },
          ...{ url: 'https://media.flora.ai/x', visibility: 'workspace', workspace_id: 'ws_1' },
          ...reservation(`${server.origin}/upload/asset_${made}`),
        });
      case 'GET /api/v1/assets':
        return json(response, 200, { assets: [], meta: { next_cursor: null } });
      default:
        if (path.startsWith('/upload/')) bytes.set(path, request.body);
        return json(response, 200, asset);
    }
  });
  const traces: Traces = { assetIds: [], lost: 0 };
  let token = 0;
  let slept = 0;
  const sleep = async (delayMs: number) => {
    slept += delayMs;
  };
  const nextToken = () => {
    token += 1;
    return `token-${token}`;
  };
  const raw = new RawFlora({
    ...{ baseUrl: `${server.origin}/api/v1`, apiKey: KEY, userAgent: 'unit', nowMs: () => 1_800_000_000_000, sleep },
    setTimer: () => ({ cancel: () => {} }),
    token: nextToken,
    proxy: null,
  });
  t.after(() => raw.close());
  const rows = new Map<string, Row>();
  const clock = { now: () => 1_800_000_000_000, monotonic: () => slept, sleep };
  const deps = { raw, workspaceId: 'ws_1', traces, clock, token: nextToken };
  const run = async () => {
    for await (const row of survey({ ...deps, signal: new AbortController().signal })) {
      rows.set(row.question.split(' ')[0] ?? '', row);
    }
  };
  return { run, rows, traces, made: () => made, seen: server.seen, slept: () => slept };
}

function snake(url: string) {
  const fields = { key: 'k', policy: 'policy-SECRET-1', 'x-goog-signature': 'signature-SECRET-2' };
  const upload = { url: `${url}?sig=query-SECRET-3`, method: 'POST', content_type: 'multipart/form-data' };
  return { upload: { ...upload, file_field: 'file', form_fields: fields }, expires_at: '2027-01-15T08:15:00Z' };
}

function verdicts(
  rows: ReadonlyMap<string, Row>,
  ...ids: readonly string[]
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(ids.map((id) => [id, rows.get(id)?.verdict]));
}

describe('the survey', () => {
  it('never makes more than four assets, although FLORA makes one for each POST, and tells of those', async (t) => {
    const { run, rows, traces, made } = await ask(t, {});
    await run();
    assert.deepEqual([...rows.keys()], Object.keys(questions));
    assert.deepEqual([made(), traces.assetIds.length, traces.lost], [4, 4, 0]);
    assert.match(rows.get('3a')?.answered ?? '', /a second asset: asset_0*2$/);
    assert.match(rows.get('11a')?.answered ?? '', /an asset was made: asset_0*4$/);
    assert.deepEqual(verdicts(rows, '3a', '11a', '4b', '5b', '6d'), {
      ...{ '3a': 'unknown', '11a': 'unknown', '4b': 'as documented', '5b': 'as documented', '6d': 'unknown' },
    });
  });

  it('does without what there is no asset left for', async (t) => {
    const isSecond = (url: string) => url.endsWith('_2');
    const { run, rows, traces, made } = await ask(t, {
      reservation: (url) => (isSecond(url) ? { upload: 'not of any use' } : snake(url)),
    });
    await run();
    assert.deepEqual([made(), traces.assetIds.length, traces.lost], [4, 4, 0]);
    for (const id of ['11a', '6d']) {
      assert.deepEqual(
        [rows.get(id)?.verdict, rows.get(id)?.answered],
        ['not asked', '4 assets were made already'],
        id,
      );
    }
  });

  it('reads a target in camelCase without a method, with a number among its fields, and calls it known', async (t) => {
    const { run, rows, seen } = await ask(t, {
      reservation: (url) => ({
        upload: {
          url,
          contentType: 'multipart/form-data',
          fileField: 'file',
          formFields: { token: 'imagekit-token', expire: 1_800_000_900 },
        },
      }),
    });
    await run();
    assert.deepEqual(verdicts(rows, '2c', '2d', '2e', '2f', '2h', '4a'), {
      ...{ '2c': 'known otherwise', '2d': 'known otherwise', '2e': 'as documented', '2f': 'not asked' },
      ...{ '2h': 'known otherwise', '4a': 'as documented' },
    });
    const upload = seen.find(({ url }) => url.startsWith('/upload/'));
    assert.match(upload?.body.toString('latin1') ?? '', /name="expire"\r\n\r\n1800000900\r\n/);
    assert.equal(upload?.headers.authorization, undefined);
  });

  it('stops at a target that it does not understand, and asks what needs none', async (t) => {
    for (const upload of [{ url: 'https://x.test', method: 'PATCH' }, 'soon', { form_fields: {} }, null]) {
      const { run, rows, made, traces } = await ask(t, { reservation: () => ({ upload }) });
      await run();
      assert.deepEqual([made(), traces.assetIds.length], [1, 1]);
      assert.deepEqual(verdicts(rows, '2d', '3a', '4a', '4b', '5a', '6d', '7a', '11a', '12a'), {
        ...{ '2d': 'unknown', '3a': 'not asked', '4a': 'not asked', '4b': 'not asked', '5a': 'not asked' },
        ...{ '6d': 'not asked', '7a': 'not asked', '11a': 'not asked', '12a': 'unknown' },
      });
    }
  });

  it('shows no secret, wherever FLORA repeats one', async (t) => {
    const secrets = ['policy-SECRET-1', 'signature-SECRET-2', 'query-SECRET-3', KEY];
    for (const secret of secrets) {
      const { run, rows } = await ask(t, {
        answer: (_, response, call) => {
          if (call === 'GET /api/v1/workspaces' || call === 'POST /api/v1/assets') return false;
          if (call.startsWith('POST /upload')) return false;
          const words = { status: secret, content_type: secret, url: secret, [secret]: secret, created_at: secret };
          const isError = call.endsWith('/retry');
          json(response, isError ? 409 : 200, {
            ...(isError ? { error: { code: secret, message: secret } } : words),
            ...(call === 'GET /api/v1/assets' ? { assets: [words], meta: { next_cursor: secret, [secret]: 1 } } : {}),
          });
          return true;
        },
      });
      await run();
      assert.equal(rows.size, Object.keys(questions).length);
      for (const { answered } of rows.values()) assert.ok(!answered.includes(secret), answered);
      assert.match(JSON.stringify([...rows.values()]), /\[redacted\]/);
    }
  });

  it('tells errors of another form, without a code, without a request-id, by their form', async (t) => {
    const { run, rows } = await ask(t, {
      answer: (_, response, call) => {
        if (!/ID\/(complete|retry)$/.test(call)) return false;
        response.writeHead(409, { 'content-type': 'text/plain' }).end('no');
        return true;
      },
    });
    await run();
    assert.deepEqual(verdicts(rows, '5a', '5b', '6b', '12b', '12d'), {
      ...{ '5a': 'unknown', '5b': 'unknown', '6b': 'unknown', '12b': 'unknown', '12d': 'unknown' },
    });
    assert.match(rows.get('12b')?.answered ?? '', /^not JSON \(\d+\)$/);
    assert.match(rows.get('12d')?.answered ?? '', /errors 0 of \d+$/);
  });

  it('waits as long as it is told to after 429, three times at most and half a minute each', async (t) => {
    const { run, rows, slept } = await ask(t, {
      answer: (_, response, call) => {
        if (!call.endsWith('ID/retry')) return false;
        json(response, 429, { error: { code: 'rate_limited' } }, { 'retry-after': '600' });
        return true;
      },
    });
    await run();
    assert.equal(rows.get('6e')?.answered, '429 rate_limited [req_1]');
    assert.deepEqual([rows.get('13a')?.answered, slept()], ['on 12 of 12', 9 * 30_000]);
  });

  it('waits a minute for an asset to become ready, and not for ever', async (t) => {
    const { run, rows, slept } = await ask(t, {
      answer: (_, response, call) => {
        if (call !== 'GET /api/v1/assets/ID') return false;
        json(response, 200, { asset_id: 'asset_1', status: 'pending_upload', url: null });
        return true;
      },
    });
    await run();
    assert.deepEqual(verdicts(rows, '7a', '7b', '8a', '9a', '6a'), {
      ...{ '7a': 'as documented', '7b': 'known otherwise', '8a': 'not asked', '9a': 'not asked', '6a': 'not asked' },
    });
    assert.ok(slept() > 50_000 && slept() <= 60_000, String(slept()));
  });

  it('gives up when three requests in a row get no answer, and knows what may be left', async (t) => {
    const { run, rows, traces } = await ask(t, {
      answer: (_, response, call) => {
        if (call === 'GET /api/v1/workspaces') return false;
        response.destroy();
        return true;
      },
    });
    await assert.rejects(run(), (error) => error instanceof SyncError && error.scope === 'service');
    assert.deepEqual([rows.get('2a')?.verdict, traces], ['unknown', { assetIds: [], lost: 1 }]);
  });

  it('sends the key to the API alone', async (t) => {
    const { run, seen } = await ask(t, {});
    await run();
    for (const { url, headers } of seen) {
      assert.equal(headers.authorization, url.startsWith('/api/') ? `Bearer ${KEY}` : undefined, url);
    }
  });
});
