import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AnyCode } from '../../../src/errors/codes.ts';
import { SyncError } from '../../../src/errors.ts';
import { type BodyForm, BodyForms } from '../../../src/remote/body-forms.ts';
import { FloraClient } from '../../../src/remote/client.ts';
import { json, scriptedServer } from '../../support/scripted-server.ts';

const signal = new AbortController().signal;

function refusal(code: AnyCode, status = 400): SyncError {
  return new SyncError(code, { code, scope: 'file', disposition: null, op: 'complete', status, requestId: 'req_1' });
}

function forms(known?: BodyForm) {
  const proven: BodyForm[] = [];
  return { bodies: new BodyForms(known, (form) => proven.push(form)), proven };
}

const codeOf = (error: unknown) => (error instanceof SyncError ? error.code : error);

describe('the form of a body', () => {
  it('is {} first, and the one that was taken before where that is known', () => {
    assert.equal(forms().bodies.next, 'json');
    assert.equal(forms('none').bodies.next, 'none');
  });

  it('is the other one after a 400, whatever its code: nobody knows yet what it was about', () => {
    for (const code of ['invalid_json', 'conflict', 'http_400'] as const) {
      const { bodies } = forms();
      const error = bodies.judge('json', refusal(code));
      assert.ok(error instanceof SyncError);
      assert.deepEqual([error.code, error.status, error.requestId], ['body_refused', 400, 'req_1']);
      assert.equal(bodies.next, 'none');
      assert.equal(codeOf(bodies.judge('none', refusal(code))), 'body_refused');
      assert.equal(bodies.next, 'json');
    }
  });

  it('is not turned back by the other 400s of requests that were under way together', () => {
    const { bodies } = forms();
    for (let requests = 0; requests < 4; requests += 1) bodies.judge('json', refusal('invalid_json'));
    assert.equal(bodies.next, 'none');
  });

  it('does not depend on any error but a 400', () => {
    const { bodies } = forms();
    for (const error of [
      refusal('conflict', 409),
      refusal('conflict', 422),
      refusal('server_error', 500),
      new Error(),
    ]) {
      assert.equal(bodies.judge('json', error), error);
    }
    assert.equal(bodies.next, 'json');
  });

  it('is kept once it was accepted: a 400 is about the asset then', () => {
    const { bodies } = forms();
    bodies.accepted('json');
    const lifecycle = refusal('conflict');
    assert.equal(bodies.judge('json', lifecycle), lifecycle);
    assert.equal(bodies.next, 'json');
  });

  it('is the other one, although it was accepted, when it is called invalid JSON', () => {
    const { bodies, proven } = forms();
    bodies.accepted('json');
    assert.equal(codeOf(bodies.judge('json', refusal('invalid_json'))), 'body_refused');
    assert.equal(bodies.next, 'none');
    bodies.accepted('none');
    assert.deepEqual(proven, ['json', 'none']);
    bodies.judge('none', refusal('invalid_json'));
    bodies.accepted('none');
    assert.equal(bodies.next, 'none', 'and an answer that accepts it is the later word');
  });

  it('is what an accepted request had, though others were refused meanwhile', () => {
    const { bodies } = forms();
    bodies.judge('json', refusal('conflict'));
    bodies.accepted('json');
    assert.equal(bodies.next, 'json');
  });

  it('is told once', () => {
    const { bodies, proven } = forms('none');
    for (let requests = 0; requests < 3; requests += 1) bodies.accepted('none');
    assert.deepEqual(proven, ['none']);
  });

  it('that is known from before is not proven in this life: FLORA may be another by now', () => {
    const { bodies } = forms('none');
    assert.equal(codeOf(bodies.judge('none', refusal('conflict'))), 'body_refused');
    assert.equal(bodies.next, 'json');
  });
});

/** A client of a FLORA that takes these bodies and answers others with 400. */
async function connect(t: TestContext, isTaken: (body: string) => boolean, code = 'invalid_json') {
  const bodies: [path: string, body: string, type: string | undefined][] = [];
  const { origin } = await scriptedServer(t, ({ url, body, headers }, response) => {
    bodies.push([url.slice(url.lastIndexOf('/') + 1), String(body), headers['content-type']]);
    if (!isTaken(String(body))) return json(response, 400, { error: { code, message: 'no' } });
    json(response, 200, { asset_id: 'asset_1', status: 'ready', upload_url: 'https://uploads.example/put' });
  });
  const client = new FloraClient({
    baseUrl: origin,
    apiKey: () => 'key',
    concurrency: 4,
    userAgent: 'test',
    nowMs: () => 0,
    token: () => 'token',
    setTimer: () => ({ cancel: () => {} }),
  });
  t.after(() => client.close());
  const complete = () => client.complete('asset_1', 'key', signal).then(() => 'taken', codeOf);
  const renew = () => client.renew('asset_1', 'key', signal).then(() => 'taken', codeOf);
  return { bodies, complete, renew };
}

describe('complete and retry', () => {
  it('send {} as JSON, and nothing at all after a 400', async (t) => {
    const { bodies, complete, renew } = await connect(t, (body) => body === '');
    assert.equal(await complete(), 'body_refused');
    assert.equal(await complete(), 'taken');
    assert.equal(await renew(), 'taken');
    assert.deepEqual(bodies, [
      ['complete', '{}', 'application/json'],
      ['complete', '', undefined],
      ['retry', '', undefined],
    ]);
  });

  it('keep to {} where that is taken', async (t) => {
    const { bodies, complete, renew } = await connect(t, (body) => body === '{}');
    assert.deepEqual([await renew(), await complete(), await renew()], ['taken', 'taken', 'taken']);
    assert.ok(bodies.every(([, body]) => body === '{}'));
  });

  it('each find the other form after concurrent 400s', async (t) => {
    const { complete } = await connect(t, (body) => body === '');
    const refused = await Promise.all([complete(), complete(), complete()]);
    assert.deepEqual(new Set(refused), new Set(['body_refused']));
    assert.equal(await complete(), 'taken');
  });

  it('take a 400 for a conflict once a form was accepted, and change nothing for it', async (t) => {
    let isOpen = true;
    const { bodies, complete, renew } = await connect(t, () => isOpen, 'input_validation_error');
    assert.equal(await complete(), 'taken');
    isOpen = false;
    assert.deepEqual([await renew(), await complete()], ['conflict', 'conflict']);
    assert.ok(bodies.every(([, body]) => body === '{}'));
  });
});

describe('an error of complete or retry', () => {
  it('that is none of FLORA’s, or no 400, is handed on and changes nothing', () => {
    const { bodies, proven } = forms();
    const others = [Object.assign(new Error('of the system'), { status: 400 }), refusal('invalid_json', 422), 'text'];
    for (const other of others) assert.equal(bodies.judge('json', other), other);
    assert.deepEqual([bodies.next, proven], ['json', []]);
  });

  it('keeps what is known of it, but for its code', () => {
    const { bodies } = forms('none');
    const told = bodies.judge('none', refusal('conflict'));
    assert.ok(told instanceof SyncError);
    const { message, code, scope, op, status, requestId } = told;
    const kept = { message: 'conflict', scope: 'file', op: 'complete', status: 400, requestId: 'req_1' };
    assert.deepEqual({ message, code, scope, op, status, requestId }, { ...kept, code: 'body_refused' });
    assert.equal(bodies.next, 'json');
  });

  it('that calls a proven form invalid has it proven anew, and told again', () => {
    const { bodies, proven } = forms();
    for (const _ of [1, 2]) bodies.accepted('json');
    assert.deepEqual(proven, ['json']);
    bodies.judge('json', refusal('invalid_json'));
    assert.equal(bodies.next, 'none');
    bodies.accepted('json');
    assert.deepEqual([proven, bodies.next], [['json', 'json'], 'json']);
    // Of the other form it says nothing about this one.
    bodies.judge('none', refusal('invalid_json'));
    bodies.accepted('json');
    assert.deepEqual(proven, ['json', 'json']);
  });
});
