import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerFile } from '../../src/ledger/database.ts';
import type { Cleanup } from './process.ts';

/** A place for a state directory, which is not there yet. */
export function freshStateDir(t: Cleanup): string {
  const path = mkdtempSync(join(tmpdir(), 'flora-state-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'state');
}

/** For ledgers to which nothing may happen. */
export const never = () => assert.fail('nothing should be wrong with the ledger');

/** Overwrites everything but the first page with what no page looks like. */
export function damageFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  const { size } = fstatSync(descriptor);
  assert.ok(size > 4096, 'there is something to damage');
  writeSync(descriptor, Buffer.alloc(size - 4096, 'garbage '), 0, size - 4096, 4096);
  closeSync(descriptor);
}

export function ledgerIn(stateDir: string): string {
  return join(stateDir, ledgerFile);
}
