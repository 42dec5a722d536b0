import assert from 'node:assert/strict';
import { chmodSync, lchownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { looseFiles } from '../../../src/config/guard.ts';

const self = { uid: process.geteuid?.() ?? 0 };

function plant(t: TestContext, mode: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'fs-guard-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'file');
  writeFileSync(path, 'sk_live_secret');
  chmodSync(path, mode);
  return path;
}

const told = (files: readonly { problem: string }[], path: string) =>
  files.map(({ problem }) => problem.replace(path, 'FILE'));

describe('a file of the settings', () => {
  const asKey: readonly (readonly [number, string | null])[] = [
    [0o600, null],
    [0o400, null],
    [0o644, 'can be read by other users'],
    [0o604, 'can be read by other users'],
    [0o640, 'can be read by its group'],
    [0o620, 'can be changed by its group'],
    [0o666, 'can be changed by other users and can be read by other users'],
  ];
  for (const [mode, problem] of asKey) {
    it(`of mode ${mode.toString(8)} with the key ${problem ?? 'is private'}`, (t) => {
      const path = plant(t, mode);
      const found = looseFiles({ configFile: null, apiKeySource: { kind: 'file', path } }, self);
      assert.deepEqual(told(found, path), problem === null ? [] : [`The key file FILE ${problem}`]);
      assert.doesNotMatch(JSON.stringify(found), /sk_live/);
    });
  }

  const asConfig: readonly (readonly [number, string | null])[] = [
    [0o600, null],
    [0o644, null],
    [0o664, 'can be changed by its group'],
    [0o646, 'can be changed by other users'],
    [0o666, 'can be changed by other users'],
  ];
  for (const [mode, problem] of asConfig) {
    it(`of mode ${mode.toString(8)} with the configuration ${problem ?? 'is nobody else’s to change'}`, (t) => {
      const path = plant(t, mode);
      const found = looseFiles({ configFile: path, apiKeySource: undefined }, self);
      assert.deepEqual(told(found, path), problem === null ? [] : [`The configuration file FILE ${problem}`]);
    });
  }

  it('is judged where a link leads', (t) => {
    const path = plant(t, 0o644);
    symlinkSync(path, `${path}-link`);
    const apiKeySource = { kind: 'file', path: `${path}-link` } as const;
    assert.equal(looseFiles({ configFile: null, apiKeySource }, self).length, 1);
  });

  it('is not judged where it is in the keeping of systemd, gone, or no file', (t) => {
    const path = plant(t, 0o644);
    for (const apiKeySource of [
      { kind: 'credential', path },
      { kind: 'variable' },
      { kind: 'file', path: `${path}-gone` },
      { kind: 'file', path: '/dev/null' },
    ] as const) {
      assert.deepEqual(looseFiles({ configFile: null, apiKeySource }, self), []);
    }
  });

  const notRoot = self.uid !== 0 && 'only root can give files to others';
  it("is another user's to change where it belongs to one, and its group's to read where that is what it is for", {
    skip: notRoot,
  }, (t) => {
    const path = plant(t, 0o640);
    const source = { configFile: path, apiKeySource: { kind: 'file', path } } as const;
    assert.deepEqual(looseFiles(source, { uid: 4_242 }), [], 'of root, for the group that runs it');
    lchownSync(path, 4_243, 4_243);
    assert.deepEqual(told(looseFiles(source, { uid: 4_242 }), path), [
      'The configuration file FILE belongs to another user (uid 4243)',
      'The key file FILE belongs to another user (uid 4243)',
    ]);
  });
});
