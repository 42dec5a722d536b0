import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CommandTargets, commandsOf } from '../../../src/daemon/commands.ts';
import { SyncError } from '../../../src/errors.ts';

/** An engine of which nothing may be asked: what is wrong with a request is found before. */
const untouchable = new Proxy({} as CommandTargets, {
  get: (_, name) => assert.fail(`${String(name)} was used`),
});

const either = 'Give either `paths`, an array of absolute paths, or `failed: true`';
const wrongs: readonly (readonly [string, object, string])[] = [
  ['/reconcile', { full: 'yes' }, '`full` is not true or false'],
  ['/reconcile', { dry_run: null }, '`dry_run` is not true or false'],
  ['/reconcile', { dryRun: true }, 'There is no field `dryRun`, only full, dry_run'],
  ['/retry', {}, either],
  ['/retry', { failed: false }, either],
  ['/retry', { failed: true, paths: ['/a'] }, either],
  ['/retry', { failed: false, paths: ['/a'] }, either],
  ['/retry', { paths: [] }, either],
  ['/retry', { paths: '/a' }, either],
  ['/retry', { paths: ['/a', 7] }, either],
  ['/retry', { paths: ['/a', null] }, either],
  ['/retry', { paths: ['a.png'] }, either],
  ['/retry', { paths: [''] }, either],
  ['/retry', { paths: { 0: '/a' } }, either],
  ['/retry', { path: '/a' }, 'There is no field `path`, only paths, failed'],
  ['/in_hand', { all: true }, 'There is no field `all`'],
  ['/resume', {}, '`folder` is missing: an absolute path'],
  ['/resume', { folder: 7 }, '`folder` is not an absolute path'],
  ['/resume', { folder: '../drop' }, '`folder` is not an absolute path'],
  ['/resume', { folder: '/drop', force: true }, 'There is no field `force`, only folder'],
];

describe('the commands of a daemon', () => {
  it('are the operations that both ends know', () => {
    assert.deepEqual(Object.keys(commandsOf(untouchable)).sort(), ['/in_hand', '/reconcile', '/resume', '/retry']);
  });

  for (const [path, fields, message] of wrongs) {
    it(`refuse ${path} with ${JSON.stringify(fields)}, and say why`, async () => {
      const { signal } = new AbortController();
      const asked = commandsOf(untouchable)[path]?.({ ...fields }, async () => {}, signal);
      await assert.rejects(asked ?? Promise.resolve(), (error: unknown) => {
        assert.ok(error instanceof SyncError, String(error));
        assert.deepEqual([error.code, error.message], ['bad_request', message]);
        return true;
      });
    });
  }
});
