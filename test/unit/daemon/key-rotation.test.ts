import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSecret } from '../../../src/config/secret.ts';
import { holdKey, lookForNewKey } from '../../../src/daemon/key-rotation.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

describe('holdKey', () => {
  it('reads the key anew from its file, and says whether it is another one', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'flora-key-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'key');
    writeFileSync(path, 'sk_live_new\n');
    const lines: string[] = [];
    const log = createLogger({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(line) } });
    const holder = holdKey({ apiKey: createSecret('sk_live_old'), apiKeySource: { kind: 'file', path } }, log);
    assert.equal(holder.current(), 'sk_live_old');
    assert.equal(holder.reload(), true);
    assert.deepEqual(
      lines.map((line) => [JSON.parse(line).msg, JSON.parse(line).source]),
      [['the API key was changed', 'file']],
    );
    assert.equal(holder.current(), 'sk_live_new');
    assert.equal(holder.reload(), false);
  });

  it('keeps the old key while none can be read, and complains once', () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'warn', pretty: false, destination: { write: (line) => void lines.push(line) } });
    const apiKeySource = { kind: 'file', path: '/nonexistent/key' } as const;
    const holder = holdKey({ apiKey: createSecret('sk_live_old'), apiKeySource }, log);
    assert.equal(holder.reload(), false);
    assert.equal(holder.reload(), false);
    assert.equal(holder.current(), 'sk_live_old');
    assert.equal(lines.length, 1);
  });
});

describe('lookForNewKey', () => {
  it('takes another key up unasked, and tells so once', async () => {
    const stopping = new AbortController();
    const keys = [false, true, false, false];
    let told = 0;
    let sleeps = 0;
    const key = { current: () => '', reload: () => keys.shift() ?? false };
    const sleep = async () => {
      sleeps += 1;
      if (keys.length === 0) stopping.abort();
    };
    await lookForNewKey(key, () => (told += 1), stopping.signal, { sleep });
    assert.deepEqual({ told, sleeps }, { told: 1, sleeps: 4 });
  });
});
