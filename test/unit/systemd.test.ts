import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const directory = join(import.meta.dirname, '..', '..', '..', 'systemd');
const isMissing = spawnSync('systemd-analyze', ['--version']).error !== undefined;
const skip = isMissing ? 'systemd-analyze is not installed here' : false;

interface Verdict {
  readonly status: number | null;
  readonly output: string;
}

function verify(...words: readonly string[]): Verdict {
  const runtime = mkdtempSync(join(tmpdir(), 'flora-systemd-'));
  try {
    // The user manager's half asks for a runtime directory, which a build machine has not.
    const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...words], { env, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(runtime, { recursive: true });
  }
}

/** The values of a setting, in order; a unit may repeat a setting. */
function valuesOf(unit: string, setting: string): readonly string[] {
  const text = readFileSync(join(directory, unit), 'utf8');
  return [...text.matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].map((match) => match[1] ?? '');
}

const units = ['flora-sync.service', 'flora-sync@.service'] as const;

describe('the systemd units', () => {
  it('pass systemd-analyze verify without a word: the user unit', { skip }, () => {
    assert.deepEqual(verify('--user', join(directory, 'flora-sync.service')), { status: 0, output: '' });
  });

  it('pass systemd-analyze verify without a word: an instance of the template', { skip }, () => {
    assert.deepEqual(verify(join(directory, 'flora-sync@demo.service')), { status: 0, output: '' });
  });

  for (const unit of units) {
    it(`start the daemon, and again after a failure but not after a wrong configuration: ${unit}`, () => {
      assert.deepEqual(valuesOf(unit, 'ExecStart'), ['/usr/bin/env flora-sync run']);
      assert.deepEqual(valuesOf(unit, 'Restart'), ['on-failure']);
      assert.ok(valuesOf(unit, 'RestartPreventExitStatus').includes('78'));
    });

    it(`leave the daemon its 20 seconds to drain: ${unit}`, () => {
      assert.ok(Number(valuesOf(unit, 'TimeoutStopSec')[0]) > 20);
    });

    it(`have no setting that stops V8, hides the CPUs or hides the writers of a file: ${unit}`, () => {
      for (const setting of ['MemoryDenyWriteExecute', 'ProcSubset', 'PrivateUsers']) {
        assert.deepEqual(valuesOf(unit, setting), [], setting);
      }
    });
  }

  it('never have the key on a command line or in the unit itself', () => {
    for (const unit of units)
      assert.doesNotMatch(readFileSync(join(directory, unit), 'utf8'), /api-key[= ]sk_|FLORA_API_KEY=/);
  });

  it('take the credential by a bare name, which systemd lets be absent', () => {
    assert.deepEqual(valuesOf('flora-sync@.service', 'LoadCredential'), ['flora-api-key:flora-api-key.%i']);
  });
});
