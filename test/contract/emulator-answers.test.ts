// What complete, retry, create and GET say where the documents disagree, and who may ask.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Bench,
  type CallOptions,
  errorCode,
  errorFields,
  formOf,
  png,
  record,
  records,
  startBench,
  uploadForm,
  workspaceId,
} from './emulator-support.ts';

const valid = { source: 'signed-url', workspace_id: workspaceId };
const json = { 'content-type': 'application/json' };

async function uploaded(bench: Bench, bytes = png()): Promise<string> {
  const reservation = await bench.reserve({ content_type: 'image/png' });
  assert.equal((await uploadForm(reservation, bytes)).status, 204);
  return reservation.assetId;
}

describe('bodyForm', () => {
  const bodies: Readonly<Record<string, CallOptions>> = {
    nothing: {},
    'an empty JSON body': { raw: '', headers: json },
    'an empty object': { body: {} },
  };
  for (const [bodyForm, outcomes] of [
    ['any', [200, 200, 200]],
    ['json', ['invalid_json', 'invalid_json', 200]],
    ['none', [200, 200, 'input_validation_error']],
  ] as const) {
    it(`${bodyForm}: ${outcomes.join(', ')} for ${Object.keys(bodies).join(', ')}`, async (t) => {
      const bench = await startBench(t, { bodyForm });
      for (const call of ['complete', 'retry']) {
        for (const [at, options] of Object.values(bodies).entries()) {
          const assetId = await uploaded(bench);
          if (call === 'retry') await bench.admin('POST', `/assets/${assetId}`, { expire: true });
          const reply = await bench.call('POST', `/assets/${assetId}/${call}`, options);
          assert.equal(reply.status === 200 ? 200 : errorCode(reply), outcomes[at], reply.text);
        }
      }
    });
  }
});

for (const refusalStatus of [409, 400, 422] as const) {
  it(`refusalStatus ${refusalStatus}: complete and retry in a state that forbids them`, async (t) => {
    const bench = await startBench(t, { refusalStatus });
    const assetId = await bench.finish(png());
    for (const call of ['complete', 'retry']) {
      const reply = await bench.call('POST', `/assets/${assetId}/${call}`);
      const code = refusalStatus === 409 ? 'conflict' : 'input_validation_error';
      assert.deepEqual([reply.status, errorCode(reply)], [refusalStatus, code]);
    }
  });
}

for (const unknownIdStatus of [404, 422] as const) {
  it(`unknownIdStatus ${unknownIdStatus}: on complete and retry; GET stays 404`, async (t) => {
    const bench = await startBench(t, { unknownIdStatus });
    for (const call of ['complete', 'retry']) {
      assert.equal((await bench.call('POST', `/assets/asset_missing/${call}`)).status, unknownIdStatus);
    }
    const reply = await bench.call('GET', '/assets/asset_missing');
    assert.deepEqual([reply.status, errorCode(reply)], [404, 'not_found']);
  });
}

describe('errorForm', () => {
  const message = 'Asset not found.';
  for (const [errorForm, wire] of [
    ['envelope', { error: { code: 'not_found', message } }],
    ['no-code', { error: { message } }],
    ['flat', { code: 'not_found', message }],
    ['text', { error: message }],
  ] as const) {
    it(`${errorForm}: every error of the API, those of faults included, and not the admin endpoint's`, async (t) => {
      const bench = await startBench(t, { errorForm });
      for (const [method, path] of [
        ['GET', '/assets/asset_x'],
        ['POST', '/assets/asset_x/complete'],
      ] as const) {
        const reply = await bench.call(method, path, { headers: { 'idempotency-key': 'k' } });
        assert.deepEqual([reply.status, reply.json()], [404, wire]);
        assert.match(reply.headers.get('request-id') ?? '', /^req_/);
      }
      await bench.fault({ kind: 'status', status: 404, times: 1 });
      const faulty = (await bench.call('GET', '/workspaces')).json();
      assert.deepEqual(shapeOf(faulty), shapeOf(wire));
      assert.equal(errorCode(await bench.admin('POST', '/assets/asset_x', {})), 'not_found');
    });
  }
});

describe('malformedIdStatus', () => {
  const wrong = [
    { ...valid, workspace_id: 'emulator' },
    { ...valid, project_id: 'project' },
    { ...valid, workspace_id: 'ws_unknown' },
  ];
  for (const [malformedIdStatus, expected] of [
    [400, [400, 400, 403]],
    [500, [500, 500, 500]],
  ] as const) {
    it(`${malformedIdStatus}: ${expected.join(', ')} for a wrong workspace, project, and an unknown workspace`, async (t) => {
      const bench = await startBench(t, { malformedIdStatus });
      for (const [at, body] of wrong.entries()) {
        const reply = await bench.call('POST', '/assets', { body });
        assert.equal(reply.status, expected[at]);
        assert.equal(errorCode(reply) === 'unknown_error', reply.status === 500);
      }
      assert.equal((await bench.call('POST', '/assets', { body: { source: 'signed-url' } })).status, 400);
    });
  }
});

describe('completeAnswer', () => {
  const answers = async (bench: Bench, bytes?: Buffer) => {
    const assetId = await uploaded(bench, bytes);
    const told = (await bench.call('POST', `/assets/${assetId}/complete`)).json();
    return [told['status'], told['url'] === null, await bench.status(assetId)];
  };
  for (const [completeAnswer, atOnce, processing] of [
    ['final', ['ready', false, 'ready'], ['pending_upload', true, 'pending_upload']],
    ['pending', ['pending_upload', true, 'ready'], ['pending_upload', true, 'pending_upload']],
    ['ready-lag', ['ready', false, 'ready'], ['ready', false, 'pending_upload']],
  ] as const) {
    it(`${completeAnswer}: [complete, without url, GET] is ${atOnce.join()}, and while processing ${processing.join()}`, async (t) => {
      const bench = await startBench(t, { completeAnswer, clock: () => 1_000_000 });
      assert.deepEqual(await answers(bench), atOnce);
      await bench.admin('POST', '/settings', { processingMs: 10 });
      assert.deepEqual(await answers(bench), processing);
    });
  }

  it('ready-lag: content that is none is failed at once', async (t) => {
    const bench = await startBench(t, { completeAnswer: 'ready-lag', processingMs: 10, clock: () => 1_000_000 });
    assert.deepEqual(await answers(bench, Buffer.from('text')), ['failed', true, 'pending_upload']);
  });
});

it('createLagMs and getLagMs: GET is 404 for so long after create, and again after complete', async (t) => {
  let now = 1_000_000;
  const bench = await startBench(t, { createLagMs: 50, getLagMs: 70, clock: () => now });
  const assetId = await uploaded(bench);
  const seen: number[] = [];
  const look = async () => seen.push((await bench.call('GET', `/assets/${assetId}`)).status);
  for (const stepMs of [0, 49, 1]) {
    now += stepMs;
    await look();
  }
  assert.equal((await bench.call('POST', `/assets/${assetId}/complete`)).json()['status'], 'ready');
  for (const stepMs of [0, 69, 1]) {
    now += stepMs;
    await look();
  }
  assert.deepEqual(seen, [404, 404, 200, 404, 404, 200]);
});

describe('statusWords', () => {
  for (const [statusWords, words] of [
    ['documented', ['pending_upload', 'pending_upload', 'ready']],
    ['processing', ['pending_upload', 'processing', 'ready']],
    ['other', ['pending_upload', 'pending_upload', 'available']],
  ] as const) {
    it(`${statusWords}: ${words.join(', ')}, wherever a status stands`, async (t) => {
      let now = 1_000_000;
      const bench = await startBench(t, { statusWords, processingMs: 10, clock: () => now });
      const assetId = await uploaded(bench);
      const seen = async () => {
        const [item] = records((await bench.call('GET', '/assets')).json()['assets']);
        assert.equal(item?.['status'], await bench.status(assetId));
        return item?.['status'];
      };
      const before = await seen();
      const told = (await bench.call('POST', `/assets/${assetId}/complete`)).json()['status'];
      assert.equal(told, await seen());
      now += 10;
      assert.deepEqual([before, told, await seen()], words);
    });
  }
});

it('unknownFields ignore: members and parameters that the documents do not name, on every call', async (t) => {
  const bench = await startBench(t, { unknownFields: 'ignore' });
  const created = await bench.call('POST', '/assets', { body: { ...valid, filename: 'a.png', name: 'b.png' } });
  assert.equal(created.status, 201);
  const path = `/assets/${created.json()['asset_id']}`;
  assert.equal((await bench.call('GET', `${path}?fields=all`)).json()['name'], null);
  assert.equal((await bench.call('GET', '/assets?page=2')).status, 200);
  assert.equal((await bench.call('POST', `${path}/complete`, { body: { size: 1 } })).status, 409);
  const direct = formOf(
    [
      ['workspace_id', workspaceId],
      ['tags', 'a'],
    ],
    png(),
  );
  assert.equal((await bench.call('POST', '/assets', { raw: direct })).status, 201);
  assert.deepEqual(errorFields(await bench.call('GET', '/assets?limit=0&page=2')), ['limit']);
  assert.equal((await bench.admin('POST', '/settings', { surprise: 1 })).status, 400);
});

describe('apiKeys any', () => {
  it('takes whatever key and workspace, and still wants a key', async (t) => {
    const bench = await startBench(t, { apiKeys: 'any' });
    const headers = { authorization: 'Bearer ak_whoever' };
    const body = { ...valid, workspace_id: 'ws_whatever' };
    const created = await bench.call('POST', '/assets', { body, headers });
    assert.equal(created.status, 201);
    for (const query of ['', '?workspace_id=ws_whatever']) {
      const listed = records((await bench.call('GET', `/assets${query}`)).json()['assets']);
      assert.deepEqual([listed.length, listed[0]?.['workspace_id']], [1, 'ws_whatever']);
    }
    const [workspace] = records((await bench.call('GET', '/workspaces', { headers })).json()['workspaces']);
    assert.equal(workspace?.['workspace_id'], workspaceId);
    assert.equal((await bench.call('GET', '/workspaces', { headers: { authorization: '' } })).status, 401);
    assert.equal((await bench.call('GET', '/workspaces', { headers: { authorization: 'Basic x' } })).status, 401);
  });

  it('ends with the first rotation', async (t) => {
    const bench = await startBench(t, { apiKeys: 'any' });
    await bench.admin('POST', '/keys', { apiKeys: ['sk_live_new'] });
    assert.equal((await bench.call('GET', '/workspaces')).status, 401);
    const headers = { authorization: 'Bearer sk_live_new' };
    const body = { ...valid, workspace_id: 'ws_whatever' };
    assert.equal((await bench.call('POST', '/assets', { body, headers })).status, 403);
  });
});

/** The names of an object, and of the object in it. */
function shapeOf(value: Readonly<Record<string, unknown>>): unknown {
  const { error } = value;
  return [Object.keys(value), typeof error === 'object' ? Object.keys(record(error)) : typeof error];
}
