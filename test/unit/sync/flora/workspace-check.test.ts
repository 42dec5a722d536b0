import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SyncError } from '../../../../src/errors.ts';
import { Gate } from '../../../../src/sync/flora/gate.ts';
import { WorkspaceCheck } from '../../../../src/sync/flora/workspace-check.ts';
import { HandClock, settled } from '../../../support/hand-clock.ts';
import { floraError } from '../../../support/uploading.ts';

const signal = new AbortController().signal;
const reserving = { scope: 'file', disposition: 'retry', op: 'reserve', status: 500 } as const;
const failed = (patch: { op?: string; status?: number } = {}) =>
  new SyncError('FLORA answered 500 unknown_error', { code: 'server_error', ...reserving, ...patch });

type Answer = readonly string[] | SyncError;

function checking(answers: Answer[], workspaceIds: readonly string[] = ['ws_1']) {
  const clock = new HandClock();
  const lines: string[] = [];
  const line = (facts: object, message: string) => void lines.push(`${JSON.stringify(facts)} ${message}`);
  const log = { debug: line, info: line, warn: line, error: line };
  let asked = 0;
  const remote = {
    workspaceIds: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (answer === undefined || answer instanceof SyncError) throw answer;
      return { value: answer, requestId: null };
    },
  };
  const places = workspaceIds.map((workspaceId) => ({ workspaceId, projectId: null }));
  const check = new WorkspaceCheck({ log, places });
  const gate = new Gate({
    most: 8,
    clock,
    random: { fraction: () => 0.5, token: () => 'token' },
    onChange: () => {},
    suspect: (error) => check.suspect(error),
  });
  return { check, run: (until = signal) => check.run({ remote, gate }, until), clock, gate, lines, asked: () => asked };
}

const pass = { call: { op: 'reserve', file: null } } as const;

describe('the look at the key’s workspaces', () => {
  it('finds nothing odd where they include those of the settings', async () => {
    const { check, run, lines } = checking([['ws_0', 'ws_1']]);
    await run();
    assert.deepEqual([check.notice, lines], [null, []]);
  });

  it('is taken behind all files, until the process ends', async () => {
    const { run, gate } = checking([['ws_1']]);
    const calls: unknown[] = [];
    const enter = gate.enter.bind(gate);
    gate.enter = async (call, by) => {
      calls.push([call, by === signal]);
      return await enter(call, by);
    };
    await run();
    assert.deepEqual(calls, [[{ op: 'workspaces', file: null }, true]]);
  });

  it('says once which one is not among them, and which are', async () => {
    const { check, run, lines } = checking([['ws_2', 'ws_3']], ['ws_1', 'ws_2', 'ws_1']);
    await run();
    const notice =
      'ws_1 is not among the workspaces that the key can see (ws_2, ws_3): FLORA_WORKSPACE_ID may be wrong';
    assert.equal(check.notice, notice);
    assert.deepEqual(lines, [`{"code":"workspace_unknown"} ${notice}`]);
  });

  it('says so where the key can see none', async () => {
    const { check, run } = checking([[]]);
    await run();
    assert.match(check.notice ?? '', /^ws_1 is not among the workspaces that the key can see \(none\)/);
  });

  it('does without the list where the key may not see it: nobody is stopped, and nothing is told', async () => {
    const { check, run, gate } = checking([floraError('forbidden', { scope: 'service', status: 403 })]);
    await run();
    assert.equal(check.notice, null);
    assert.equal(gate.trouble, null);
  });

  it('waits trouble with the service out', async () => {
    const outage = floraError('unreachable', { scope: 'service' });
    const { check, run, clock, asked } = checking([outage, outage, outage, ['ws_2']]);
    await clock.advanceUntil(run());
    assert.equal(asked(), 4);
    assert.notEqual(check.notice, null);
  });

  it('concludes nothing from an answer that cannot be read, and asks for it no more', async () => {
    for (const error of [floraError('bad_answer', { status: 200 }), floraError('connection_lost')]) {
      const { check, run, asked, lines } = checking([error, ['ws_2']]);
      await run();
      assert.deepEqual([asked(), check.notice, lines], [1, null, []]);
      assert.equal(check.suspect(failed()), null);
    }
  });

  it('ends when the process does', async () => {
    const { check, run, clock, asked } = checking([floraError('unreachable', { scope: 'service' })]);
    const stopping = new AbortController();
    const running = run(stopping.signal);
    await settled();
    stopping.abort();
    await clock.advanceUntil(running);
    assert.deepEqual([asked(), check.notice], [1, null]);
  });
});

describe('what is behind reservations that all fail', () => {
  it('is not known before the workspaces were seen', () => {
    assert.equal(checking([]).check.suspect(failed()), null);
  });

  it('may be the ids, where the workspaces can be seen', async () => {
    const { check, run } = checking([['ws_1']]);
    await run();
    const said = 'it answers other calls, so the ids may be wrong: see FLORA_WORKSPACE_ID and FLORA_SYNC_PROJECT_ID';
    assert.equal(check.suspect(failed()), said);
  });

  it('is the workspace that the key cannot see', async () => {
    const { check, run } = checking([['ws_2']]);
    await run();
    assert.equal(check.suspect(failed()), check.notice);
  });

  it('is nobody’s id where something else fails, or in another way', async () => {
    const { check, run } = checking([['ws_2']]);
    await run();
    for (const other of [failed({ op: 'complete' }), failed({ status: 503 }), failed({ status: 502 })]) {
      assert.equal(check.suspect(other), null);
    }
  });

  it('is told with the outage, once the gate takes it for one', async () => {
    const { check, run, gate } = checking([['ws_2']]);
    await run();
    for (let times = 0; times < 8; times += 1) gate.stumbled(pass, failed());
    const { code, message, hint } = gate.trouble ?? {};
    assert.equal(code, 'unavailable');
    assert.equal(message, `FLORA answers nothing but errors now (FLORA answered 500 unknown_error); ${check.notice}`);
    assert.equal(hint, undefined, 'it does not go on by itself');
  });

  it('is nothing where nothing is suspected: it goes on by itself', () => {
    const { gate } = checking([]);
    for (let times = 0; times < 8; times += 1) gate.stumbled(pass, failed({ op: 'complete' }));
    assert.equal(gate.trouble?.message, 'FLORA answers nothing but errors now (FLORA answered 500 unknown_error)');
    assert.match(gate.trouble?.hint ?? '', /goes on by itself/);
  });
});
