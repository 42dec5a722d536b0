import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const ledger = join(import.meta.dirname, '..', '..', '..', '..', '..', 'src', 'ledger');

describe('statements with a limit that comes with the call', () => {
  it('are planned once: SQLite plans a bare `LIMIT ?` anew at each call (src/runtime/sqlite.ts)', () => {
    const files = readdirSync(ledger, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const limits = files.flatMap(
      (name) => readFileSync(join(ledger, name), 'utf8').match(/LIMIT [^1-9\s][^\n]*/g) ?? [],
    );
    assert.ok(limits.length >= 9, `${limits.length} found`);
    assert.deepEqual(
      limits.filter((limit) => !limit.startsWith('LIMIT 0 + ')),
      [],
    );
  });
});
