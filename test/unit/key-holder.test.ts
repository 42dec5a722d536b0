import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SyncError } from '../../src/errors.ts';
import { holdKey } from '../../src/key-holder.ts';
import { createLogger } from '../../src/logger.ts';
import { createSecret } from '../../src/secret.ts';

const log = createLogger({ level: 'silent', pretty: false });
const error = (code: string) => new SyncError(code, { code, scope: 'service', disposition: 'wait', op: 'test' });

describe('holdKey', () => {
  it('reads the key anew from its file when FLORA refuses it, and only then', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'flora-key-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'key');
    writeFileSync(path, 'sk_live_new\n');
    const holder = holdKey({ apiKey: createSecret('sk_live_old'), apiKeySource: { kind: 'file', path } }, log);
    holder.refused(error('rate_limited'));
    assert.equal(holder.current(), 'sk_live_old');
    holder.refused(error('key_refused'));
    assert.equal(holder.current(), 'sk_live_new');
  });

  it('keeps the old key when the new one cannot be read', () => {
    const apiKeySource = { kind: 'file', path: '/nonexistent/key' } as const;
    const holder = holdKey({ apiKey: createSecret('sk_live_old'), apiKeySource }, log);
    holder.refused(error('key_refused'));
    assert.equal(holder.current(), 'sk_live_old');
  });
});
